"""The contract of whatever documents come from: files, standard input, the built-in corpora."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from toktools.corpus.readers import Document
from toktools.corpus.settings import Settings
from toktools.errors import ToktoolsError


class Source(ABC):
    """Where documents come from, and which splits they come in.

    Attributes:
        name: short, for people.
        splits: the splits that the source itself has, in order; () where the documents are split
            by the rule of `toktools.corpus.splits`.
    """

    name: str
    splits: tuple[str, ...] = ()

    @abstractmethod
    def read(self, split: str | None, settings: Settings) -> Iterator[Document | None]:
        """Yield the documents, from the start at every call.

        Args:
            split: one of `self.splits`, or None for what the source gives when none is asked for.
                Ignored by a source that has no splits.
            settings: how files become documents.
        Yields: documents, and None for each record that `where` leaves out.
        Raises: ToktoolsError if something cannot be read.
        """

    def size(self, split: str | None, settings: Settings) -> int | None:
        """Return the bytes of the text that `read` would give, if that is known without reading."""
        return None

    def plain_files(self, split: str | None) -> list[Path] | None:
        """Return the files whose lines `read` gives as they stand; None if there is more to it."""
        return None

    def check(self, settings: Settings) -> None:
        """Raise ToktoolsError if `settings` ask for what this source cannot give."""
        if settings.split and self.splits and settings.split not in self.splits:
            raise ToktoolsError(
                f"{self.name} has the splits {', '.join(self.splits)}, got {settings.split!r}; "
                "ask for one of those"
            )


def refuse_field(name: object, settings: Settings) -> None:
    """Raise ToktoolsError if a field is asked for where there are no records."""
    if settings.field is not None:
        raise ToktoolsError(
            f"{name}: field is for records (.jsonl, .csv, .tsv), got {settings.field!r} "
            "for plain text; leave it out, or pass files of records alone"
        )
