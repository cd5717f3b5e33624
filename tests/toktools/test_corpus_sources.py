"""Names to files: directories, globs, lists, compression, standard input, and what is not there."""

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from toktools.corpus import open_corpus
from toktools.errors import ToktoolsError

PACKERS = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}
packed = pytest.mark.parametrize("suffix", PACKERS)
RECORDS = b"".join(b'{"t": "%06d"}\n' % (i * 7919 % 1_000_003) for i in range(20_000))


def tree(root, **files):
    """Write files whose names are the keys, `__` for / and `_` for a dot."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    return root


@packed
def test_a_compressed_file_reads_like_the_plain_one(tmp_path, suffix):
    file = tmp_path / f"a.jsonl{suffix}"
    file.write_bytes(PACKERS[suffix](RECORDS))
    assert list(open_corpus(file, "t")) == [json.loads(x)["t"] for x in RECORDS.splitlines()]


@packed
def test_two_compressed_files_put_together_are_read_through(tmp_path, suffix):
    file = tmp_path / f"a.txt{suffix}"
    file.write_bytes(PACKERS[suffix](b"a\nb") + PACKERS[suffix](b"c\nd\n"))
    assert list(open_corpus(file)) == ["a", "bc", "d"]


@packed
def test_a_compressed_file_cut_short_is_told_with_the_line_reached(tmp_path, suffix):
    file = tmp_path / f"a.jsonl{suffix}"
    data = PACKERS[suffix](RECORDS)
    file.write_bytes(data[: len(data) - 9])
    with pytest.raises(ToktoolsError, match=rf"a.jsonl{suffix}:\d+: the {suffix} data is damaged"):
        list(open_corpus(file, "t"))


@packed
def test_a_file_that_is_not_compressed_as_it_says_is_told(tmp_path, suffix):
    file = tmp_path / f"a.txt{suffix}"
    file.write_bytes(b"just text, no compressed data at all\n" * 9)
    with pytest.raises(ToktoolsError, match=rf"a.txt{suffix}:1: the {suffix} data is damaged"):
        list(open_corpus(file))


def test_without_zstandard_the_error_says_what_to_install(tmp_path, monkeypatch):
    file = tmp_path / "a.txt.zst"
    file.write_bytes(PACKERS[".zst"](b"a\n"))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(ToktoolsError, match=r"pip install 'toktools\[adapters\]'"):
        list(open_corpus(file))


def test_a_directory_gives_its_visible_files_sorted_by_path(tmp_path):
    tree(tmp_path, b_txt="2\n", a__z_txt="1\n", c_py="3\n", _hidden="x\n", a___hidden="x\n")
    tree(tmp_path / ".git", config="x\n")
    assert list(open_corpus(tmp_path)) == ["1", "2", "3"]


@pytest.mark.parametrize("validation", ["valid", "validation", "val", "dev"])
def test_a_directory_of_split_files_is_split_by_them(tmp_path, validation):
    tree(tmp_path, train_txt="a\n", test_txt="c\n", README_md="no text of the corpus\n")
    (tmp_path / f"{validation}.txt.gz").write_bytes(gzip.compress(b"b\n"))
    corpus = open_corpus(tmp_path)
    assert [list(corpus.split(name)) for name in ("train", "dev", "test")] == [["a"], ["b"], ["c"]]


def test_split_files_may_have_the_name_of_the_data_set_in_front(tmp_path):
    tree(tmp_path, ptb_train_txt="a\n", ptb_valid_txt="b\n", ptb_char_train_txt="x\n")
    assert list(open_corpus(tmp_path, split="valid")) == ["b"]


def test_a_directory_of_split_files_gives_the_train_part_by_default(tmp_path):
    tree(tmp_path, train_txt="a\n", valid_txt="b\n")
    assert list(open_corpus(tmp_path)) == ["a"]


def test_a_split_that_the_directory_is_without_is_refused(tmp_path):
    tree(tmp_path, train_txt="a\n", valid_txt="b\n")
    with pytest.raises(ToktoolsError, match=r"has the splits train, validation, got 'test'"):
        open_corpus(tmp_path, split="test")


def test_two_files_for_one_split_are_refused(tmp_path):
    tree(tmp_path, train_txt="a\n", dev_txt="b\n", valid_txt="b\n")
    with pytest.raises(ToktoolsError, match=r"the validation split, got dev.txt and valid.txt"):
        open_corpus(tmp_path)


def test_a_train_file_alone_is_an_ordinary_file(tmp_path):
    tree(tmp_path, train_txt="a\n", notes_txt="b\n")
    assert list(open_corpus(tmp_path)) == ["b", "a"]


def test_an_empty_directory_is_told(tmp_path):
    with pytest.raises(ToktoolsError, match=r"a directory must hold files"):
        open_corpus(tmp_path)


def test_a_glob_gives_the_files_that_match_sorted(tmp_path):
    tree(tmp_path, b_txt="2\n", a_txt="1\n", c_md="x\n", d__e__f_txt="3\n")
    assert list(open_corpus(f"{tmp_path}/*.txt")) == ["1", "2"]
    assert list(open_corpus(f"{tmp_path}/**/*.txt")) == ["1", "2", "3"]
    assert list(open_corpus(f"{tmp_path}/[b-z].tx?")) == ["2"]


def test_a_glob_without_match_is_told(tmp_path):
    with pytest.raises(ToktoolsError, match=r"\*.txt: no file matches this pattern"):
        open_corpus(f"{tmp_path}/*.txt")


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tmp_path):
    tree(tmp_path, a="x\n")
    (tmp_path / "[a]").write_text("itself\n")
    assert list(open_corpus(f"{tmp_path}/[a]")) == ["itself"]


def test_a_list_is_read_in_its_order(tmp_path):
    tree(tmp_path, a_txt="1\n", b_txt="2\n")
    corpus = open_corpus([tmp_path / "b.txt", str(tmp_path / "a.txt")])
    assert (list(corpus), corpus.name) == (["2", "1"], "b.txt + 1 more")


def test_an_empty_list_is_refused():
    with pytest.raises(ToktoolsError, match=r"source must name at least one corpus"):
        open_corpus([])


def test_a_field_in_a_mixed_directory_names_the_text_file(tmp_path):
    tree(tmp_path, a_jsonl='{"t": "x"}\n', b_txt="x\n")
    with pytest.raises(ToktoolsError, match=r"b\.txt: field is for records"):
        open_corpus(tmp_path, "t")


@pytest.mark.parametrize("name", ["a.parquet", "a.zip"])
def test_a_format_that_is_not_read_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"PAR1")
    with pytest.raises(ToktoolsError, match=r"a corpus is text.*convert it"):
        open_corpus(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_with_the_way_to_read_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ToktoolsError, match=r"must be a regular file.*pass - and <"):
        open_corpus(tmp_path / "pipe")


@pytest.mark.parametrize("name", ["nowhere/at-all.txt", "", "a\0b", "x" * 5000])
def test_what_is_not_there_lists_the_built_in_corpora(name):
    with pytest.raises(ToktoolsError, match=r"python-docs, stdlib-code|must be readable"):
        open_corpus(name)


def test_a_name_close_to_a_built_in_one_is_suggested():
    with pytest.raises(ToktoolsError, match=r"did you mean 'python-docs'"):
        open_corpus("pythondocs")


@pytest.mark.parametrize("spelling", ["./anbn", Path("anbn")])
def test_a_file_named_like_a_built_in_corpus_can_be_reached(tmp_path, monkeypatch, spelling):
    monkeypatch.chdir(tmp_path)
    Path("anbn").write_text("mine\n")
    corpus = open_corpus(spelling)
    assert list(corpus) == list(open_corpus(**corpus.describe())) == ["mine"]


def test_standard_input_can_be_read_more_than_once_and_leaves_nothing(tmp_path):
    code = """
from toktools.corpus import open_corpus
corpus = open_corpus("-")
first = list(corpus)
assert list(corpus) == first
assert sorted(list(corpus.split("train")) + list(corpus.split("test"))) == sorted(first)
print(first)
"""
    code = code.replace('open_corpus("-")', 'open_corpus("-", fractions=(0.5, 0, 0.5))')
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        input="".join(f"é{i}\r\n" for i in range(9)).encode(),
        capture_output=True,
        check=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
    )
    assert eval(done.stdout.decode()) == [f"é{i}" for i in range(9)]
    assert list(tmp_path.iterdir()) == []


def test_importing_it_loads_no_heavy_package():
    code = """
import sys, toktools
before = set(sys.modules)
import toktools.corpus
heavy = {"numpy", "torch", "numba", "tokenizers", "zstandard", "click"}
print(sorted(heavy & (set(sys.modules) - before)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
