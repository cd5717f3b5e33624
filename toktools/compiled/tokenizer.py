"""A tokenizer that leaves much text to the compiled loops: batches, streams of documents, files.

Adds to `tokenizer.py` nothing that shows but speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from toktools.compiled import texts as compiled_texts
from toktools.contract.documents import Chunk, Documents, gather, write_documents
from toktools.contract.encoding import check_text
from toktools.contract.special_text import Special
from toktools.normalizers import Normalizer
from toktools.tokenizer import Tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toktools.kernels.room import Room


class Encoder(Protocol):
    """What a compiled encoder can do; safe among threads.

    Attributes:
        normalizes: whether it is given text as it is, not as the normalizer rewrites it.
    """

    normalizes: bool

    def encode(self, data: Any) -> NDArray[np.uint32]:
        """Return the ids of one text of valid UTF-8."""
        ...

    def encode_lines(
        self, data: Any, room: Room | None = None
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return the ids of texts that each end with a line feed, and how many are after each.

        Args: room: where the ids are left; without it they are in an array of their own.
        """
        ...


class CompiledTokenizer(Tokenizer):
    """A tokenizer with a second encoder, which answers the same.

    Attributes:
        compiled_loop: what does most of its work, "module:function" in `toktools.kernels`.
    """

    compiled_loop: ClassVar[str] = "encoding:encode_pieces"
    _n_characters = 0  # that it was asked about so far

    def compiled_encoder(self) -> Encoder | None:
        """Return the encoder that gives the ids of `encode`, None if there is none."""
        return None

    @property
    def decodes_by_table(self) -> bool:
        return True

    @cached_property
    def _compiled(self) -> Encoder | None:
        return self.compiled_encoder()

    def __getstate__(self) -> dict[str, Any]:
        left = ("_compiled", "_n_characters")
        return {name: value for name, value in vars(self).items() if name not in left}

    def _is_enough(self, n_characters: int) -> bool:
        """Whether the loops should encode so many characters more."""
        if n_characters < compiled_texts.LEAST_AGAIN or "_compiled" in vars(self):
            return n_characters >= compiled_texts.LEAST_AGAIN
        return compiled_texts.LEAST.is_met(self._n_characters + n_characters, self.compiled_loop)

    @property
    def _normalizer_before(self) -> Normalizer | None:
        """What rewrites text before it comes to the compiled encoder."""
        return None if self._compiled is None or self._compiled.normalizes else self.normalizer

    def _batches(self, documents: Iterable[str]) -> Iterator[tuple[bytes, bool]]:
        rewritten = compiled_texts.rewritten(documents, self._normalizer_before)
        return compiled_texts.batches(rewritten)

    def _encode_large(self, text: str) -> NDArray[np.uint32] | None:
        """Return the ids of a text without special tokens, None if the loops are not for it."""
        if not self._is_enough(len(text)):
            self._n_characters += len(text)
            return None
        if self._compiled is None:
            return None
        (rewritten,) = compiled_texts.rewritten([text], self._normalizer_before)
        return self._compiled.encode(rewritten.encode())

    def _encode_ordinary(self, text: str, ids: list[int]) -> None:
        found = self._encode_large(text)
        if found is None:
            super()._encode_ordinary(text, ids)
        else:
            ids.extend(found.tolist())

    def encode_readably(self, text: str) -> list[int]:
        """Return the ids of a text without special tokens by the readable code, however large."""
        ids: list[int] = []
        super()._encode_ordinary(text, ids)
        return ids

    def encode_array(
        self,
        text: str,
        *,
        allowed_special: Special = (),
        disallowed_special: Special = (),
        add_eos: bool = False,
    ) -> NDArray[np.uint32]:
        if not allowed_special and not disallowed_special:
            check_text(text)
            found = self._encode_large(text)
            if found is not None:
                import numpy as np

                eos = [self.require_eos()] if add_eos else []
                return np.concatenate([found, np.array(eos, np.uint32)])
        return super().encode_array(
            text,
            allowed_special=allowed_special,
            disallowed_special=disallowed_special,
            add_eos=add_eos,
        )

    def encode_batch(
        self,
        texts: Iterable[str],
        *,
        allowed_special: Special = (),
        disallowed_special: Special = (),
        add_eos: bool = False,
    ) -> list[list[int]]:
        if not allowed_special and not disallowed_special:
            many, texts = compiled_texts.enough(texts, self._is_enough)
            if many and self._compiled is not None:
                eos_id = self.require_eos() if add_eos else None
                chunks = encode_texts(self._compiled, self._batches(texts), eos_id)
                return [row for chunk in chunks for row in _rows(chunk)]
        return super().encode_batch(
            texts,
            allowed_special=allowed_special,
            disallowed_special=disallowed_special,
            add_eos=add_eos,
        )

    def encode_chunks(
        self,
        documents: Iterable[str],
        *,
        add_eos: bool = False,
        allowed_special: Special = (),
        disallowed_special: Special = (),
    ) -> Iterator[Chunk]:
        if not allowed_special and not disallowed_special:
            many, documents = compiled_texts.enough(documents, self._is_enough)
            if many and self._compiled is not None:
                eos_id = self.require_eos() if add_eos else None
                return encode_texts(self._compiled, self._batches(documents), eos_id)
        return super().encode_chunks(
            documents,
            add_eos=add_eos,
            allowed_special=allowed_special,
            disallowed_special=disallowed_special,
        )

    def encode_files(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        add_eos: bool = False,
        out: str | Path | None = None,
    ) -> Documents:
        paths = [paths] if isinstance(paths, str | Path) else list(paths)
        files = list(map(Path, paths))
        if not self._worth_sharding(files) or self._compiled is None or self._normalizer_before:
            return super().encode_files(paths, add_eos=add_eos, out=out)
        chunks = _encode_files(self._compiled, files, self.require_eos() if add_eos else None)
        if out is not None:
            return write_documents(chunks, Path(out), self.n_vocab)
        return gather(chunks, sum(path.stat().st_size for path in files))

    def _worth_sharding(self, files: list[Path]) -> bool:
        """Whether files can be cut into shards, and are much text."""
        from toktools.corpus.shards import can_be_sharded

        if not all(map(can_be_sharded, files)):
            return False
        return self._is_enough(sum(path.stat().st_size for path in files))


