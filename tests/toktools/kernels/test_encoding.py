"""The compiled encoder gives the ids of the readable one."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toktools.conftest import tricky_text
from tests.toktools.test_pretokenizers import contraction_text
from toktools import BPETokenizer, Tokenizer, ToktoolsError, train_bpe
from toktools.compiled import texts as compiled_texts
from toktools.compiled.encoders import bpe_encoder
from toktools.compiled.tokenizer import encode_texts
from toktools.corpus import open_corpus
from toktools.corpus.shards import shards
from toktools.kernels.byte_bpe import ByteBPEEncoder
from toktools.kernels.merge_table import merge_table
from toktools.kernels.merging import SHORT, merge_piece, workspace
from toktools.training.merging import apply_merges


@pytest.fixture(scope="module")
def bpe(prose: list[str]) -> BPETokenizer:
    return train_bpe(prose[::3], vocab_size=1500)


@pytest.fixture(scope="module")
def encoder(bpe: BPETokenizer) -> ByteBPEEncoder:
    found = bpe_encoder(bpe)
    assert found is not None
    return found


@settings(max_examples=300, deadline=None)
@given(text=tricky_text | contraction_text)
def test_ids_of_a_text_are_those_of_the_readable_encoder(
    bpe: BPETokenizer, encoder: ByteBPEEncoder, text: str
):
    assert encoder.encode(text.encode()).tolist() == bpe.encode(text)


@pytest.mark.parametrize("cut", ["cl100k", "o200k", "llama3", "qwen2"])
def test_other_cuts_give_the_ids_of_the_readable_encoder(cut: str, code: list[str]):
    tokenizer = train_bpe(code[:3000], vocab_size=600, pretokenizer=cut)
    encoder = bpe_encoder(tokenizer)
    assert encoder is not None
    text = "\n".join(code[3000:6000]) + " DON'T 12345 漢字\r\n  x"
    assert encoder.encode(text.encode()).tolist() == tokenizer.encode(text)


def plain_lines(tmp_path: Path, documents: list[str]) -> Path:
    path = tmp_path / "text.txt"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(documents).encode())
    return path


@pytest.mark.parametrize("threads", ["1", "2", "5"])
@pytest.mark.parametrize("add_eos", [True, False])
def test_files_get_the_same_ids_on_any_number_of_threads(
    bpe: BPETokenizer,
    code: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    threads: str,
    add_eos: bool,
):
    monkeypatch.setenv("TOKTOOLS_THREADS", threads)
    monkeypatch.setattr(compiled_texts, "LEAST", 1000)
    monkeypatch.setattr(shards, "__defaults__", (10_000,))
    documents = [*code[:4000], "", "é漢" * 20_000, "\r", "last"]
    path = plain_lines(tmp_path, documents)
    used: list[bool] = []
    encode = ByteBPEEncoder.encode_lines
    monkeypatch.setattr(ByteBPEEncoder, "encode_lines", lambda *a: used.append(True) or encode(*a))
    found = bpe.encode_files([path, path], add_eos=add_eos, out=tmp_path / "ids.npy")
    assert len(used) > 10
    expected = [bpe.encode(document, add_eos=add_eos) for document in open_corpus(path)] * 2
    assert found.starts.tolist() == [0, *accumulate(map(len, expected))]
    assert found.ids.tolist() == [id for document in expected for id in document]


def test_what_is_wrong_with_a_file_is_said_as_elsewhere(
    bpe: BPETokenizer, code: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compiled_texts, "LEAST", 1000)
    path = plain_lines(tmp_path, code[:2000])
    path.write_bytes(path.read_bytes() + b"\nab\xffc\n")
    out = tmp_path / "ids.npy"
    with pytest.raises(ToktoolsError, match=r"text.txt:2001: byte 3 of the line, 0xff, is not"):
        bpe.encode_files(path, out=out)
    assert not out.exists()
    with pytest.raises(ToktoolsError, match="no such"):
        bpe.encode_files(tmp_path / "missing.txt")


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(tricky_text | st.text("ab \n", max_size=40)))
def test_chunks_of_documents_are_those_of_the_readable_encoder(
    bpe: BPETokenizer, encoder: ByteBPEEncoder, texts: list[str]
):
    chunks = list(encode_texts(encoder, compiled_texts.batches(texts), bpe.eos_id))
    ids = [id for chunk in chunks for id in chunk.ids.tolist()]
    lengths = [n for chunk in chunks for n in chunk.lengths.tolist()]
    expected = [bpe.encode(text, add_eos=True) for text in texts]
    assert ids == [id for document in expected for id in document]
    assert lengths == list(map(len, expected))


def test_large_corpora_go_through_the_loops_and_get_the_same_ids(
    bpe: BPETokenizer, code: list[str], prose: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compiled_texts, "LEAST", 1000)
    documents = [*code, *prose, "two\nlines\n", "", "\u3000 ", "é" * 50_000]
    used: list[bool] = []
    encode = ByteBPEEncoder.encode_lines
    monkeypatch.setattr(ByteBPEEncoder, "encode_lines", lambda *a: used.append(True) or encode(*a))
    ids, starts = bpe.encode_documents(documents, add_eos=True)
    assert used
    expected = [bpe.encode(document, add_eos=True) for document in documents]
    assert starts.tolist() == [0, *accumulate(map(len, expected))]
    assert ids.tolist() == [id for document in expected for id in document]
    assert bpe.encode_batch(documents, add_eos=True) == expected


def test_few_documents_stay_with_the_readable_code(bpe: BPETokenizer):
    bpe = BPETokenizer(bpe.vocabulary, bpe.merges)
    bpe.encode_documents(["a few words"] * 100)
    assert "_compiled" not in vars(bpe)


def test_pieces_of_any_length_are_encoded(bpe: BPETokenizer, encoder: ByteBPEEncoder):
    for n in (15, 16, 17, SHORT, SHORT + 1, 511, 512, 513, 40_000, 200_000):
        for text in ("e" * n, "the" * (n // 3), "=" * n, "漢" * n):
            assert encoder.encode(text.encode()).tolist() == bpe.encode(text)


def test_a_cache_that_overflows_changes_nothing(bpe: BPETokenizer, code: list[str]):
    large = bpe_encoder(bpe)
    assert large is not None
    small = ByteBPEEncoder(*large._arguments[:3], short_bits=4, long_bits=2)
    data = "\n".join(code[:5000]).encode()
    assert small.encode(data).tolist() == large.encode(data).tolist()


def test_threads_share_one_encoder(encoder: ByteBPEEncoder, code: list[str]):
    data = ["\n".join(code[i : i + 500]).encode() for i in range(0, 10_000, 500)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda part: encoder.encode(part).tolist(), data))
    assert found == [encoder.encode(part).tolist() for part in data]


def test_a_tokenizer_with_an_encoder_can_be_copied(
    bpe: BPETokenizer, prose: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compiled_texts, "LEAST", 1000)
    before = bpe.encode_documents(prose).ids.tolist()
    copy: Tokenizer = pickle.loads(pickle.dumps(bpe))
    assert copy.encode_documents(prose).ids.tolist() == before


@pytest.mark.parametrize("option", ["ignore_merges", "normalizer", "pretokenizer", "characters"])
def test_what_the_loops_do_not_know_is_left_to_the_readable_code(option: str, prose: list[str]):
    from toktools.normalizers import Lowercase
    from toktools.pretokenizers import RegexSplit

    bpe = train_bpe(["a few words"], vocab_size=260)
    changed = {
        "ignore_merges": {"ignore_merges": True},
        "normalizer": {"normalizer": Lowercase()},
        "pretokenizer": {"pretokenizer": RegexSplit(r"\w+|\W")},
    }
    if option == "characters":
        other = train_bpe(["a few words"], vocab_size=20, byte_level=False)
    else:
        other = BPETokenizer(bpe.vocabulary, bpe.merges, **changed[option])
    assert bpe_encoder(other) is None


def test_what_is_wrong_with_a_document_is_said_as_elsewhere(
    bpe: BPETokenizer, prose: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compiled_texts, "LEAST", 1000)
    with pytest.raises(ToktoolsError, match="a lone surrogate at index 1"):
        bpe.encode_documents([*prose, "a\ud800"])
    with pytest.raises(TypeError, match="text must be a str, got int"):
        bpe.encode_documents([*prose, 3])  # type: ignore[list-item]


@settings(max_examples=300, deadline=None)
@given(
    word=st.lists(st.integers(0, 3), min_size=1, max_size=3 * SHORT),
    pairs=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=12, unique=True),
)
def test_merging_a_piece_is_apply_merges(word: list[int], pairs: list[tuple[int, int]]):
    merges = {pair: (rank, 4 + rank) for rank, pair in enumerate(pairs)}
    table = merge_table([(left, right, 4 + rank) for rank, (left, right) in enumerate(pairs)])
    work = workspace(len(word))
    work.symbols[:] = word
    n = merge_piece(*work, len(word), *table)
    assert work.symbols[:n].tolist() == apply_merges(word, merges)


def test_too_many_ids_for_the_table_are_refused():
    with pytest.raises(ToktoolsError, match="fewer than 2,097,151 tokens"):
        merge_table([(0, 1, 1 << 21)])
