"""The run directory: all that is needed to use, resume or audit a model. Never pickle.

    config.json         model, training, corpus, sizes of the data, tokenizer, versions, hardware
    tokenizer.json      the tokenizer
    spelling.json       what <ANY> hid in the training text, with counts
    model.safetensors   the weights with the lowest validation loss
    last.safetensors    the newest weights, optimiser, random state, carried state, position
    metrics.jsonl       one line per log or validation event
    evaluation.json     the fair evaluation of the validation split
    curves.png
    samples.txt         a table: prompts continued, by strategy; samples.jsonl: with all settings

Each file is written to a temporary name and renamed; metrics.jsonl grows line by line, and a
resumed run first cuts it back to where its checkpoint was taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_lm.files import read_json, read_tensors, write_json, write_tensors, write_text
from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lstm_lm.sampling.samples import Samples

FORMAT = "lstm_lm run"
VERSION = 1
FILES = (
    "config.json",
    "tokenizer.json",
    "spelling.json",
    "model.safetensors",
    "last.safetensors",
    "metrics.jsonl",
    "evaluation.json",
    "curves.png",
    "samples.txt",
    "samples.jsonl",
)


class RunDirectory:
    """The files of one run. Nothing is read or written until a method is called."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.tokenizer = self.path / "tokenizer.json"
        self.spelling = self.path / "spelling.json"
        self.best = self.path / "model.safetensors"
        self.last = self.path / "last.safetensors"
        self.metrics = self.path / "metrics.jsonl"
        self.evaluation = self.path / "evaluation.json"
        self.curves = self.path / "curves.png"
        self.samples = self.path / "samples.txt"
        self.sample_records = self.path / "samples.jsonl"

    def check_free(self, *, overwrite: bool = False) -> None:
        """Raise ToktoolsError if a new run cannot be put here.

        That is so where there is a run, unless `overwrite`, or where there is anything else.
        """
        if self.path.exists() and not self.path.is_dir():
            raise ToktoolsError(f"{self.path}: is a file; a run needs a directory")
        if not self.path.is_dir() or not any(self.path.iterdir()):
            return
        if not self.config.exists():
            raise ToktoolsError(
                f"{self.path}: holds files but no run (no config.json); choose another directory"
            )
        self.read_config()
        if not overwrite:
            raise ToktoolsError(
                f"{self.path}: holds a run already; continue it with --resume, "
                "replace it with --overwrite, or choose another directory"
            )

    def create(self, *, overwrite: bool = False) -> None:
        """Make the directory; if `overwrite`, remove the files of the run in it, and no others.

        Raises: as `check_free`.
        """
        self.check_free(overwrite=overwrite)
        self.remove_leftovers()
        for name in reversed(FILES):  # config.json last: until then this is seen to be a run
            (self.path / name).unlink(missing_ok=True)
        self.path.mkdir(parents=True, exist_ok=True)

    def remove_leftovers(self) -> None:
        """Remove the temporary files of a process that was killed while it wrote one."""
        for name in FILES:
            for path in self.path.glob(f".{name}.*"):
                path.unlink(missing_ok=True)

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write `config.json`."""
        write_json(self.config, {"format": FORMAT, "version": VERSION, **config})

    def read_config(self) -> dict[str, Any]:
        """Return `config.json`.

        Raises: ToktoolsError if there is no run here, or it is damaged or of another version.
        """
        if not self.path.is_dir():
            raise ToktoolsError(f"{self.path}: there is no such run directory")
        if not self.config.exists():
            raise ToktoolsError(f"{self.path}: not a run directory (it has no config.json)")
        config = read_json(self.config)
        if config.get("format") != FORMAT:
            raise ToktoolsError(f"{self.config}: not the config.json of a run")
        if config.get("version") != VERSION:
            raise ToktoolsError(
                f"{self.config}: version {VERSION} expected, got {config.get('version')!r}"
            )
        missing = {"model", "training", "tokenizer", "corpus", "data"} - set(config)
        if missing:
            raise ToktoolsError(f"{self.config}: damaged: {min(missing)!r} is missing")
        return config

    # Weights

    def save_best(self, model: nn.Module) -> None:
        """Write the weights that have the lowest validation loss so far."""
        write_tensors(self.best, weights(model))

    def load_best(self, model: nn.Module) -> None:
        """Read the best weights; ToktoolsError if there are none, or they do not fit `model`."""
        if not self.best.exists():
            raise ToktoolsError(
                f"{self.path}: has no model.safetensors: training stopped before its first "
                "validation; continue it with lstm_lm train --resume"
            )
        set_weights(model, read_tensors(self.best)[0], self.best)

    # The newest state, in one file so that it is always of one piece

    def has_last(self) -> bool:
        """Whether there is a checkpoint."""
        return self.last.exists()

    def save_last(
        self, tensors: Mapping[str, Mapping[str, Tensor]], position: Mapping[str, Any]
    ) -> None:
        """Write groups of tensors, and the position as JSON in the file's header."""
        flat = {f"{group}/{name}": t for group, ts in tensors.items() for name, t in ts.items()}
        write_tensors(self.last, flat, {"position": json.dumps(position)})

    def load_last(self) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
        """Return what `save_last` wrote; ToktoolsError if it is damaged."""
        flat, metadata = read_tensors(self.last)
        try:
            position = json.loads(metadata["position"])
        except (KeyError, json.JSONDecodeError) as e:
            raise ToktoolsError(f"{self.last}: damaged: its position cannot be read") from e
        groups: dict[str, dict[str, Tensor]] = {}
        for key, tensor in flat.items():
            group, _, name = key.partition("/")
            groups.setdefault(group, {})[name] = tensor
        return groups, position

    # Samples

    def write_samples(self, samples: Sequence[Samples]) -> None:
        """Write `samples.txt` and `samples.jsonl`."""
        from lstm_lm.sampling.samples import as_jsonl, as_table

        write_text(self.samples, as_table(samples))
        write_text(self.sample_records, as_jsonl(samples))

    # Metrics

    def append_metrics(self, record: Mapping[str, Any]) -> None:
        """Add one line to `metrics.jsonl`."""
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def metrics_size(self) -> int:
        """Return the bytes of `metrics.jsonl`."""
        return self.metrics.stat().st_size if self.metrics.exists() else 0

    def cut_metrics(self, size: int) -> None:
        """Drop what was written to `metrics.jsonl` after its first `size` bytes."""
        if self.metrics_size() > size:
            with self.metrics.open("r+b") as file:
                file.truncate(size)

    def read_metrics(self) -> list[dict[str, Any]]:
        """Return the lines of `metrics.jsonl`; ToktoolsError names a damaged line."""
        if not self.metrics.exists():
            return []
        records: list[dict[str, Any]] = []
        for number, line in enumerate(self.metrics.read_text(encoding="utf-8").splitlines(), 1):
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError as e:
                raise ToktoolsError(f"{self.metrics}, line {number}: not JSON: {e.msg}") from e
        return records


def weights(model: nn.Module) -> dict[str, Tensor]:
    """Return the trained tensors by name; a tied matrix is there once."""
    return dict(model.named_parameters())


def set_weights(model: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy `tensors` into the model; ToktoolsError if a name or a shape differs."""
    import torch

    own = weights(model)
    odd = set(own) ^ set(tensors)
    if odd:
        raise ToktoolsError(f"{path}: does not fit config.json: unmatched tensor {min(odd)!r}")
    with torch.no_grad():
        for name, tensor in tensors.items():
            if tensor.shape != own[name].shape:
                raise ToktoolsError(
                    f"{path}: does not fit config.json: {name} must have shape "
                    f"{tuple(own[name].shape)}, got {tuple(tensor.shape)}"
                )
            own[name].copy_(tensor)
