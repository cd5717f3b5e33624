"""How a `tokenizer.json` rewrites and cuts text, as one: some of its cuts rewrite too.

`Metaspace` and `ByteLevel` put a space before the text, and `Metaspace` makes "▁" of spaces, as
they cut. Here only normalizers rewrite: what such a component does of that ends the normalizer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from toktools.errors import ToktoolsError, UnsupportedError
from toktools.formats.components import flat, read_pretokenizer
from toktools.formats.normalizer_components import read_normalizer, write_normalizer
from toktools.normalizers import EnsurePrefix, Normalizer, NormalizerSequence, Replace
from toktools.pretokenizers import (
    Gpt2Split,
    MetaspaceSplit,
    Pretokenizer,
    SplitSequence,
    WholeText,
)

Json = dict[str, Any]


class Steps(NamedTuple):
    """How text is rewritten and cut, and whether the pieces are then spelled in bytes."""

    normalizer: Normalizer | None
    pretokenizer: Pretokenizer
    byte_level: bool


def read_steps(document: Json) -> Steps:
    """Return the steps of a file before its model.

    Raises: UnsupportedError, naming the component, at one that we have not.
    """
    normalizer = read_normalizer(document.get("normalizer"))
    parts = flat(document.get("pre_tokenizer"))
    rewriting: list[Normalizer] = []
    cuts: list[Pretokenizer] = []
    for i, part in enumerate(parts):
        match part:
            case {"type": "Metaspace"}:
                _require_first("Metaspace", i)
                rewriting, cuts = _read_metaspace(part, bool(document.get("added_tokens")))
            case {"type": "ByteLevel"} if i == len(parts) - 1:
                if part.get("add_prefix_space", True):
                    _require_first("ByteLevel with add_prefix_space", i)
                    rewriting = [EnsurePrefix(" ")]
                if part.get("use_regex", True):
                    cuts.append(Gpt2Split())
            case _:
                cuts.append(read_pretokenizer(part))
    if rewriting:
        given = normalizer.parts if isinstance(normalizer, NormalizerSequence) else (normalizer,)
        rewriting = [*(part for part in given if part is not None), *rewriting]
        normalizer = rewriting[0] if len(rewriting) == 1 else NormalizerSequence(*rewriting)
    cut = SplitSequence(*cuts) if len(cuts) > 1 else [*cuts, WholeText()][0]
    return Steps(normalizer, cut, bool(parts) and _type(parts[-1]) == "ByteLevel")


def _type(component: Any) -> Any:
    return component.get("type") if isinstance(component, dict) else None


def _require_first(what: str, i: int) -> None:
    if i:
        raise UnsupportedError(
            f"has a {what} behind another pre_tokenizer, where it puts a space before every piece"
        )


def _read_metaspace(part: Json, has_added: bool) -> tuple[list[Normalizer], list[Pretokenizer]]:
    """Return what a Metaspace rewrites and where it cuts."""
    match part:
        case {
            "replacement": str(mark),
            "prepend_scheme": "always" | "first" | "never" as scheme,
        } if len(mark) == 1 and "add_prefix_space" not in part:
            if scheme == "first" and has_added:
                raise UnsupportedError(
                    "has a Metaspace pre_tokenizer with prepend_scheme 'first' and added tokens: "
                    "a space then goes before the text but not after such a token"
                )
            prefix = [] if scheme == "never" else [EnsurePrefix(mark)]
            cuts: list[Pretokenizer] = [MetaspaceSplit(mark)] if part.get("split", True) else []
            return [Replace(" ", mark), *prefix], cuts
    raise UnsupportedError(f"has a Metaspace pre_tokenizer of an older form: {part!r:.100}")


def write_steps(normalizer: Normalizer | None, cut: Json | None) -> tuple[Json | None, Json | None]:
    """Return both components of a file, given the one that only cuts.

    Raises: ToktoolsError if no component of the library puts the normalizer's prefix there.
    """
    parts = normalizer.parts if isinstance(normalizer, NormalizerSequence) else (normalizer,)
    if not parts or not isinstance(parts[-1], EnsurePrefix):
        return write_normalizer(normalizer), cut
    prefix, rest = parts[-1].prefix, parts[:-1]
    match flat(cut):
        case [{"type": "ByteLevel"} as only] if prefix == " ":
            return _written(rest), {**only, "add_prefix_space": True}
        case pieces if (
            rest and rest[-1] == Replace(" ", prefix) and "ByteLevel" not in map(_type, pieces)
        ):
            at_marks = {"type": "Split", "pattern": {"String": prefix}}
            split = bool(pieces) and {**pieces[0], **at_marks} == pieces[0]
            split = split and pieces[0]["behavior"] == "MergedWithNext"
            metaspace = {
                "type": "Metaspace",
                "replacement": prefix,
                "prepend_scheme": "always",
                "split": split,
            }
            behind = pieces[1:] if split else pieces
            if not behind:
                return _written(rest[:-1]), metaspace
            return _written(rest[:-1]), {"type": "Sequence", "pretokenizers": [metaspace, *behind]}
    raise ToktoolsError(f"{normalizer!r} cannot be written as tokenizer.json")


def _written(parts: tuple[Normalizer | None, ...]) -> Json | None:
    """Return the component of the normalizers that are left."""
    kept = [part for part in parts if part is not None]
    if len(kept) < 2:
        return write_normalizer(kept[0] if kept else None)
    return write_normalizer(NormalizerSequence(*kept))
