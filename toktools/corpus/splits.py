"""Which documents are for training, which for validation, which for the final test.

Where a corpus has no split of its own, document number i (from 0, in the order of the source, after
`where` and before anything else) goes where a fixed integer hash of the seed and i sends it:

    u = output i + 1 of SplitMix64 seeded with `seed`, divided by 2**64: a number in [0, 1)
    u < train: train;  u < train + validation: validation;  otherwise: test

So the split of a document depends on its number alone: not on the machine, on the documents
around it, on how its text is normalized, nor on how many come after it.

Source: Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators" (SplitMix64).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from toktools.corpus.names import unknown
from toktools.errors import ToktoolsError

SPLITS = ("train", "validation", "test")
ALIASES = {"valid": "validation", "val": "validation", "dev": "validation"}

_MASK = (1 << 64) - 1


def split_name(name: str) -> str:
    """Return the canonical name of a split; ToktoolsError lists the names if it is none.

    Example:
        >>> split_name("dev")
        'validation'
    """
    name = ALIASES.get(name, name)
    if name not in SPLITS:
        raise ToktoolsError(unknown("split", name, [*SPLITS, *ALIASES]))
    return name


def splitmix64(seed: int, index: int) -> int:
    """Return output number `index` (from 0) of SplitMix64 seeded with `seed`: 0 .. 2**64 - 1.

    Example:
        >>> [splitmix64(1234567, i) for i in range(2)]
        [6457827717110365317, 3203168211198807973]
    """
    z = (seed + (index + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def check_fractions(fractions: Sequence[float]) -> tuple[float, float, float]:
    """Return the shares of train, validation and test as a tuple.

    Raises: ToktoolsError unless they are three numbers, none negative, that add up to 1.
    """
    message = (
        "fractions must be three numbers (train, validation, test), none negative, that add up "
        f"to 1, got {fractions!r}; the default is (0.8, 0.1, 0.1)"
    )
    try:
        train, validation, test = map(float, fractions)
    except (TypeError, ValueError) as e:
        raise ToktoolsError(message) from e
    shares = (train, validation, test)
    if not all(share >= 0 for share in shares) or not math.isclose(sum(shares), 1, abs_tol=1e-9):
        raise ToktoolsError(message)
    return shares


def splitter(seed: int, fractions: Sequence[float]) -> Callable[[int], str]:
    """Return the function that gives the split of document number i.

    Args:
        seed: any int; another one makes another split of the same sizes.
        fractions: the shares of train, validation and test; they add up to 1.
    Returns: a function from the document's number to "train", "validation" or "test".
    Raises:  ToktoolsError as `check_fractions`.
    Example:
        >>> [splitter(0, (0.8, 0.1, 0.1))(i) for i in range(3)]
        ['validation', 'train', 'train']
    """
    train, validation, test = check_fractions(fractions)
    # Scaling by a power of two is exact, so that the bounds are the same on every machine.
    first = int(train * 2.0**64)
    second = int((train + validation) * 2.0**64) if test else 1 << 64
    if not (validation or test):
        first = 1 << 64

    def assign(index: int) -> str:
        u = splitmix64(seed, index)
        return "train" if u < first else "validation" if u < second else "test"

    return assign
