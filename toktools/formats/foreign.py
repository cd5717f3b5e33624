"""A `tokenizer.json` that another program wrote: which of our tokenizers gives its ids.

Differs from `tokenizer_json.py` in what the file does not say: which special token plays which part
is read off its name, and all other added tokens are extra ones. What we have no counterpart for is
refused by name. Two parts are passed over: the post-processor (our `encode` adds no tokens, as the
library's with `add_special_tokens=False`) and the decoder (decoding is ours).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from toktools.bpe import BPETokenizer
from toktools.errors import ToktoolsError
from toktools.formats.components import read_byte_level, read_normalizer, read_pretokenizer
from toktools.tokenizer import Tokenizer
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
    """Return the tokenizer that gives the ids of this file; ToktoolsError names what it cannot."""
    for part in ("truncation", "padding"):
        if document.get(part) is not None:
            raise ToktoolsError(f"asks for {part}, which toktools has not; remove it from the file")
    model = document["model"]
    normalizer = read_normalizer(document.get("normalizer"))
    added = [
        _added_token(token, normalizer is None) for token in document.get("added_tokens") or []
    ]
    match model.get("type"):
        case "BPE":
            return _bpe(document, model, added)
        case "WordLevel":
            return WordTokenizer(
                read_vocabulary(model, added, model.get("unk_token")),
                normalizer=normalizer,
                pretokenizer=read_pretokenizer(document.get("pre_tokenizer")),
            )
        case "WordPiece":
            return WordPieceTokenizer(
                read_vocabulary(model, added, model.get("unk_token")),
                prefix=model.get("continuing_subword_prefix", "##"),
                max_word_characters=model.get("max_input_chars_per_word", 100),
                normalizer=normalizer,
                pretokenizer=read_pretokenizer(document.get("pre_tokenizer")),
            )
    raise ToktoolsError(
        f"has a model of type {model.get('type')!r}; toktools runs BPE, WordPiece and WordLevel"
    )


def _bpe(document: Json, model: Json, added: list[tuple[str, int]]) -> BPETokenizer:
    for option in (
        *("dropout", "byte_fallback", "continuing_subword_prefix", "end_of_word_suffix"),
    ):
        if model.get(option):
            raise ToktoolsError(f"has a BPE model with {option}, which toktools has not")
    cut = read_byte_level(document.get("pre_tokenizer"))
    if cut is None:
        raise ToktoolsError("has a BPE model over characters; toktools runs those over bytes")
    return BPETokenizer(
        read_vocabulary(model, added, None),
        [read_merge(merge) for merge in model.get("merges") or []],
        ignore_merges=bool(model.get("ignore_merges")),
        normalizer=read_normalizer(document.get("normalizer")),
        pretokenizer=cut,
    )


def read_merge(merge: Any) -> tuple[str, str]:
    """Return a merge written as a pair or, in older files, as one string."""
    parts = merge.split(" ") if isinstance(merge, str) else merge
    match parts:
        case [str(left), str(right)]:
            return left, right
    raise ToktoolsError(f"a merge must be a pair of tokens, got {merge!r:.60}")


def _added_token(token: Any, no_normalizer: bool) -> tuple[str, int]:
    match token:
        case {"content": str(content), "id": int(id)}:
            for option in ("lstrip", "rstrip", "single_word"):
                if token.get(option):
                    raise ToktoolsError(
                        f"has an added token {content!r} with {option}, which toktools has not"
                    )
            if token.get("normalized") and not no_normalizer:
                raise ToktoolsError(
                    f"has an added token {content!r} that is looked for in normalized text; "
                    "toktools looks for them before it normalizes"
                )
            return content, id
    raise ToktoolsError(f"an added token must have a content and an id, got {token!r:.60}")


def read_vocabulary(model: Json, added: list[tuple[str, int]], unk: str | None) -> Vocabulary:
    """Return the model's tokens with the added ones, and the parts that these play."""
    vocab = model.get("vocab")
    if not isinstance(vocab, dict):
        raise ToktoolsError(f"'vocab' must be a JSON object, got {vocab!r:.60}")
    tokens = tokens_by_id({**vocab, **dict(added)})
    return Vocabulary(tokens, parts_by_name((token for token, _ in added), unk))


def parts_by_name(added: Iterable[str], unk: str | None) -> SpecialTokens:
    """Return which of the added tokens pads, ends a document, and stands for the unknown."""
    names = [name for name in dict.fromkeys(added) if name != unk]
    pad = next((name for name in PAD_NAMES if name in names), None)
    eos = next((name for name in EOS_NAMES if name in names), None)
    extra = tuple(name for name in names if name not in (pad, eos))
    return SpecialTokens(pad=pad, eos=eos, any=unk, extra=extra)
