"""What one run of a comparison gives: every figure and every text that the report shows of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from experiments.comparison import token_log
from experiments.comparison.analogies import outcomes
from experiments.comparison.budgets import SIZES
from experiments.comparison.flops import size_of
from experiments.comparison.pays import count_words, where_it_pays
from experiments.comparison.plan import Plan
from experiments.comparison.quality import quality_of
from experiments.comparison.token_log import TokenLog
from lstm_lm.data.encoded import EncodedSplit, encode_split
from lstm_lm.embeddings.vectors import open_vectors
from lstm_lm.evaluation.scoring import evaluation_of
from lstm_lm.files import read_json
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.run import Run
from toktools.corpus import Corpus
from toktools.errors import ToktoolsError
from toktools.metrics import score
from toktools.tokenizer import Tokenizer

Json = dict[str, Any]
STRATEGIES = ("argmax", "top-k")


def result_of(
    run: Run, plan: Plan, *, train_split: EncodedSplit, splits: Mapping[str, Corpus]
) -> Json:
    """Read the test split, once, and gather every figure of a finished run.

    Args: train_split: the train split as the run's tokenizer cut it.
          splits: "train", "validation" and "test".
    """
    test_split = encode_split(run.tokenizer, splits["test"], name="the test split", check=True)
    log_p_N = run.score_split(test_split)
    log = TokenLog.of(log_p_N, test_split, run.spelling, run.tokenizer.unk_id)
    log.save(run.path / token_log.FILE)
    test = evaluation_of(log_p_N, test_split, run.spelling)
    flops_per_token = size_of(run.model.config, run.tokenizer.n_vocab).flops_per_token
    metrics = run.metrics
    last = metrics[-1]
    n_tokens = max(1, round(plan.sample_bytes * test.n_tokens / test.n_bytes))
    return {
        "n_vocab": run.tokenizer.n_vocab,
        "lossless": run.tokenizer.lossless,
        "n_parameters": run.model.n_parameters,
        "sizes": {name: getattr(run.model.config, name) for name in SIZES},
        "learning_rate": run.training.learning_rate,
        "n_steps": last["step"],
        "flops_per_token": flops_per_token,
        "bptt": run.training.bptt,
        "train": train_split.summary(),
        "test": test.as_dict(),
        **of_the_text(run.tokenizer, log, splits),
        "analogies": outcomes(open_vectors(run.path), plan.analogies, splits["train"]),
        "validation": read_json(RunDirectory(run.path).evaluation)["validation"],
        "training_seconds": last["training_seconds"],
        "tokens_per_second": last["tokens_seen"] / last["training_seconds"],
        "curve": [
            {
                "seconds": line["training_seconds"],
                "bytes_seen": line["bytes_seen"],
                "tokens_seen": line["tokens_seen"],
                "flops": line["tokens_seen"] * flops_per_token,
                "bits_per_byte": line["validation_bits_per_byte"],
            }
            for line in metrics
            if "validation_bits_per_byte" in line
        ],
        "cut": [_cut(run.tokenizer, prompt) for prompt in plan.prompts],
        "samples": {
            strategy: list(run.generate(plan.prompts, strategy=strategy, n_tokens=n_tokens))
            for strategy in STRATEGIES
        },
        "quality": quality_of(
            run, training=splits["train"], held_out=splits["validation"], n_tokens=n_tokens
        ),
        "environment": run.config["environment"],
    }


def of_the_text(tokenizer: Tokenizer, log: TokenLog, splits: Mapping[str, Corpus]) -> Json:
    """Return what needs the text beside the log of its tokens: "pays" and "intrinsic"."""
    counts = count_words(splits["train"])
    return {
        "pays": where_it_pays(tokenizer, log, splits["test"], counts),
        "intrinsic": intrinsic(tokenizer, splits["test"]),
    }


def intrinsic(tokenizer: Tokenizer, documents: Corpus) -> Json:
    """Return what a tokenizer is worth without a model; empty for a text without words.

    By the names of `toktools.metrics.Scores`, and "entropy_bits_per_token" (Shannon's).
    """
    try:
        scores = dataclasses.asdict(score(tokenizer, documents))
    except ToktoolsError:
        return {}
    return {**scores, "entropy_bits_per_token": scores.pop("shannon_entropy_bits")}


def _cut(tokenizer: Tokenizer, text: str) -> list[str]:
    """Return the pieces of `text`, each as the characters that its token stands for."""
    ids, spans = tokenizer.encode_with_offsets(text)
    return [
        str(tokenizer.vocabulary.special.any) if id == tokenizer.unk_id else text[start:end]
        for id, (start, end) in zip(ids, spans, strict=True)
    ]
