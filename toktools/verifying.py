"""Whether a tokenizer gives the ids of another implementation, document by document.

By default the other one is the `tokenizers` library, reading the file that we write. It honours the
strings of special tokens in text, and so does ours here: on both sides "<EOS>" is the token.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toktools.adapters.adapter import library
from toktools.contract.special_text import Special
from toktools.errors import ToktoolsError
from toktools.formats.opening import opener
from toktools.formats.tokenizer_json import to_json
from toktools.metrics.segments import visible
from toktools.tokenizer import Tokenizer

_BATCH_DOCUMENTS, _BATCH_CHARACTERS = 1000, 1 << 20


@dataclass(frozen=True)
class Divergence:
    """Where two tokenizers part; `str` shows it.

    Attributes:
        document: which document, from 0. text: all of it.
        token: the first position at which the ids differ. character: where ours stands in the text.
        ours, theirs: all ids of the document. our_tokens, their_tokens: the same as strings.
    """

    document: int
    text: str
    token: int
    ours: list[int]
    theirs: list[int]
    our_tokens: list[str]
    their_tokens: list[str]
    character: int

    def __str__(self) -> str:
        before, after = self.text[: self.character], self.text[self.character :]
        return "\n".join(
            [
                f"document {self.document} (the first is 0), token {self.token}, "
                f"character {self.character}",
                f"  text    {_last(before, 30)}|{_first(after, 30)}",
                f"  ours    {self._shown(self.ours, self.our_tokens)}",
                f"  theirs  {self._shown(self.theirs, self.their_tokens)}",
            ]
        )

    def _shown(self, ids: list[int], tokens: list[str]) -> str:
        """Return the ids and tokens around the first difference, which stands behind a bar."""
        named = [f"{id} {visible(token)!r}" for id, token in zip(ids, tokens, strict=True)]
        same, other = named[: self.token], named[self.token :]
        left = ["..."] * (len(same) > 2) + same[-2:]
        right = other[:4] + ["..."] * (len(other) > 4)
        return " | ".join(filter(None, [", ".join(left), ", ".join(right) or "(end)"]))


@dataclass(frozen=True)
class Verification:
    """What a comparison found.

    Attributes:
        n_documents, n_tokens: what was compared, in tokens of ours.
        n_different: documents whose ids differ. first: the first of them.
    """

    n_documents: int
    n_tokens: int
    n_different: int
    first: Divergence | None


def verify(
    tokenizer: Tokenizer,
    documents: Iterable[str],
    oracle: Any = None,
    progress: Callable[[int], object] | None = None,
) -> Verification:
    """Compare the ids of `tokenizer` with those of another implementation.

    Args:
        documents: what to encode; read once, a batch at a time.
        oracle: a `tokenizers.Tokenizer`, whose template, padding and truncation are left out; a
            `tiktoken.Encoding`; the path of a file for either library or SentencePiece's; anything
            with `encode(text)`. By default the `tokenizers` library on the file that `save` writes.
        progress: called with the number of documents compared so far.
    Returns: a `Verification`. Where the oracle honours special tokens in text (`tokenizers` does),
             ours does too; else such strings are text on both sides.
    Raises:  ToktoolsError if the library is missing or cannot read the file.
    Example:
        >>> from toktools import ByteTokenizer, train_bpe
        >>> bpe = train_bpe(["aaab aaab"], vocab_size=261)
        >>> verify(bpe, ["aaab", "baaa"])
        Verification(n_documents=2, n_tokens=4, n_different=0, first=None)
        >>> print(verify(bpe, ["aaab", "caaa"], ByteTokenizer()).first)
        document 0 (the first is 0), token 0, character 0
          text    |aaab
          ours    260 'aaab'
          theirs  99 'a', 99 'a', 99 'a', 100 'b'
    """
    other = _oracle(tokenizer, oracle)
    n_documents = n_tokens = n_different = 0
    first: Divergence | None = None
    for texts in _batches(documents):
        ours = tokenizer.encode_batch(texts, allowed_special=other.allowed_special)
        theirs = other.encode_batch(texts)
        for i, (text, our_ids, their_ids) in enumerate(zip(texts, ours, theirs, strict=True)):
            n_tokens += len(our_ids)
            if our_ids != their_ids:
                n_different += 1
                if first is None:
                    found = n_documents + i, text, our_ids, their_ids
                    first = _divergence(tokenizer, other, *found)
        n_documents += len(texts)
        if progress is not None:
            progress(n_documents)
    return Verification(n_documents, n_tokens, n_different, first)


@dataclass(frozen=True)
class _Oracle:
    """The other implementation, whichever it is."""

    encode_batch: Callable[[list[str]], list[list[int]]]
    token: Callable[[int], str | None]
    allowed_special: Special = ()


def _oracle(tokenizer: Tokenizer, given: Any) -> _Oracle:
    if given is None:
        given = _written(tokenizer)
    elif isinstance(given, str | Path):
        given = _opened(Path(given))
    given = getattr(given, "backend_tokenizer", given)  # of the transformers library
    if hasattr(given, "encode_special_tokens"):  # a tokenizers.Tokenizer
        return _hugging_face(given)
    if hasattr(given, "encode_ordinary_batch"):  # a tiktoken.Encoding
        return _Oracle(given.encode_ordinary_batch, lambda id: _tiktoken_token(given, id))
    if hasattr(given, "id_to_token"):
        names = given.id_to_token
    else:
        names = getattr(given, "id_to_piece", tokenizer.id_to_token)
    return _Oracle(lambda texts: [list(given.encode(text)) for text in texts], names)


def _hugging_face(given: Any) -> _Oracle:
    if given.padding or given.truncation:
        given = type(given).from_str(given.to_str())
        given.no_padding()
        given.no_truncation()

    def encode_batch(texts: list[str]) -> list[list[int]]:
        return [found.ids for found in given.encode_batch(texts, add_special_tokens=False)]

    allowed = () if given.encode_special_tokens else "all"
    return _Oracle(encode_batch, given.id_to_token, allowed)


def _tiktoken_token(encoding: Any, id: int) -> str:
    return encoding.decode_single_token_bytes(id).decode("utf-8", "backslashreplace")


def _written(tokenizer: Tokenizer) -> Any:
    """Return the library's reading of the file that `save` writes."""
    reader = library("tokenizers").Tokenizer
    try:
        return reader.from_str(json.dumps(to_json(tokenizer)))
    except ToktoolsError:
        raise
    except Exception as e:  # the library raises Exception itself
        raise ToktoolsError(
            f"the tokenizers library cannot read the file of a {tokenizer.kind} tokenizer ({e}); "
            "say what to compare with: verify(tokenizer, documents, oracle)"
        ) from e


