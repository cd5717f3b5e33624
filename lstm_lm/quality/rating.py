"""A blind sheet: texts of a model and of people, shuffled, for people to tell apart.

The key is a file of its own, so that whoever fills in the sheet does not see it.
Source: Wilson 1927, "Probable inference", for the interval.
"""

from __future__ import annotations

import csv
import io
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toktools.errors import ToktoolsError

YES, NO = {"yes", "y", "real", "1"}, {"no", "n", "made", "0"}
SHEET, KEY = ("number", "real (yes or no)", "text"), ("number", "source")
_Z = 1.959964  # of the normal distribution: 95 %


@dataclass(frozen=True)
class Share:
    """How many of `n` texts were taken for real, with Wilson's 95 % interval of the share."""

    taken: int
    n: int

    @property
    def share(self) -> float:
        """The share itself; NaN of none."""
        return self.taken / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The bounds.

        Example:
            >>> [round(bound, 3) for bound in Share(5, 10).interval]
            [0.237, 0.763]
        """
        if not self.n:
            return 0.0, 1.0
        centre = self.share + _Z**2 / (2 * self.n)
        half = _Z * math.sqrt(self.share * (1 - self.share) / self.n + (_Z / (2 * self.n)) ** 2)
        scale = 1 + _Z**2 / self.n
        return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def make_sheet(made: Sequence[str], real: Sequence[str], *, seed: int = 0) -> tuple[str, str]:
    """Return a sheet and its key as CSV: the texts in an order that only the seed tells."""
    rows = [*((text, "made") for text in made), *((text, "real") for text in real)]
    random.Random(seed).shuffle(rows)
    sheet = [SHEET, *((str(i), "", text) for i, (text, _) in enumerate(rows, 1))]
    key = [KEY, *((str(i), source) for i, (_, source) in enumerate(rows, 1))]
    return _csv(sheet), _csv(key)


def score_sheet(sheet: Path, key: Path) -> dict[str, Share]:
    """Return how many of the made and of the real texts were taken for real.

    Texts without an answer are left out.

    Raises: ToktoolsError, with the line, at an answer that is neither yes nor no or a number that
            the key has not; or if nothing was answered.
    """
    sources = {number: source for _, (number, source) in _rows(key, KEY)}
    answers: dict[str, list[bool]] = {"made": [], "real": []}
    for line, (number, answer, _) in _rows(sheet, SHEET):
        answer = answer.strip().lower()
        if not answer:
            continue
        if answer not in YES | NO:
            raise ToktoolsError(f"{sheet}, line {line}: answer yes or no, got {answer!r}")
        if sources.get(number) not in answers:
            raise ToktoolsError(f"{sheet}, line {line}: {key} tells no source of text {number!r}")
        answers[sources[number]].append(answer in YES)
    if not any(answers.values()):
        raise ToktoolsError(f"{sheet}: nothing is answered; write yes or no in the second column")
    return {source: Share(sum(given), len(given)) for source, given in answers.items()}


def _csv(rows: Sequence[Sequence[str]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def _rows(path: Path, header: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Return the rows under the header, with their lines; ToktoolsError at one that is damaged."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            rows = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as e:
        raise ToktoolsError(f"{path}: cannot be read: {e}") from e
    if not rows or tuple(rows[0][1]) != tuple(header):
        raise ToktoolsError(f"{path}, line 1: the header must be {','.join(header)}")
    for line, row in rows:
        if len(row) != len(header):
            raise ToktoolsError(f"{path}, line {line}: {len(header)} columns expected")
    return rows[1:]
