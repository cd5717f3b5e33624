"""Any tokenizer of the Hugging Face `tokenizers` library, and any `tokenizer.json` that it reads.

Ids and spans are the library's. What differs is the contract: special tokens in text are text
unless allowed, nothing is added around the text, padded or truncated, and decoding goes token by
token, so that it can be streamed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from toktools.adapters.adapter import Adapter, Json, library
from toktools.errors import ToktoolsError
from toktools.formats.reading import read_text
from toktools.unicode.byte_alphabet import ALPHABET, unspell
from toktools.vocabulary import SpecialTokens, Vocabulary, tokens_by_id

EOS_NAMES = (
    *("<EOS>", "</s>", "<eos>", "<|endoftext|>", "<|end_of_text|>", "<｜end▁of▁sentence｜>"),
    *("[EOS]", "[SEP]"),
)
PAD_NAMES = ("<PAD>", "<pad>", "[PAD]", "<|pad|>", "<|finetune_right_pad_id|>")
_NONCHARACTER = "\ufdd0"  # never assigned; not for the interchange of text
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


class HuggingFaceTokenizer(Adapter):
    """Wraps a `tokenizers.Tokenizer`; the object given is copied, never changed.

    Args:
        tokenizer: a `tokenizers.Tokenizer`, or the text of its `tokenizer.json`.
        special_tokens: which tokens pad, end a document, or stand outside text. By default those
            marked special in the file; the end of a document is the first of `EOS_NAMES` among
            them, padding what the file pads with or the first of `PAD_NAMES`. The unknown token
            is always the model's own.
    Raises: ToktoolsError if the library cannot read it or it encodes at random (BPE dropout).
    Example:
        >>> import tokenizers
        >>> model = tokenizers.models.WordLevel({"[UNK]": 0, "so": 1}, unk_token="[UNK]")
        >>> tokenizer = HuggingFaceTokenizer(tokenizers.Tokenizer(model))
        >>> tokenizer.encode("so"), tokenizer.unk_id
        ([1], 0)
    """

    kind = "huggingface"

    def __init__(
        self,
        tokenizer: Any,
        *,
        special_tokens: SpecialTokens | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> None:
        source = tokenizer if isinstance(tokenizer, str) else tokenizer.to_str()
        original = _open(source)
        self._document: Json = json.loads(source)
        if self._model.get("dropout"):
            raise ToktoolsError(
                f"encoding must give the same ids each time, got a BPE dropout of "
                f"{self._model['dropout']}; set tokenizer.model.dropout = None"
            )
        tokens = tokens_by_id(original.get_vocab(with_added_tokens=True))
        special = special_tokens or self._detected_special()
        unknown = self._unknown_token()
        if unknown not in tokens:
            unknown = None  # named in the file, but never given an id
        extra = tuple(name for name in special.extra if name != unknown)
        special = replace(special, any=unknown, extra=extra)
        super().__init__(Vocabulary(tokens, special), training=training)
        outside = {name for name in special if name != unknown}
        self._library = _open(json.dumps(_text_only(self._document, outside)))
        self._library.encode_special_tokens = True  # what is special in the file is text here
        self._decoder = self._library.decoder
        decoders = {part["type"]: part for part in _flat(self._document.get("decoder"))}
        self._byte_level = "ByteLevel" in decoders
        spelled = set(ALPHABET)
        added = {token["content"] for token in self._document.get("added_tokens") or []}
        vocab = self._model["vocab"]
        known = set(vocab if isinstance(vocab, dict) else (token for token, _ in vocab))
        self._literal = {  # not written in the alphabet of bytes
            token
            for token in tokens
            if (token in added and token not in known) or not spelled.issuperset(token)
        }
        self._byte_fallback = "ByteFallback" in decoders
        self._spaces_between = self._decoder is None or "WordPiece" in decoders
        self._suffix: str = decoders.get("BPEDecoder", {}).get("suffix", "")

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Read any `tokenizer.json`, or the one in a folder; ToktoolsError if it is none.

        Example:
            >>> import tempfile, toktools
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     toktools.ByteTokenizer().save(folder + "/tokenizer.json")
            ...     HuggingFaceTokenizer.open(folder).encode("a")
            [99]
        """
        path = Path(path)
        if path.is_dir():
            path = path / "tokenizer.json"
        source = read_text(path)
        try:
            return cls(source)
        except ToktoolsError as e:
            raise ToktoolsError(f"{path}: {e}") from e

    @property
    def _model(self) -> Json:
        return self._document["model"]

    def _unknown_token(self) -> str | None:
        if isinstance(id := self._model.get("unk_id"), int):  # Unigram
            return self._model["vocab"][id][0]
        return self._model.get("unk_token")

    def _detected_special(self) -> SpecialTokens:
        added = self._document.get("added_tokens") or []
        names = [token["content"] for token in added if token["special"]]
        padding = (self._document.get("padding") or {}).get("pad_token")
        eos = next((name for name in EOS_NAMES if name in names), None)
        pad = next((name for name in (padding, *PAD_NAMES) if name in names and name != eos), None)
        extra = tuple(n for n in names if n not in (pad, eos, self._unknown_token()))
        return SpecialTokens(pad=pad, eos=eos, any=None, extra=extra)

    def encode_piece(self, piece: str) -> list[int]:
        return self._library.encode(piece, add_special_tokens=False).ids

    def piece_spans(self, piece: str, ids: list[int]) -> list[tuple[int, int]]:
        return self._library.encode(piece, add_special_tokens=False).offsets

    def surface(self, token: str, first: bool) -> bytes:
        if self._byte_level:
            return token.encode() if token in self._literal else unspell(token)
        if self._byte_fallback and (match := _BYTE.fullmatch(token)):
            return bytes.fromhex(match[1])
        if self._decoder is None:
            return token.encode() if first else b" " + token.encode()
        if self._suffix:  # it ends a word: the last word of a text has a space after it too
            stem = token.removesuffix(self._suffix)
            return stem.encode() if stem == token else stem.encode() + b" "
        if first:
            return self._decoder.decode([token]).encode()
        return self._decoder.decode(["a", token]).removeprefix("a").encode()

    def surface_of_hidden(self, text: str, first: bool) -> bytes:
        space = b" " if self._spaces_between and not first else b""
        return space + text.encode()

    @property
    def lossless(self) -> bool | str:
        """True for byte-level BPE that rewrites and drops nothing; else it is not known to be."""
        if self._byte_level and self._keeps_all():
            return True
        return "what its normalizer, pre-tokenizer, vocabulary and decoder leave out"

    def _keeps_all(self) -> bool:
        """Whether no component of this byte-level tokenizer can change or drop a byte."""
        cuts = list(_flat(self._document.get("pre_tokenizer")))
        affixes = ("continuing_subword_prefix", "end_of_word_suffix")
        added = self._document.get("added_tokens") or []
        two_meanings = [t["content"] for t in added if t["content"] not in self._literal]
        return (
            self._document.get("normalizer") is None
            and self._model.get("type") == "BPE"
            and not any(self._model.get(affix) for affix in affixes)
            and all(self._ordinary(byte) for byte in ALPHABET)
            and all(token.isascii() for token in two_meanings)
            and any(cut["type"] == "ByteLevel" for cut in cuts)
            and all(cut["type"] in ("ByteLevel", "Split", "Digits", "Punctuation") for cut in cuts)
            and not any(cut.get("add_prefix_space") for cut in cuts)
            and not any(cut.get("behavior") == "Removed" for cut in cuts)
            and not any(token["lstrip"] or token["rstrip"] for token in added)
        )

    def _ordinary(self, token: str) -> bool:
        return self.vocabulary.ids.get(token, -1) not in {-1, *self.vocabulary.special_ids}

    def to_document(self) -> Json:
        model = {key: value for key, value in self._model.items() if key != "toktools"}
        return {**self._document, "model": model}

    @classmethod
    def from_document(cls, document: Json, *, special: SpecialTokens, training: Json) -> Self:
        return cls(json.dumps(document), special_tokens=special, training=training)


