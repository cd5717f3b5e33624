"""The report of a comparison: one page that needs no network, with Markdown and CSV beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

from experiments.comparison.charts import charts_of
from experiments.comparison.plain import csv_of, markdown_report
from experiments.comparison.plan import TRAINING, Plan
from experiments.comparison.summary import failures, headline, rows
from experiments.comparison.tables import tables_of
from experiments.pages import render
from experiments.plots.chart import Chart
from experiments.plots.interactive import figure_of, packed_library
from experiments.plots.still import svg_of
from lstm_lm.files import write_text

Json = dict[str, Any]


def write_report(results: Json, path: Path) -> None:
    """Write the page, and beside it `report.md` and `results.csv`, from `results.json`'s values."""
    write_text(path, page_of(results))
    write_text(path.with_name("report.md"), markdown_of(results))
    write_text(path.with_name("results.csv"), csv_of(results))


def markdown_of(results: Json) -> str:
    """Return the report in Markdown."""
    plan = Plan.from_json(results["plan"])
    return markdown_report(
        results, held_equal=held_equal(results, plan), command=command_line(plan)
    )


def page_of(results: Json) -> str:
    """Return the report as one page that asks for nothing, from disk or network."""
    finished = [run for run in results["runs"] if "error" not in run]
    plan = Plan.from_json(results["plan"])
    charts = charts_of(results, held_equal=held_equal(results, plan))
    drawn = [chart for group in charts.values() for chart in group]
    return render(
        "report.html",
        results=results,
        plan=plan,
        headline=headline(results),
        held_equal=held_equal(results, plan),
        tables=tables_of(results),
        caveats=[row for row in rows(results) if row.caveat],
        failures=failures(results),
        n_seeds=len({run["seed"] for run in finished}),
        first_runs=[run for run in finished if run["seed"] == finished[0]["seed"]],
        charts=charts,
        svg_of=svg_of,
        figures=_json_in_page(drawn),
        library=packed_library() if drawn else "",
        command=command_line(plan),
        settings=json.dumps(results["plan"], indent=2, ensure_ascii=False),
    )


def held_equal(results: Json, plan: Plan) -> str:
    """Return what every run got the same amount of, in words."""
    return results.get("budget", {}).get("sentence", plan.held_equal).rstrip(".")


def _json_in_page(charts: list[Chart]) -> Markup:
    """Return the figures by name, as JSON that can stand inside a script element."""
    text = json.dumps({chart.name: figure_of(chart) for chart in charts}, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


def command_line(plan: Plan) -> str:
    """Return the command that runs this comparison again."""
    import shlex

    from experiments.comparison.budgets import Budget
    from lstm_lm.config import ModelConfig, to_json

    corpus = plan.corpus
    sources = [corpus["source"]] if isinstance(corpus["source"], str) else corpus["source"]
    words = ["python", "-m", "experiments", "compare"]
    for source in sources:
        words += ["--corpus", str(source)]
    for key, value in (corpus.get("where") or {}).items():
        words += ["--where", f"{key}={value}"]
    if corpus.get("field"):
        words += ["--field", corpus["field"]]
    if corpus.get("normalize"):
        words += ["--normalize", ",".join(corpus["normalize"])]
    for name, default in (("documents", "line"), ("errors", "strict"), ("limit", None)):
        if corpus.get(name, default) != default:
            words += [f"--{name}", str(corpus[name])]
    for spec in plan.tokenizers:
        words += ["--tokenizer", spec.text]
    for config, defaults in (
        (plan.model, ModelConfig()),
        (plan.training, TRAINING),
        (plan.budget, Budget()),
    ):
        before = to_json(defaults)
        for name, value in to_json(config).items():
            if value == before[name] or name in ("bptt", "seed"):
                continue
            flag = "--" + name.replace("_", "-")
            if isinstance(value, bool):
                words.append(flag if value else flag.replace("--", "--no-", 1))
            else:
                words += [flag, str(value)]
    words += ["--context-bytes", str(plan.context_bytes)]
    if plan.sweep is not None:
        for rate in plan.sweep.learning_rates:
            words += ["--try-learning-rate", str(rate)]
        words += ["--trial-share", str(plan.sweep.share)]
    for seed in plan.seeds:
        words += ["--seed", str(seed)]
    for prompt in plan.prompts:
        words += ["--prompt", prompt]
    for analogy in plan.analogies:
        words += ["--analogy", analogy]
    return shlex.join([*words, "-o", "runs/again"])