def _opened(path: Path) -> Any:
    """Return what another library makes of a file."""
    if path.suffix == ".tiktoken":
        from toktools.adapters.tiktoken import TiktokenTokenizer

        return TiktokenTokenizer.open(path)
    if (open_other := opener(path)) is not None:
        return open_other()
    if path.is_dir():
        path = path / "tokenizer.json"
    try:
        return library("tokenizers").Tokenizer.from_file(str(path))
    except ToktoolsError:
        raise
    except Exception as e:  # the library raises Exception itself
        raise ToktoolsError(f"{path}: the tokenizers library cannot read it: {e}") from e


def _batches(documents: Iterable[str]) -> Iterator[list[str]]:
    """Yield the documents a thousand at a time, or fewer when they are long."""
    batch: list[str] = []
    n_characters = 0
    for document in documents:
        batch.append(document)
        n_characters += len(document)
        if len(batch) == _BATCH_DOCUMENTS or n_characters >= _BATCH_CHARACTERS:
            yield batch
            batch, n_characters = [], 0
    if batch:
        yield batch


def _divergence(
    tokenizer: Tokenizer,
    other: _Oracle,
    document: int,
    text: str,
    ours: list[int],
    theirs: list[int],
) -> Divergence:
    """Return where the two lists first differ."""
    pairs = zip(ours, theirs, strict=False)
    shorter = min(len(ours), len(theirs))
    token = next((i for i, (a, b) in enumerate(pairs) if a != b), shorter)
    spans = tokenizer.encode_with_offsets(text, allowed_special=other.allowed_special).spans
    return Divergence(
        document=document,
        text=text,
        token=token,
        ours=ours,
        theirs=theirs,
        our_tokens=[tokenizer.id_to_token(id) for id in ours],
        their_tokens=[other.token(id) or f"<no token {id}>" for id in theirs],
        character=spans[token][0] if token < len(spans) else len(text),
    )


def _first(text: str, n: int) -> str:
    return visible(text[:n]) + ("..." if len(text) > n else "")


def _last(text: str, n: int) -> str:
    return ("..." if len(text) > n else "") + visible(text[-n:])
