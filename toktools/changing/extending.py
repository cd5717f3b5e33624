"""Extending a vocabulary: what was learned stays, and learning goes on from there, on new text.

New ids come after the old ones, new merges after the old ones, so rows of an embedding keep their
meaning. What else is kept depends on the kind of tokenizer:

- BPE. A new merge always makes a new token, never one that was there. So no old merge can apply
  after a new one, and encoding is the old encoding with the new merges applied to it: old token
  boundaries only ever disappear, and a piece that holds no new token is cut as before.
- WordPiece takes the longest piece that fits, and a new piece may fit where an old one did; a word
  that holds no new piece is cut as before.
- Words and characters that were `<ANY>` may become tokens; all others keep their ids.

Characters that the vocabulary does not know (BPE over characters, WordPiece) all get ids, by code
point, after the old tokens and before the first new merge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeVar, cast

from toktools.bpe import BPETokenizer
from toktools.changing.rebuilding import rebuild, require_trained, with_change
from toktools.character import CharacterTokenizer, most_frequent
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer
from toktools.training.alphabet import base_symbols
from toktools.training.counting import CorpusLike, count_pretokens
from toktools.training.likelihood import learn_merges_by_likelihood
from toktools.training.merging import Pair, Progress, Symbols, learn_merges
from toktools.vocabulary import Vocabulary
from toktools.wordpiece import WordPieceTokenizer

T = TypeVar("T", bound=Tokenizer)


def extend(
    tokenizer: T,
    corpus: CorpusLike,
    *,
    vocab_size: int,
    min_frequency: int = 1,
    progress: Progress | None = None,
) -> T:
    """Learn more tokens from `corpus` on top of those of `tokenizer`, whose ids stay.

    Args:
        tokenizer: BPE, WordPiece, word or character tokenizer; it is not changed.
        corpus: the new text (see `toktools.training.counting.CorpusLike`), cut and rewritten as the
            tokenizer does.
        vocab_size: number of tokens wanted, the old ones included.
        min_frequency: never merge a pair, or add a word or character, seen fewer times; set it
            to 2 or more for WordPiece by likelihood. The characters that BPE and WordPiece need to
            spell the text are all added.
        progress: called with (tokens so far, vocab_size); BPE and WordPiece only.
    Returns: a new tokenizer of the same kind, or `tokenizer` itself if nothing was learned; it has
             fewer tokens than asked for if the corpus has no more to teach.
             `training["changes"]` says what was added, and from what.
    Raises:  ToktoolsError if `vocab_size` is less than there are already, has no room for new
             characters, or the corpus is empty.
    Example:
        >>> from toktools import train_bpe
        >>> old = train_bpe({"hug": 10, "pug": 5}, vocab_size=259)
        >>> new = extend(old, {"hugs": 4, "bugs": 2}, vocab_size=261)
        >>> new.merges, new.token_to_id("ug") == old.token_to_id("ug")
        ((('u', 'g'), ('ug', 's'), ('h', 'ugs')), True)
    """
    require_trained(tokenizer, "extended")
    if vocab_size < tokenizer.n_vocab:
        raise ToktoolsError(
            f"vocab_size must be >= {tokenizer.n_vocab} (the tokens that there are), "
            f"got {vocab_size}; pruning makes a vocabulary smaller"
        )
    pretokens = count_pretokens(corpus, tokenizer.pretokenizer, tokenizer.normalizer)
    if isinstance(tokenizer, BPETokenizer | WordPieceTokenizer):
        symbols = _symbols(tokenizer, pretokens.in_memory)
        _require_room(vocab_size, symbols, tokenizer)
        facts = {"n_alphabet": len(symbols)}  # before the first new merge
        options = {"vocab_size": vocab_size, "min_frequency": min_frequency}
        changes = _learn(tokenizer, pretokens.in_memory, symbols, progress, **options)
    else:
        options = {"vocab_size": vocab_size, "min_frequency": min_frequency}
        facts, changes = {}, _append(tokenizer, pretokens.in_memory, **options)
    if len(changes["vocabulary"]) == tokenizer.n_vocab:
        return tokenizer
    if isinstance(tokenizer, BPETokenizer):
        facts["n_merges"] = len(tokenizer.merges)
    training = with_change(tokenizer, "extend", **facts, options=options, corpus=pretokens.corpus)
    return cast("T", rebuild(tokenizer, **changes, training=training))


def _symbols(tokenizer: BPETokenizer | WordPieceTokenizer, words: Counter[str]) -> Symbols:
    """Return the tokens that there are, none of which may be spelled anew, and new characters."""
    vocabulary = tokenizer.vocabulary
    symbols = Symbols(vocabulary.tokens, tokenizer.marks.prefix)
    if not tokenizer.byte_level:
        characters = sorted({character for word in words for character in word})
        symbols.add_alphabet(
            symbol
            for symbol in base_symbols(words, characters, tokenizer.marks)
            if vocabulary.ids.get(symbol, None) in {None, *vocabulary.special_ids}
        )
    return symbols


def _require_room(vocab_size: int, symbols: Symbols, tokenizer: Tokenizer) -> None:
    if vocab_size < len(symbols):
        raise ToktoolsError(
            f"vocab_size must be >= {len(symbols)} ({tokenizer.n_vocab} tokens and "
            f"{len(symbols) - tokenizer.n_vocab} characters new to them), got {vocab_size}"
        )


def _learn(
    tokenizer: BPETokenizer | WordPieceTokenizer,
    counts: Counter[str],
    symbols: Symbols,
    progress: Progress | None,
    **options: int,
) -> dict[str, Any]:
    """Go on merging in `counts` as the tokenizer cuts them; return what is new to it."""
    special = tokenizer.vocabulary.special
    speller = rebuild(tokenizer, vocabulary=Vocabulary(symbols.strings, special))
    words = {word: list(speller.encode_piece(word)) for word in counts}
    if speller.unk_id is not None:  # words that are too long
        words = {word: ids for word, ids in words.items() if speller.unk_id not in ids}
    criterion = tokenizer.training.get("options", {}).get("criterion", "frequency")
    learn = learn_merges if criterion == "frequency" else learn_merges_by_likelihood
    occurrences = [counts[word] for word in words]
    merges = learn(list(words.values()), occurrences, symbols, progress=progress, **options)
    changes: dict[str, Any] = {"vocabulary": Vocabulary(symbols.strings, special)}
    if isinstance(tokenizer, BPETokenizer):
        changes["merges"] = [*tokenizer.merges, *_named(merges, symbols)]
    return changes


def _named(merges: Iterable[Pair], symbols: Symbols) -> list[tuple[str, str]]:
    return [(symbols.strings[left], symbols.strings[right]) for left, right in merges]


def _append(
    tokenizer: Tokenizer, counts: Counter[str], *, vocab_size: int, min_frequency: int
) -> dict[str, Any]:
    """Return a vocabulary with the most frequent new words (or characters) at its end."""
    vocabulary = tokenizer.vocabulary
    if isinstance(tokenizer, CharacterTokenizer):
        characters: Counter[str] = Counter()
        for piece, count in counts.items():
            for character in piece:
                characters[character] += count
        counts = characters
    unknown = {token: n for token, n in counts.items() if token not in vocabulary.ids}
    fresh = most_frequent(unknown, min_frequency, None, vocabulary.special)
    tokens = [*vocabulary.tokens, *fresh[: vocab_size - len(vocabulary)]]
    return {"vocabulary": Vocabulary(tokens, vocabulary.special)}
