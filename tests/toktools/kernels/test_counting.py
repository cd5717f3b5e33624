"""Compiled counting gives the counts, sizes and digest of the readable one, in any threads."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.toktools.conftest import tricky_text
from toktools import ToktoolsError, open_corpus
from toktools.compiled.worth import Least
from toktools.corpus import line_blocks
from toktools.corpus.digest import number_of
from toktools.corpus.line_blocks import document_blocks
from toktools.kernels.block_counter import BlockCounter
from toktools.kernels.cuts import cut_of
from toktools.kernels.digesting import PADDING, digest_documents
from toktools.kernels.room import Room
from toktools.kernels.threads import n_threads
from toktools.kernels.utf8 import is_utf8
from toktools.normalizers import (
    BertCleanup,
    Lowercase,
    NormalizerSequence,
    Prepend,
    Replace,
    StripAccents,
    UnicodeForm,
)
from toktools.pretokenizers import Gpt2Split, Pretokenizer, PunctuationSplit, WhitespaceSplit
from toktools.training import fast_counting, normalized_counting
from toktools.training.counting import PretokenCounts, count_pretokens, weighted

any_document = tricky_text | st.text("ab \n", max_size=60)
CUTS = (Gpt2Split(), WhitespaceSplit(), PunctuationSplit())
each_cut = pytest.mark.parametrize("cut", CUTS, ids=lambda cut: type(cut).__name__)


def both_ways(
    documents: Any, cut: Pretokenizer, patch: pytest.MonkeyPatch, normalizer: Any = None
) -> tuple[PretokenCounts, PretokenCounts]:
    """Return what the loops count, and what the readable code counts."""
    used: list[bool] = []
    count = fast_counting._counted
    with patch.context() as here:
        here.setattr(fast_counting, "LEAST", Least(1, 1, 1))
        here.setattr(fast_counting, "_counted", lambda *a: used.append(True) or count(*a))
        fast = count_pretokens(documents, cut, normalizer)
        assert used
        fast.counts = fast.in_memory
        here.setattr(fast_counting, "LEAST", Least(1 << 60, 1 << 60, 1 << 60))
        return fast, count_pretokens(documents, cut, normalizer)


# Pieces


@each_cut
@settings(max_examples=100, deadline=None)
@given(texts=st.lists(any_document))
def test_pieces_are_counted_as_by_the_readable_cut(cut: Pretokenizer, texts: list[str]):
    compiled = cut_of(cut)
    assert compiled is not None
    counter = BlockCounter(compiled)
    for block in document_blocks(texts, weighted):
        counter.count(block)
    expected = Counter(piece for text in texts for piece in cut.split(text))
    assert dict(BlockCounter.total([counter])) == expected


def test_tables_that_grow_keep_their_counts():
    texts = [f"word{i} {'long' * (i % 90)} x{i}" for i in range(80_000)]
    compiled = cut_of(Gpt2Split())
    assert compiled is not None
    counters = [BlockCounter(compiled), BlockCounter(compiled)]
    for i, block in enumerate(document_blocks(["=" * 300_000, *texts, *texts], weighted)):
        counters[i % 2].count(block)
    expected = Counter(p for text in texts for p in Gpt2Split().split(text))
    expected = Counter({p: 2 * n for p, n in expected.items()}) + Counter(["=" * 300_000])
    assert BlockCounter.total(counters).items() != []
    assert dict(BlockCounter.total(counters[:1])) == expected


def test_pieces_with_equal_hashes_stay_apart(monkeypatch: pytest.MonkeyPatch):
    long = [f"{'x' * 20}{i:05d}" for i in range(3000)]  # the same first words, in one table
    fast, readable = both_ways(long, WhitespaceSplit(), monkeypatch)
    assert fast == readable


# Documents in memory


def test_a_corpus_with_weighted_documents_is_counted_the_same(
    code: list[str], monkeypatch: pytest.MonkeyPatch
):
    documents = [*code, ("some weighted words", 3), "two\nlines", *code[:100], ("é", 2**50), ""]
    fast, readable = both_ways(documents, Gpt2Split(), monkeypatch)
    assert fast == readable


@settings(max_examples=60, deadline=None)
@given(
    documents=st.lists(
        any_document | st.tuples(any_document, st.integers(1, 9) | st.just(2**70)), min_size=1
    )
)
def test_documents_of_any_kind_give_the_same_counts_and_digest(documents: list[Any]):
    with pytest.MonkeyPatch.context() as patch:
        texts = [d if isinstance(d, str) else d[0] for d in documents]
        if any(texts):
            fast, readable = both_ways(documents, Gpt2Split(), patch)
            assert fast == readable


def test_an_iterator_is_read_once_and_whole(code: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fast_counting, "LEAST", Least(1000, 1000, 1000))
    assert count_pretokens(iter(code), Gpt2Split()).n_documents == len(code)
    assert count_pretokens(iter(code[:3]), Gpt2Split()).n_documents == 3


@pytest.mark.parametrize(
    ("wrong", "error"),
    [("a\ud800", "a lone surrogate at index 1"), (3, "must be a str"), (("a", 0), "weight")],
)
def test_what_is_wrong_with_a_document_is_said_as_elsewhere(
    wrong: Any, error: str, code: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fast_counting, "LEAST", Least(1000, 1000, 1000))
    with pytest.raises((ToktoolsError, TypeError), match=error):
        count_pretokens([*code, wrong], Gpt2Split())


# Files

file_bytes = st.lists(
    st.sampled_from([b"a b", b"\r\n", b"\n", b"\r", b"\xef\xbb\xbf", "é漢".encode(), b"it's", b" "])
).map(b"".join)


@settings(max_examples=200, deadline=None)
@example(files=[b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"], block=5)
@example(files=[b"a\r", b"a\r\r\n"], block=1)
@given(files=st.lists(file_bytes, min_size=1, max_size=3), block=st.integers(1, 20))
def test_lines_of_files_are_those_that_the_corpus_gives(
    files: list[bytes], block: int, tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("files")
    paths = [folder / f"{i}.txt" for i in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    room = Room(np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_blocks, "BLOCK", block)
        blocks = b"".join(b.read(room).tobytes() for b in line_blocks.file_blocks(paths))
    try:
        expected = list(open_corpus(paths))
    except ToktoolsError:  # no documents
        expected = []
    assert blocks == b"".join(text.encode() + b"\n" for text in expected)


@each_cut
def test_files_and_their_documents_are_counted_the_same_and_described(
    cut: Pretokenizer, code: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    halves = code[:7000], [*code[7000:], "漢字 é's", ""]
    for i, half in enumerate(halves):
        (tmp_path / f"{i}.txt").write_text("\n".join(half) + "\n", encoding="utf-8")
    corpus = open_corpus(tmp_path)
    fast, readable = both_ways(corpus, cut, monkeypatch)
    assert fast == readable
    assert fast.n_documents == len(code) + 2
    again = open_corpus(tmp_path)
    assert again.stats == corpus.stats
    assert asdict(again.stats)["bytes"] == fast.n_bytes


def test_a_reading_by_the_loops_is_in_the_stats(
    code: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a.txt").write_text("\n".join(code), encoding="utf-8")
    monkeypatch.setattr(fast_counting, "LEAST", Least(1000, 1000, 1000))
    corpus = open_corpus(tmp_path / "a.txt")
    count_pretokens(corpus, Gpt2Split())
    noted = corpus._stats
    assert noted is not None
    assert noted == open_corpus(tmp_path / "a.txt").stats


@pytest.mark.parametrize("errors", ["strict", "replace", "skip"])
def test_invalid_text_in_a_file_is_dealt_with_as_errors_says(
    errors: str, code: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a.txt").write_bytes("\n".join(code).encode() + b"\nb\xff d\n")
    monkeypatch.setattr(fast_counting, "LEAST", Least(1000, 1000, 1000))
    corpus = open_corpus(tmp_path / "a.txt", errors=errors)
    if errors == "strict":
        with pytest.raises(ToktoolsError, match=r"a\.txt:20001: byte 2 of the line, 0xff"):
            count_pretokens(corpus, Gpt2Split())
        return
    counts = count_pretokens(corpus, Gpt2Split())
    assert counts.n_documents == 20_000 + (errors == "replace")
    expected = Counter(p for line in corpus for p in Gpt2Split().split(line))
    assert counts.in_memory == expected


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 9000},
        {"normalize": "lowercase"},
        {"split": "train"},
        {"documents": "file"},
        {"source": "stdlib-code", "limit": 9000},
    ],
)
def test_what_is_done_to_lines_is_done(
    options: dict[str, Any], code: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a.txt").write_text("\n".join(code), encoding="utf-8")
    corpus = open_corpus(**{"source": str(tmp_path / "a.txt"), **options})
    assert corpus.plain_files() is None
    fast, readable = both_ways(corpus, Gpt2Split(), monkeypatch)
    assert fast == readable


# Threads


@pytest.mark.parametrize("n", [1, 2, 5])
def test_any_number_of_threads_counts_the_same(
    n: int, code: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a.txt").write_text("\n".join(code), encoding="utf-8")
    monkeypatch.setattr(line_blocks, "BLOCK", 10_000)
    monkeypatch.setenv("TOKTOOLS_THREADS", str(n))
    assert n_threads() == n
    fast, readable = both_ways(open_corpus(tmp_path / "a.txt"), Gpt2Split(), monkeypatch)
    assert fast == readable


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5"])
def test_a_number_of_threads_that_is_none_is_told(wrong: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOKTOOLS_THREADS", wrong)
    with pytest.raises(ToktoolsError, match=f"TOKTOOLS_THREADS must be .* got '{wrong}'"):
        n_threads()


# Digest and UTF-8


def padded(data: bytes, padding: int = 0) -> Any:
    return np.frombuffer(data + bytes([padding]) * PADDING, np.uint8)


def added_up(documents: Iterable[bytes]) -> list[int]:
    numbers = [number_of(document) for document in documents]
    return [sum(halves) % 2**64 for halves in zip(*numbers, strict=True)]


@settings(max_examples=300, deadline=None)
@given(documents=st.lists(st.binary(max_size=70), min_size=1))
def test_the_digest_of_lines_is_the_readable_one(documents: list[bytes]):
    documents = [document.replace(b"\n", b" ") for document in documents]
    data = b"".join(document + b"\n" for document in documents)
    sums = np.zeros(2, np.uint64)
    assert digest_documents(padded(data, 10), len(data), True, sums) == len(documents)
    assert sums.tolist() == added_up(documents)


@given(document=st.binary(min_size=1, max_size=200))
def test_the_digest_of_one_document_is_the_readable_one(document: bytes):
    sums = np.zeros(2, np.uint64)
    assert digest_documents(padded(document), len(document), False, sums) == 1
    assert sums.tolist() == added_up([document])


def decodes(data: bytes) -> bool:
    try:
        io.TextIOWrapper(io.BytesIO(data), encoding="utf-8").read()
    except UnicodeDecodeError:
        return False
    return True


edges = bytes([0x61, 0xC2, 0xA9, 0xE0, 0xA0, 0x80, 0xED, 0x9F, 0xBF, 0xF0, 0x90, 0xF4, 0x8F, 0xC1])


@settings(max_examples=1000, deadline=None)
@given(
    before=st.integers(0, 70),
    data=st.lists(st.sampled_from([*edges, 0xF5, 0xFF]), max_size=9).map(bytes) | st.binary(),
)
def test_utf8_is_told_from_other_bytes_wherever_they_stand(before: int, data: bytes):
    data = b"x" * before + data
    assert is_utf8(padded(data, 0x80)[: len(data)]) == decodes(data)


# Normalized text

NORMALIZERS = {
    "bert": BertCleanup(),
    "bert-cased": BertCleanup(lowercase=False),
    "bert-dirty": BertCleanup(clean_text=False, strip_accents=False),
    "lowercase": Lowercase(),
    "forms": NormalizerSequence(UnicodeForm("NFKC"), StripAccents(), UnicodeForm("NFD")),
    "nfkd": NormalizerSequence(UnicodeForm("NFKD"), Lowercase(), UnicodeForm("NFC")),
}
marked_text = st.lists(
    st.sampled_from([*" \n\t\x0b\x00\x85", "e", "A", "Σ", "\u0301", "\u0308", "\u0327", "¨", "漢"])
    | st.sampled_from(
        ["\u3000", "\u200b", "ﬁ", "가", "\u1161", "\u11a8", "İ", "!", "\ua015", "ꀖꀗᐁᐂ"]
    )
).map("".join)


@pytest.mark.parametrize("name", NORMALIZERS)
@settings(max_examples=80, deadline=None)
@given(documents=st.lists(any_document | marked_text, min_size=1), cut=st.sampled_from(CUTS[1:]))
def test_words_normalized_one_by_one_give_the_counts_of_normalized_text(
    name: str, documents: list[str], cut: Pretokenizer
):
    with pytest.MonkeyPatch.context() as patch:
        if any(documents):
            fast, readable = both_ways(documents, cut, patch, NORMALIZERS[name])
            assert fast == readable


def test_large_texts_are_normalized_in_parts(code: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(normalized_counting, "_AT_ONCE", 5000)
    documents = [*code, *(f"É{i} Straße{i}" for i in range(3000)), ("Weighted É!", 2**50)]
    fast, readable = both_ways(documents, PunctuationSplit(), monkeypatch, BertCleanup())
    assert fast == readable


@pytest.mark.parametrize(
    ("normalizer", "cut"),
    [
        (Lowercase(), Gpt2Split()),  # the space before a word is in the piece
        (Replace("a b", "c"), WhitespaceSplit()),
        (NormalizerSequence(Lowercase(), Prepend("_")), WhitespaceSplit()),
    ],
)
def test_what_looks_beyond_a_space_is_left_to_the_readable_code(normalizer: Any, cut: Any):
    assert not fast_counting.may_count(cut, normalizer)
