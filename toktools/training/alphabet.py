"""The base symbols of a trainer by merging: the characters that it starts from, and their ids.

Special tokens come first, then the characters by code point, then the marked ones (`marks.py`):
all with a prefix, all with a suffix, all with both, each by code point. The Hugging Face trainer
numbers marked symbols in the order of a hash table, anew in each run; ours is a rule.

`limit_alphabet` keeps the most frequent characters. Among equally frequent ones, those with the
lowest code points stay; there too the library goes by its hash table.

Source: read off the behaviour and the source of huggingface/tokenizers, models/bpe/trainer.rs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set

from toktools.errors import ToktoolsError
from toktools.training.marks import Marks


def kept_characters(
    words: Iterable[tuple[str, int]], *, limit: int | None = None, initial: Sequence[str] = ()
) -> list[str]:
    """Return the characters of an alphabet, by code point.

    Args:
        words: words and their occurrences.
        limit: how many characters to keep; None keeps all. The least frequent go first.
        initial: characters that are kept whatever their count; of longer strings, the first
            character counts.
    Raises: ToktoolsError if `limit` is less than the initial characters.
    Example:
        >>> kept_characters([("abba", 3), ("cab", 1)], limit=3, initial=["zebra"])
        ['a', 'b', 'z']
    """
    counts: Counter[str] = Counter()
    for word, count in words:
        for character in word:
            counts[character] += count
    return most_frequent_characters(counts, limit=limit, initial=initial)


def most_frequent_characters(
    counts: Mapping[str, int], *, limit: int | None = None, initial: Sequence[str] = ()
) -> list[str]:
    """Return what `kept_characters` does, given how often each character occurs."""
    wanted = {string[0] for string in initial if string}
    if limit is not None and limit < max(len(wanted), 1):
        raise ToktoolsError(
            f"limit_alphabet must be >= {max(len(wanted), 1)} "
            f"({len(wanted)} characters in initial_alphabet), got {limit}"
        )
    others = counts.keys() - wanted
    if limit is not None:
        room = limit - len(wanted)
        others = sorted(others, key=lambda c: (-counts[c], c))[:room]
    return sorted([*wanted, *others])


def base_symbols(words: Iterable[str], characters: Sequence[str], marks: Marks) -> list[str]:
    """Return the symbols that `words` are spelled in, in the order of their ids.

    Args:
        words: the distinct words; read only if they are marked.
        characters: what to start with, in this order. Characters of `words` that are not among
            them are left out of the words; marked symbols that are not among them come last.
        marks: how words are marked.
    Example:
        >>> base_symbols(["abc"], ["a", "b", "c"], Marks("##", "</w>"))
        ['a', 'b', 'c', '##b', '##c</w>']
    """
    symbols = dict.fromkeys(characters)
    if not marks:
        return list(symbols)
    found = {symbol for word in words for symbol in marks.spell(word, symbols)}
    return with_marked(characters, found, marks)


def with_marked(characters: Sequence[str], found: Set[str], marks: Marks) -> list[str]:
    """Return characters, and behind them the symbols of `found` that are not among them.

    Args: as `base_symbols`; found: the marked symbols that words are spelled in.
    """
    symbols = dict.fromkeys(characters)
    inner = {marks.prefix + character for character in symbols}
    last = {character + marks.suffix for character in symbols}
    others = sorted(found - symbols.keys(), key=lambda s: (s not in inner, s not in last, s))
    return [*symbols, *others]
