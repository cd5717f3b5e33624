"""The same training with several seeds: one run directory each, and how far they lie apart.

FOLDER/seed-0/ ...   run directories
FOLDER/seeds.json    the seeds, each one's figures, and their mean and spread
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_lm.data.splits import Splits, encode_splits
from lstm_lm.files import read_json, write_json
from lstm_lm.runs.directory import RunDirectory
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

FIGURES = ("loss_nats", "perplexity", "bits_per_byte", "best_epoch")
_FILE = "seeds.json"


def train_seeds(
    folder: str | Path,
    corpus: Splits,
    tokenizer: Tokenizer,
    seeds: Sequence[int],
    *,
    training: Any,
    train: Callable[..., Any] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    on_seed: Callable[[int], object] = lambda seed: None,
    **options: Any,
) -> dict[str, Any]:
    """Train once with each seed, and sum up.

    Args:
        training: the configuration; its own seed is replaced by each of `seeds`.
        train: a function like `lstm_lm.train`, which is the default.
        resume: go on: finished seeds are kept, a begun one is resumed, the others are run.
        on_seed: called before each. options: more arguments of `train`.
    Returns: what `seeds.json` holds.
    Raises:  ToktoolsError if `folder` holds something else; whatever `train` raises.
    """
    if train is None:
        from lstm_lm.runs.run import train
    folder = Path(folder)
    check_seeds(seeds)
    if not resume:
        _check_free(folder, seeds, overwrite=overwrite)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / _FILE, {"seeds": list(seeds)})
    encoded = encode_splits(tokenizer, corpus, {})
    for seed in seeds:
        on_seed(seed)
        path = seed_folder(folder, seed)
        begun = resume and RunDirectory(path).config.exists()
        train(
            *(path, corpus, tokenizer),
            training=replace(training, seed=seed),
            resume=begun,
            overwrite=overwrite and not begun,
            encoded=encoded,
            **options,
        )
    summary = summarize({seed: _figures(seed_folder(folder, seed)) for seed in seeds})
    write_json(folder / _FILE, summary)
    return summary


def seed_folder(folder: Path, seed: int) -> Path:
    """Return where the run of a seed is."""
    return folder / f"seed-{seed}"


def recorded_seeds(folder: Path) -> list[int]:
    """Return the seeds of an earlier `train_seeds` in this folder; none if there was none."""
    return list(read_json(folder / _FILE)["seeds"]) if (folder / _FILE).exists() else []


def check_seeds(seeds: Sequence[int]) -> None:
    """Raise ToktoolsError unless the seeds are some, not negative, each once."""
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise ToktoolsError(f"seeds must be different whole numbers >= 0, got {list(seeds)}")


def summarize(figures: Mapping[int, Mapping[str, float]]) -> dict[str, Any]:
    """Return the figures of each seed, and of each figure mean, standard deviation and range.

    The standard deviation is that of a sample (n - 1); one seed has none.

    Example:
        >>> runs = {s: dict.fromkeys(FIGURES, float(s)) for s in (1, 2, 3)}
        >>> summarize(runs)["summary"]["bits_per_byte"]
        {'mean': 2.0, 'standard_deviation': 1.0, 'lowest': 1.0, 'highest': 3.0}
    """
    summary: dict[str, dict[str, float | None]] = {}
    for name in FIGURES:
        values = [run[name] for run in figures.values()]
        summary[name] = {
            "mean": statistics.fmean(values),
            "standard_deviation": statistics.stdev(values) if len(values) > 1 else None,
            "lowest": min(values),
            "highest": max(values),
        }
    runs = [{"seed": seed, **run} for seed, run in figures.items()]
    return {"seeds": list(figures), "runs": runs, "summary": summary}


def _figures(path: Path) -> dict[str, float]:
    """Return the figures of a finished run."""
    evaluation = read_json(RunDirectory(path).evaluation)
    figures = {name: evaluation["validation"][name] for name in FIGURES[:-1]}
    return {**figures, "best_epoch": evaluation["best"]["epoch"]}


def _check_free(folder: Path, seeds: Sequence[int], *, overwrite: bool) -> None:
    """Raise ToktoolsError if new runs cannot be put here."""
    if RunDirectory(folder).config.exists():
        raise ToktoolsError(f"{folder}: holds a single run; choose another directory")
    if folder.exists() and not folder.is_dir():
        raise ToktoolsError(f"{folder}: is a file; runs need a directory")
    for seed in seeds:
        RunDirectory(seed_folder(folder, seed)).check_free(overwrite=overwrite)
