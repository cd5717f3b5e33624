"""Words of formal languages: what a recurrent network can only get right by counting or stacking.

anbn    a a b b: as many b as a; one counter does it
anbncn  a a b b c c: as many of each; no stack does it, two counters do
dyck    ( [ ] ) ( ): balanced brackets of two kinds; a counter does not do it, a stack does

Each corpus is 256 words, the same everywhere: NumPy's legacy generator, whose stream is frozen,
seeded with 42. The first 204 train, the next 26 validate, the last 26 test.

Source: Gers and Schmidhuber 2001, LSTM recurrent networks learn simple context-free and
        context-sensitive languages, for the first two; Suzgun et al. 2019, arXiv:1906.03648,
        for Dyck.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from toktools.corpus.readers import Document
from toktools.corpus.settings import Settings

if TYPE_CHECKING:
    import numpy as np

N_WORDS = 256
LONGEST = 11
"""The greatest n of a corpus: of each letter, or of pairs of brackets."""
DEEPEST = 4
"""The most brackets that are open at once in the corpus."""
SPLITS = {None: (0, 256), "train": (0, 204), "validation": (204, 230), "test": (230, 256)}
BRACKETS = {"(": ")", "[": "]"}


def counted_word(letters: str, n: int) -> list[str]:
    """Return n of each letter, one letter after the other.

    Example:
        >>> "".join(counted_word("abc", 3))
        'aaabbbccc'
    """
    return [letter for letter in letters for _ in range(n)]


def dyck_word(n_pairs: int, random: np.random.RandomState, *, deepest: int = DEEPEST) -> list[str]:
    """Return a random balanced word of two kinds of brackets.

    Where both are possible, a bracket is opened or closed with equal chances; so is its kind.

    Args:
        n_pairs: pairs of brackets. deepest: the most that are open at once, at least 1.
        random: a generator whose stream is frozen.
    Example:
        >>> import numpy as np
        >>> "".join(dyck_word(6, np.random.RandomState(0)))
        '([][[[]()]])'
    """
    word: list[str] = []
    stack: list[str] = []
    left = n_pairs
    while left or stack:
        may_open, may_close = left > 0 and len(stack) < deepest, bool(stack)
        if may_open and (not may_close or random.randint(2)):
            stack.append("(["[random.randint(2)])
            word.append(stack[-1])
            left -= 1
        else:
            word.append(BRACKETS[stack.pop()])
    return word


def anbn(split: str | None, settings: Settings) -> Iterator[Document]:
    """Yield a^n b^n; n is uniform on 1..11."""
    return _counted("anbn", "ab", split)


def anbncn(split: str | None, settings: Settings) -> Iterator[Document]:
    """Yield a^n b^n c^n, with the same n in the same order as a^n b^n."""
    return _counted("anbncn", "abc", split)


def dyck(split: str | None, settings: Settings) -> Iterator[Document]:
    """Yield balanced words; the number of pairs is uniform on 1..11, the depth at most 4."""
    random = _random()
    words = [dyck_word(random.randint(1, LONGEST + 1), random) for _ in range(N_WORDS)]
    return _documents("dyck", words, split)


def _counted(name: str, letters: str, split: str | None) -> Iterator[Document]:
    lengths = _random().randint(1, LONGEST + 1, size=N_WORDS).tolist()
    return _documents(name, [counted_word(letters, n) for n in lengths], split)


def _documents(name: str, words: list[list[str]], split: str | None) -> Iterator[Document]:
    for i in range(*SPLITS[split]):
        yield Document(" ".join(words[i]), name, i + 1)


def _random() -> np.random.RandomState:
    import numpy as np

    return np.random.RandomState(42)
