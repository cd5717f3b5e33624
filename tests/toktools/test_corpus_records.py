"""Records: JSON lines and tables, the field, the filter, and errors that name file and line."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toktools.corpus import open_corpus
from toktools.errors import ToktoolsError


def jsonl(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def written(path, text):
    path.write_bytes(text.encode())
    return path


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("records") / "a.jsonl"


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=())), min_size=1),
    ascii=st.booleans(),
)
def test_json_lines_round_trip_with_lone_surrogates_replaced(scratch, texts, ascii):
    # json.dumps spells a high and a low surrogate side by side like one character.
    texts = [json.loads(json.dumps(text)) for text in texts]
    with scratch.open("w", encoding="utf-8", errors="surrogatepass") as file:
        for text in texts:
            escaped = ascii or any("\ud800" <= c <= "\udfff" for c in text)
            file.write(json.dumps({"t": text}, ensure_ascii=escaped) + "\n")
    expected = ["".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in t) for t in texts]
    assert list(open_corpus(scratch, "t", errors="replace")) == expected


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_tables_written_by_the_csv_module_round_trip(scratch, texts):
    path = scratch.with_suffix(".csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, quoting=csv.QUOTE_ALL)
        rows.writerows([["n", "t"], *enumerate(texts)])
    assert list(open_corpus(path, "t")) == texts


def test_without_a_field_the_error_names_those_of_the_first_record(tmp_path):
    file = jsonl(tmp_path / "a.jsonl", {"headline": "x", "category": "y"})
    with pytest.raises(
        ToktoolsError, match=r"field must be given.*has 'headline', 'category'.*--field headline"
    ):
        open_corpus(file)


def test_a_table_without_a_field_names_its_header(tmp_path):
    with pytest.raises(ToktoolsError, match=r"has 'a', 'b'"):
        open_corpus(written(tmp_path / "a.tsv", "a\tb\n1\t2\n"))


def test_a_field_of_plain_text_is_refused(tmp_path):
    with pytest.raises(ToktoolsError, match=r"field is for records.*got 'x' for plain text"):
        open_corpus(written(tmp_path / "a.txt", "a\n"), "x")


def test_documents_file_is_refused_for_records(tmp_path):
    with pytest.raises(ToktoolsError, match=r"'file' is for plain text"):
        open_corpus(jsonl(tmp_path / "a.jsonl", {"t": "x"}), "t", documents="file")


def test_a_missing_field_is_told_with_its_place_and_the_nearest(tmp_path):
    file = jsonl(tmp_path / "a.jsonl", {"text": "x"}, {"txt": "y"})
    with pytest.raises(ToktoolsError, match=r"a.jsonl:2: .*'text' \(did you mean 'txt'\?\).*'txt'"):
        list(open_corpus(file, "text"))


def test_a_field_that_is_no_string_is_told_with_its_place(tmp_path):
    file = jsonl(tmp_path / "a.jsonl", {"t": "x"}, {"t": None})
    with pytest.raises(ToktoolsError, match=r"a.jsonl:2: the field 't' must be a string, got null"):
        list(open_corpus(file, "t"))


def test_invalid_json_is_told_with_its_column(tmp_path):
    file = written(tmp_path / "a.jsonl", '{"t": "x"}\n{"t": x}\n')
    with pytest.raises(
        ToktoolsError, match=r"a.jsonl:2: invalid JSON at column 7: Expecting value"
    ):
        list(open_corpus(file, "t"))


@pytest.mark.parametrize("line", ["[" * 100_000, "1" * 5000])
def test_json_beyond_python_limits_is_told_with_its_place(tmp_path, line):
    with pytest.raises(ToktoolsError, match=r"a.jsonl:1: JSON that cannot be read"):
        list(open_corpus(written(tmp_path / "a.jsonl", line), "t"))


def test_a_line_that_is_no_object_is_told(tmp_path):
    with pytest.raises(ToktoolsError, match=r"a.json:1: each line must be one JSON object, got"):
        list(open_corpus(written(tmp_path / "a.json", '["x"]\n'), "t"))


def test_blank_lines_between_records_are_passed_over(tmp_path):
    file = written(tmp_path / "a.jsonl", '\ufeff{"t": "x"}\r\n\r\n{"t": ""}\n\n')
    assert list(open_corpus(file, "t")) == ["x", ""]


@pytest.mark.parametrize(
    "where", ["k=a", ["k=a"], {"k": "a"}, ["k=a", "n=1"], {"k": "a", "n": 1}, ["b=true", "k=a"]]
)
def test_where_keeps_the_records_that_match_all(tmp_path, where):
    file = jsonl(
        tmp_path / "a.jsonl",
        {"t": "yes", "k": "a", "n": 1, "b": True},
        {"t": "no", "k": "b", "n": 1, "b": True},
        {"t": "nor this"},
    )
    assert list(open_corpus(file, "t", where)) == ["yes"]


def test_no_match_says_how_many_records_were_read(tmp_path):
    file = jsonl(tmp_path / "a.jsonl", {"t": "x", "k": "a"}, {"t": "y", "k": "b"})
    with pytest.raises(ToktoolsError, match=r"none of 2 records matches where {'k': 'c'}"):
        list(open_corpus(file, "t", "k=c"))


@pytest.mark.parametrize("where", ["k", "=v"])
def test_where_without_key_and_value_is_refused(tmp_path, where):
    with pytest.raises(ToktoolsError, match=r"where must be KEY=VALUE"):
        open_corpus(jsonl(tmp_path / "a.jsonl", {"t": "x"}), "t", where)


def test_where_that_can_never_hold_is_refused(tmp_path):
    with pytest.raises(ToktoolsError, match=r"'k' cannot be both 'a' and 'b'"):
        open_corpus(jsonl(tmp_path / "a.jsonl", {"t": "x"}), "t", ["k=a", "k=b"])


def test_where_without_a_field_is_refused(tmp_path):
    with pytest.raises(ToktoolsError, match=r"field must be given too"):
        open_corpus(written(tmp_path / "a.txt", "x\n"), where="k=a")


def test_a_lone_surrogate_is_invalid_text(tmp_path):
    file = jsonl(tmp_path / "a.jsonl", {"t": "x"}, {"t": "ab\ud800"})
    with pytest.raises(
        ToktoolsError, match=r"a.jsonl:2: character 3 of 't' is a lone surrogate, U"
    ):
        list(open_corpus(file, "t"))
    assert list(open_corpus(file, "t", errors="skip")) == ["x"]
    assert list(open_corpus(file, "t", errors="replace")) == ["x", "ab\ufffd"]


def test_invalid_text_in_a_record_that_is_not_wanted_does_no_harm(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'{"t": "\xff", "k": "b"}\n{"t": "x", "k": "a"}\n')
    assert list(open_corpus(file, "t", "k=a")) == ["x"]


def test_quoted_cells_may_hold_line_ends_and_line_numbers_stay_right(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b't,k\r\n"a\nb, ""c""",1\r\n\r\nd,2\r\n\xff,3\r\n')
    corpus = open_corpus(file, "t")
    documents = iter(corpus)
    assert [next(documents), next(documents)] == ['a\nb, "c"', "d"]
    with pytest.raises(ToktoolsError, match=r"a.csv:6: byte 1 of the line, 0xff"):
        next(documents)


def test_a_row_of_another_length_is_told(tmp_path):
    file = written(tmp_path / "a.csv", "t,k\na,1\nb,c,2\n")
    with pytest.raises(
        ToktoolsError, match=r"a.csv:3: a row must have the header's 2 cells, got 3"
    ):
        list(open_corpus(file, "t"))


def test_a_quote_that_is_never_closed_is_told_where_it_opens(tmp_path):
    file = written(tmp_path / "a.csv", 't\na\n"b\nc\n')
    with pytest.raises(ToktoolsError, match=r"a.csv:3: a row that cannot be read: unexpected end"):
        list(open_corpus(file, "t"))


def test_a_column_named_twice_is_refused(tmp_path):
    with pytest.raises(ToktoolsError, match=r"a.csv:1: .* got 't' more than once"):
        list(open_corpus(written(tmp_path / "a.csv", "t,t\n1,2\n"), "t"))


def test_a_long_cell_is_read(tmp_path):
    assert list(open_corpus(written(tmp_path / "a.csv", "t\n" + "x" * 200_000), "t")) == [
        "x" * 200_000
    ]
