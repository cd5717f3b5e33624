"""The two WordPieces on a real text: what frequency and likelihood learn, measured side by side.

    python -m experiments.reproduce.wordpieces -o experiments/results/wordpieces.json

The text is `python-docs`, which differs between Python versions; so the results hold its digest.
"""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from lstm_lm.files import write_text
from toktools import WordPieceTokenizer, open_corpus, train_wordpiece
from toktools.command_line import say

CORPUS, VOCAB_SIZE, N_FIRST = "python-docs", 2000, 20
OPTIONS: tuple[dict[str, Any], ...] = (
    {"criterion": "frequency"},
    {"criterion": "likelihood"},
    {"criterion": "likelihood", "min_frequency": 5},
    {"criterion": "likelihood", "min_frequency": 20},
)


def measure(vocab_size: int = VOCAB_SIZE) -> dict[str, Any]:
    """Train on the train split by each of OPTIONS, and measure on the test split."""
    train, test = (open_corpus(CORPUS, split=split) for split in ("train", "test"))
    tokenizers = [
        train_wordpiece(train, vocab_size=vocab_size, split="punctuation", **options)
        for options in OPTIONS
    ]
    base = _learned(tokenizers[0])
    return {
        "python": platform.python_version(),
        "corpus": tokenizers[0].training["corpus"],
        "vocab_size": vocab_size,
        "vocabularies": [
            {"options": options, **_measured(tokenizer, set(base), test)}
            for options, tokenizer in zip(OPTIONS, tokenizers, strict=True)
        ],
    }


def _learned(tokenizer: WordPieceTokenizer) -> list[str]:
    """Return what was merged, in order: the pieces of two characters or more."""
    pieces = tokenizer.vocabulary.tokens[len(tokenizer.vocabulary.special_ids) :]
    return [piece for piece in pieces if len(_text(tokenizer, piece)) > 1]


def _text(tokenizer: WordPieceTokenizer, piece: str) -> str:
    return piece.removeprefix(tokenizer.prefix)


def _measured(tokenizer: WordPieceTokenizer, base: set[str], test: Iterable[str]) -> dict[str, Any]:
    """Return the figures of one vocabulary; base: the learned pieces of the first."""
    learned = _learned(tokenizer)
    documents = list(test)
    words = Counter(word for text in documents for word in tokenizer.pretokenizer.split(text))
    lengths = {word: len(tokenizer.encode(word)) for word in words}
    n_tokens = sum(lengths[word] * n for word, n in words.items())
    used = {id for word in words for id in tokenizer.encode(word)}
    return {
        "n_vocab": tokenizer.n_vocab,
        "n_learned": len(learned),
        "shared": len(base & set(learned)),
        "mean_length": sum(len(_text(tokenizer, piece)) for piece in learned) / len(learned),
        "bytes_per_token": sum(len(text.encode()) for text in documents) / n_tokens,
        "whole_words": sum(n for word, n in words.items() if lengths[word] == 1) / words.total(),
        "used": len(used) / tokenizer.n_vocab,
        "first": learned[:N_FIRST],
    }


def table(results: dict[str, Any]) -> str:
    """Return the figures as a table in Markdown."""
    lines = [
        "| criterion | pieces learned | shared with frequency | mean characters "
        "| bytes per token | whole words | vocabulary used |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {_name(row)} | {row['n_learned']:,} | {row['shared']:,} | {row['mean_length']:.2f} "
        f"| {row['bytes_per_token']:.2f} | {row['whole_words']:.1%} | {row['used']:.1%} |"
        for row in results["vocabularies"]
    ]
    return "\n".join(lines)


def first_pieces(results: dict[str, Any]) -> str:
    """Return the first pieces of each vocabulary as a table in Markdown."""
    lines = [f"| criterion | the first {N_FIRST} pieces |", "|---|---|"]
    lines += [f"| {_name(row)} | `{' '.join(row['first'])}` |" for row in results["vocabularies"]]
    return "\n".join(lines)


def _name(row: dict[str, Any]) -> str:
    least = row["options"].get("min_frequency", 1)
    return row["options"]["criterion"] + (f", `min_frequency={least}`" if least > 1 else "")


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A JSON file.")
def main(output: Path) -> None:
    """Train both WordPieces on python-docs and write what they learned."""
    results = measure()
    write_text(output, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    say(f"{table(results)}\n\n{first_pieces(results)}")


if __name__ == "__main__":
    main()
