"""Analogies in a comparison, on vectors whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.comparison.analogies import analogy_rows, outcomes, words_of
from lstm_lm.embeddings.vectors import Vectors
from tests.experiments.comparison.made_results import full_results
from toktools import ToktoolsError, train_character, train_word
from toktools.tokenizer import Tokenizer

PLACES = {
    "king": (3.0, 1.0),
    "man": (1.0, 1.0),
    "woman": (1.0, 3.0),
    "queen": (3.0, 3.0),
    "tree": (-2.0, 1.0),
}
"""The first dimension is the throne, the second the sex."""
TRAIN = ["king man woman queen", "king man woman tree"]
ROYAL = "king - man + woman = queen"


def vectors_of(tokenizer: Tokenizer) -> Vectors:
    known = {id: text for text, id in tokenizer.get_vocab().items()}
    rows = [PLACES.get(known[id], (0.0, -1.0 - id)) for id in sorted(known)]
    return Vectors(tokenizer=tokenizer, matrix_VE=np.array(rows), source="input")


def test_the_answer_has_a_place_among_the_words_of_the_text():
    (outcome,) = outcomes(vectors_of(train_word(TRAIN, min_count=1)), [ROYAL], TRAIN)
    assert outcome == {
        **{"analogy": ROYAL, "pieces": [["king"], ["man"], ["woman"], ["queen"]], "unknown": []},
        **{"closest": ["queen", "tree", "king"], "place": 1, "candidates": 2},
    }


def test_a_wrong_answer_is_told_its_place():
    vectors = vectors_of(train_word(TRAIN, min_count=1))
    (outcome,) = outcomes(vectors, ["king - man + woman = tree"], TRAIN)
    assert (outcome["place"], outcome["closest"][0]) == (2, "queen")


def test_a_word_of_the_question_may_be_the_answer_that_is_hoped_for():
    vectors = vectors_of(train_word(TRAIN, min_count=1))
    (outcome,) = outcomes(vectors, ["queen - woman + woman = queen"], TRAIN)
    assert (outcome["place"], outcome["candidates"]) == (1, 4)


def test_words_of_several_pieces_are_their_mean():
    tokenizer = train_character(TRAIN)
    vectors = vectors_of(tokenizer)
    (outcome,) = outcomes(vectors, [ROYAL], TRAIN)
    assert outcome["pieces"][0] == list("king")
    sum_E = sum(
        s * vectors.word(w).vector_E for s, w in zip((1, -1, 1), words_of(ROYAL)[:3], strict=True)
    )

    def far(word: str) -> float:
        own_E = vectors.word(word).vector_E
        return -(own_E @ sum_E) / np.linalg.norm(own_E) / np.linalg.norm(sum_E)

    assert outcome["closest"][:2] == sorted(("queen", "tree"), key=far)


def test_a_word_that_is_not_known_is_named_and_nothing_is_claimed():
    tokenizer = train_word(["king man woman"], min_count=1)
    (outcome,) = outcomes(vectors_of(tokenizer), [ROYAL], TRAIN)
    assert outcome["unknown"] == ["queen"]
    assert "place" not in outcome


def test_without_a_question_nothing_is_read():
    assert outcomes(vectors_of(train_word(TRAIN, min_count=1)), [], iter([])) == []


@pytest.mark.parametrize("text", ["", "king man woman queen", "a - b + c", "a - b + c = d e"])
def test_what_is_no_analogy_is_refused(text: str):
    with pytest.raises(ToktoolsError, match="'king - man \\+ woman = queen', got"):
        words_of(text)


def test_rows_are_by_analogy_and_tokenizer_over_seeds():
    row, *more = analogy_rows(full_results())
    assert len(more) == 10
    assert row == {
        **{"analogy": ROYAL, "tokenizer": "word", "pieces": "1 1 2 1"},
        **{"place of the answer": "2 ± 1 of 997", "closest, first seed": "men, queen"},
    }


def test_results_of_before_have_no_rows():
    results = full_results()
    for run in results["runs"]:
        run.pop("analogies", None)
    assert analogy_rows(results) == []
