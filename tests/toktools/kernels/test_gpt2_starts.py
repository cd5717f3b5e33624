"""The compiled cut is GPT-2's, on any text, also line by line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.toktools.conftest import tricky_text
from tests.toktools.test_pretokenizers import contraction_text
from toktools import open_corpus
from toktools.kernels.character_classes import gpt2_classes
from toktools.kernels.gpt2_starts import PADDING, gpt2_starts
from toktools.pretokenizers import Gpt2Split

wide_text = st.lists(
    st.sampled_from(["\u3000", "\u2009", "\xa0", "é", "漢", "٣", "🙂", "'s", " ", "a", "!", "\n"])
).map("".join)


def starts(text: str, *, lines: bool = False) -> list[int]:
    """Return where the compiled cut begins pieces, in bytes."""
    data = np.frombuffer(text.encode() + b" " * PADDING, np.uint8)
    n = len(data) - PADDING
    found = np.empty(n + 1, np.int64)
    return found[: gpt2_starts(data, n, lines, gpt2_classes(), found)].tolist() if n else []


def expected(text: str) -> list[int]:
    """Return the same of the readable cut."""
    position, found = 0, []
    for piece in Gpt2Split().split(text):
        found.append(position)
        position += len(piece.encode())
    return found


@settings(max_examples=300, deadline=None)
@example("x" * 63 + "'s")
@example("x" * 62 + "'ll it")
@example("a" * 61 + "\u3000b")
@example("a" * 62 + "\u3000\u3000b")
@given(text=tricky_text | contraction_text | wide_text)
def test_pieces_begin_where_the_readable_cut_begins_them(text: str):
    assert starts(text) == expected(text)


@pytest.mark.parametrize("offset", range(70))
def test_no_place_in_a_block_of_64_bytes_is_special(offset: int):
    text = "x" * offset + " 漢字's \u3000 it'll be\u3000\u30001234 \n\n 'tis"
    assert starts(text) == expected(text)


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(tricky_text.map(lambda text: text.replace("\n", " ")), min_size=1))
def test_lines_are_cut_as_texts_of_their_own_with_the_line_feed_apart(texts: list[str]):
    position, found = 0, []
    for text in texts:
        found += [position + start for start in expected(text)]
        position += len(text.encode()) + 1
        found.append(position - 1)
    assert starts("".join(text + "\n" for text in texts), lines=True) == found


def test_corpora_are_cut_as_by_the_readable_cut():
    for name in ("python-docs", "stdlib-code"):
        text = "\n".join(open_corpus(name, limit=5000))
        assert starts(text) == expected(text)
