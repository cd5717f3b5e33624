import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_lm.evaluation.spelling import N_SYMBOLS, SpellingModel
from toktools.errors import ToktoolsError

COUNTS = {"cat": 3, "cart": 1, "über": 2, "": 1}
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def probability(model, spelling):
    return 2 ** -model.bits(spelling)


@given(st.dictionaries(text, st.integers(1, 9), max_size=6), st.binary(max_size=6))
def test_what_follows_any_prefix_sums_to_one(counts, prefix):
    assert SpellingModel(counts).distribution(prefix).sum() == pytest.approx(1, abs=1e-12)


def test_short_strings_and_the_tail_sum_to_one():
    model = SpellingModel(COUNTS)
    first = model.distribution(b"")
    short = first[256]  # the empty string
    tail = 0.0
    for byte in range(256):
        second = model.distribution(bytes([byte]))
        short += first[byte] * second[256]
        tail += first[byte] * (1 - second[256])
    assert short + tail == pytest.approx(1, abs=1e-12)
    ascii_only = sum(probability(model, chr(b)) for b in range(128))
    by_hand = sum(first[b] * model.distribution(bytes([b]))[256] for b in range(128))
    assert ascii_only == pytest.approx(by_hand)


def test_with_nothing_to_learn_from_it_is_uniform():
    assert SpellingModel().bits("é") == pytest.approx(3 * math.log2(N_SYMBOLS))


def test_a_hand_worked_unigram():
    # Symbols of "ab", "a": a, b, END, a, END: 5 of 3 types, so P(a) = (2 + 3 / 257) / (5 + 3).
    model = SpellingModel({"ab": 1, "a": 1}, order=1)
    p_a, p_b, p_end = ((n + 3 / 257) / 8 for n in (2, 1, 2))
    assert probability(model, "ab") == pytest.approx(p_a * p_b * p_end)
    assert probability(model, "z") == pytest.approx(3 / 257 / 8 * p_end)


def test_a_hand_worked_bigram():
    # After the start: a, a. After a: b, END. After b: END.
    model = SpellingModel({"ab": 1, "a": 1}, order=2)
    p_a, p_end = ((2 + 3 / 257) / 8 for _ in range(2))
    first = (2 + 1 * p_a) / (2 + 1)
    assert probability(model, "a") == pytest.approx(first * (1 + 2 * p_end) / (2 + 2))


@given(text)
def test_every_string_has_a_finite_price(spelling):
    bits = SpellingModel(COUNTS).bits(spelling)
    assert 0 < bits < math.inf


def test_what_it_saw_is_cheaper_and_what_it_saw_often_cheaper_still():
    model = SpellingModel(COUNTS)
    assert model.bits("cat") < model.bits("cart") < model.bits("cast") < model.bits("zqxj")


def test_every_occurrence_is_charged():
    model = SpellingModel(COUNTS)
    assert model.total_bits(["cat", "dog", "cat"]) == pytest.approx(
        2 * model.bits("cat") + model.bits("dog")
    )


def test_a_saved_model_gives_the_same_bits(tmp_path):
    model = SpellingModel.fit(["cat", "über", "cat", 'a"\n'], order=3)
    model.save(tmp_path / "spelling.json")
    loaded = SpellingModel.load(tmp_path / "spelling.json")
    assert [loaded.bits(s) for s in ("cat", "übel", "dog")] == [
        model.bits(s) for s in ("cat", "übel", "dog")
    ]


def test_a_damaged_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "spelling.json"
    path.write_text('{"order": 4,\n "spellings": {')
    with pytest.raises(ToktoolsError, match=r"spelling.json, line 2: not JSON"):
        SpellingModel.load(path)
    path.write_text('{"order": 4}')
    with pytest.raises(ToktoolsError, match="holds 'order' and 'spellings'"):
        SpellingModel.load(path)
