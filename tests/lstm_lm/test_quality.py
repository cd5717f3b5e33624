"""What the texts of a model are worth: each measure by hand or by another way, and the commands."""

import csv
import json

import pytest
import sacrebleu
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import lstm_lm
from lstm_lm.cli import main
from lstm_lm.quality.bleu import bleu, self_bleu
from lstm_lm.quality.copying import copy_rate, longest_copy
from lstm_lm.quality.diversity import distinct_n
from lstm_lm.quality.rating import Share, make_sheet, score_sheet
from lstm_lm.quality.report import compare, measure
from toktools import open_corpus, train_word
from toktools.errors import ToktoolsError

documents = st.lists(
    st.lists(st.sampled_from("abc"), max_size=8).map(" ".join), min_size=1, max_size=4
)


def lm(*arguments, status=0):
    done = CliRunner(env={"COLUMNS": "120"}).invoke(main, list(map(str, arguments)))
    assert done.exit_code == status, (done.output, done.exception)
    return done


def test_distinct_n_by_hand():
    assert distinct_n(["the cat the cat", "a cat"], 1) == 3 / 6
    assert distinct_n(["the cat the cat", "a cat"], 2) == 3 / 4
    assert distinct_n(["one"], 2) == 0


def test_bleu_by_hand():
    # 5 of 6 words, 3 of 5 pairs, 2 of 4 triples, 1 of 3 fours; equal lengths.
    text, reference = "a b c d x f", "a b c d e f"
    expected = (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25 * 100
    assert bleu([text], [reference]) == pytest.approx(expected)


def test_bleu_is_sacrebleu_s_with_all_references():
    texts = ["the cat sat on the mat .", "a dog ran"]
    references = ["the cat is on the mat .", "a dog ran away fast", "no"]
    streams = [[r, r] for r in references]
    assert bleu(texts, references) == sacrebleu.corpus_bleu(texts, streams, force=True).score


def test_self_bleu_is_100_of_equal_texts_and_small_of_unlike_ones():
    assert self_bleu(["a b c d e"] * 3) == pytest.approx(100)
    assert self_bleu(["a b c d e", "f g h i j"]) == pytest.approx(0, abs=10)


@given(documents, documents)
def test_the_longest_copy_is_as_long_as_a_search_of_all_spans_finds(texts, training):
    spans = {
        tuple(words[i:j])
        for words in map(str.split, texts)
        for i in range(len(words))
        for j in range(i + 1, len(words) + 1)
    }
    joined = [" ".join(span) for span in spans]
    held = [span for span in joined if any(f" {span} " in f" {t} " for t in training)]
    longest = longest_copy(texts, training)
    assert len(longest.split()) == max((len(s.split()) for s in held), default=0)
    assert not longest or longest in held


@given(documents, documents, st.integers(1, 4))
def test_the_copy_rate_is_the_share_of_spans_found_by_search(texts, training, n):
    spans = [w[i : i + n] for w in map(str.split, texts) for i in range(len(w) - n + 1)]
    found = sum(any(f" {' '.join(s)} " in f" {t} " for t in training) for s in spans)
    assert copy_rate(texts, training, n) == (found / len(spans) if spans else 0)


def test_all_measures_beside_those_of_held_out_text():
    made, people = compare(
        ["a b c d", "a b c x"],
        training=["a b c d e", "z"],
        held_out=["q r", "s t", "a b c d"],
        under={"model": lambda texts: float(len(texts[0]))},
    )
    assert made.copy_rate == 0.5
    assert (made.longest_copy, people.longest_copy) == ("a b c d", "")
    assert made.known_words == 7 / 8
    assert made.bits_per_byte == {"model": 7.0}
    assert people.lengths["mean"] == 2
    assert made.bleu > people.bleu


def test_too_few_texts_or_documents_are_refused():
    with pytest.raises(ToktoolsError, match="at least 2 texts that are not empty, got 1"):
        measure(["a", " "], training=[], references=["b"])
    with pytest.raises(ToktoolsError, match="more documents than texts"):
        compare(["a", "b"], training=[], held_out=["c", "d"])


@pytest.fixture(scope="module")
def numbers(tmp_path_factory, small_model, small_training):
    """A run whose corpus can be opened again."""
    corpus = open_corpus("human-numbers", limit=300)
    return lstm_lm.train(
        tmp_path_factory.mktemp("runs") / "numbers",
        corpus,
        train_word(corpus.split("train"), min_count=2),
        model=small_model,
        training=small_training,
    ).path


def test_the_command_measures_and_prices_under_other_runs(numbers, trained):
    arguments = ("quality", numbers, "--n-texts", 8, "-n", 12, "--under", trained.path)
    record = json.loads(lm(*arguments, "--json").stdout)
    assert record["made"]["n_texts"] <= 8
    assert set(record["made"]["bits_per_byte"]) == {str(numbers), str(trained.path)}
    assert record["held_out"]["known_words"] <= 1
    shown = lm(*arguments).stdout
    assert f"{record['made']['self_bleu']:.1f}" in shown
    assert f"longest copy, made: {record['made']['longest_copy']!r}" in shown


def test_a_sheet_is_blind_and_scored_with_its_key(numbers, tmp_path):
    sheet, key = tmp_path / "sheet.csv", tmp_path / "sheet.key.csv"
    lm("rating-sheet", numbers, "--n-texts", 5, "-n", 8, "-o", sheet)
    rows, keys = (list(csv.reader(path.read_text().splitlines())) for path in (sheet, key))
    sources = dict(keys[1:])
    assert sorted(sources.values()) == ["made"] * 5 + ["real"] * 5
    assert "made" not in sheet.read_text()
    assert "<ANY>" not in sheet.read_text()
    first_made = next(n for n, s in sources.items() if s == "made")
    for row in rows[1:]:  # the real ones, and one of those made, are taken for real
        row[1] = "yes" if sources[row[0]] == "real" or row[0] == first_made else "no"
    with sheet.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    scored = score_sheet(sheet, key)
    assert (scored["made"], scored["real"]) == (Share(1, 5), Share(5, 5))
    assert "made: 1 of 5 taken for real, 20.0%" in lm("rating-score", sheet, key).stdout


def test_wilson_s_interval_by_hand():
    low, high = Share(0, 10).interval
    assert (low, high) == (0.0, pytest.approx(1.959964**2 / (10 + 1.959964**2)))


def test_the_order_of_a_sheet_depends_on_the_seed():
    texts = [list("abcdef"), list("uvwxyz")]
    assert make_sheet(*texts, seed=1) == make_sheet(*texts, seed=1)
    assert make_sheet(*texts, seed=1) != make_sheet(*texts, seed=2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1,,", "1,perhaps,", "line 2: answer yes or no, got 'perhaps'"),
        ("1,,", "9,yes,", "line 2: .* tells no source of text '9'"),
        ("number,", "n,", "line 1: the header must be"),
        ("1,,", "1,", "line 2: 3 columns expected"),
        ("x", "x", "nothing is answered"),
    ],
)
def test_a_broken_sheet_is_told_by_line(tmp_path, old, new, message):
    sheet, key = tmp_path / "s.csv", tmp_path / "k.csv"
    texts = make_sheet(["x"], ["x"])
    sheet.write_text(texts[0].replace(old, new, 1))
    key.write_text(texts[1])
    with pytest.raises(ToktoolsError, match=message):
        score_sheet(sheet, key)


def test_an_unknown_run_is_one_clear_line():
    for command in (["quality", "nowhere"], ["rating-sheet", "nowhere", "-o", "x.csv"]):
        done = lm(*command, status=1)
        assert done.stderr == "error: nowhere: there is no such run directory\n"
