"""What training options say of text before it is tokenized: how it is rewritten, how it is cut."""

from __future__ import annotations

from typing import Any

from toktools.errors import ToktoolsError
from toktools.normalizers import Lowercase, Normalizer, NormalizerLike, normalizer
from toktools.pretokenizers import Pretokenizer, PretokenizerLike, pretokenizer

Steps = tuple[Pretokenizer, Normalizer | None]


def text_steps(
    cut: PretokenizerLike | None, rewrite: NormalizerLike | None, *, default: str
) -> Steps:
    """Return the pretokenizer and the normalizer that options name.

    Args:   cut: None for the pretokenizer called `default`; rewrite: None leaves text as it is.
    Raises: ToktoolsError at an unknown name.
    """
    return (
        pretokenizer(default if cut is None else cut),
        None if rewrite is None else normalizer(rewrite),
    )


def word_steps(
    split: str | None,
    lowercase: bool,
    cut: PretokenizerLike | None = None,
    rewrite: NormalizerLike | None = None,
) -> Steps:
    """Return the same for trainers over words, which have two short options too.

    Args:
        split: "whitespace" (the default) or "punctuation"; None if `cut` is given.
        lowercase: lowercase text, after what `rewrite` does.
    Raises: ToktoolsError at another `split`, or at both `split` and `cut`.
    Example:
        >>> word_steps("punctuation", True)
        (PunctuationSplit(), Lowercase())
    """
    if split not in (None, "whitespace", "punctuation"):
        raise ToktoolsError(
            f"split must be 'whitespace' or 'punctuation', got {split!r}; "
            "for other cuts there is the option pretokenizer"
        )
    if split is not None and cut is not None:
        raise ToktoolsError("split and pretokenizer say the same thing; give one of them")
    if lowercase:
        rewrite = Lowercase() if rewrite is None else [normalizer(rewrite), Lowercase()]
    return text_steps(cut, rewrite, default=split or "whitespace")


def described(cut: Pretokenizer, rewrite: Normalizer | None) -> dict[str, Any]:
    """Return the two steps in words, for a training record."""
    return {
        "pretokenizer": repr(cut),
        "normalizer": None if rewrite is None else repr(rewrite),
    }
