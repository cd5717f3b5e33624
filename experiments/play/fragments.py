"""The parts of the page that show something, as HTML: made without gradio, from templates."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from experiments.pages import render
from experiments.play.continuing import Continuation, Expectation
from experiments.play.cutting import Cut
from toktools.corpus.normalization import WHITE_SPACE
from toktools.metrics.segments import visible

_SPACE = re.compile(f"[{WHITE_SPACE}]")
_UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u2060]")


def marked(text: str) -> Markup:
    """Return a text as HTML in which nothing is unseen.

    Spaces of all kinds stay what they are, so that what is copied is the text, and get a dot from
    the style. Control characters have pictures; what has no width is named. The joiners U+200C and
    U+200D are left alone, for they shape the letters beside them.

    Example:
        >>> print(marked("<a\\u200b b"))
        &lt;a&lt;U+200B&gt;<span class="space"> </span>b
    """
    named = _UNSEEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", visible(text))
    spaced = _SPACE.sub(r'<span class="space">\g<0></span>', str(escape(named)))
    return Markup(spaced.replace("↵", "↵\n"))


def cuts_html(cuts: Sequence[Cut], notes: Sequence[str]) -> str:
    """Return how a text is cut, a card for each tokenizer, with notes on the whole above them."""
    return render("play_cuts.html", cuts=cuts, notes=notes, marked=marked, visible=visible)


def expectations_html(expectations: Sequence[Expectation]) -> str:
    """Return the likeliest next tokens, a card for each model."""
    return render("play_next.html", expectations=expectations, marked=marked, visible=visible)


def continuations_html(continuations: Sequence[Continuation], error: str = "") -> str:
    """Return what was written, a card for each model; `error` says why nothing was."""
    return render("play_written.html", continuations=continuations, error=error, marked=marked)
