"""Many documents as one array, in memory and in files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from toktools import (
    ByteTokenizer,
    SpecialTokens,
    Tokenizer,
    ToktoolsError,
    Vocabulary,
    WordTokenizer,
)
from toktools.compiled import texts as compiled_texts
from toktools.compiled.worth import Least
from toktools.contract.documents import gather, in_chunks
from toktools.contract.id_files import npy_header, npy_writer, raw_writer, stream_raw

BYTES = ByteTokenizer(special_tokens=SpecialTokens.none())


def test_a_file_holds_what_memory_would(tokenizer: Tokenizer, prose: list[str], tmp_path: Path):
    add_eos = tokenizer.eos_id is not None
    documents = ["", *prose[:50], ""]
    in_memory = tokenizer.encode_documents(documents, add_eos=add_eos)
    mapped = tokenizer.encode_documents(documents, add_eos=add_eos, out=tmp_path / "ids.npy")
    for ours, theirs in zip(in_memory, mapped, strict=True):
        assert isinstance(theirs, np.memmap)
        assert ours.tolist() == theirs.tolist()
    assert np.load(tmp_path / "ids.npy").dtype == np.uint16
    assert np.load(tmp_path / "ids.starts.npy").tolist() == in_memory.starts.tolist()


def test_chunks_joined_are_the_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    documents = ["ab", "", "cde", "f" * 10, ""]
    whole = BYTES.encode_documents(documents)
    assert whole.starts.tolist() == [0, 2, 2, 5, 15, 15]
    monkeypatch.setattr("toktools.contract.documents._CHUNK", 3)
    assert len(list(in_chunks(BYTES.encode_batch(documents)))) == 4
    for cut in (
        BYTES.encode_documents(documents),
        BYTES.encode_documents(documents, out=tmp_path / "a.npy"),
    ):
        assert [part.tolist() for part in cut] == [part.tolist() for part in whole]


def test_more_room_than_the_system_has_is_not_needed():
    documents = ["ab", "", "cde"]
    n_expected = 1 << 50  # four bytes each: more than any process can address
    with pytest.raises(MemoryError):
        np.empty(n_expected, np.uint32)
    taken = gather(in_chunks(BYTES.encode_batch(documents)), n_expected)
    for ours, whole in zip(taken, BYTES.encode_documents(documents), strict=True):
        assert ours.tolist() == whole.tolist()


def test_no_documents_are_an_empty_array(tmp_path: Path):
    for ids, starts in (BYTES.encode_documents([]), BYTES.encode_documents([], out=tmp_path / "a")):
        assert (ids.tolist(), starts.tolist()) == ([], [0])


@pytest.mark.parametrize(("n_vocab", "dtype"), [(65_536, np.uint16), (65_537, np.uint32)])
def test_ids_take_two_bytes_as_long_as_the_highest_fits(n_vocab: int, dtype, tmp_path: Path):
    words = ["<ANY>", *(f"w{i}" for i in range(n_vocab - 1))]
    special = SpecialTokens(pad=None, eos=None)
    tokenizer = WordTokenizer(Vocabulary(words, special))
    ids, _ = tokenizer.encode_documents([words[-1]], out=tmp_path / "a.npy")
    assert (ids.dtype, ids.tolist()) == (dtype, [n_vocab - 1])


def test_a_document_that_cannot_be_encoded_leaves_no_file(tmp_path: Path):
    with pytest.raises(ToktoolsError, match="lone surrogate"):
        BYTES.encode_documents(["a", "\ud800"], out=tmp_path / "a.npy")
    assert list(tmp_path.iterdir()) == []


def test_documents_are_read_as_they_are_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """With batches of one document no more than a few documents are ever held."""
    monkeypatch.setattr(compiled_texts, "LEAST", Least(20_000, 20_000, 20_000))
    monkeypatch.setattr(compiled_texts, "_BATCH", 10_000)
    monkeypatch.setenv("TOKTOOLS_THREADS", "1")
    sizes: list[int] = []

    def documents() -> Iterator[str]:
        for _ in range(50):
            sizes.append(sum(path.stat().st_size for path in tmp_path.iterdir()))
            yield "ab" * 5000

    BYTES.encode_documents(documents(), out=tmp_path / "a.npy")
    assert sizes[-1] > 40 * 20_000


@pytest.mark.parametrize("dtype", ["<u2", "<u4", "<i8"])
@pytest.mark.parametrize("n", [0, 1, 10**18])
def test_the_header_is_that_of_the_format(dtype: str, n: int):
    header = npy_header(np.dtype(dtype), n)
    assert len(header) % 64 == 0
    file = io.BytesIO(header)
    assert np.lib.format.read_magic(file) == (1, 0)
    assert np.lib.format.read_array_header_1_0(file) == ((n,), False, np.dtype(dtype))
    assert file.read() == b""


def test_arrays_written_in_parts_are_read_by_numpy(tmp_path: Path):
    with npy_writer(tmp_path / "a.npy", "<u4") as add:
        for part in ([1, 2], [], [70_000]):
            add(np.array(part, dtype=np.int64))
    assert np.load(tmp_path / "a.npy").tolist() == [1, 2, 70_000]
    with raw_writer(tmp_path / "a.bin", "<u2") as add:
        add(np.array([1, 258]))
    assert (tmp_path / "a.bin").read_bytes() == b"\x01\x00\x02\x01"


def test_numbers_that_come_cut_in_two_are_joined():
    class Dripping(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(3)

    data = np.arange(5, dtype="<u4").tobytes()
    assert list(stream_raw(Dripping(data), "<u4", "x")) == [0, 1, 2, 3, 4]
    with pytest.raises(ToktoolsError, match="x: must hold whole numbers of 4 bytes"):
        list(stream_raw(Dripping(data[:-1]), "<u4", "x"))
