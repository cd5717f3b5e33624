"""King - Man + Woman, asked of models of headlines: what comes closest, whatever that is.

    python -m experiments reproduce king runs/word runs/bpe

Source: the course assignment told of in docs/seeds/headlines.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lstm_lm.embeddings import Vectors, analogy, open_vectors
from lstm_lm.embeddings.vectors import SOURCES
from lstm_lm.runs.directory import RunDirectory

WORDS = ("King", "Man", "Woman")
EXPECTED = "Queen"


def measure(runs: Sequence[Path]) -> dict[str, Any]:
    """Ask each run, by its input and its output vectors: {"words", "expected", "answers"}."""
    return {"words": WORDS, "expected": EXPECTED, "answers": answers(runs)}


def answers(runs: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the answer of each run and kind of vectors, with what the run was trained on."""
    found: list[dict[str, Any]] = []
    for run in runs:
        config = RunDirectory(run).read_config()
        settings = {name: config[name] for name in ("corpus", "model", "training")}
        for source in SOURCES:
            vectors = open_vectors(run, source)
            answer = analogy(vectors, *WORDS, expect=_askable(vectors))
            n_vocab = vectors.tokenizer.n_vocab
            found.append(
                {"tokenizer": vectors.tokenizer.kind, "n_vocab": n_vocab}
                | answer.as_dict()
                | settings
            )
    return found


def _askable(vectors: Vectors) -> str | None:
    """Return the word hoped for, if it is one token that is known."""
    word = vectors.word(EXPECTED)
    return EXPECTED if len(word.ids) == 1 and not word.unknown else None


def table(results: dict[str, Any]) -> str:
    """Return the answers as a table in Markdown."""
    lines = [
        "| tokenizer, seed | vectors | by L2 | by cosine | the words put in counted | queen |",
        "|---|---|---|---|---|---|",
    ]
    for answer in results["answers"]:
        lists = [_words(answer["closest"][measure]) for measure in ("L2", "cosine")]
        of_all = ", ".join(found["token"] for found in answer["closest_of_all"]["cosine"][:3])
        expected = answer["expected"]
        place = f"{expected['cosine']['rank']:,} of {answer['n_vocab']:,}" if expected else "-"
        name = f"{answer['tokenizer']}, {answer['training']['seed']}"
        lines.append(
            f"| {name} | {answer['from']} | {lists[0]} | {lists[1]} | {of_all} | {place} |"
        )
    return "\n".join(lines)


def _words(closest: list[dict[str, Any]]) -> str:
    return ", ".join(f"{found['token']} {found['distance']:.2f}" for found in closest[:3])
