"""What the comparisons of a study say, one by one and together: study.json.

Everything is computed from results.json of each comparison and from the logs of what every token of
its test text cost. Nothing is trained or scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.comparison.inference import log_path
from experiments.comparison.running import load_results
from experiments.comparison.statistics import Interval, correlation_interval, differences
from experiments.comparison.summary import failures, rows
from experiments.comparison.token_log import TokenLog
from experiments.study.claims import claims_of, side, verdict
from experiments.study.names import BUDGETS
from toktools.errors import ToktoolsError

Json = dict[str, Any]


def folder_of(study: Path, text: str, budget: str) -> Path:
    """Return where the comparison of a text under a budget stands."""
    return study / f"{text}-{budget}"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One comparison of a study, with results."""

    text: str
    budget: str
    folder: Path
    results: Json

    @cached_property
    def logs(self) -> dict[str, list[TokenLog]]:
        """The logs of each tokenizer, as one types it, one for each seed that finished."""
        found: dict[str, list[TokenLog]] = {}
        for run in self.results["runs"]:
            if "error" not in run:
                log = TokenLog.load(log_path(self.folder, run))
                found.setdefault(run["tokenizer"], []).append(log)
        return found

    def bits_of(self, tokenizer: str) -> NDArray[np.float64]:
        """Return the bits of each document, (S, D)."""
        return np.array([log.document_bits() for log in self.logs[tokenizer]])

    def difference(self, first: str, second: str) -> Interval:
        """Return by how many bits per byte the second tokenizer needs more than the first."""
        bytes_D = self.logs[first][0].document_bytes
        return differences(self.bits_of(first), [self.bits_of(second)], bytes_D)[0]

    def hidden(self, tokenizer: str) -> Interval:
        """Return how many bits per byte it takes to spell what `<ANY>` hides.

        It is the same for every seed; so the interval is over documents alone.
        """
        log = self.logs[tokenizer][0]
        spelling_D = log.document_bits() - log.document_bits(charged=False)
        nothing_D = np.zeros_like(spelling_D)
        return differences(nothing_D[None], [spelling_D[None]], log.document_bytes)[0]


def study_of(folder: Path) -> Json:
    """Return all that the comparisons of a study say, as study.json has it.

    Raises: ToktoolsError if there is no comparison with a finished run in the folder.
    """
    compared = list(_compared(folder))
    if not compared:
        raise ToktoolsError(f"{folder}: must hold a study with a finished run, got none")
    comparisons = [_of_one(one) for one in compared]
    return {
        "comparisons": comparisons,
        "claims": list(across(comparisons)),
        "correlations": list(correlations_across(comparisons)),
        "agreement": list(agreement(comparisons)),
    }


def _compared(folder: Path) -> Iterator[Compared]:
    """Yield the comparisons that have a finished run, budget by budget, texts by name."""
    for budget in BUDGETS:
        for path in sorted(folder.glob(f"*-{budget}/results.json")):
            results = load_results(path.parent)
            if any("error" not in run for run in results["runs"]):
                text = path.parent.name.removesuffix(f"-{budget}")
                yield Compared(text=text, budget=budget, folder=path.parent, results=results)


def _of_one(compared: Compared) -> Json:
    """Return what one comparison says."""
    results = compared.results
    return {
        "text": compared.text,
        "budget": compared.budget,
        "held_equal": results["budget"]["sentence"],
        "n_finished": sum("error" not in run for run in results["runs"]),
        "failures": failures(results),
        "order": _order(results),
        "claims": list(_claims(compared)),
        "hidden": list(_hidden(compared)),
        "correlations": results["statistics"]["correlations"],
    }


def _order(results: Json) -> list[Json]:
    """Return the tokenizers, fewest bits per byte first, each with how far it is behind."""
    behind = {found["second"]: found for found in results["statistics"]["differences"]}
    return [
        {
            "title": row.title,
            "bits_per_byte": row.bits_per_byte.mean,
            "spread": row.bits_per_byte.spread,
            "n_seeds": row.bits_per_byte.n,
            "loses_text": bool(row.caveat),
            **{name: behind.get(row.title, {}).get(name) for name in ("difference", "low", "high")},
        }
        for row in rows(results)
    ]


def _claims(compared: Compared) -> Iterator[Json]:
    for claim in claims_of([*compared.logs]):
        found = compared.difference(claim.first, claim.second)
        n_seeds = min(len(compared.logs[text]) for text in (claim.first, claim.second))
        yield {
            "question": claim.question,
            "claim": claim.sentence,
            **asdict(found),
            "n_seeds": n_seeds,
            "answer": side(found),
        }


def _hidden(compared: Compared) -> Iterator[Json]:
    """Yield the price of what is hidden, for the tokenizers that hide anything."""
    first_runs = {r["tokenizer"]: r for r in reversed(compared.results["runs"]) if "error" not in r}
    for tokenizer in compared.logs:
        run = first_runs[tokenizer]
        found = compared.hidden(tokenizer)
        if found.value > 0:
            test = run["test"]
            yield {
                "title": run["title"],
                "charged": test["bits_per_byte"],
                "uncharged": test["bits_per_byte_uncharged"],
                **asdict(found),
            }


def across(comparisons: Iterable[Json]) -> Iterator[Json]:
    """Yield each claim under each budget with its answers on all texts, and what they come to."""
    answers: dict[tuple[str, str, str], dict[str, str]] = {}
    for one in comparisons:
        for found in one["claims"]:
            key = (found["question"], found["claim"], one["budget"])
            answers.setdefault(key, {})[one["text"]] = found["answer"]
    for (question, claim, budget), by_text in answers.items():
        yield {
            **{"question": question, "claim": claim, "budget": budget},
            **{"answers": by_text, "verdict": verdict(by_text)},
        }


def correlations_across(comparisons: Iterable[Json]) -> Iterator[Json]:
    """Yield for each measure without a model and budget whether it goes with bits per byte.

    The claim is that more of the measure goes with fewer bits.
    """
    answers: dict[tuple[str, str], dict[str, str]] = {}
    for one in comparisons:
        for found in one["correlations"]:
            fewer = Interval(value=-found["spearman"], low=-found["high"], high=-found["low"])
            key = (found["measure"], one["budget"])
            answers.setdefault(key, {})[one["text"]] = side(fewer)
    for (measure, budget), by_text in answers.items():
        yield {
            **{"measure": measure, "budget": budget, "answers": by_text},
            "verdict": verdict(by_text),
        }


def agreement(comparisons: Iterable[Json]) -> Iterator[Json]:
    """Yield for each two texts under a budget how alike their orders of the tokenizers are.

    It is Spearman's correlation of bits per byte, over the tokenizers that both have.
    """
    for one, other in combinations(comparisons, 2):
        if one["budget"] != other["budget"]:
            continue
        bits = [{row["title"]: row["bits_per_byte"] for row in c["order"]} for c in (one, other)]
        shared = [title for title in bits[0] if title in bits[1]]
        found = correlation_interval(*([of[title] for title in shared] for of in bits))
        yield {
            **{"budget": one["budget"], "first": one["text"], "second": other["text"]},
            **{"n": len(shared), **asdict(found)},
        }
