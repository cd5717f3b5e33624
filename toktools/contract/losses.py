"""What a tokenizer does not give back, in words: the claim that it makes as `lossless`.

A claim is put together from what each step loses: the normalizer rewrites, the pretokenizer leaves
out, and the vocabulary does not know.
"""

from __future__ import annotations

from toktools.normalizers import (
    BertCleanup,
    Lowercase,
    Normalizer,
    NormalizerSequence,
    Prepend,
    Replace,
)
from toktools.pretokenizers import (
    Cl100kSplit,
    DigitSplit,
    Gpt2Split,
    Llama3Split,
    MetaspaceSplit,
    O200kSplit,
    Pretokenizer,
    PunctuationSplit,
    Qwen2Split,
    RegexSplit,
    SplitSequence,
    WhitespaceSplit,
    WholeText,
)

_KEEP_ALL = (
    *(Gpt2Split, Cl100kSplit, O200kSplit, Llama3Split, Qwen2Split),
    *(DigitSplit, MetaspaceSplit, WholeText),
)
_DROP_SPACE = (WhitespaceSplit, PunctuationSplit)
_REWRITTEN = "what its normalizer rewrites"


def claim(*losses: str | None) -> bool | str:
    """Return the losses in one phrase, or True if there are none; None stands for no loss.

    Example:
        >>> claim(None, None), claim("upper case", None, "words")
        (True, 'upper case, and words')
    """
    said = [loss for loss in losses if loss is not None]
    if not said:
        return True
    return ", and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def rewritten(normalizer: Normalizer | None) -> str | None:
    """Return what a normalizer loses, in words; None if it leaves every text as it is.

    Example:
        >>> rewritten(Lowercase()), rewritten(NormalizerSequence())
        ('upper case', None)
    """
    match normalizer:
        case None:
            return None
        case Lowercase():
            return "upper case"
        case NormalizerSequence(parts=parts):
            losses = list(dict.fromkeys(loss for part in parts if (loss := rewritten(part))))
            return losses[0] if len(losses) == 1 else _REWRITTEN if losses else None
        case BertCleanup(False, False, False, False) | BertCleanup(False, False, None, False):
            return None
        case Replace(old, new) if old == new:
            return None
        case Prepend(""):
            return None
    return _REWRITTEN


def dropped(pretokenizer: Pretokenizer) -> str | None:
    """Return what a pretokenizer leaves out, in words; None if its pieces joined are the text.

    Example:
        >>> dropped(WhitespaceSplit()), dropped(Gpt2Split())
        ('white space', None)
    """
    match pretokenizer:
        case SplitSequence(parts):
            losses = list(dict.fromkeys(loss for part in parts if (loss := dropped(part))))
            return " and ".join(losses) or None
        case RegexSplit():
            return "what its pretokenizer removes" if pretokenizer.behavior == "removed" else None
    if isinstance(pretokenizer, _DROP_SPACE):
        return "white space"
    if isinstance(pretokenizer, _KEEP_ALL):
        return None
    return "what its pretokenizer leaves out"


def between_words(pretokenizer: Pretokenizer) -> str | None:
    """Return the same for tokenizers that put a space between words where anything was left out."""
    lost = dropped(pretokenizer)
    return "the white space between words" if lost == "white space" else lost
