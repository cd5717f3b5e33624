"""Running the study: one comparison for each text and budget, each in a folder of its own.

FOLDER/TEXT-BUDGET/       a comparison, as `experiments.comparison.running` keeps it
FOLDER/study.json, .md    what they say together, made anew after each of them
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from experiments.comparison.plan import Plan
from experiments.comparison.running import Comparison
from experiments.study.findings import folder_of, study_of
from experiments.study.page import markdown
from experiments.study.scales import Scale
from experiments.study.texts import StudyText
from lstm_lm.files import write_json, write_text

Run = Callable[[Comparison], Any]
"""Does what is not done yet of a comparison."""


def plans(
    scale: Scale, texts: Sequence[StudyText], budgets: Sequence[str], seeds: tuple[int, ...] = ()
) -> Iterator[tuple[StudyText, str, Plan]]:
    """Yield the comparisons of a study: all texts under one budget, then under the next.

    Raises: ToktoolsError if it is not known where a text is.
    """
    for budget in budgets:
        for text in texts:
            yield text, budget, scale.plan(text, budget, seeds)


def run_study(
    folder: Path,
    scale: Scale,
    texts: Sequence[StudyText],
    budgets: Sequence[str],
    *,
    run: Run,
    seeds: tuple[int, ...] = (),
    threads: int | None = None,
    say: Callable[[str], object] = lambda line: None,
) -> bool:
    """Run every comparison that is not done, and write what all of the folder say together.

    Args:    seeds: in place of the scale's; empty for those.
    Returns: whether no run failed. What failed leaves the rest whole, and is tried again by the
             same call.
    Raises:  ToktoolsError, before anything is run, if a text is not there or a folder holds
             another comparison; KeyboardInterrupt when stopped: the same call goes on from there.
    """
    prepared = [
        (
            f"{text.title}, equal {budget}",
            Comparison(folder_of(folder, text.name, budget), plan, threads=threads, say=say),
        )
        for text, budget, plan in plans(scale, texts, budgets, seeds)
    ]
    whole = True
    for number, (title, comparison) in enumerate(prepared, 1):
        say(f"comparison {number} of {len(prepared)}: {title}, in {comparison.folder}")
        results = run(comparison)
        failed = ["error" in result for result in results["runs"]]
        whole &= not any(failed)
        if not all(failed):
            write_study(folder)
    return whole


def write_study(folder: Path) -> str:
    """Write study.json and study.md of all comparisons in a folder; return the second.

    Raises: ToktoolsError if there are no results in it.
    """
    study = study_of(folder)
    page = markdown(study)
    write_json(folder / "study.json", study)
    write_text(folder / "study.md", page)
    return page
