"""The finished runs of one tokenizer, and what all charts need of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from experiments.comparison.summary import Figure

Json = dict[str, Any]


@dataclass(frozen=True)
class TokenizerRuns:
    """One tokenizer's finished runs, a seed each, in order.

    Attributes:
        look: the same in all charts of a report, also when other tokenizers fail.
    """

    runs: list[Json]
    look: int

    def __iter__(self) -> Iterator[Json]:
        return iter(self.runs)

    @property
    def title(self) -> str:
        """What people read."""
        return self.runs[0]["title"]

    @property
    def n_vocab(self) -> int:
        """The size of the vocabulary, which may be less than was asked for."""
        return self.runs[0]["n_vocab"]

    @property
    def bits_per_byte(self) -> Figure:
        """Of the test text, over seeds."""
        return Figure.of([run["test"]["bits_per_byte"] for run in self.runs])

    @property
    def trials(self) -> list[list[Json]]:
        """The trials of learning rates, each list once, though several seeds go by it."""
        found = [run["trial"] for run in self.runs if run.get("trial")]
        return [each for number, each in enumerate(found) if each not in found[:number]]

    @property
    def kind(self) -> str:
        """The title without the vocabulary size: the same for all sizes of one kind.

        Example:
            >>> run = {"tokenizer": "bpe:8000,bytes=no", "title": "BPE 8,000, bytes=no"}
            >>> TokenizerRuns([run], look=0).kind
            'BPE, bytes=no'
        """
        size = self.runs[0]["tokenizer"].partition(":")[2].partition(",")[0]
        if not size.isdecimal():
            return self.title
        return self.title.replace(f" {int(size):,}", "", 1)


def tokenizer_runs(results: Json) -> list[TokenizerRuns]:
    """Return the tokenizers with a finished run, in the order of the plan."""
    looks = {run["tokenizer"]: None for run in results["runs"]}
    numbers = {name: look for look, name in enumerate(looks)}
    finished: dict[str, list[Json]] = {}
    for run in results["runs"]:
        if "error" not in run:
            finished.setdefault(run["tokenizer"], []).append(run)
    return [TokenizerRuns(runs, numbers[name]) for name, runs in finished.items()]