def _open(source: str) -> Any:
    """Return the library's tokenizer; ToktoolsError if it refuses."""
    try:
        return library("tokenizers").Tokenizer.from_str(source)
    except ToktoolsError:
        raise
    except Exception as e:  # the library raises Exception itself
        raise ToktoolsError(f"the tokenizers library cannot read it: {e}") from e


def _text_only(document: Json, outside: Collection[str]) -> Json:
    """Return the document of a tokenizer that encodes text and nothing but text.

    It neither pads nor truncates; its post-processor, which would add tokens and trim the spaces
    off spans, is gone; and the tokens `outside` text have names that do not occur in text, for the
    models find them there like any other piece. All ids stay.
    """

    def renamed(token: str) -> str:
        return f"{_NONCHARACTER}{token}{_NONCHARACTER}" if token in outside else token

    model = dict(document["model"])
    if isinstance(model["vocab"], dict):
        model["vocab"] = {renamed(token): id for token, id in model["vocab"].items()}
    else:  # Unigram
        model["vocab"] = [[renamed(token), score] for token, score in model["vocab"]]
    added = document.get("added_tokens") or []
    return {
        **document,
        **dict.fromkeys(("truncation", "padding", "post_processor")),
        "added_tokens": [{**token, "content": renamed(token["content"])} for token in added],
        "model": model,
    }


def _flat(component: Json | None) -> Iterator[Json]:
    """Yield the parts of a component, sequences taken apart."""
    if component is not None:
        parts = component.get("pretokenizers") or component.get("decoders")
        if component["type"] != "Sequence" or parts is None:
            yield component
        else:
            for part in parts:
                yield from _flat(part)
