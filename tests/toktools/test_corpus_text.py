"""Text files: what is a document, what is invalid text, and how it is told."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toktools.corpus import open_corpus
from toktools.corpus.readers import read_lines
from toktools.errors import ToktoolsError


def written(path, data):
    path.write_bytes(data)
    return path


def slow_lines(data):
    """The lines of `data`, one byte at a time: the obvious way."""
    lines, line = [], bytearray()
    for byte in data.removeprefix(b"\xef\xbb\xbf"):
        if byte == ord("\n"):
            lines.append(bytes(line).removesuffix(b"\r").decode())
            line.clear()
        else:
            line.append(byte)
    return [*lines, bytes(line).decode()] if line else lines


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("text") / "a.txt"


@given(text=st.text(st.sampled_from("a é\n\r\x0b\x1c\x85\u2028\ufeff\0")))
def test_lines_are_those_of_the_slow_oracle(scratch, text):
    scratch.write_bytes(text.encode())
    assert [document.text for document in read_lines(scratch)] == slow_lines(text.encode())


def test_both_line_endings_are_taken_off(tmp_path):
    assert list(open_corpus(written(tmp_path / "a", b"a\r\nb\nc"))) == ["a", "b", "c"]


def test_only_a_newline_ends_a_line(tmp_path):
    text = "a\u2028b\x0bc\x85d\re"
    assert list(open_corpus(written(tmp_path / "a", text.encode()))) == [text]


def test_a_blank_line_is_a_document(tmp_path):
    assert list(open_corpus(written(tmp_path / "a", b"\na\n\n"))) == ["", "a", ""]


def test_a_byte_order_mark_is_dropped_at_the_start_alone(tmp_path):
    file = written(tmp_path / "a", "\ufeffa\n\ufeffb\n".encode())
    assert list(open_corpus(file)) == ["a", "\ufeffb"]


def test_nul_bytes_are_ordinary_text(tmp_path):
    assert list(open_corpus(written(tmp_path / "a", b"a\0b\n"))) == ["a\0b"]


def test_documents_file_gives_the_whole_file_as_it_is(tmp_path):
    file = written(tmp_path / "a", b"\xef\xbb\xbfa\r\n\nb")
    assert list(open_corpus(file, documents="file")) == ["a\r\n\nb"]


@pytest.mark.parametrize("documents", ["line", "file"])
@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_has_no_documents(tmp_path, documents, data):
    corpus = open_corpus(written(tmp_path / "a", data), documents=documents)
    with pytest.raises(ToktoolsError, match=r"a: a corpus must hold documents, got none.*empty"):
        list(corpus)


@pytest.mark.parametrize("documents", ["line", "file"])
def test_invalid_text_is_told_with_line_byte_and_remedy(tmp_path, documents):
    corpus = open_corpus(written(tmp_path / "a", b"good\nba\xffd\n"), documents=documents)
    with pytest.raises(
        ToktoolsError, match=r"a:2: byte 3 of the line, 0xff, is not UTF-8;.*--errors replace"
    ):
        list(corpus)


def test_documents_before_the_invalid_one_are_given(tmp_path):
    assert next(iter(open_corpus(written(tmp_path / "a", b"good\n\xff\n")))) == "good"


def test_replace_puts_the_replacement_character_and_counts_documents(tmp_path):
    corpus = open_corpus(written(tmp_path / "a", b"a\nb\xff\xfec\n\xff\n"), errors="replace")
    assert list(corpus) == ["a", "b\ufffd\ufffdc", "\ufffd"]
    assert (corpus.stats.documents, corpus.stats.replaced, corpus.stats.bytes) == (3, 2, 1 + 8 + 3)


def test_skip_leaves_out_the_document_and_counts_it(tmp_path):
    corpus = open_corpus(written(tmp_path / "a", b"a\nb\xff\nc\n"), errors="skip")
    assert list(corpus) == ["a", "c"]
    assert (corpus.stats.documents, corpus.stats.skipped) == (2, 1)


def test_all_skipped_is_an_error_with_the_count(tmp_path):
    corpus = open_corpus(written(tmp_path / "a", b"\xff\n\xfe\n"), errors="skip")
    with pytest.raises(ToktoolsError, match="none of 2 documents is left: 2 had invalid text"):
        list(corpus)


def test_a_file_that_vanished_is_told(tmp_path):
    file = written(tmp_path / "a", b"a\n")
    corpus = open_corpus(file)
    file.unlink()
    with pytest.raises(ToktoolsError, match="a: a corpus must be readable: No such file"):
        list(corpus)


def test_a_file_without_permission_is_told(tmp_path, monkeypatch):
    file = written(tmp_path / "a", b"a\n")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)  # chmod does not stop root
    with pytest.raises(ToktoolsError, match="must be readable: Permission denied; check"):
        list(open_corpus(file))


def test_fifty_megabytes_are_read_in_little_memory(tmp_path):
    line = b"x" * 999 + b"\n"
    file = tmp_path / "big.txt"
    with file.open("wb") as out:
        for _ in range(50):
            out.write(line * 1000)
    tracemalloc.start()
    try:
        assert sum(map(len, open_corpus(file))) == 50_000 * 999
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
