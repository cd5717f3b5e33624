"""SentencePiece models: unigram or BPE over text in which a space is a character like any other.

Training goes through the library; ids, spans and decoded text are the library's. By default text is
not normalized, no document is skipped, and the special tokens are ours, with our ids.

Source: Kudo and Richardson 2018, arXiv:1808.06226; Kudo 2018, arXiv:1804.10959 (unigram).
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from toktools.adapters.adapter import Adapter, Json, library
from toktools.adapters.sentencepiece_model import model_settings
from toktools.corpus.digest import CorpusDigest
from toktools.errors import ToktoolsError
from toktools.formats.reading import read_bytes
from toktools.tokenizer import check_text
from toktools.training.counting import CorpusLike, documents_of
from toktools.vocabulary import SpecialTokens, Vocabulary

MODEL_TYPES = ("unigram", "bpe")
_SPACE = "\u2581"
_SKIPPED = {"\u2585": "U+2585", "\0": "U+0000"}  # the trainer leaves out sentences with these
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


class SentencePieceTokenizer(Adapter):
    """Wraps a SentencePiece model.

    Args:
        model: the serialized model, which is the content of a `.model` file.
        training: how it was trained, if that is known.
    Raises: ToktoolsError if it is no model, or one of those that end words with their space.
    """

    kind = "sentencepiece"

    def __init__(self, model: bytes, *, training: Mapping[str, Any] | None = None) -> None:
        self._settings = model_settings(model)
        if self._settings.whitespace_as_suffix:
            raise ToktoolsError(
                "models trained with treat_whitespace_as_suffix cannot be decoded token by token; "
                "train one without it"
            )
        processor_of = library("sentencepiece").SentencePieceProcessor
        if not model:  # which the library takes for one that is to be loaded later
            raise ToktoolsError("is not a SentencePiece model: it is empty")
        try:
            self._processor = processor_of(model_proto=model)
        except (RuntimeError, OSError) as e:
            raise ToktoolsError(f"is not a SentencePiece model: {e}") from e
        self.model = model
        processor = self._processor
        tokens = [processor.id_to_piece(id) for id in range(processor.get_piece_size())]
        super().__init__(Vocabulary(tokens, self._special(tokens)), training=training)
        self._bytes = {
            token: bytes.fromhex(token[3:5])
            for id, token in enumerate(tokens)
            if processor.is_byte(id) and _BYTE.fullmatch(token)
        }
        settings = self._settings
        self._strips = settings.add_dummy_prefix or settings.remove_extra_whitespaces

    def _special(self, tokens: list[str]) -> SpecialTokens:
        p = self._processor
        pad, eos, unknown = (
            tokens[id] if id >= 0 else None for id in (p.pad_id(), p.eos_id(), p.unk_id())
        )
        others = [token for id, token in enumerate(tokens) if p.is_control(id)]
        extra = tuple(token for token in others if token not in (pad, eos))
        return SpecialTokens(pad=pad, eos=eos, any=unknown, extra=extra)

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Read a `.model` file; ToktoolsError, naming the file, if it is none."""
        model = read_bytes(path)
        try:
            return cls(model)
        except ToktoolsError as e:
            raise ToktoolsError(f"{path}: {e}") from e

    def encode_piece(self, piece: str) -> list[int]:
        return self._processor.encode(piece)

    def piece_spans(self, piece: str, ids: list[int]) -> list[tuple[int, int]]:
        """Return the library's spans, each byte of a character with the whole character's."""
        spans = list(self._processor.encode_as_offset_mapping(piece)["offsets"])
        for i in range(len(ids) - 2, -1, -1):  # the library gives it to the last byte alone
            start, end = spans[i]
            if start == end and self.vocabulary.tokens[ids[i]] in self._bytes:
                spans[i] = spans[i + 1]
        return spans

    def surface(self, token: str, first: bool) -> bytes:
        if token in self._bytes:
            return self._bytes[token]
        if token == self.vocabulary.special.any:
            return token.encode()
        if first and self._strips:
            token = token.removeprefix(_SPACE)
        return token.replace(_SPACE, " ").encode()

    @property
    def lossless(self) -> bool | str:
        settings = self._settings
        lost = [f"the character {_SPACE}, which becomes a space"]
        if settings.rewrites:
            lost.append(f"what the normalization {settings.normalization} rewrites")
        if settings.remove_extra_whitespaces:
            lost.append("white space at the ends and in runs")
        if not settings.byte_fallback:
            lost.append(f"characters outside the vocabulary become {self.vocabulary.special.any}")
        return "; ".join(lost)

    def to_document(self) -> Json:
        return {"model": {"type": "SentencePiece", "data": base64.b64encode(self.model).decode()}}

    @classmethod
    def from_document(cls, document: Json, *, special: SpecialTokens, training: Json) -> Self:
        try:
            model = base64.b64decode(document["model"]["data"], validate=True)
        except (KeyError, TypeError, binascii.Error) as e:
            raise ToktoolsError(f"the SentencePiece model cannot be read: {e!r}") from e
        return cls(model, training=training)


