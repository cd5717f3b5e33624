"""What may be done to a document before anybody sees it, by name.

This is a property of the experiment, not of a tokenizer: every tokenizer that is compared gets the
same rewritten text, and its bytes are what bits per byte are counted over.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from toktools.corpus.names import unknown
from toktools.errors import ToktoolsError

# The 25 code points with the Unicode property White_Space. str.split() and str.isspace() also
# take U+001C..U+001F for space, so they are not used here.
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)

_TO_COLLAPSE = re.compile(f"[{WHITE_SPACE}]{{2,}}|[{WHITE_SPACE.replace(' ', '')}]")
_ASCII_SYMBOLS = frozenset("$+<=>^`|~")


def whitespace(text: str) -> str:
    r"""Strip `text`, and make every run of White_Space in it one space.

    Example:
        >>> whitespace("  a\u3000\n b ")
        'a b'
    """
    return _TO_COLLAPSE.sub(" ", text.strip(WHITE_SPACE))


def lowercase(text: str) -> str:
    """Lowercase each code point by itself, whatever stands next to it.

    Example:
        >>> lowercase("ΟΔΟΣ"), "ΟΔΟΣ".lower()
        ('οδοσ', 'οδος')
    """
    # The final sigma is the one rule of str.lower() that looks at the neighbours.
    return text.lower() if "Σ" not in text else "".join(c.lower() for c in text)


class _Spaced(dict[int, str | int]):
    """A str.translate table that puts spaces around punctuation, filled as characters come up."""

    def __missing__(self, code: int) -> str | int:
        char = chr(code)
        apart = char in _ASCII_SYMBOLS or unicodedata.category(char).startswith("P")
        self[code] = value = f" {char} " if apart else code
        return value


_SPACED = _Spaced()


def punctuation(text: str) -> str:
    """Set every punctuation character apart with spaces, then collapse white space.

    Punctuation is Unicode category P and the ASCII symbols ``$+<=>^`|~``.

    Example:
        >>> punctuation("Don't stop (now)!")
        "Don ' t stop ( now ) !"
    """
    return whitespace(text.translate(_SPACED))


def nfc(text: str) -> str:
    """Compose characters: Unicode normalization form C."""
    return unicodedata.normalize("NFC", text)


def nfkc(text: str) -> str:
    """Compose characters and fold compatibility variants: Unicode normalization form KC."""
    return unicodedata.normalize("NFKC", text)


NORMALIZERS: dict[str, Callable[[str], str]] = {
    "whitespace": whitespace,
    "lowercase": lowercase,
    "punctuation": punctuation,
    "nfc": nfc,
    "nfkc": nfkc,
}

_COLLAPSING = {"whitespace", "punctuation"}


def check_names(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of normalizers as a tuple; a str holds them with commas between.

    Raises: ToktoolsError at an unknown name, with the closest and the list.
    Example:
        >>> check_names("nfkc,lowercase")
        ('nfkc', 'lowercase')
    """
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",")] if names.strip() else []
    for name in names:
        if name not in NORMALIZERS:
            raise ToktoolsError(unknown("normalize", name, NORMALIZERS))
    return tuple(names)


def normalizer(names: str | Sequence[str]) -> Callable[[str], str | None]:
    """Return the function that applies the named normalizers in their order.

    With "whitespace" or "punctuation" among them, a document of which nothing is left is dropped:
    the function returns None. Without them blank documents stay, as the empty str.

    Example:
        >>> tidy = normalizer(["lowercase", "whitespace"])
        >>> tidy(" A  B"), tidy("  ")
        ('a b', None)
    """
    names = check_names(names)
    steps = [NORMALIZERS[name] for name in names]
    dropping = not _COLLAPSING.isdisjoint(names)

    def apply(text: str) -> str | None:
        for step in steps:
            text = step(text)
        return None if dropping and not text else text

    return apply
