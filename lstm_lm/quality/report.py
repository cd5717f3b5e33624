"""All measures of the texts that a run makes, beside the same measures of held-out text.

Of the held-out documents, as many as there are texts are measured like them: what people wrote, as
a mark to read the figures by. The others are the references of BLEU, for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice

from lstm_lm.quality.bleu import bleu, self_bleu
from lstm_lm.quality.copying import copy_rate, longest_copy
from lstm_lm.quality.diversity import distinct_n
from lstm_lm.quality.lengths import lengths
from lstm_lm.quality.words import share_of_known_words
from toktools.errors import ToktoolsError

COPIED = 4  # words of an n-gram that is looked for in the training text
MOST_REFERENCES = 200
Price = Callable[[Sequence[str]], float]


@dataclass(frozen=True, kw_only=True)
class Quality:
    """The measures of some texts; docs/quality.md tells what each means.

    Attributes:
        distinct: distinct-n by n. self_bleu, bleu: 0 to 100. copy_rate: of 4-grams.
        longest_copy: the words. known_words: a share. lengths: in words.
        bits_per_byte: by the name of each model asked.
    """

    n_texts: int
    distinct: dict[int, float]
    self_bleu: float
    bleu: float
    copy_rate: float
    longest_copy: str
    known_words: float
    lengths: dict[str, float]
    bits_per_byte: dict[str, float]

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON."""
        return asdict(self)


def measure(
    texts: Sequence[str],
    *,
    training: Iterable[str],
    references: Sequence[str],
    under: Mapping[str, Price] | None = None,
) -> Quality:
    """Measure texts.

    Args:   training: the documents of the train split; read several times.
            references: held-out documents. under: models that price the texts, by name.
    Raises: ToktoolsError if there are fewer than two texts with a word, or no references.
    """
    texts = [text for text in texts if text.split()]
    if len(texts) < 2:
        raise ToktoolsError(f"quality needs at least 2 texts that are not empty, got {len(texts)}")
    return Quality(
        n_texts=len(texts),
        distinct={n: distinct_n(texts, n) for n in (1, 2, 3)},
        self_bleu=self_bleu(texts),
        bleu=bleu(texts, references),
        copy_rate=copy_rate(texts, training, COPIED),
        longest_copy=longest_copy(texts, training),
        known_words=share_of_known_words(texts, training),
        lengths=lengths(texts),
        bits_per_byte={name: price(texts) for name, price in (under or {}).items()},
    )


def compare(
    texts: Sequence[str],
    *,
    training: Iterable[str],
    held_out: Iterable[str],
    under: Mapping[str, Price] | None = None,
) -> tuple[Quality, Quality]:
    """Measure texts, and as many held-out documents in the same way.

    Raises: ToktoolsError as `measure`, or if the held-out text has no more documents than texts.
    """
    n = len(texts)
    documents = list(islice(held_out, n + MOST_REFERENCES))
    if len(documents) <= n:
        raise ToktoolsError(
            f"the held-out text must have more documents than texts are made ({n}), "
            f"got {len(documents)}; make fewer texts"
        )
    own, references = documents[:n], documents[n:]
    made, people = (
        measure(some, training=training, references=references, under=under)
        for some in (texts, own)
    )
    return made, people
