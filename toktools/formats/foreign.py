"""A `tokenizer.json` that another program wrote: which of our tokenizers gives its ids.

Differs from `tokenizer_json.py` in what the file does not say: which special token plays which part
is read off its name, and all other added tokens are extra ones. What we have no counterpart for is
refused by name. Two parts are passed over: the post-processor (our `encode` adds no tokens, as the
library's with `add_special_tokens=False`) and the decoder (decoding is ours).
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from toktools.bpe import BPETokenizer
from toktools.errors import ToktoolsError, UnsupportedError
from toktools.formats.added_tokens import AddedToken, read_added_tokens, require_apart
from toktools.formats.steps import Steps, read_steps
from toktools.tokenizer import Tokenizer
from toktools.unicode.byte_alphabet import ALPHABET, CHARACTER_TO_BYTE
from toktools.vocabulary import SpecialTokens, Vocabulary, tokens_by_id
from toktools.word import WordTokenizer
from toktools.wordpiece import WordPieceTokenizer

Json = dict[str, Any]

PAD_NAMES = ("<PAD>", "[PAD]", "<pad>", "<|pad|>", "<|finetune_right_pad_id|>")
EOS_NAMES = (
    *("<EOS>", "[EOS]", "<eos>", "</s>", "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>"),
    *("<|im_end|>", "[SEP]"),
)
"""The usual names of the parts; where a file has several, the first of them here plays it."""


def read_foreign(document: Json) -> Tokenizer:
    """Return the tokenizer that gives the ids of this file.

    Raises: UnsupportedError, naming what we have not; ToktoolsError if the file is damaged.
    """
    for part in ("truncation", "padding"):
        if document.get(part) is not None:
            raise UnsupportedError(
                f"asks for {part}, which toktools has not; remove it from the file"
            )
    model = document["model"]
    readers = {"BPE": _bpe, "WordLevel": _word_level, "WordPiece": _wordpiece}
    kind = model.get("type")
    if not isinstance(kind, str) or kind not in readers:
        raise UnsupportedError(
            f"has a model of type {kind!r:.60}; toktools runs BPE, WordPiece and WordLevel"
        )
    vocab = model.get("vocab")
    if not isinstance(vocab, dict):
        raise ToktoolsError(f"'vocab' must be a JSON object, got {vocab!r:.60}")
    steps = read_steps(document)
    added = read_added_tokens(document.get("added_tokens"), vocab, steps.normalizer is None)
    return readers[kind](model, steps, added)


def _word_level(model: Json, steps: Steps, added: list[AddedToken]) -> WordTokenizer:
    unk = _unknown(model)
    require_apart(model["vocab"], added, steps, unk, within=False)
    return WordTokenizer(
        read_vocabulary(model, added, unk),
        normalizer=steps.normalizer,
        pretokenizer=_not_bytes(steps).pretokenizer,
    )


def _wordpiece(model: Json, steps: Steps, added: list[AddedToken]) -> WordPieceTokenizer:
    unk, prefix = _unknown(model), model.get("continuing_subword_prefix", "##")
    longest = model.get("max_input_chars_per_word", 100)
    if not isinstance(prefix, str) or not prefix:
        raise UnsupportedError(
            f"has a WordPiece model whose continuing_subword_prefix is {prefix!r:.60}; "
            "toktools needs a string of one character or more"
        )
    if type(longest) is not int:
        raise ToktoolsError(f"'max_input_chars_per_word' must be an integer, got {longest!r:.60}")
    require_apart(model["vocab"], added, steps, unk, within=True)
    return WordPieceTokenizer(
        read_vocabulary(model, added, unk),
        prefix=prefix,
        max_word_characters=longest,
        normalizer=steps.normalizer,
        pretokenizer=_not_bytes(steps).pretokenizer,
    )


def _not_bytes(steps: Steps) -> Steps:
    if steps.byte_level:
        raise UnsupportedError(
            "has a ByteLevel pre_tokenizer before a model that is not BPE, which toktools has not"
        )
    return steps


def _unknown(model: Json) -> str:
    unk = model.get("unk_token")
    if not isinstance(unk, str) or unk not in model["vocab"]:
        raise UnsupportedError(
            f"has a {model['type']} model whose unk_token is {unk!r:.60}, which its vocabulary "
            "lacks; toktools needs an id for what the model does not know"
        )
    return unk


def _bpe(model: Json, steps: Steps, added: list[AddedToken]) -> BPETokenizer:
    if model.get("dropout"):
        raise UnsupportedError("has a BPE model with dropout, which toktools has not")
    ignore_merges = model.get("ignore_merges") or False
    if not isinstance(ignore_merges, bool):
        raise ToktoolsError(f"'ignore_merges' must be true or false, got {ignore_merges!r:.60}")
    unk = _require_bytes(model, added) if steps.byte_level else _unknown_character(model)
    if ignore_merges:
        require_apart(model["vocab"], added, steps, unk, within=True)
    elif steps.normalizer is not None:
        single = [token for token in added if len(token.content) == 1]
        require_apart(model["vocab"], single, steps, None, within=True)
    merges = model.get("merges") or []
    if not isinstance(merges, list):
        raise ToktoolsError(f"'merges' must be a JSON array, got {merges!r:.60}")
    pairs = [read_merge(merge) for merge in merges]
    _require_ordinary(pairs, {token.content for token in added} | {unk})
    return BPETokenizer(
        read_vocabulary(model, added, unk),
        pairs,
        byte_level=steps.byte_level,
        ignore_merges=ignore_merges,
        continuing_subword_prefix=_mark(model, "continuing_subword_prefix", steps),
        end_of_word_suffix=_mark(model, "end_of_word_suffix", steps),
        normalizer=steps.normalizer,
        pretokenizer=steps.pretokenizer,
    )


def _require_ordinary(merges: Iterable[tuple[str, str]], special: Container[str | None]) -> None:
    """Raise UnsupportedError if a merge holds a special token, which text can then become."""
    for merge in merges:
        for token in merge:
            if token in special:
                raise UnsupportedError(
                    f"has a merge {merge!r:.60} of the special token {token!r:.60}; toktools keeps "
                    "special tokens and text apart"
                )


def _mark(model: Json, name: str, steps: Steps) -> str:
    """Return a mark within words, "" for none."""
    mark = model.get(name)
    if mark is not None and not isinstance(mark, str):
        raise ToktoolsError(f"{name!r} must be a string, got {mark!r:.60}")
    if mark and steps.byte_level:
        raise UnsupportedError(f"has a BPE model over bytes with {name}, which toktools has not")
    return mark or ""


def _require_bytes(model: Json, added: list[AddedToken]) -> None:
    """Raise UnsupportedError unless every byte has a token and every token is of bytes."""
    vocab = model["vocab"]
    missing = [character for character in ALPHABET if character not in vocab]
    if missing:
        raise UnsupportedError(
            "has a BPE model over bytes without a token for byte "
            f"0x{CHARACTER_TO_BYTE[missing[0]]:02X}; toktools needs one for each"
        )
    apart = {token.content for token in added}
    if taken := [character for character in ALPHABET if character in apart]:
        raise UnsupportedError(
            f"has the added token {taken[0]!r}, which is also the token of byte "
            f"0x{CHARACTER_TO_BYTE[taken[0]]:02X}; toktools keeps special tokens and text apart"
        )
    for token in vocab:
        if token not in apart and not CHARACTER_TO_BYTE.keys() >= set(token):
            raise UnsupportedError(
                f"has a BPE model over bytes with the token {token!r:.60}, which spells none and "
                "is not among the added tokens"
            )


def _unknown_character(model: Json) -> str:
    """Return the unknown token of a model over characters."""
    for option in ("byte_fallback", "fuse_unk"):
        if model.get(option):
            raise UnsupportedError(
                f"has a BPE model over characters with {option}, which toktools has not"
            )
    if model.get("unk_token") is None:
        raise UnsupportedError(
            "has a BPE model over characters without unk_token, which drops those that it does "
            "not know; toktools needs one"
        )
    return _unknown(model)


def read_merge(merge: Any) -> tuple[str, str]:
    """Return a merge written as a pair or, in older files, as one string."""
    parts = merge.split(" ") if isinstance(merge, str) else merge
    match parts:
        case [str(left), str(right)]:
            return left, right
    raise ToktoolsError(f"a merge must be a pair of tokens, got {merge!r:.60}")


def read_vocabulary(model: Json, added: list[AddedToken], unk: str | None) -> Vocabulary:
    """Return the model's tokens with the added ones, and the parts that these play."""
    ids = {**model["vocab"], **{token.content: token.id for token in added}}
    return Vocabulary(tokens_by_id(ids), parts_by_name((token.content for token in added), unk))


def parts_by_name(added: Iterable[str], unk: str | None) -> SpecialTokens:
    """Return which of the added tokens pads, ends a document, and stands for the unknown."""
    names = [name for name in dict.fromkeys(added) if name != unk]
    pad = next((name for name in PAD_NAMES if name in names), None)
    eos = next((name for name in EOS_NAMES if name in names), None)
    extra = tuple(name for name in names if name not in (pad, eos))
    return SpecialTokens(pad=pad, eos=eos, any=unk, extra=extra)
