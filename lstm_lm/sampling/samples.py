"""Several prompts by several strategies: as a table for people, as records for programs."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from lstm_lm.config import SamplingConfig
from lstm_lm.sampling.generation import Generated, Model, continue_prompts
from toktools.tokenizer import Tokenizer

SHOWN = (SamplingConfig(), SamplingConfig(strategy="top-k"))
"""The two that every run is shown by."""
_WIDTH = 56  # characters of a column


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What one strategy made of all prompts."""

    config: SamplingConfig
    texts: list[Generated]

    def records(self) -> list[dict[str, Any]]:
        """Return one record a text: the text, what ended it, and every setting."""
        settings = dataclasses.asdict(self.config)
        return [dataclasses.asdict(made) | {"settings": settings} for made in self.texts]


def sample_all(
    model: Model, tokenizer: Tokenizer, prompts: Sequence[str], configs: Iterable[SamplingConfig]
) -> list[Samples]:
    """Continue every prompt by every strategy."""
    stepper = model.stepper()
    return [
        Samples(config=config, texts=continue_prompts(stepper, tokenizer, prompts, config))
        for config in configs
    ]


def as_jsonl(samples: Iterable[Samples]) -> str:
    """Return one JSON object a line: a text with its prompt and settings."""
    return "".join(
        json.dumps(record, ensure_ascii=False) + "\n" for s in samples for record in s.records()
    )


def as_table(samples: Sequence[Samples]) -> str:
    """Return a table of plain text: a row for each prompt, a column for each strategy.

    Long texts go on in the next line of their cell; a line's end in a text ends the line there.
    """
    header = ["prompt", *(s.config.title for s in samples)]
    rows = [
        [texts[0].prompt or "(no prompt)", *(made.text for made in texts)]
        for texts in zip(*(s.texts for s in samples), strict=True)
    ]
    return _drawn([[_wrapped(cell) for cell in row] for row in [header, *rows]])


def _wrapped(text: str) -> list[str]:
    """Return the lines of a cell; what cannot be printed is written as an escape."""
    shown = (
        "".join(c if c.isprintable() else repr(c)[1:-1] for c in line) for line in text.split("\n")
    )
    lines = (textwrap.wrap(line, _WIDTH, drop_whitespace=False) or [""] for line in shown)
    return [line.rstrip() for part in lines for line in part]


def _drawn(rows: Sequence[Sequence[list[str]]]) -> str:
    """Return rows of cells, each a list of lines, with a rule under each row."""
    widths = [max(map(len, (line for row in rows for line in row[i]))) for i in range(len(rows[0]))]
    rule = "-+-".join("-" * width for width in widths)
    lines: list[str] = []
    for row in rows:
        for parts in zip_longest(*row, fillvalue=""):
            cells = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
            lines.append(" | ".join(cells).rstrip())
        lines.append(rule)
    return "\n".join(lines) + "\n"
