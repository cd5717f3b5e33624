"""Prompts continued by trained models: a table in Markdown, from a `results.json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]
LONGEST = 160
"""Characters of a text that are shown; what is cut off is marked."""


def markdown(results: Json, *, seed: int = 0) -> str:
    """Return a row for each training and prompt, with a column for each strategy.

    Args: results: as `experiments.reproduce.described.measure` returns them.
          seed: of the training that is shown.
    Example:
        >>> texts = [{"prompt": "a", "strategy": "argmax", "text": "a b | c", "stopped": "EOS"}]
        >>> print(markdown({"runs": [{"title": "t", "seed": 0, "generations": texts}]}))
        | training | prompt | argmax |
        |---|---|---|
        | t | a | a b \\| c |
    """
    shown = [run for run in results["runs"] if run["seed"] == seed]
    strategies = list(dict.fromkeys(g["strategy"] for run in shown for g in run["generations"]))
    lines = [_line(["training", "prompt", *strategies]), "|---" * (2 + len(strategies)) + "|"]
    for run in shown:
        texts = {(g["prompt"], g["strategy"]): g["text"] for g in run["generations"]}
        for prompt in dict.fromkeys(g["prompt"] for g in run["generations"]):
            cells = (texts[prompt, strategy] for strategy in strategies)
            lines.append(_line([run["title"], prompt, *cells]))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    """Return a row of a table; long texts are cut, and nothing in them ends a cell."""
    shown = (cell if len(cell) <= LONGEST else f"{cell[:LONGEST]} [...]" for cell in cells)
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in shown) + " |"
