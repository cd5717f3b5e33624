"""What all charts of the experiments share: their colours, and how they are kept."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from lstm_lm.files import write_text

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999999")
"""Okabe and Ito's palette: told apart by colour-blind readers too."""


def save_svg(figure: Figure, path: Path) -> None:
    """Write a figure as SVG, its words as text; the same figure gives the same bytes."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "toktools", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    lines = (line.rstrip() for line in buffer.getvalue().splitlines())
    write_text(path, "\n".join(lines) + "\n")
