"""Where each tokenizer pays: the bits of the test text, divided over groups of its characters.

The groups are the same for every tokenizer, so that their bits can be set side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import Any

from experiments.comparison.tokenizer_runs import TokenizerRuns
from experiments.plots.chart import Axis, Chart, Series

Json = dict[str, Any]


def pays_charts(each: list[TokenizerRuns]) -> Iterator[Chart]:
    """Yield a chart for each grouping that the runs have."""
    known = [runs for runs in each if all(run.get("pays") for run in runs)]
    for grouping in known[0].runs[0]["pays"] if known else ():
        groups = [g["group"] for g in known[0].runs[0]["pays"][grouping] if g["n_bytes"]]
        yield Chart(
            name="pays-" + grouping.replace(" ", "-"),
            title=f"Bits per byte by {grouping}",
            caption=f"The bits of the test text by {grouping}, over the bytes of each group.",
            x=Axis(title="bits per byte"),
            y=Axis(title="", categories=groups),
            series=[_profile(runs, grouping, groups) for runs in known],
        )


def _profile(runs: TokenizerRuns, grouping: str, groups: list[str]) -> Series:
    """Return what one tokenizer pays in each group: means over its seeds."""
    tables = [{g["group"]: g for g in run["pays"][grouping]} for run in runs]
    totals = [sum(g["bits"] for g in table.values()) for table in tables]

    def mean(of: str, name: str) -> float:
        return fmean(table[name]["bits"] / max(1, table[name][of]) for table in tables)

    def said(name: str) -> str:
        share = fmean(t[name]["bits"] / total for t, total in zip(tables, totals, strict=True))
        return (
            f"{runs.title}\n{name}: {mean('n_bytes', name):.3f} bits per byte\n"
            f"{mean('n_units', name):.2f} bits each, {share:.1%} of all bits"
        )

    return Series(
        title=runs.title,
        look=runs.look,
        x=[mean("n_bytes", name) for name in groups],
        y=groups,
        hover=[said(name) for name in groups],
        joined=False,
    )
