"""Which cuts are compiled, and what they know of characters."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

from tests.toktools.kernels.cutting import CUTS
from toktools.kernels.character_classes import members
from toktools.kernels.cuts import cut_of, knows_cut
from toktools.pretokenizers import (
    PRETOKENIZERS,
    DigitSplit,
    Gpt2Split,
    MetaspaceSplit,
    Pretokenizer,
    PunctuationMarkSplit,
    RegexSplit,
    SplitSequence,
    StringSplit,
    WhitespaceSplit,
    WordSplit,
)
from toktools.unicode import case, tables, words

CLASSES = {
    "letters": tables.letters(),
    "numbers": tables.numbers(),
    "digits": tables.digits(),
    "punctuation": tables.punctuation(),
    "white space": tables.WHITE_SPACE,
    "marks": case.marks(),
    "upper": case.upper_letters(),
    "lower": case.lower_letters(),
    "words": words.word_characters(),
}


class Unhashable:
    """A plug-in's cut that cannot be a key."""

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "Unhashable()"

    def split(self, text: str) -> list[str]:
        return [text]

    def split_spans(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))]


@pytest.mark.parametrize("name", CLASSES)
def test_members_are_what_a_regular_expression_finds(name: str):
    everything = "".join(map(chr, range(0x110000)))
    expected = np.zeros(0x110000, np.bool_)
    for match in re.finditer(f"[{CLASSES[name]}]+", everything):
        expected[match.start() : match.end()] = True
    assert (members(CLASSES[name]) == expected).all()


def test_every_cut_with_a_name_is_compiled():
    assert all(knows_cut(kind()) and cut_of(kind()) for kind in PRETOKENIZERS.values())
    assert all(map(knows_cut, CUTS))


@pytest.mark.parametrize(
    "cut",
    [
        RegexSplit("a"),
        StringSplit("a"),
        DigitSplit(group=3),
        MetaspaceSplit("x"),  # one letter is not as the others
        Unhashable(),
        SplitSequence(WhitespaceSplit(), Gpt2Split()),
        SplitSequence(WhitespaceSplit(), Unhashable()),
        SplitSequence(  # more kinds of runs than there are numbers for
            WordSplit(), DigitSplit(group=None), PunctuationMarkSplit("contiguous")
        ),
    ],
    ids=repr,
)
def test_other_cuts_are_not(cut: Pretokenizer):
    assert not knows_cut(cut)
    assert cut_of(cut) is None


def test_cuts_that_drop_text_say_so():
    dropping = [type(cut).__name__ for cut in CUTS[:9] if cut_of(cut).drops]  # type: ignore[union-attr]
    assert dropping == ["WhitespaceSplit", "PunctuationSplit", "WordSplit"]


def test_asking_which_are_compiled_loads_no_numba():
    program = (
        "import sys; from toktools.kernels.cuts import knows_cut\n"
        "from toktools.pretokenizers import Gpt2Split, WordSplit\n"
        "assert knows_cut(Gpt2Split()) and knows_cut(WordSplit())\n"
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
