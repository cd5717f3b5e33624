"""What a few minutes of training come to: a preset of ours beside the plain loop, equal in time.

Both train on the same ids for the same time, of which validating takes none, with as many threads.
The plain loop has the sizes, the rate and the clipping of the example that it is written after. The
test text is read once, by the finished models.

Source: github.com/pytorch/examples, word_language_model: the defaults of main.py.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toktools.errors import ToktoolsError

if TYPE_CHECKING:
    from lstm_lm.config import ModelConfig, TrainingConfig

Json = dict[str, Any]
PARTS = ("train", "validation", "test")
UNITS, LAYERS, DROPOUT = 200, 2, 0.2
LEARNING_RATE, CLIP_NORM, BATCH_SIZE, BPTT = 20.0, 0.25, 20, 35


def measure_minutes(
    corpus: str,
    name: str,
    folder: Path,
    *,
    minutes: float | None = None,
    seeds: Sequence[int] = (0,),
    beside_plain: bool = True,
    device: str = "cpu",
    say: Callable[[str], object] = lambda _: None,
) -> Json:
    """Train a preset with each seed, and the plain loop once; return what they come to.

    Args:    corpus: with a train, a validation and a test split. name: of the preset.
             folder: for the runs; those that are there go on. minutes: instead of the preset's.
             device: "cpu", or "cuda" for a GPU.
    Returns: {"preset", "minutes", "device", "threads", "machine", "versions", "trainings": [...]}.
    Raises:  ToktoolsError at a corpus without those splits, a preset that is trained in NumPy or by
             epochs, or runs there of another training.
    """
    import torch

    from experiments.bench.machine import describe
    from lstm_lm import train
    from lstm_lm.data.encoded import encode_split
    from lstm_lm.presets import preset
    from toktools import open_corpus
    from toktools import train as train_tokenizer

    described = preset(name)
    model, training, minutes = _in_minutes(name, minutes)
    text = open_corpus(corpus, **described.reading)
    tokenizer = train_tokenizer(
        described.tokenizer, text.split("train"), **described.tokenizer_options
    )
    splits = {part: encode_split(tokenizer, text.split(part)) for part in PARTS}
    trainings: list[Json] = []
    for seed in seeds:
        place = folder / f"{name}-seed-{seed}"
        run = train(
            *(place, text, tokenizer),
            model=model,
            training=dataclasses.replace(training, seed=seed),
            encoded=splits,
            resume=(place / "config.json").exists(),
            device=device,
            on_progress=teller(say),
        )
        found = {"way": name, "seed": seed, "tokens": run.metrics[-1]["tokens_seen"]}
        found |= {part: run.evaluate_split(splits[part]).perplexity for part in PARTS[1:]}
        trainings.append(found)
        say(line(found))
    if beside_plain:
        ids = [torch.from_numpy(splits[part].ids.astype("int64")).to(device) for part in PARTS]
        trainings.append(_plain(tokenizer.n_vocab, ids, 60 * minutes))
        say(line(trainings[-1]))
    machine, versions = describe(["torch", "numpy"])
    return {
        "preset": name,
        "minutes": minutes,
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else "cpu",
        "threads": torch.get_num_threads(),
        "machine": machine,
        "versions": versions,
        "trainings": trainings,
    }


def _in_minutes(name: str, minutes: float | None) -> tuple[ModelConfig, TrainingConfig, float]:
    """Return model and training of a preset, with its budget or this one, and the budget."""
    from lstm_lm.config import ModelConfig, TrainingConfig
    from lstm_lm.presets import preset

    model, training = preset(name).model, preset(name).training
    if isinstance(model, ModelConfig) and isinstance(training, TrainingConfig):
        minutes = minutes or training.minutes
        if minutes is not None:
            return model, dataclasses.replace(training, minutes=minutes), minutes
    raise ToktoolsError(
        f"preset {name} must be trained by torch for some minutes; give --minutes, or choose "
        "another (lstm_lm presets)"
    )


def teller(say: Callable[[str], object]) -> Callable[[float, Json | None], None]:
    """Return what says in a line how far a training has come, at each validation."""

    def tell(share: float, record: Json | None) -> None:
        if record and "validation_loss_nats" in record:
            say(f"{share:4.0%}  validation {record['validation_loss_nats']:.3f} nats")

    return tell


def _plain(n_vocab: int, ids: list[Any], seconds: float) -> Json:
    import torch

    from experiments.bench.plain_loop import PlainModel, PlainTraining, mean_nats

    torch.manual_seed(0)
    model = PlainModel(n_vocab, UNITS, LAYERS, DROPOUT).to(ids[0].device)
    training = PlainTraining(model, LEARNING_RATE, CLIP_NORM)
    n_read = training.train_for(seconds, ids[0], ids[1], BATCH_SIZE, BPTT)
    perplexities = {
        part: math.exp(mean_nats(model, ids_N))
        for part, ids_N in zip(PARTS[1:], ids[1:], strict=True)
    }
    return {"way": "plain loop", "seed": 0, "tokens": n_read, **perplexities}


def line(training: Json) -> str:
    """Return a training in one line of text."""
    return (
        f"{training['way']}, seed {training['seed']}: {training['tokens']:,} tokens, perplexity "
        f"{training['validation']:.1f} in validation, {training['test']:.1f} in the test"
    )


def minutes_table(result: Json) -> str:
    """Return the trainings as Markdown."""
    rows = ["| training | seed | tokens read | validation perplexity | test perplexity |"]
    rows.append("|---|--:|--:|--:|--:|")
    rows += [
        f"| {t['way']} | {t['seed']} | {t['tokens']:,} | {t['validation']:.1f} | {t['test']:.1f} |"
        for t in result["trainings"]
    ]
    return "\n".join(rows)
