"""Every figure of a comparison computed anew from what is stored, and set beside what it says.

From the log of tokens and the tokenizer: bits, perplexities, sizes. From the model's shape:
parameters and operations. With the source text, where it is still there and unchanged: that the
logs hold its tokens, characters and words, the price of each hidden word, where each tokenizer
pays, the measures without a model. Asked to, the models score the text again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.comparison.flops import size_of
from experiments.comparison.inference import log_path, statistics_of
from experiments.comparison.one_run import of_the_text
from experiments.comparison.plan import Plan
from experiments.comparison.token_log import TokenLog
from lstm_lm.config import ModelConfig, from_json
from lstm_lm.data.encoded import EncodedSplit, encode_split
from lstm_lm.evaluation.spelling import SpellingModel
from lstm_lm.files import read_json
from lstm_lm.runs.directory import RunDirectory
from toktools import load as load_tokenizer
from toktools.corpus import Corpus, digest
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer

Json = dict[str, Any]
RELATIVE = 1e-9
RESCORED_NATS = 1e-3
"""How far a model that scores anew may be off, a token: sums in another order round otherwise."""


@dataclass(frozen=True)
class Check:
    """One figure: whose, which, what is stored, what comes out anew."""

    run: str
    figure: str
    stored: Any
    found: Any

    @property
    def agrees(self) -> bool:
        """Whether the two are equal, numbers to one part in 10^9."""
        return _same(self.stored, self.found)


@dataclass(frozen=True)
class Audit:
    """All figures checked, and what could not be."""

    checks: list[Check]
    unchecked: list[str]

    @property
    def wrong(self) -> list[Check]:
        """What does not agree."""
        return [check for check in self.checks if not check.agrees]


def audit(folder: str | Path, *, rescore: bool = False) -> Audit:
    """Compute every figure of a comparison anew.

    Args:   rescore: let every model score the test text again, too.
    Raises: ToktoolsError if there is no comparison, or a stored file is missing or damaged.
    """
    folder = Path(folder)
    results = read_json(folder / "results.json")
    splits, unchecked = _text(results)
    checks: list[Check] = []
    for run in results["runs"]:
        if "error" in run:
            continue
        name = f"{run['title']}, seed {run['seed']}"
        if not log_path(folder, run).exists():
            unchecked.append(f"{name}: has no log of its tokens (test.npz)")
            continue
        stored = _Stored(folder, run)
        for found in stored.anew(splits, rescore=rescore):
            checks += [Check(name, *leaf) for leaf in _leaves(found, run)]
    if "budget" in results:
        found = {"budget": Plan.from_json(results["plan"]).held()}
        checks += [Check("all runs", *leaf) for leaf in _leaves(found, results)]
    if "statistics" in results:
        found = {"statistics": statistics_of(folder, results["runs"])}
        checks += [Check("all runs", *leaf) for leaf in _leaves(found, results)]
    return Audit(checks, unchecked)


class _Stored:
    """What is stored of one run, and the figures that come out of it."""

    def __init__(self, folder: Path, run: Json) -> None:
        path = log_path(folder, run)
        self.run, self.log, self.directory = run, TokenLog.load(path), RunDirectory(path.parent)
        self.tokenizer = load_tokenizer(self.directory.tokenizer)
        self.spelling = SpellingModel.load(self.directory.spelling)

    def anew(self, splits: Mapping[str, Corpus] | None, *, rescore: bool) -> Iterator[Json]:
        """Yield parts of `result.json` as they come out."""
        yield self._from_shape()
        yield {"test": from_log(self.log, self.tokenizer)}
        if splits is None:
            return
        split = encode_split(self.tokenizer, splits["test"], name="the test split", check=True)
        yield {"test": from_text(self.log, split)}
        yield {"test.npz": self._log_of(split, rescore=rescore)}
        if "pays" in self.run:
            yield of_the_text(self.tokenizer, self.log, splits)

    def _from_shape(self) -> Json:
        """Return what follows from the shape of the model."""
        model = from_json(ModelConfig, self.directory.read_config()["model"])
        size = size_of(model, self.tokenizer.n_vocab)
        flops = [point["tokens_seen"] * size.flops_per_token for point in self.run["curve"]]
        return {
            "n_vocab": self.tokenizer.n_vocab,
            "n_parameters": size.n_parameters,
            "sizes": {name: getattr(model, name) for name in self.run.get("sizes", {})},
            "flops_per_token": size.flops_per_token,
            "curve": [{"flops": each} for each in flops],
        }

    def _log_of(self, split: EncodedSplit, *, rescore: bool) -> Json:
        """Return in what the log is not that of the text: a largest distance for each array."""
        log_p_N = -self.log.nats
        if rescore:
            from lstm_lm.runs.run import load

            log_p_N = load(self.directory.path).score_split(split)
        if split.n_tokens != len(self.log.ids) or split.n_documents != len(self.log.document_bytes):
            return {"ids": "other tokens than the text has"}
        anew = TokenLog.of(log_p_N, split, self.spelling, self.tokenizer.unk_id)
        bounds = {"ids": 0, "document_starts": 0, "document_bytes": 0, "spelling_nats": RELATIVE}
        bounds["nats"] = RESCORED_NATS
        off = {name: _distance(getattr(anew, name), getattr(self.log, name)) for name in bounds}
        return {name: "as stored" if off[name] <= bounds[name] else off[name] for name in bounds}


def from_log(log: TokenLog, tokenizer: Tokenizer) -> Json:
    """Return the figures of the test text that need only its log and the tokenizer."""
    nats, spelling_nats = math.fsum(log.nats), math.fsum(log.spelling_nats)
    n_tokens, n_bytes = len(log.ids), int(log.document_bytes.sum())
    n_any = 0 if tokenizer.unk_id is None else int((log.ids == tokenizer.unk_id).sum())
    return {
        "n_documents": len(log.document_bytes),
        "n_tokens": n_tokens,
        "n_bytes": n_bytes,
        "n_any": n_any,
        "total_nats": nats,
        "spelling_bits": spelling_nats / math.log(2),
        "loss_nats": nats / n_tokens,
        "perplexity": _exp(nats / n_tokens),
        "bits_per_byte": (nats + spelling_nats) / math.log(2) / n_bytes,
        "bits_per_byte_uncharged": nats / math.log(2) / n_bytes,
    }


def from_text(log: TokenLog, split: EncodedSplit) -> Json:
    """Return the figures of the test text that need its characters and words, too."""
    nats, spelling_nats = math.fsum(log.nats), math.fsum(log.spelling_nats)
    n_characters, n_words = split.total_characters, split.n_words
    return {
        "n_characters": n_characters,
        "n_words": n_words,
        "n_words_hidden": split.n_words_hidden,
        "oov_rate": split.n_words_hidden / n_words if n_words else 0.0,
        "documents_reproduced": split.n_reproduced,
        "perplexity_per_word": _exp((nats + spelling_nats) / (n_words + split.n_documents)),
        "bits_per_character": (nats + spelling_nats) / math.log(2) / n_characters,
        "bits_per_character_uncharged": nats / math.log(2) / n_characters,
    }


def _text(results: Json) -> tuple[dict[str, Corpus] | None, list[str]]:
    """Return the splits, None if the text is not what it was, and then why."""
    from experiments.comparison.running import splits_of

    try:
        splits = splits_of(Plan.from_json(results["plan"]).open())
        if {name: digest(split) for name, split in splits.items()} == results["digests"]:
            return splits, []
        return None, ["what needs the source text: it has changed since"]
    except (ToktoolsError, OSError) as e:
        return None, [f"what needs the source text: {e}"]


def _exp(nats: float) -> float:
    return math.exp(nats) if nats < 700 else math.inf


def _distance(a: Any, b: Any) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).max(initial=0.0))


def _leaves(found: Any, stored: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the name of each value that was found, what is stored there, and the value."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            inner = stored.get(key) if isinstance(stored, Mapping) else None
            inner = "as stored" if name == "test.npz" else inner
            yield from _leaves(value, inner, f"{name}.{key}" if name else key)
    elif isinstance(found, Sequence) and not isinstance(found, str):
        known: Sequence[Any] = stored if isinstance(stored, list) else []
        if len(known) != len(found):
            yield f"{name}: entries", len(known), len(found)
        for i, value in enumerate(found[: len(known)]):
            yield from _leaves(value, known[i], f"{name}[{i}]")
    else:
        yield name, stored, found


def _same(stored: Any, found: Any) -> bool:
    if isinstance(stored, float | int) and isinstance(found, float | int):
        both_nan = math.isnan(stored) and math.isnan(found)
        return both_nan or math.isclose(stored, found, rel_tol=RELATIVE, abs_tol=1e-9)
    return stored == found
