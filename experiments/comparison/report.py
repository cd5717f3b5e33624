"""The report of a comparison: one page that needs no network, and a table for the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.comparison.charts import learning_curves
from experiments.comparison.cross_scores import cross_rows
from experiments.comparison.plan import Plan
from experiments.comparison.quality import quality_rows
from experiments.comparison.summary import COLUMNS, cells, failures, headline, rows
from experiments.pages import render
from lstm_lm.files import write_text

Json = dict[str, Any]


def write_report(results: Json, path: Path) -> None:
    """Write `report.html` from what `results.json` holds."""
    finished = [run for run in results["runs"] if "error" not in run]
    plan = Plan.from_json(results["plan"])
    page = render(
        "report.html",
        results=results,
        plan=plan,
        headline=headline(results),
        rows=rows(results),
        columns=COLUMNS,
        cells=cells,
        failures=failures(results),
        quality=quality_rows(results),
        cross=cross_rows(results),
        n_seeds=len({run["seed"] for run in finished}),
        first_runs=[run for run in finished if run["seed"] == finished[0]["seed"]],
        chart=learning_curves(results) if finished else "",
        command=command_line(plan),
    )
    write_text(path, page)


def command_line(plan: Plan) -> str:
    """Return the command that runs this comparison again."""
    import shlex

    from experiments.comparison.budgets import Budget
    from lstm_lm.config import ModelConfig, TrainingConfig, to_json

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
        (plan.training, TrainingConfig()),
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
    return shlex.join([*words, "-o", "runs/again"])
