"""Cut chunk after chunk, a text gives the pieces that it gives at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toktools.kernels.cutting import (
    CUTS,
    GPT,
    compiled,
    compiled_by_chunks,
    known,
    padded,
    readable,
    readable_lines,
)
from tests.toktools.kernels.test_cuts_equal import each_cut, nasty_text
from toktools.kernels.cuts.blocks import PADDING
from toktools.kernels.cuts.chunks import cut_chunks
from toktools.pretokenizers import Gpt2Split, Pretokenizer


@each_cut
@settings(max_examples=40, deadline=None)
@given(text=nasty_text, n_bytes=st.integers(1, 200), lines=st.booleans())
def test_any_size_of_chunk_gives_the_same_pieces(
    cut: Pretokenizer, text: str, n_bytes: int, lines: bool
):
    expected = readable_lines(cut, text) if lines else readable(cut, text)
    assert compiled_by_chunks(cut, text, lines=lines, n_bytes=n_bytes) == expected


@pytest.mark.parametrize("cut", GPT, ids=repr)
@pytest.mark.parametrize("behind", ["\nx", "x", "1", "", "!"])
@pytest.mark.parametrize("run", [" ", "\u3000", "A", "\n", "a", "漢", "7", "!", "\u0301", " \n"])
def test_runs_longer_than_what_a_chunk_can_see_behind_it(cut: Pretokenizer, run: str, behind: str):
    for before in ("a\n", "漢", "!", "!\n/", "!\u0301"):
        text = f"one {before}{run * (3 * PADDING)}{behind}"
        for n_bytes in (1, 10, 64, 300):
            assert compiled_by_chunks(cut, text, n_bytes=n_bytes) == readable(cut, text)


@each_cut
@settings(max_examples=15, deadline=None)
@given(text=nasty_text.filter(bool))
def test_nothing_is_written_where_no_room_was_promised(cut: Pretokenizer, text: str):
    function, data = known(cut), text.encode()
    room = np.full(len(data) + 100, 7, np.int64)
    function.starts(padded(data), len(data), False, function.classes, room[: len(data)])
    assert (room[len(data) :] == 7).all()


def test_a_mapped_file_is_cut_without_a_copy_of_it(tmp_path: Path):
    text = "one two  three\n" * 1000
    (tmp_path / "text").write_text(text)
    mapped = np.memmap(tmp_path / "text", np.uint8, "r")
    chunks = list(cut_chunks(known(Gpt2Split()), mapped, n_bytes=1000))
    assert len(chunks) > 10
    assert all(np.shares_memory(chunk, mapped) for chunk, _ in chunks[:-2])
    assert sum(int(starts[-1]) for _, starts in cut_chunks(known(Gpt2Split()), mapped)) == len(text)


def test_no_text_has_no_chunks():
    for cut in CUTS:
        assert list(cut_chunks(known(cut), np.empty(0, np.uint8))) == []


def test_one_character_is_one_piece():
    assert compiled(Gpt2Split(), "é") == [(0, 2)]
