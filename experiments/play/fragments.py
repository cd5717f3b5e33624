"""The parts of the page that show something, as HTML: made without gradio, from templates."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.pages import render
from experiments.play.continuing import Continuation, Expectation
from experiments.play.cutting import Cut
from toktools.metrics.segments import visible


def cuts_html(cuts: Sequence[Cut], notes: Sequence[str]) -> str:
    """Return how a text is cut, a card for each tokenizer, with notes on the whole above them."""
    return render("play_cuts.html", cuts=cuts, notes=notes, visible=visible)


def expectations_html(expectations: Sequence[Expectation]) -> str:
    """Return the likeliest next tokens, a card for each model."""
    return render("play_next.html", expectations=expectations, visible=visible)


def continuations_html(continuations: Sequence[Continuation], error: str = "") -> str:
    """Return what was written, a card for each model; `error` says why nothing was."""
    return render("play_written.html", continuations=continuations, error=error, visible=visible)
