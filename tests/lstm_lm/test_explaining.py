"""Where the bits go: prices on characters, models side by side, in the terminal and as a page."""

import math
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import lstm_lm
from lstm_lm.cli import main
from lstm_lm.evaluation.token_scores import TokenScores
from lstm_lm.explaining.aligning import align, bits_of_characters, explain
from lstm_lm.explaining.page import page, parts
from toktools import train_bpe
from toktools.errors import ToktoolsError


def scored(text, pieces, end=True):
    """Scores of a text cut into (start, end, bits)."""
    pieces = [*pieces, (len(text), len(text), 2.0)] if end else pieces
    return TokenScores(
        text=text,
        ids=tuple(range(len(pieces))),
        tokens=tuple(text[s:e] or "<EOS>" for s, e, _ in pieces),
        spans=tuple((s, e) for s, e, _ in pieces),
        bits=tuple(b for _, _, b in pieces),
        spelling_bits=(0.0,) * len(pieces),
    )


@st.composite
def two_cuts(draw):
    """One text, cut and priced in two ways."""
    text = draw(st.text("ab é", min_size=1, max_size=12))
    both = []
    for _ in range(2):
        inner = draw(st.sets(st.integers(1, len(text))))
        cuts = sorted({0, *inner, len(text)})
        bits = st.floats(0, 20)
        both.append(scored(text, [(s, e, draw(bits)) for s, e in pairwise(cuts)]))
    return both


def test_a_token_s_bits_are_spread_evenly_and_the_end_has_a_place_of_its_own():
    scores = scored("ab c", [(0, 2, 6.0), (3, 4, 1.0)])
    assert bits_of_characters(scores).tolist() == [3, 3, 0, 1, 2]


def test_stretches_are_what_no_token_crosses_with_sums():
    words = scored("ab cd", [(0, 2, 4.0), (3, 5, 6.0)])
    pieces = scored("ab cd", [(0, 1, 3.0), (1, 2, 2.0), (2, 5, 3.0)])
    found = [(s.start, s.end, s.bits, s.ahead) for s in align([words, pieces])]
    assert found == [
        (0, 2, (4.0, 5.0), (0.0, 1.0)),
        (2, 5, (6.0, 3.0), (0.0, -2.0)),
        (5, 5, (2.0, 2.0), (0.0, -2.0)),
    ]


@given(two_cuts())
def test_nothing_is_lost_and_stretches_cover_the_text(both):
    stretches = align(both)
    text = both[0].text
    assert "".join(text[s.start : s.end] for s in stretches) == text
    for i, scores in enumerate(both):
        assert math.isclose(sum(s.bits[i] for s in stretches), scores.total_bits, abs_tol=1e-9)
        assert math.isclose(bits_of_characters(scores).sum(), scores.total_bits, abs_tol=1e-9)
    difference = both[1].total_bits - both[0].total_bits
    assert math.isclose(stretches[-1].ahead[1], difference, abs_tol=1e-9)
    for s in stretches:
        for start, end in both[0].spans + both[1].spans:
            assert not (start < s.start < end)


def test_parts_give_the_text_back_and_mark_what_no_token_holds():
    found = parts(scored("ab c", [(0, 2, 6.0), (3, 4, 1.0)]))
    assert "".join(part.text for part in found) == "ab c<EOS>"
    assert [part.depth for part in found] == [3, None, 0, 1]
    assert found[0].tip == "ab: 6.00 bits, probability 0.0156"


class Tips(HTMLParser):
    """Collects the tokens of a page with their tips, and all text."""

    def __init__(self):
        super().__init__()
        self.tips, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        assert not {"src", "href"} & set(found)
        if "data-tip" in found:
            self.tips.append(found["data-tip"])

    def handle_data(self, data):
        self.text += data


def test_the_page_shows_text_that_looks_like_markup_as_text():
    read = Tips()
    read.feed(page(["a<b"], [scored("<b>&", [(0, 3, 1.0), (3, 4, 2.0)])]))
    assert read.tips[0] == "<b>: 1.00 bits, probability 0.5"
    assert "<b>&<EOS>" in read.text
    assert "a<b" in read.text


@pytest.fixture(scope="module")
def pieces(tmp_path_factory, texts, small_model, small_training):
    """A run on BPE pieces of the same text."""
    tokenizer = train_bpe(texts["train"], vocab_size=270)
    path = tmp_path_factory.mktemp("runs") / "bpe"
    return lstm_lm.train(path, texts, tokenizer, model=small_model, training=small_training)


def run(*arguments, status=0):
    done = CliRunner(env={"COLUMNS": "120"}).invoke(main, ["explain", *map(str, arguments)])
    assert done.exit_code == status, (done.output, done.exception)
    return done


def test_the_command_shows_two_runs_side_by_side_and_writes_a_page(trained, pieces, tmp_path):
    html = tmp_path / "bits.html"
    done = run(trained.path, pieces.path, "one hundred wug", "--html", html)
    scores = explain([trained, pieces], "one hundred wug")
    assert [s.total_bits for s in scores] == [
        r.score("one hundred wug").total_bits for r in (trained, pieces)
    ]
    assert f"{scores[1].total_bits - scores[0].total_bits:+.2f}" in done.stdout
    read = Tips()
    read.feed(html.read_text("utf-8"))
    assert len(read.tips) == sum(len(s.tokens) for s in scores)
    assert any("its spelling" in tip for tip in read.tips)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "text"], "there is no such run directory"),
        (["RUN", ""], "must have a character"),
        (["only one"], "needs a run and a text"),
        (["RUN", "one", "--html", "/dev/null/bits.html"], "/dev/null/bits.html"),
    ],
)
def test_bad_input_is_one_clear_line(trained, arguments, message):
    arguments = [str(trained.path) if a == "RUN" else a for a in arguments]
    done = run(*arguments, status=1)
    assert message in done.stderr
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)


def test_runs_whose_texts_were_rewritten_differently_are_refused(trained, pieces):
    config = {**pieces.config, "corpus": {"normalize": ["lowercase"]}}
    lower = lstm_lm.Run(**{**vars(pieces), "config": config})
    assert len(explain([trained, lower], "one two")) == 2
    with pytest.raises(ToktoolsError, match="must read the same characters"):
        explain([trained, lower], "One two")
