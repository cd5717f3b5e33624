"""The charts of a comparison: what `results.json` holds, as points.

A chart for which the results have nothing is left out. Every caption says what was held equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from experiments.comparison.pays_charts import pays_charts
from experiments.comparison.summary import Figure
from experiments.comparison.tokenizer_runs import TokenizerRuns, tokenizer_runs
from experiments.plots.chart import Axis, Chart, Series

Json = dict[str, Any]
BITS = "test bits per byte"
_AMOUNTS = (
    ("bytes_seen", 1e6, "text read, MB"),
    ("seconds", 1.0, "training time, seconds"),
    ("flops", 1.0, "training operations, FLOP"),
)


def charts_of(results: Json, *, held_equal: str) -> dict[str, list[Chart]]:
    """Return the charts under the headings of the report, in reading order; none for no runs."""
    each = tokenizer_runs(results)
    groups = {
        "paired differences": [differences(results)],
        "compute": list(against_compute(each)),
        "vocabulary": [against_vocabulary(each)],
        "learning": [*learning_curves(each), learning_rates(each)],
        "pays": list(pays_charts(each)),
    }
    return {
        heading: [
            replace(chart, caption=f"{chart.caption} Held equal: {held_equal}.")
            for chart in charts
            if chart is not None and any(len(series.x) for series in chart.series)
        ]
        for heading, charts in groups.items()
    }


def learning_curves(each: list[TokenizerRuns]) -> Iterator[Chart]:
    """Yield validation bits per byte against each amount that the curves have."""
    points = [point for runs in each for run in runs for point in run["curve"]]
    for amount, unit, words in _AMOUNTS:
        if not points or not all(amount in point for point in points):
            continue
        yield Chart(
            name=f"learning-{amount.replace('_', '-')}",
            title=f"Validation bits per byte against {words}",
            caption="One line for each run, <ANY> charged. What validation takes is not counted.",
            x=Axis(title=words),
            y=Axis(title="validation bits per byte", ends=_ends(each)),
            series=[
                Series(
                    title=runs.title,
                    look=runs.look,
                    x=[point[amount] / unit for point in run["curve"]],
                    y=[point["bits_per_byte"] for point in run["curve"]],
                    hover=[
                        f"{runs.title}, seed {run['seed']}\n{point['bits_per_byte']:.4f} bits per "
                        f"byte\n{point[amount] / unit:,.4g} {words}"
                        for point in run["curve"]
                    ],
                )
                for runs in each
                for run in runs
            ],
        )


def _ends(each: list[TokenizerRuns]) -> tuple[float, float]:
    """Return the ends of the axis: the first points may lie far above all that matters."""
    curves = [[p["bits_per_byte"] for p in run["curve"]] for runs in each for run in runs]
    curves = [curve for curve in curves if curve]
    lowest = min(min(curve) for curve in curves)
    first, last = max(curve[0] for curve in curves), max(curve[-1] for curve in curves)
    return lowest * 0.97, min(first * 1.03, max(lowest * 2, last * 1.1))


def against_compute(each: list[TokenizerRuns]) -> Iterator[Chart]:
    """Yield test bits per byte against what training took, in operations and in seconds."""
    for amount, unit, words in _AMOUNTS[:0:-1]:
        known = [runs for runs in each if all(run["curve"] for run in runs)]
        known = [r for r in known if all(amount in run["curve"][-1] for run in r)]
        if not known:
            continue
        spent = [Figure.of([run["curve"][-1][amount] / unit for run in runs]) for runs in known]
        least, most = min(x.mean for x in spent), max(x.mean for x in spent)
        if most - least < _SAME * most:
            continue
        yield Chart(
            name=f"compute-{amount}",
            title=f"Test bits per byte against {words}",
            caption=f"A point for each tokenizer, at the end of training. {_SPREAD}",
            x=Axis(title=words),
            y=Axis(title=BITS),
            series=[
                _point(runs, x=x.mean, hover=f"{x.mean:,.4g} {words}")
                for runs, x in zip(known, spent, strict=True)
            ],
        )


_SAME = 0.02  # all within this share of each other: what was held equal, and no chart is needed
_SPREAD = "Bars: the standard deviation over seeds, to either side."


def _point(runs: TokenizerRuns, *, x: float, hover: str) -> Series:
    """Return the point of one tokenizer at `x`, its bits per byte with their spread over seeds."""
    bits = runs.bits_per_byte
    spread = bits.spread or 0.0
    return Series(
        title=runs.title,
        look=runs.look,
        x=[x],
        y=[bits.mean],
        y_interval=[(bits.mean - spread, bits.mean + spread)],
        hover=[f"{runs.title}\n{bits.format('.4f')} bits per byte\n{hover}"],
        joined=False,
    )


def against_vocabulary(each: list[TokenizerRuns]) -> Chart:
    """Return test bits per byte against vocabulary size, one line for each kind of tokenizer."""
    kinds: dict[str, list[TokenizerRuns]] = {}
    for runs in each:
        kinds.setdefault(runs.kind, []).append(runs)
    series = []
    for kind, members in kinds.items():
        members.sort(key=lambda runs: runs.n_vocab)
        points = [
            _point(runs, x=runs.n_vocab, hover=f"{runs.n_vocab:,} tokens") for runs in members
        ]
        series.append(
            Series(
                title=kind,
                look=members[0].look,
                x=[runs.n_vocab for runs in members],
                y=[runs.bits_per_byte.mean for runs in members],
                y_interval=[point.y_interval[0] for point in points],
                hover=[point.hover[0] for point in points],
            )
        )
    return Chart(
        name="vocabulary",
        title="Test bits per byte against the size of the vocabulary",
        caption=f"A line joins the sizes of one kind of tokenizer. {_SPREAD}",
        x=Axis(title="tokens in the vocabulary", log=True),
        y=Axis(title=BITS),
        series=series,
    )


def _finished(trials: list[Json]) -> list[Json]:
    """Return the trials whose training did not diverge, by their rates."""
    finished = [trial for trial in trials if trial["validation_bits_per_byte"] is not None]
    return sorted(finished, key=lambda trial: trial["learning_rate"])


def learning_rates(each: list[TokenizerRuns]) -> Chart:
    """Return validation bits per byte against the learning rates that were tried."""
    series = [
        Series(
            title=runs.title,
            look=runs.look,
            x=[trial["learning_rate"] for trial in trials],
            y=[trial["validation_bits_per_byte"] for trial in trials],
            hover=[
                f"{runs.title}\nlearning rate {trial['learning_rate']:g}\n"
                f"{trial['validation_bits_per_byte']:.4f} validation bits per byte"
                for trial in trials
            ],
        )
        for runs in each
        for trials in map(_finished, runs.trials)
    ]
    return Chart(
        name="learning-rates",
        title="Validation bits per byte of the trials against the learning rate",
        caption="Every learning rate tried, as often for each tokenizer; the lowest was taken.",
        x=Axis(title="learning rate", log=True),
        y=Axis(title="validation bits per byte"),
        series=series,
    )


def differences(results: Json) -> Chart | None:
    """Return how far each tokenizer is from the best, with intervals, if these were computed."""
    found = results.get("statistics", {}).get("differences", [])
    if not found:
        return None
    best = found[0]["first"]
    return Chart(
        name="differences",
        title=f"Bits per byte, compared with {best}",
        caption=(
            f"Paired over test documents: how much more than {best}. Bars: "
            f"{found[0]['interval']:.0%} intervals: documents drawn anew, and the spread of the "
            "seeds. One that crosses the dotted line may be chance."
        ),
        x=Axis(title="bits per byte more", mark=0.0),
        y=Axis(title="", categories=[each["second"] for each in found]),
        series=[
            Series(
                title="",
                look=0,
                x=[each["difference"] for each in found],
                y=[each["second"] for each in found],
                x_interval=[(each["low"], each["high"]) for each in found],
                hover=[
                    f"{each['second']}\n{each['difference']:+.4f} bits per byte\n"
                    f"from {each['low']:+.4f} to {each['high']:+.4f}"
                    for each in found
                ],
                joined=False,
            )
        ],
    )
