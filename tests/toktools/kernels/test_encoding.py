"""The compiled encoder gives the ids of the readable one."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toktools.conftest import readably, tricky_text
from tests.toktools.test_pretokenizers import contraction_text
from toktools import BPETokenizer, Tokenizer, ToktoolsError, train_bpe
from toktools.compiled import texts as compiled_texts
from toktools.compiled.encoders import bpe_encoder
from toktools.compiled.tokenizer import encode_texts
from toktools.compiled.worth import Least
from toktools.corpus import open_corpus
from toktools.corpus.shards import shards
from toktools.kernels import byte_bpe
from toktools.kernels.byte_bpe import ByteBPEEncoder
from toktools.kernels.cuts.chunks import cut_chunks
from toktools.kernels.merge_table import find_rank, merge_table
from toktools.kernels.merging import SHORT, merge_piece, workspace
from toktools.normalizers import Lowercase, Prepend, Replace, UnicodeForm
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
    assert encoder.encode(text.encode()).tolist() == readably(tokenizer, text)


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
    monkeypatch.setattr(compiled_texts, "LEAST", Least(1000, 1000, 1000))
    monkeypatch.setattr(shards, "__defaults__", (10_000,))
    documents = [*code[:4000], "", "é漢" * 20_000, "\r", "last"]
    path = plain_lines(tmp_path, documents)
    used: list[bool] = []
    encode = ByteBPEEncoder.encode_lines
    monkeypatch.setattr(ByteBPEEncoder, "encode_lines", lambda *a: used.append(True) or encode(*a))
    found = bpe.encode_files([path, path], add_eos=add_eos, out=tmp_path / "ids.npy")
    assert len(used) > 10
    expected = [readably(bpe, document, add_eos=add_eos) for document in open_corpus(path)] * 2
    assert found.starts.tolist() == [0, *accumulate(map(len, expected))]
    assert found.ids.tolist() == [id for document in expected for id in document]


def test_what_is_wrong_with_a_file_is_said_as_elsewhere(
    bpe: BPETokenizer, code: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compiled_texts, "LEAST", Least(1000, 1000, 1000))
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
    monkeypatch.setattr(compiled_texts, "LEAST", Least(1000, 1000, 1000))
    documents = [*code, *prose, "two\nlines\n", "", "\u3000 ", "é" * 50_000]
    used: list[bool] = []
    encode = ByteBPEEncoder.encode_lines
    monkeypatch.setattr(ByteBPEEncoder, "encode_lines", lambda *a: used.append(True) or encode(*a))
    ids, starts = bpe.encode_documents(documents, add_eos=True)
    assert used
    expected = [readably(bpe, document, add_eos=True) for document in documents]
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
    monkeypatch.setattr(compiled_texts, "LEAST", Least(1000, 1000, 1000))
    before = bpe.encode_documents(prose).ids.tolist()
    copy: Tokenizer = pickle.loads(pickle.dumps(bpe))
    assert copy.encode_documents(prose).ids.tolist() == before


@pytest.mark.parametrize("option", ["pretokenizer", "characters"])
def test_what_the_loops_do_not_know_is_left_to_the_readable_code(option: str):
    from toktools.pretokenizers import RegexSplit

    bpe = train_bpe(["a few words"], vocab_size=260)
    if option == "characters":
        other = train_bpe(["a few words"], vocab_size=20, byte_level=False)
    else:
        cut = RegexSplit(r"\w+|\W")
        other = BPETokenizer(bpe.vocabulary, bpe.merges, pretokenizer=cut)
    assert bpe_encoder(other) is None


@pytest.fixture(scope="module")
def whole(bpe: BPETokenizer) -> BPETokenizer:
    """A tokenizer with tokens that its merges do not make: half of the merges are left out."""
    kept = [merge for i, merge in enumerate(bpe.merges) if i % 2]
    return BPETokenizer(bpe.vocabulary, kept, ignore_merges=True)


@settings(max_examples=200, deadline=None)
@given(text=tricky_text | contraction_text)
def test_pieces_that_are_tokens_become_them_if_merges_are_ignored(whole: BPETokenizer, text: str):
    encoder = whole.compiled_encoder()
    assert encoder is not None
    for _ in range(2):  # merged, and recalled
        assert encoder.encode(text.encode()).tolist() == whole.encode(text)


def test_ignored_merges_make_a_difference(whole: BPETokenizer, prose: list[str]):
    merged = BPETokenizer(whole.vocabulary, whole.merges)
    data, encoder = "\n".join(prose), whole.compiled_encoder()
    assert encoder is not None
    assert encoder.encode(data.encode()).tolist() == readably(whole, data) != readably(merged, data)


@pytest.mark.parametrize("name", ["nfc", "lowercase", "replace", "prepend"])
def test_text_is_normalized_before_the_loops(
    bpe: BPETokenizer, code: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setattr(compiled_texts, "LEAST", Least(1000, 1000, 1000))
    normalizer = {
        "nfc": UnicodeForm("NFC"),
        "lowercase": Lowercase(),
        "replace": Replace("e", "\n"),
        "prepend": Prepend("x"),
    }[name]
    tokenizer = BPETokenizer(bpe.vocabulary, bpe.merges, normalizer=normalizer)
    documents = [*code[:500], "", "e\u0301 E\u0301 ΟΔΟΣ", "one\ntwo"]
    expected = [readably(tokenizer, text) for text in documents]
    assert tokenizer.encode_batch(documents) == expected
    assert vars(tokenizer)["_compiled"] is not None
    found = tokenizer.encode_files(plain_lines(tmp_path, documents[:-1]))
    assert found.ids.tolist() == [id for document in expected[:-1] for id in document]
    large = documents[0] * 99
    assert tokenizer.encode_array(large).tolist() == readably(tokenizer, large)


@pytest.mark.parametrize("add_eos", [True, False])
def test_one_large_text_goes_through_the_loops(
    bpe: BPETokenizer, code: list[str], monkeypatch: pytest.MonkeyPatch, add_eos: bool
):
    text = "\n".join([*code[:2000], "漢字 <EOS> é"])
    eos, special = bpe.require_eos(), {"<EOS>"}
    expected = bpe.encode(text, add_eos=add_eos), bpe.encode(text, allowed_special=special)
    assert expected[0] == readably(bpe, text, add_eos=add_eos)
    monkeypatch.setattr(compiled_texts, "LEAST", Least(1000, 1000, 1000))
    used: list[bool] = []
    encode = ByteBPEEncoder.encode
    monkeypatch.setattr(ByteBPEEncoder, "encode", lambda *a: used.append(True) or encode(*a))
    assert bpe.encode(text, add_eos=add_eos) == expected[0]
    assert bpe.encode_array(text, add_eos=add_eos).tolist() == expected[0]
    assert bpe.encode(text, allowed_special=special) == expected[1]
    assert bpe.encode_array(text, allowed_special=special).tolist() == expected[1]
    assert len(used) == 4
    assert eos in expected[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_goes_on_with_the_encoder(encoder: ByteBPEEncoder, code: list[str]):
    """Threads do not outlive a fork; the encoder has none of its own."""
    data = "\n".join(code[:3000]).encode()
    expected = encoder.encode(data).tolist()
    child = os.fork()
    if child == 0:
        os._exit(0 if encoder.encode(data).tolist() == expected else 1)
    assert os.waitpid(child, 0)[1] == 0


@settings(max_examples=50, deadline=None)
@given(n_bytes=st.integers(1, 200), text=tricky_text)
def test_chunks_of_any_length_give_the_same_ids(
    encoder: ByteBPEEncoder, bpe: BPETokenizer, n_bytes: int, text: str
):
    in_small_chunks = partial(cut_chunks, n_bytes=n_bytes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(byte_bpe, "cut_chunks", in_small_chunks)
        assert encoder.encode(text.encode()).tolist() == bpe.encode(text)


def test_what_is_wrong_with_a_document_is_said_as_elsewhere(
    bpe: BPETokenizer, prose: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compiled_texts, "LEAST", Least(1000, 1000, 1000))
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
    work.symbols[: len(word)] = word
    n = merge_piece(*work, len(word), *table)
    assert work.symbols[:n].tolist() == apply_merges(word, merges)


@settings(max_examples=50, deadline=None)
@given(
    n_symbols=st.integers(2, 300),
    n_merges=st.integers(0, 3000),
    seed=st.integers(0, 1 << 30),
)
def test_a_merge_is_found_wherever_its_row_had_room(n_symbols: int, n_merges: int, seed: int):
    """In a table half full some rows are, so that what belongs there stands in the next."""
    random = np.random.default_rng(seed)
    drawn = random.integers(0, n_symbols, (n_merges, 2)).tolist()
    ranks = {pair: rank for rank, pair in enumerate(dict.fromkeys(map(tuple, drawn)))}
    table = merge_table([(*pair, 7) for pair in ranks])
    pairs = [*ranks, *map(tuple, random.integers(0, n_symbols + 1, (100, 2)).tolist())]
    found = [find_rank(table.entries, table.shift, *pair) for pair in pairs]
    assert found == [ranks.get(pair, -1) for pair in pairs]


def test_too_many_ids_for_the_table_are_refused():
    with pytest.raises(ToktoolsError, match="fewer than 2,097,151 tokens"):
        merge_table([(0, 1, 1 << 21)])
