"""The right answer to each job: `python -m experiments.bench.oracle TASK`.

Encoding: the readable code, one line at a time. Decoding: the text itself, without its line feeds.
Training BPE: the `tokenizers` library, given the lines as a list; with or without the line feed at
their ends, as the library under test takes them. Training WordPiece: the library numbers its "##x"
symbols in an order that is new in each run, and breaks ties by number; so its order is given to our
trainer, which then must learn the library's list, and what it learns in its own order is right.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import toktools
from experiments.bench.jobs import Task, flat, lines
from experiments.bench.one_round import digest
from toktools.errors import ToktoolsError


def answer(task: Task, *, line_feed: bool = False) -> Any:
    """Return what is right, as `Work.answer` would.

    Raises: ImportError if it takes the `tokenizers` library and that is not there.
    """
    if task.job.startswith("train-"):
        return _trained(task, line_feed)
    if task.job == "decode-bpe":
        return "".join(lines(task.text)).encode()
    name = task.job.removeprefix("encode-")
    tokenizer = toktools.load(Path(task.tokenizers, f"{name}.json"))
    return flat(map(tokenizer.encode, lines(task.text)))


def _trained(task: Task, line_feed: bool) -> list[bytes]:
    from experiments.bench.peers import huggingface as library

    if task.job == "train-bpe":
        tokenizer, trainer = library.bpe_trainer(task.vocab_size)
        tokenizer.train_from_iterator(lines(task.text, keep_ends=line_feed), trainer)
        return library.merges(tokenizer)
    documents = lines(task.text)
    tokenizer, trainer = library.wordpiece_trainer(task.vocab_size)
    tokenizer.train_from_iterator(documents, trainer)
    theirs = [token.decode() for token in library.vocabulary(tokenizer)]
    order = [t for t in theirs[3:] if len(t) == 1 or (len(t) == 3 and t.startswith("##"))]
    if _wordpiece(documents, task, order) != theirs:
        raise ToktoolsError("given the order of the library's symbols, our WordPiece differs")
    return [token.encode() for token in _wordpiece(documents, task)]


def _wordpiece(documents: list[str], task: Task, order: list[str] | None = None) -> list[str]:
    made = toktools.train_wordpiece(documents, vocab_size=task.vocab_size, alphabet=order)
    return list(made.vocabulary.tokens)


def main() -> None:
    """Print the digest of the right answer as JSON."""
    task, line_feed = json.loads(sys.argv[1])
    right = answer(Task(**task), line_feed=line_feed)
    if task["made"]:
        text = "\n".join(token.hex() for token in right) + "\n"
        Path(task["made"]).write_text(text)
    print(json.dumps(digest(right)))


if __name__ == "__main__":
    main()
