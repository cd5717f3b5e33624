"""Text drawn at random, on which two tokenizers that agree on whole lines might still differ.

Three kinds, mixed: slices of real text that begin and end anywhere; such slices with foreign pieces
put in; and pieces alone. A piece is a string that tokenizers treat in a way of its own, or a code
point of any category of Unicode, each category as likely as the next.
"""

from __future__ import annotations

import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from random import Random

TRICKY = (
    *("'s", "'T", "'ll", "'RE", "''", "\u2019s", " ", "  ", "\t", "\n", "\r\n", "\n\n", " \n "),
    *("##", "Ġ", "▁", "</w>", "<EOS>", "<PAD>", "<ANY>", "[UNK]", "<|endoftext|>", "-", "--", "_"),
    *("1", "12", "1234", "3.14", "1,000", "½", "٣", "e\u0301", "\u0301", "ﬁ", "İ", "ß", "Σ", "ς"),
    *(
        "\u0130i",
        "ǅ",
        "漢字",
        "ｶﾞ",
        "한",
        "\u1112\u1161",
        "🙂",
        "👩‍👩‍👧",
        "\ufeff",
        "\u200b",
        "\ufffd",
    ),
    *(
        "\x00",
        "\x1c",
        "\x85",
        "\xa0",
        "\u3000",
        "\u2028",
        "https://",
        "a/b",
        "x=1;",
        "don't",
        "I'M",
    ),
)
LONGEST_SLICE = 60  # characters
KINDS = ("slice", "slice", "mixed", "mixed", "pieces")


@cache
def _categories() -> list[list[str]]:
    """Return every code point but the surrogates, by general category."""
    groups: dict[str, list[str]] = defaultdict(list)
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        groups[unicodedata.category(character)].append(character)
    del groups["Cs"]
    return list(groups.values())


def draw(documents: Sequence[str], n: int, seed: int) -> Iterator[str]:
    """Yield `n` strings drawn from `documents` and from all of Unicode; the same for a seed.

    Args: documents: real text to take slices of; not empty.
    Example:
        >>> [len(text) <= 80 for text in draw(["Some real text, a line or two."], 3, seed=1)]
        [True, True, True]
    """
    random = Random(seed)
    text = "\n".join(documents)
    for _ in range(n):
        kind = random.choice(KINDS)
        drawn = "" if kind == "pieces" else _slice(text, random)
        if kind != "slice":
            for _ in range(random.randint(1, 5)):
                at = random.randint(0, len(drawn))
                drawn = drawn[:at] + _piece(random) + drawn[at:]
        yield drawn


def _slice(text: str, random: Random) -> str:
    start = random.randrange(len(text) + 1)
    return text[start : start + random.randint(1, LONGEST_SLICE)]


def _piece(random: Random) -> str:
    if random.random() < 0.5:
        return random.choice(TRICKY)
    return random.choice(random.choice(_categories()))