def encode_texts(
    encoder: Encoder, texts: Iterable[tuple[bytes, bool]], eos_id: int | None
) -> Iterator[Chunk]:
    """Encode texts on all threads, in order; each document ends with `eos_id`, if there is one.

    Args: texts: valid UTF-8, and whether each line is a document; see `texts.batches`.
    """
    from toktools.kernels.threads import in_order

    return in_order(partial(_encode, encoder, eos_id), texts)


def _encode(
    encoder: Encoder, eos_id: int | None, text: tuple[Any, bool], room: Room | None = None
) -> Chunk:
    import numpy as np

    from toktools.kernels.ended import ended

    data, lines = text
    if lines:
        ids, ends = encoder.encode_lines(data, room)
    else:
        ids = encoder.encode(data)
        ends = np.array([len(ids)], np.int64)
    if eos_id is not None:
        ids, ends = ended(ids, ends, eos_id, room if lines else None)
    return Chunk(ids, np.diff(ends, prepend=0))


def _rows(chunk: Chunk) -> Iterator[list[int]]:
    """Yield the documents of a chunk as lists."""
    ids, start = chunk.ids.tolist(), 0
    for length in chunk.lengths.tolist():
        yield ids[start : start + length]
        start += length


def _encode_files(encoder: Encoder, files: list[Path], eos_id: int | None) -> Iterator[Chunk]:
    """Yield the lines of files in chunks, each of which is valid until the next."""
    import numpy as np

    from toktools.corpus.shards import Shard, shards
    from toktools.kernels.room import Room
    from toktools.kernels.threads import in_order
    from toktools.kernels.workers import Workers

    texts, rooms = Workers(lambda: Room(np.uint8)), Workers(lambda: Room(np.uint32))

    def encode(shard: Shard) -> tuple[Chunk, Room]:
        room = rooms.take()
        with texts.one() as text:
            data = shard.read(text)
            _check_utf8(shard.path, data)
            return _encode(encoder, eos_id, (data, True), room), room

    for chunk, room in in_order(encode, (shard for path in files for shard in shards(path))):
        yield chunk
        rooms.give(room)


def _check_utf8(path: Path, data: NDArray[np.uint8]) -> None:
    """Raise the error of the readable code at a file with bytes that are not UTF-8."""
    from toktools.corpus import open_corpus
    from toktools.kernels.utf8 import is_utf8

    if not is_utf8(data):
        for _ in open_corpus(path):
            pass
