"""What frequency and likelihood learn on a real text: by hand, and as stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.reproduce import wordpieces
from toktools import train_wordpiece

STORED = Path(wordpieces.__file__).parent.parent / "results" / "wordpieces.json"


def test_the_figures_of_a_small_vocabulary_are_those_counted_by_hand():
    words = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}
    tokenizer = train_wordpiece(words, vocab_size=3 + 11 + 4, split="punctuation")
    found = wordpieces._measured(tokenizer, {"##ug", "hugs"}, ["hug pug", "pun, hug"])
    assert found["first"] == ["##ug", "##un", "hug", "pun"]
    assert found["n_learned"] == 4
    assert found["shared"] == 1
    assert found["mean_length"] == (2 + 2 + 3 + 3) / 4
    # hug | p ##ug | pun <ANY> | hug: 6 tokens of 15 bytes; 4 of 5 words are one token
    assert found["bytes_per_token"] == 15 / 6
    assert found["whole_words"] == 4 / 5
    assert found["used"] == 5 / 18  # hug, p, ##ug, pun, <ANY>


def test_the_stored_figures_come_out_again_on_the_same_text():
    stored: dict[str, Any] = json.loads(STORED.read_text("utf-8"))
    again = wordpieces.measure()
    if again["corpus"]["digest"] != stored["corpus"]["digest"]:
        pytest.skip("this version of Python has another language reference")
    assert again["vocabularies"] == stored["vocabularies"]