def train_sentencepiece(
    corpus: CorpusLike,
    *,
    vocab_size: int = 8000,
    model_type: str = "unigram",
    byte_fallback: bool = False,
    character_coverage: float = 0.9995,
    normalization_rule_name: str = "identity",
    add_dummy_prefix: bool = True,
    remove_extra_whitespaces: bool = False,
    special_tokens: SpecialTokens | None = None,
) -> SentencePieceTokenizer:
    """Learn a SentencePiece model, with the library's own trainer.

    Args:
        corpus: documents (see `toktools.training.counting.CorpusLike`), not counts; each is a
            sentence.
        vocab_size: number of tokens wanted, specials, alphabet and bytes included.
        model_type: "unigram" or "bpe".
        byte_fallback: spell characters outside the vocabulary in bytes, not as ANY.
        character_coverage: share of the running characters that the alphabet covers, 0.98 to 1.
        normalization_rule_name: "identity" changes nothing; the library's default is "nmt_nfkc".
        add_dummy_prefix: put a space before the text, so that its first word is like the others.
        remove_extra_whitespaces: make runs of spaces one.
        special_tokens: PAD, EOS and ANY by default, with the ids 0, 1, 2; the library needs ANY.
    Returns: a tokenizer; it has fewer tokens than asked for if the corpus gives no more.
    Raises:  ToktoolsError for an empty corpus, impossible options, too small a `vocab_size`, or a
             document with one of the two characters that make the trainer skip a sentence.
    Example:
        >>> tokenizer = train_sentencepiece(["a rose is a rose is a rose"] * 9, vocab_size=16)
        >>> [tokenizer.id_to_token(id) for id in tokenizer.encode("a rose")]
        ['▁', 'a', '▁rose']
    """
    if model_type not in MODEL_TYPES:
        raise ToktoolsError(f"model_type must be 'unigram' or 'bpe', got {model_type!r}")
    special = special_tokens or SpecialTokens()
    options = {
        "vocab_size": vocab_size,
        "model_type": model_type,
        "byte_fallback": byte_fallback,
        "character_coverage": character_coverage,
        "normalization_rule_name": normalization_rule_name,
        "add_dummy_prefix": add_dummy_prefix,
        "remove_extra_whitespaces": remove_extra_whitespaces,
    }
    trainer = library("sentencepiece").SentencePieceTrainer
    if isinstance(corpus, Mapping):
        raise ToktoolsError("SentencePiece learns from text, got counts; pass the documents")
    documents = documents_of(corpus)
    record, longest = _survey(documents)
    model = io.BytesIO()
    try:
        trainer.train(
            sentence_iterator=_not_empty(documents),
            model_writer=model,
            max_sentence_length=longest + 1,  # the trainer skips longer ones
            hard_vocab_limit=False,
            minloglevel=2,
            **_special_options(special),
            **options,
        )
    except (RuntimeError, OSError) as e:  # "KIND: file.cc(line) [what must hold] what to do"
        condition, _, remedy = str(e).partition(") [")[2].rpartition("]")
        reason = remedy.strip() or condition or str(e)
        raise ToktoolsError(f"SentencePiece cannot train: {reason}") from e
    training = {"options": options, "corpus": record}
    return SentencePieceTokenizer(model.getvalue(), training=training)


def _special_options(special: SpecialTokens) -> Json:
    """Return the options of the trainer that give each special token its id."""
    if special.any is None:
        raise ToktoolsError("SentencePiece needs an ANY token, even if bytes spell all characters")
    ids = {name: id for id, name in enumerate(special)}
    options: Json = {"bos_id": -1, "control_symbols": list(special.extra)}
    for role, name in (("pad", special.pad), ("eos", special.eos), ("unk", special.any)):
        options[f"{role}_id"] = -1 if name is None else ids[name]
        if name is not None:
            options[f"{role}_piece"] = name
    return options


def _survey(documents: Iterable[str]) -> tuple[Json, int]:
    """Check every document, and return the record of the corpus and the longest one's bytes."""
    digest = CorpusDigest()
    n_documents = n_bytes = longest = 0
    for document in documents:
        check_text(document)
        for character, name in _SKIPPED.items():
            if character in document:
                raise ToktoolsError(
                    f"document {n_documents} holds the character {name}, and the SentencePiece "
                    "trainer skips documents that do; leave it out, or replace the character"
                )
        digest.add(document)
        n_documents += 1
        n_bytes += (size := len(document.encode()))
        longest = max(longest, size)
    if not longest:
        raise ToktoolsError(f"a tokenizer needs text to learn from, got {n_documents} documents")
    describe = getattr(documents, "describe", dict)
    sizes = {"n_documents": n_documents, "n_bytes": n_bytes, "digest": digest.hex()}
    return {**describe(), **sizes}, longest


def _not_empty(documents: Iterable[str]) -> Iterator[str]:
    """Yield the documents that hold anything."""
    return (document for document in documents if document)
