"""Many documents as one flat array of ids, in memory or in a file of any size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toktools.contract.encoding import TextToIds
from toktools.contract.id_files import id_dtype, npy_writer, starts_path
from toktools.contract.special_text import Special

_CHUNK = 1 << 20  # tokens


class Documents(NamedTuple):
    """Many documents as one flat array: document i is `ids[starts[i]:starts[i + 1]]`.

    ids has shape (n_tokens,), uint32 (mapped from a file of a small vocabulary, uint16); starts has
    shape (n_documents + 1,), int64.
    """

    ids: NDArray[np.uint32]
    starts: NDArray[np.int64]


class Chunk(NamedTuple):
    """Some documents end to end: ids (n_tokens,) uint32, and their lengths (n_documents,) int64."""

    ids: NDArray[np.uint32]
    lengths: NDArray[np.int64]


class DocumentsToIds(TextToIds):
    """The methods of a tokenizer that encode more text than fits into memory."""

    def encode_documents(
        self,
        documents: Iterable[str],
        *,
        add_eos: bool = False,
        allowed_special: Special = (),
        disallowed_special: Special = (),
        out: str | Path | None = None,
    ) -> Documents:
        """Encode a stream of documents into one flat array and the documents' starts.

        Args:
            documents: a corpus, or any iterable of str; read once, not kept.
            add_eos: end every document with the end-of-document token.
            allowed_special, disallowed_special: as in `encode`.
            out: a file such as "ids.npy" to write the ids to as they come, 2 bytes each where
                n_vocab fits, else 4; the starts go to "ids.starts.npy" beside it.
        Returns: `Documents(ids, starts)`: in memory 4 bytes a token, or both mapped from `out`.
        Raises:  as `encode`.
        """
        chunks = self.encode_chunks(
            documents,
            add_eos=add_eos,
            allowed_special=allowed_special,
            disallowed_special=disallowed_special,
        )
        return gather(chunks) if out is None else write_documents(chunks, Path(out), self.n_vocab)

    def encode_chunks(
        self,
        documents: Iterable[str],
        *,
        add_eos: bool = False,
        allowed_special: Special = (),
        disallowed_special: Special = (),
    ) -> Iterator[Chunk]:
        """Encode a stream of documents, and yield a million tokens or so at a time.

        Args and Raises: as `encode_documents`.
        """
        encoded = (
            self.encode(
                document,
                add_eos=add_eos,
                allowed_special=allowed_special,
                disallowed_special=disallowed_special,
            )
            for document in documents
        )
        return in_chunks(encoded)

    def encode_files(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        add_eos: bool = False,
        out: str | Path | None = None,
    ) -> Documents:
        """Encode text files, one document a line; otherwise like `encode_documents`.

        Example:
            >>> import tempfile
            >>> from pathlib import Path
            >>> from toktools import ByteTokenizer
            >>> folder = Path(tempfile.mkdtemp())
            >>> _ = (folder / "a.txt").write_text("hi\\n\\na\\n")
            >>> ids, starts = ByteTokenizer().encode_files(folder / "a.txt", out=folder / "ids.npy")
            >>> ids.tolist(), starts.tolist(), type(ids).__name__
            ([106, 107, 99], [0, 2, 2, 3], 'memmap')
        """
        from toktools.corpus import open_corpus

        if isinstance(paths, str | Path):
            paths = [paths]
        lines = (line for path in paths for line in open_corpus(Path(path)))
        return self.encode_documents(lines, add_eos=add_eos, out=out)


def in_chunks(encoded: Iterable[list[int]]) -> Iterator[Chunk]:
    """Yield documents in chunks of a million tokens or so, so that few are held as lists."""
    ids: list[int] = []
    lengths: list[int] = []
    for document in encoded:
        ids.extend(document)
        lengths.append(len(document))
        if len(ids) + len(lengths) > _CHUNK:
            yield _chunk(ids, lengths)
            ids, lengths = [], []
    yield _chunk(ids, lengths)


def _chunk(ids: list[int], lengths: list[int]) -> Chunk:
    return Chunk(np.array(ids, dtype=np.uint32), np.array(lengths, dtype=np.int64))


def gather(chunks: Iterable[Chunk], n_expected: int = 0) -> Documents:
    """Return all chunks as one, in memory, copied as they come, so that few are held.

    Args: n_expected: ids for which to have room; what is not needed of it is never touched.
    """
    ids, n, lengths = _untouched(n_expected), 0, []
    for chunk in chunks:
        if n + len(chunk.ids) > len(ids):
            ids = np.concatenate([ids[:n], np.empty(n + len(chunk.ids), np.uint32)])
        ids[n : n + len(chunk.ids)] = chunk.ids
        n += len(chunk.ids)
        lengths.append(chunk.lengths)
    starts = np.zeros(1 + sum(map(len, lengths)), np.int64)
    np.concatenate([starts[:0], *lengths], out=starts[1:])
    return Documents(ids[:n], starts.cumsum(out=starts))


def _untouched(n: int) -> NDArray[np.uint32]:
    """Return room for n ids, or for none where the system does not promise so much."""
    from toktools.kernels.memory import zeros

    try:
        return zeros(n, np.uint32)
    except MemoryError:
        return np.empty(0, np.uint32)


def write_documents(chunks: Iterable[Chunk], path: Path, n_vocab: int) -> Documents:
    """Write chunks to `path` and the starts beside it, and return both mapped into memory.

    Raises: ToktoolsError if a file cannot be written; then neither is.
    """
    starts = starts_path(path)
    with npy_writer(path, id_dtype(n_vocab)) as add_ids, npy_writer(starts, "<i8") as add_starts:
        for chunk in with_starts(chunks):
            add_ids(chunk.ids)
            add_starts(chunk.starts)
    return Documents(np.load(path, mmap_mode="r"), np.load(starts, mmap_mode="r"))


def with_starts(chunks: Iterable[Chunk]) -> Iterator[Documents]:
    """Yield the ids of each chunk, and where its documents end in the whole; first of all 0."""
    position = 0
    yield Documents(np.zeros(0, dtype=np.uint32), np.zeros(1, dtype=np.int64))
    for ids, lengths in chunks:
        yield Documents(ids, position + np.cumsum(lengths))
        position += len(ids)
