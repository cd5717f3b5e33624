"""The texts of the study: how each is read, and what its models are asked to continue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from toktools.errors import ToktoolsError, lookup


@dataclass(frozen=True, kw_only=True)
class StudyText:
    """One text.

    Attributes:
        name: a word, which names its folders. title: what people read.
        source: what `open_corpus` is given; None: it must be named, for it cannot be had by name.
        reading: the other arguments of `open_corpus`.
        prompts: what every model continues. analogies: what is asked of its vectors.
    """

    name: str
    title: str
    source: str | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    prompts: tuple[str, ...] = ()
    analogies: tuple[str, ...] = ()

    def corpus(self) -> dict[str, Any]:
        """Return the arguments of `open_corpus`.

        Raises: ToktoolsError if it is not known where the text is.
        """
        if self.source is None:
            raise ToktoolsError(
                f"the text {self.name} ({self.title}) must be named, got no path; pass "
                f"--text {self.name}=PATH, or --only with the texts that are there"
            )
        return {"source": self.source, **self.reading}


_LINES = {"normalize": ["whitespace"]}
_HELP = {**_LINES, "limit": 20_000}

STUDIED = (
    StudyText(
        name="ptb",
        title="Penn Treebank",
        source="ptb",
        reading=_LINES,
        prompts=("the company said", "in the third quarter", "analysts expect"),
        analogies=("his - he + she = her", "years - year + day = days", "is - was + were = are"),
    ),
    StudyText(
        name="shakespeare",
        title="tiny-shakespeare",
        source="tiny-shakespeare",
        reading=_LINES,
        prompts=("To be, or not to", "My lord,", "What is"),
        analogies=("king - man + woman = queen", "his - he + she = her", "thy - thou + I = my"),
    ),
    StudyText(
        name="headlines",
        title="political headlines",
        reading={**_LINES, "field": "headline", "where": {"category": "POLITICS"}},
        prompts=("Donald Trump", "Senate Republicans", "The White House"),
        analogies=("his - he + she = her", "Democrats - Democrat + Republican = Republicans"),
    ),
    StudyText(
        name="german",
        title="German help pages",
        reading=_HELP,
        prompts=("Klicken Sie auf", "Öffnen Sie ein", "Die Funktion"),
        analogies=("Zeilen - Zeile + Spalte = Spalten", "sind - ist + hat = haben"),
    ),
    StudyText(
        name="japanese",
        title="Japanese help pages",
        reading=_HELP,
        prompts=("このコマンドの", "選択した", "ドキュメントに"),
    ),
)
"""Those of the study itself; `docs/study.md` says where they come from."""

BUILT_IN = (
    StudyText(
        name="numbers",
        title="numbers in words",
        source="human-numbers",
        reading={**_LINES, "limit": 400},
        prompts=("nine hundred",),
    ),
    StudyText(
        name="python",
        title="Python's documentation",
        source="python-docs",
        reading={**_LINES, "limit": 150},
        prompts=("The with statement",),
    ),
)
"""Two that need no download, for a study that takes a minute."""


def chosen(
    texts: Sequence[StudyText], *, given: Sequence[str] = (), only: Sequence[str] = ()
) -> tuple[StudyText, ...]:
    """Return the texts to be studied, each with the place where it is.

    Args:   given: NAME=SOURCE, where a text is. only: names; empty for all.
    Raises: ToktoolsError at another name, with the nearest, or no "=".
    Example:
        >>> [text.source for text in chosen(STUDIED, given=["german=de.txt"], only=["german"])]
        ['de.txt']
    """
    by_name = {text.name: text for text in texts}
    for item in given:
        name, equals, source = item.partition("=")
        if not (equals and source):
            raise ToktoolsError(f"--text must be NAME=SOURCE, got {item!r}; e.g. german=de.txt")
        by_name[name] = replace(lookup(name, by_name, what="text"), source=source)
    for name in only:
        lookup(name, by_name, what="text")
    return tuple(text for text in by_name.values() if not only or text.name in only)
