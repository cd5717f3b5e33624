"""Training replayed: was every merge a best one when it was made?

The words of the training corpus are cut into base symbols and merged as the file says, one merge at
a time, and before each merge all pairs are known with their counts (`recount.py`). A merge that is
not among the best is a violation, and the replay ends there, for after it the counts mean nothing.
Ties may be settled in any way; they are counted.

A BPE file keeps its merges. A WordPiece file keeps only tokens: each, in the order of ids, must be
what some best pair spells. An extended vocabulary is replayed in stages, each on its own corpus.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from toktools.bpe import BPETokenizer
from toktools.changing.rebuilding import rebuild
from toktools.changing.recount import Pair, Recount
from toktools.training.marks import Marks
from toktools.unicode.byte_alphabet import spell
from toktools.vocabulary import Vocabulary
from toktools.wordpiece import WordPieceTokenizer

Trained = BPETokenizer | WordPieceTokenizer


@dataclass(frozen=True)
class Stage:
    """One training: of the whole vocabulary at first, or of an extension.

    Attributes:
        corpus, options: as recorded; empty where nothing is.
        n_before, n_alphabet, n_after: size of the vocabulary before it (0 for the first), with the
            alphabet that it added, and after it.
        merges_before, merges_after: the same of BPE merges.
    """

    corpus: Mapping[str, Any]
    options: Mapping[str, Any]
    n_before: int
    n_alphabet: int
    n_after: int
    merges_before: int = 0
    merges_after: int = 0


@dataclass(frozen=True)
class ReplayedMerge:
    """A merge that was among the best.

    Attributes:
        pair: the two tokens; count: occurrences at that moment; score: what was compared.
        n_tied: how many other pairs scored the same.
    """

    pair: tuple[str, str]
    count: int
    score: float
    n_tied: int


@dataclass
class Replay:
    """What a replay found.

    Attributes:
        merges: the merges that were best at their step, in order.
        violation: the first that was not, in words; None if there is none.
    """

    merges: list[ReplayedMerge] = field(default_factory=list)
    violation: str | None = None

    @property
    def n_ties(self) -> int:
        """How many of the merges were one of several that scored the same."""
        return sum(merge.n_tied > 0 for merge in self.merges)


def stages(tokenizer: Trained) -> list[Stage]:
    """Return the trainings that the record of a tokenizer tells of: the first, then extensions."""
    training = tokenizer.training
    changes = training.get("changes", [])
    merges = len(tokenizer.merges) if isinstance(tokenizer, BPETokenizer) else 0
    sizes = [*(change["n_vocab"] for change in changes), tokenizer.n_vocab]
    merges_after = [*(change.get("n_merges", 0) for change in changes), merges]
    first = Stage(
        training.get("corpus", {}), training.get("options", {}), 0, 0, sizes[0], 0, merges_after[0]
    )
    return [first] + [
        Stage(
            change["corpus"],
            {**first.options, "max_token_length": None, **change["options"]},
            change["n_vocab"],
            change["n_alphabet"],
            sizes[i],
            merges_after[i - 1],
            merges_after[i],
        )
        for i, change in enumerate(changes, 1)
    ]


def replay(tokenizer: Trained, stage: Stage, counts: Mapping[str, int]) -> Replay:
    """Replay one stage on the pretokens of its corpus.

    Characters that have no token are left out of their words, as trainers do.

    Example:
        >>> from toktools import train_bpe
        >>> counts = {"hug": 10, "pug": 5}
        >>> tokenizer = train_bpe(counts, vocab_size=260)
        >>> for merge in replay(tokenizer, stages(tokenizer)[0], counts).merges:
        ...     print(*merge.pair, merge.count, merge.n_tied)
        u g 15 0
        h ug 10 0
    """
    special, cut = tokenizer.vocabulary.special_ids, _cut_before(tokenizer, stage)
    unknown = special.union(range(stage.n_after, tokenizer.n_vocab))
    recount = Recount(
        [[id for id in cut(word) if id not in unknown] for word in counts],
        list(counts.values()),
        likelihood=stage.options.get("criterion") == "likelihood",
        allowed=_allowed(tokenizer, stage),
    )
    if isinstance(tokenizer, BPETokenizer):
        return _replay_merges(tokenizer, stage, recount)
    return _replay_tokens(tokenizer, stage, recount)


def _cut_before(tokenizer: Trained, stage: Stage) -> Callable[[str], Iterable[int]]:
    """Return how words were cut before the first merge of a stage."""
    vocabulary = tokenizer.vocabulary
    if stage.n_before:
        changes: dict[str, Any] = {
            "vocabulary": Vocabulary(vocabulary.tokens[: stage.n_alphabet], vocabulary.special)
        }
        if isinstance(tokenizer, BPETokenizer):
            changes["merges"] = tokenizer.merges[: stage.merges_before]
        return rebuild(tokenizer, **changes).encode_piece
    if isinstance(tokenizer, BPETokenizer):
        return tokenizer.base_ids
    marks, ids = _marks(tokenizer, stage), vocabulary.ids

    def characters(word: str) -> Iterator[int]:
        spelled = spell(word.encode()) if tokenizer.byte_level else word
        return (ids[symbol] for symbol in marks.spell(spelled) if symbol in ids)

    return characters


def _marks(tokenizer: Trained, stage: Stage) -> Marks:
    """Return how words were marked: WordPiece may learn with a suffix, not encode with it."""
    suffix = stage.options.get("end_of_word_suffix") or tokenizer.marks.suffix
    return Marks(tokenizer.marks.prefix, suffix)


def _allowed(tokenizer: Trained, stage: Stage) -> Callable[[Pair, int], bool]:
    """Return whether the trainer may merge a pair that occurs so many times."""
    vocabulary = tokenizer.vocabulary
    reserved = {*vocabulary.special, *vocabulary.tokens[: stage.n_alphabet]}
    longest = stage.options.get("max_token_length") or math.inf
    least = stage.options.get("min_frequency", 1)
    marks = _marks(tokenizer, stage)
    lengths = [marks.n_characters(token) for token in vocabulary.tokens]

    def allowed(pair: Pair, count: int) -> bool:
        if count < least or joined(tokenizer, pair) in reserved:
            return False
        length = lengths[pair[0]] + lengths[pair[1]]
        return length < longest or length == 2

    return allowed


def joined(tokenizer: Trained, pair: Pair) -> str:
    """Return the string that merging two tokens spells."""
    left, right = (tokenizer.vocabulary.tokens[id] for id in pair)
    return left + right.removeprefix(tokenizer.marks.prefix)


def _replay_merges(tokenizer: BPETokenizer, stage: Stage, recount: Recount) -> Replay:
    ids, report = tokenizer.vocabulary.ids, Replay()
    for rank in range(stage.merges_before, stage.merges_after):
        left, right = tokenizer.merges[rank]
        pair = ids[left], ids[right]
        if not _merged_if_best(tokenizer, recount, pair, tokenizer.ranks[pair][1], report):
            what = f"merge {rank} ({left!r} + {right!r}, {_worth(recount, pair)})"
            report.violation = f"{what} is not a best one: {_best_pair(tokenizer, recount)}"
            break
    return report


def _replay_tokens(tokenizer: WordPieceTokenizer, stage: Stage, recount: Recount) -> Replay:
    """Replay the tokens of more than one character, in the order of ids."""
    vocabulary, marks, report = tokenizer.vocabulary, _marks(tokenizer, stage), Replay()
    for id in range(stage.n_alphabet, stage.n_after):
        token = vocabulary.tokens[id]
        if id in vocabulary.special_ids or marks.n_characters(token) < 2:
            continue
        _merge_what_makes_no_token(tokenizer, recount, id)
        pairs = sorted(_splits(tokenizer, token), key=recount.rank)
        if not pairs or not _merged_if_best(tokenizer, recount, pairs[0], id, report):
            worth = f", {_worth(recount, pairs[0])}" if pairs else ""
            what = f"token {id} ({token!r}{worth})"
            report.violation = f"{what} is not a best pair's: {_best_pair(tokenizer, recount)}"
            break
    return report


def _merged_if_best(
    tokenizer: Trained, recount: Recount, pair: Pair, new: int, report: Replay
) -> bool:
    """Merge `pair` and note it if it is among the best; return whether it is."""
    score, best = recount.best()
    if pair not in best:
        return False
    left, right = (tokenizer.vocabulary.tokens[id] for id in pair)
    count = recount.pair_counts[pair]
    report.merges.append(ReplayedMerge((left, right), count, score, len(best) - 1))
    recount.merge(pair, new)
    return True


def _splits(tokenizer: WordPieceTokenizer, token: str) -> Iterator[Pair]:
    """Yield the pairs of tokens that spell `token`."""
    ids, prefix = tokenizer.vocabulary.ids, tokenizer.prefix
    start = len(prefix) if token.startswith(prefix) else 0
    for end in range(start + 1, len(token)):
        left, right = token[:end], prefix + token[end:]
        if left in ids and right in ids:
            yield ids[left], ids[right]


def _merge_what_makes_no_token(tokenizer: WordPieceTokenizer, recount: Recount, id: int) -> None:
    """Merge best pairs that spell an older token: they leave no trace in the vocabulary."""
    ids, token = tokenizer.vocabulary.ids, tokenizer.vocabulary.tokens[id]
    while True:
        best = recount.best()[1]
        if any(pair in best for pair in _splits(tokenizer, token)):
            return
        old = [pair for pair in best if ids.get(joined(tokenizer, pair), id) < id]
        if not old:
            return
        pair = min(old, key=recount.rank)
        recount.merge(pair, ids[joined(tokenizer, pair)])


def _worth(recount: Recount, pair: Pair) -> str:
    count = recount.pair_counts.get(pair, 0)
    score = recount.score(pair)
    return f"count {count}" if score in (0, count) else f"count {count}, score {score:.4g}"


def _best_pair(tokenizer: Trained, recount: Recount) -> str:
    best = recount.best()[1]
    if not best:
        return "no pair is left to merge"
    pair = min(best)
    left, right = (tokenizer.vocabulary.tokens[id] for id in pair)
    return f"{left!r} + {right!r} has {_worth(recount, pair)}"
