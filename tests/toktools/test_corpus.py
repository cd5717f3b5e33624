"""Corpus: read again and again, described, counted, limited; its digest and its options."""

import json

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from toktools.command_line import Group
from toktools.corpus import digest, open_corpus
from toktools.corpus.options import corpus_options
from toktools.errors import ToktoolsError

documents = st.lists(st.text())


@pytest.fixture
def abc(tmp_path):
    file = tmp_path / "abc.txt"
    file.write_text("a\nbb\nccc\n")
    return file


def test_every_iteration_starts_over_and_none_disturbs_another(abc):
    corpus = open_corpus(abc)
    first, second = iter(corpus), iter(corpus)
    assert [next(first), next(second), next(first)] == ["a", "a", "bb"]
    assert list(corpus) == ["a", "bb", "ccc"]


def test_limit_gives_the_first_documents(abc):
    corpus = open_corpus(abc, limit=2)
    assert (list(corpus), corpus.stats.documents, corpus.stats.bytes) == (["a", "bb"], 2, 3)


def test_a_limit_of_zero_is_refused(abc):
    with pytest.raises(ToktoolsError, match="limit must be at least 1, got 0"):
        open_corpus(abc, limit=0)


def test_stats_are_those_of_the_latest_complete_iteration(abc):
    corpus = open_corpus(abc)
    assert corpus.stats.documents == 3
    abc.write_text("a\n")
    next(iter(corpus))
    assert corpus.stats.documents == 3
    list(corpus)
    assert corpus.stats.documents == 1


def test_a_corpus_is_described_by_json_that_opens_it_again(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text("".join(json.dumps({"t": f" {i}", "k": i % 2}) + "\n" for i in range(99)))
    corpus = open_corpus(
        *(file, "t", {"k": 1}, "dev"),
        errors="replace",
        normalize=["nfc", "whitespace"],
        seed=3,
        fractions=(0.5, 0.25, 0.25),
        limit=7,
    )
    described = json.loads(json.dumps(corpus.describe()))
    assert described == {
        "source": str(file),
        "field": "t",
        "where": {"k": "1"},
        "split": "validation",
        "documents": "line",
        "errors": "replace",
        "normalize": ["nfc", "whitespace"],
        "seed": 3,
        "fractions": [0.5, 0.25, 0.25],
        "limit": 7,
    }
    assert list(open_corpus(**described)) == list(corpus)


@pytest.mark.parametrize("option", ["documents", "errors"])
def test_an_unknown_choice_is_refused_with_the_list(abc, option):
    with pytest.raises(ToktoolsError, match=f"{option} must be one of .*got 'lines'"):
        open_corpus(abc, **{option: "lines"})


def as_documented(texts: list[str]) -> str:
    """Return the digest as its module describes it, term by term."""
    low = high = 0
    for data in map(str.encode, texts):
        words = [int.from_bytes(data[i : i + 15], "little") for i in range(0, len(data), 15)]
        terms = enumerate(reversed([*words, len(data)]))
        value = sum(term * pow(0x5DEECE66D1B54A35, i) for i, term in terms) % (2**127 - 1)
        first = scrambled((scrambled(value >> 64) + value) % 2**64)
        low, high = low + first, high + scrambled(((value >> 64) + first) % 2**64)
    return f"2:{high % 2**64:016x}{low % 2**64:016x}"


def scrambled(x: int) -> int:
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = ((x ^ (x >> shift)) * factor) % 2**64
    return x ^ (x >> 31)


@given(documents)
def test_the_digest_is_the_sum_of_the_documents_numbers(texts):
    assert digest(texts) == as_documented(texts)


@given(documents, st.text(min_size=1), st.text(min_size=1))
def test_text_that_moves_from_one_document_to_another_changes_the_digest(texts, a, b):
    assert digest([*texts, a + b, ""]) != digest([*texts, a, b])


@given(st.data(), documents)
def test_the_digest_is_the_same_in_any_order(data, texts):
    assert digest(data.draw(st.permutations(texts))) == digest(texts)


def test_the_digest_of_a_lone_surrogate_is_refused():
    with pytest.raises(ToktoolsError, match="a document must be encodable as UTF-8"):
        digest(["a", "\ud800"])


@click.command()
@corpus_options(default="anbn")
@click.option("--twice", is_flag=True)
def shown(corpus, twice):
    click.echo(json.dumps([corpus.describe(), list(corpus), twice]))


def test_the_options_open_the_corpus_that_they_describe(tmp_path):
    file = tmp_path / "a.jsonl"
    records = [{"t": "A\ud800", "k": "x"}, {"t": "B", "k": "y"}, {"t": "C", "k": "x"}]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    options = "--field t --where k=x --errors replace --normalize nfc,lowercase --limit 1 --twice"
    result = CliRunner().invoke(shown, ["-c", str(file), *options.split()])
    described, texts, twice = json.loads(result.output)
    assert (texts, twice) == (["a\ufffd"], True)
    assert (described["source"], described["normalize"]) == (str(file), ["nfc", "lowercase"])


def test_the_options_have_the_default_of_the_command():
    result = CliRunner().invoke(shown, ["--limit", "1"])
    assert json.loads(result.output)[0]["source"] == "anbn"


def test_the_corpus_option_may_be_repeated(abc):
    result = CliRunner().invoke(
        shown, ["-c", str(abc), "--corpus", str(abc), "--documents", "file"]
    )
    assert json.loads(result.output)[1] == ["a\nbb\nccc\n"] * 2


def test_the_options_read_standard_input():
    result = CliRunner().invoke(shown, ["-c", "-"], input="x\ny\n")
    assert json.loads(result.output)[1] == ["x", "y"]


def test_a_mistake_in_the_options_is_one_line_and_a_failure():
    group = Group(commands=[shown])
    result = CliRunner().invoke(group, ["shown", "-c", "anbm"])
    assert result.exit_code == 1
    assert result.output.startswith("error: no corpus 'anbm'")
    assert result.output.count("\n") == 1


def test_without_a_default_the_corpus_option_is_required():
    @click.command()
    @corpus_options()
    def command(corpus):
        raise AssertionError("not reached")

    result = CliRunner().invoke(command, [])
    assert (result.exit_code, "Missing option '--corpus'" in result.output) == (2, True)
