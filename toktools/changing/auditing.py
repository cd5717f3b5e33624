"""Is a tokenizer what training makes? Its structure checked, and its training replayed.

The structure can be checked in any file: the parts of a merge exist before it, no merge comes
twice, and every token can come out of `encode`. (That no merge holds or spells a special token is
seen to when a file is opened.) Whether the merges are the ones that training would make can be
checked where the training corpus is at hand (`replay.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from toktools.bpe import BPETokenizer
from toktools.changing.derivations import base_symbols, derivations
from toktools.changing.rebuilding import require_trained
from toktools.changing.replay import Replay, Stage, replay, stages
from toktools.character import CharacterTokenizer
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer
from toktools.training.counting import CorpusLike, PretokenCounts, count_pretokens
from toktools.unicode.byte_alphabet import unspell
from toktools.wordpiece import WordPieceTokenizer


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        n_tokens: size of the vocabulary.
        faults: what is wrong, a sentence each; empty if all is well.
        unreachable: tokens that no text was found to give. They do no harm but waste an id, and
            some published vocabularies have them.
        replays: one for each training that was replayed: the first, then extensions.
        not_replayed: why there is no (further) replay; "" if all was replayed.
    """

    n_tokens: int
    faults: tuple[str, ...]
    unreachable: tuple[str, ...]
    replays: tuple[Replay, ...]
    not_replayed: str

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong with what could be checked."""
        return not self.faults


def audit(tokenizer: Tokenizer, corpus: CorpusLike | None = None) -> Audit:
    """Check the structure of a tokenizer and, where its training corpus is at hand, its training.

    Args:
        tokenizer: BPE, WordPiece, word or character tokenizer.
        corpus: the training corpus; None opens the one that the tokenizer's record names, if it
            can be. Where the record holds a digest, the corpus must have it.
    Returns: what was found; `passed` is the verdict.
    Raises:  ToktoolsError for another kind of tokenizer.
    Example:
        >>> from toktools import train_bpe
        >>> counts = {"hug": 10, "pug": 5, "pun": 12}
        >>> tokenizer = train_bpe(counts, vocab_size=261)
        >>> found = audit(tokenizer, counts)
        >>> found.passed, [(merge.pair, merge.count) for merge in found.replays[0].merges]
        (True, [(('p', 'u'), 17), (('pu', 'n'), 12), (('h', 'u'), 10)])
    """
    require_trained(tokenizer, "audited")
    faults = list(_structural_faults(tokenizer))
    replays, not_replayed = _replayed(tokenizer, corpus, faults)
    faults.extend(found.violation for found in replays if found.violation)
    unreachable = tuple(_unreachable(tokenizer))
    return Audit(tokenizer.n_vocab, tuple(faults), unreachable, tuple(replays), not_replayed)


def _structural_faults(tokenizer: Tokenizer) -> Iterator[str]:
    vocabulary = tokenizer.vocabulary
    if "" in vocabulary.ids:
        yield f"token {vocabulary.ids['']} is empty"
    if not isinstance(tokenizer, BPETokenizer):
        return
    ids = vocabulary.ids
    known, seen = base_symbols(tokenizer), dict[tuple[str, str], int]()
    made_at = {new: rank for rank, new in tokenizer.ranks.values()}
    for rank, merge in enumerate(tokenizer.merges):
        shown = f"merge {rank} ({merge[0]!r} + {merge[1]!r})"
        if merge in seen:
            yield f"{shown} is there already as merge {seen[merge]}"
        seen.setdefault(merge, rank)
        for part in dict.fromkeys(merge):
            if ids[part] not in known:
                yield f"{shown} needs {part!r}, which {_made_when(made_at.get(ids[part]))}"
        known.add(tokenizer.ranks[ids[merge[0]], ids[merge[1]]][1])


def _made_when(rank: int | None) -> str:
    return "no merge makes" if rank is None else f"merge {rank} makes, after it"


def _unreachable(tokenizer: Tokenizer) -> Iterator[str]:
    """Yield the tokens that no text was found to give."""
    special = tokenizer.vocabulary.special_ids
    made: set[int] = set()
    starts: list[str] = []
    if isinstance(tokenizer, BPETokenizer):
        made = {id for id, pair in enumerate(derivations(tokenizer)) if pair is not None}
        made |= base_symbols(tokenizer)
    elif isinstance(tokenizer, WordPieceTokenizer):
        starts = [t for t in tokenizer.vocabulary.tokens if not t.startswith(tokenizer.prefix)]
    for token, id in tokenizer.vocabulary.ids.items():
        if id not in special and id not in made and not _comes_out(tokenizer, token, id, starts):
            yield token


def _comes_out(tokenizer: Tokenizer, token: str, id: int, starts: list[str]) -> bool:
    """Whether some text gives this token: its own spelling, or that after one of `starts`."""
    if isinstance(tokenizer, BPETokenizer):  # merges do not make it
        return tokenizer.ignore_merges
    if isinstance(tokenizer, CharacterTokenizer):
        return len(token) == 1
    if isinstance(tokenizer, WordPieceTokenizer):
        return _fits(tokenizer, token, id, starts)
    return tokenizer.encode(token) == [id]


def _fits(tokenizer: WordPieceTokenizer, token: str, id: int, starts: list[str]) -> bool:
    """Whether some word holds this piece. Of pieces that cut characters into bytes: yes."""
    marks, continues = tokenizer.marks, token.startswith(tokenizer.prefix)
    if tokenizer.byte_level:
        if marks.n_characters(token) == 1:
            return True
        try:
            token = unspell(token.removeprefix(marks.prefix)).decode()
        except (KeyError, UnicodeDecodeError):
            return True
        token = (marks.prefix if continues else "") + token
    if tokenizer.encode(token) == [id]:
        return True
    for i, start in enumerate(starts if continues else ()):
        if tokenizer.encode(start + token.removeprefix(marks.prefix))[-1:] == [id]:
            starts.insert(0, starts.pop(i))  # it is likely to do for the next one too
            return True
    return False


def _replayed(
    tokenizer: Tokenizer, corpus: CorpusLike | None, faults: list[str]
) -> tuple[list[Replay], str]:
    """Replay what can be replayed; return also why there is no more."""
    if not isinstance(tokenizer, BPETokenizer | WordPieceTokenizer):
        return [], f"a {tokenizer.kind} vocabulary has no merges"
    if faults:
        return [], "its structure is at fault"
    if any(change["change"] == "prune" for change in tokenizer.training.get("changes", [])):
        return [], "it was pruned, so the merges that are left need not be the best"
    given = None if corpus is None else _count(tokenizer, corpus)
    _require_known(given, stages(tokenizer))
    replays: list[Replay] = []
    for stage in stages(tokenizer):
        try:
            counts = _corpus_of(tokenizer, stage, given)
        except ToktoolsError as e:
            return replays, str(e)
        replays.append(replay(tokenizer, stage, counts.in_memory))
        if replays[-1].violation:
            break
    return replays, ""


def _require_known(given: PretokenCounts | None, trainings: list[Stage]) -> None:
    """Raise ToktoolsError if the record says that `given` is not what was trained on."""
    digests = {stage.corpus.get("digest") for stage in trainings}
    if given is not None and not digests & {None, given.corpus["digest"]}:
        raise ToktoolsError(
            f"the corpus must be the one trained on, {_digests(given, min(filter(None, digests)))}"
        )


def _corpus_of(tokenizer: Tokenizer, stage: Stage, given: PretokenCounts | None) -> PretokenCounts:
    """Return the counts of a stage's corpus: the given one if it is that, else the recorded one."""
    digest = stage.corpus.get("digest")
    if given is not None and digest in (None, given.corpus["digest"]):
        return given
    settings = {
        name: value
        for name, value in stage.corpus.items()
        if name not in ("n_documents", "n_bytes", "digest")
    }
    if settings.get("source", "counts") in ("counts", "-"):
        raise ToktoolsError("the training corpus is not on record; pass it")
    from toktools.corpus import open_corpus

    counts = _count(tokenizer, open_corpus(**settings))
    if counts.corpus["digest"] != digest:
        raise ToktoolsError(f"{settings['source']} has changed, {_digests(counts, digest)}")
    return counts


def _count(tokenizer: Tokenizer, corpus: CorpusLike) -> PretokenCounts:
    return count_pretokens(corpus, tokenizer.pretokenizer, tokenizer.normalizer)


def _digests(counts: PretokenCounts, recorded: str | None) -> str:
    return f"its digest is {counts.corpus['digest']:.12}, that on record {recorded:.12}"
