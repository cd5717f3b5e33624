"""What the study asks of two tokenizers, and where the answer is clear.

A claim is about a pair on one text under one budget: by how many bits per byte the second needs
more than the first, with its interval. It holds on several texts if all of its intervals lie above
zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from experiments.comparison.plan import TokenizerSpec
from experiments.comparison.statistics import Interval

Specs = Sequence[TokenizerSpec]
Kind = Callable[[TokenizerSpec], bool]


@dataclass(frozen=True)
class Claim:
    """ "`first` needs fewer bits per byte than `second`", both as one types them."""

    question: str
    first: str
    second: str

    @property
    def sentence(self) -> str:
        """The claim in words.

        Example:
            >>> Claim("", "byte", "bpe:300").sentence
            'byte needs fewer bits than BPE 300'
        """
        first, second = (TokenizerSpec(text).title for text in (self.first, self.second))
        return f"{first} needs fewer bits than {second}"


def claims_of(tokenizers: Sequence[str]) -> list[Claim]:
    """Return what can be asked of these tokenizers.

    Example:
        >>> [claim.sentence for claim in claims_of(["character", "byte", "bpe:300"])]
        ['character needs fewer bits than byte', 'BPE 300 needs fewer bits than character']
    """
    specs = [TokenizerSpec(text) for text in tokenizers]
    return [
        *_at_each_size("the criterion of WordPiece", specs, _likelihood, _wordpiece),
        *_at_each_size("unigram or BPE", specs, _named("sentencepiece"), _named("bpe")),
        *_at_each_size(
            "pieces by frequency, joined by BPE or WordPiece", specs, _named("bpe"), _wordpiece
        ),
        *_sizes("a small vocabulary or a large one", list(filter(_named("bpe"), specs))),
        *_first_of("characters or bytes", specs, "character", "byte"),
        *_first_of("pieces or words", specs[::-1], "bpe", "word"),
        *_first_of("pieces or characters", specs[::-1], "bpe", "character"),
    ]


def _likelihood(spec: TokenizerSpec) -> bool:
    return spec.name == "wordpiece" and "criterion=likelihood" in spec.options


def _wordpiece(spec: TokenizerSpec) -> bool:
    return spec.name == "wordpiece" and not _likelihood(spec)


def _named(name: str) -> Kind:
    return lambda spec: spec.name == name


def _at_each_size(question: str, specs: Specs, first: Kind, second: Kind) -> Iterator[Claim]:
    """Yield a claim for each two of these kinds with the same vocabulary size."""
    for one, other in product(filter(first, specs), filter(second, specs)):
        if one.vocab_size == other.vocab_size:
            yield Claim(question, one.text, other.text)


def _sizes(question: str, specs: Specs) -> Iterator[Claim]:
    """Yield the claim that the smallest vocabulary is better than the largest."""
    ordered = sorted(specs, key=lambda spec: spec.vocab_size or 0)
    if len(ordered) > 1:
        yield Claim(question, ordered[0].text, ordered[-1].text)


def _first_of(question: str, specs: Specs, first: str, second: str) -> Iterator[Claim]:
    """Yield a claim for the first tokenizers of these two names, if there are such."""
    ones, others = (list(filter(_named(name), specs)) for name in (first, second))
    if ones and others:
        yield Claim(question, ones[0].text, others[0].text)


def side(interval: Interval) -> str:
    """Return "yes" where the claim is clearly true, "no" where its opposite is, or "open".

    Example:
        >>> side(Interval(value=0.1, low=0.05, high=0.2)), side(Interval(value=0, low=-1, high=1))
        ('yes', 'open')
    """
    if not interval.is_clear:
        return "open"
    return "yes" if interval.low > 0 else "no"


def verdict(sides: Mapping[str, str]) -> str:
    """Return what the answers on several texts come to.

    Args: sides: what `side` says, by text.
    Example:
        >>> verdict({"ptb": "yes", "german": "yes"}), verdict({"ptb": "yes", "german": "open"})
        ('holds on all 2 texts', 'does not hold on all: yes on ptb; open on german')
        >>> verdict({"ptb": "no"}), verdict({})
        ('the opposite holds, on the one text', 'not asked yet')
    """
    if not sides:
        return "not asked yet"
    texts = f"all {len(sides)} texts" if len(sides) > 1 else "the one text"
    for answer, words in (
        ("yes", f"holds on {texts}"),
        ("no", f"the opposite holds, on {texts}"),
        ("open", f"open on {texts}"),
    ):
        if set(sides.values()) == {answer}:
            return words
    return "does not hold on all: " + "; ".join(_by_answer(sides))


def _by_answer(sides: Mapping[str, str]) -> Iterable[str]:
    for answer in ("yes", "no", "open"):
        texts = [text for text, said in sides.items() if said == answer]
        if texts:
            yield f"{answer} on {', '.join(texts)}"
