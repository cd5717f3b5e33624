"""A corpus: documents that stream by as often as they are asked for, and what is known of them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toktools.corpus.locate import locate
from toktools.corpus.normalization import check_names, normalizer
from toktools.corpus.readers import Document
from toktools.corpus.settings import Settings, Where, parse_where, source_names
from toktools.corpus.source import Source
from toktools.corpus.splits import check_fractions, splitter
from toktools.errors import ToktoolsError


@dataclass
class Stats:
    """What one reading of a corpus gave.

    documents, bytes: how many documents, and their size as UTF-8 after normalization.
    replaced: documents with invalid text in which U+FFFD was put (errors="replace").
    skipped: documents with invalid text that were left out (errors="skip").
    emptied: documents that were left out since normalization left nothing of them.
    """

    documents: int = 0
    bytes: int = 0
    replaced: int = 0
    skipped: int = 0
    emptied: int = 0


@dataclass
class _Tally:
    """How far the documents of one reading came: read, let through by `where`, in the split."""

    read: int = 0
    matched: int = 0
    in_split: int = 0


class Corpus:
    """Documents (str) from one or more sources, read anew at every iteration; see `open_corpus`.

    Nothing is kept in memory but the document at hand, so a corpus may be of any size.

    Example:
        >>> corpus = Corpus(Settings(source="human-numbers", limit=3))
        >>> list(corpus), corpus.stats.documents
        (['one', 'two', 'three'], 3)
    """

    def __init__(self, settings: Settings, sources: Sequence[Source] | None = None) -> None:
        self._settings = settings
        names = [settings.source] if isinstance(settings.source, str) else settings.source
        self._sources = sources or [locate(name) for name in names]
        for source in self._sources:
            source.check(settings)
        self._stats: Stats | None = None

    @property
    def name(self) -> str:
        """A short name for people: of the first source, and how many more there are."""
        more = len(self._sources) - 1
        return self._sources[0].name + (f" + {more} more" if more else "")

    def __repr__(self) -> str:
        split = f", split={self._settings.split!r}" if self._settings.split else ""
        return f"<Corpus {self.name!r}{split}>"

    def describe(self) -> dict[str, Any]:
        """Return all that decides its documents, for JSON; `open_corpus(**it)` opens it again."""
        return self._settings.to_json()

    def split(self, name: str) -> Corpus:
        """Return the train, validation or test part of the same source.

        Args:    name: "train", "validation" ("valid", "val", "dev") or "test".
        Raises:  ToktoolsError at another name, or a split that the source is without.
        Example:
            >>> next(iter(open_corpus("human-numbers").split("validation")))
            'eight thousand one'
        """
        return Corpus(replace(self._settings, split=name), self._sources)

    def size(self) -> int | None:
        """Return about how many bytes of text there are, if that is known without reading."""
        settings = self._settings
        if settings.limit is not None:
            return None
        total = 0
        for source in self._sources:
            size = source.size(settings.split, settings)
            if size is None or (settings.split is not None and not source.splits):
                return None
            total += size
        return total

    def plain_files(self) -> list[Path] | None:
        """Return the files whose lines are the documents; None if anything is done to them.

        The lines must be UTF-8, or else `errors` has a say.
        """
        settings = self._settings
        if settings.field is not None or settings.documents != "line" or settings.normalize:
            return None
        if settings.limit is not None:
            return None
        paths: list[Path] = []
        for source in self._sources:
            found = source.plain_files(settings.split)
            if found is None or (settings.split is not None and not source.splits):
                return None
            paths += found
        return paths

    def note(self, stats: Stats) -> None:
        """Take note of what a complete reading of `plain_files` gave."""
        self._stats = stats

    @property
    def stats(self) -> Stats:
        """The counts of the latest complete iteration; reads the corpus if there was none."""
        if self._stats is None:
            for _ in self:
                pass
        assert self._stats is not None
        return self._stats

    def __iter__(self) -> Iterator[str]:
        """Yield the documents from the start.

        Raises: ToktoolsError at text or a file that cannot be read, and if there are no documents.
        """
        settings, tally, stats = self._settings, _Tally(), Stats()
        normalize = normalizer(settings.normalize)
        with closing(self._selected(tally)) as documents:
            for document in documents:
                if document.problem and not self._tolerated(document, stats):
                    continue
                text = normalize(document.text)
                if text is None:
                    stats.emptied += 1
                    continue
                stats.documents += 1
                stats.bytes += len(text) if text.isascii() else len(text.encode())
                yield text
                if stats.documents == settings.limit:
                    break
        if not stats.documents:
            raise ToktoolsError(f"{self.name}: {self._why_empty(tally, stats)}")
        self._stats = stats

    def _selected(self, tally: _Tally) -> Generator[Document, None, None]:
        """Yield the documents that `where` and the split let through."""
        settings = self._settings
        assign = splitter(settings.seed, settings.fractions)
        number = 0
        for source in self._sources:
            by_rule = settings.split is not None and not source.splits
            for document in source.read(settings.split, settings):
                tally.read += 1
                if document is None:
                    continue
                tally.matched += 1
                if by_rule:
                    number += 1
                    if assign(number - 1) != settings.split:
                        continue
                tally.in_split += 1
                yield document

    def _tolerated(self, document: Document, stats: Stats) -> bool:
        """Whether a document with invalid text is given out; an error if that is not allowed."""
        if self._settings.errors == "strict":
            raise ToktoolsError(
                f"{document.path}:{document.line}: {document.problem}; "
                "pass errors='replace' (--errors replace) to put U+FFFD in its place, "
                "or 'skip' to leave the document out"
            )
        if self._settings.errors == "skip":
            stats.skipped += 1
            return False
        stats.replaced += 1
        return True

    def _why_empty(self, tally: _Tally, stats: Stats) -> str:
        """Return why a reading gave no documents, and what to do."""
        settings = self._settings
        if not tally.read:
            return "a corpus must hold documents, got none: the source is empty; pass another"
        if not tally.matched:
            return (
                f"none of {tally.read:,} records matches where {settings.where}; "
                "check its names and values"
            )
        if not tally.in_split:
            return (
                f"the {settings.split} split is empty: the corpus has {tally.matched:,} documents "
                f"and fractions {settings.fractions}; give that split more, try another seed, or "
                "pass more text"
            )
        return (
            f"none of {tally.in_split:,} documents is left: {stats.skipped:,} had invalid text "
            f"and of {stats.emptied:,} normalization left nothing; check errors and normalize"
        )


def open_corpus(
    source: str | Path | Sequence[str | Path],
    field: str | None = None,
    where: Where = None,
    split: str | None = None,
    *,
    documents: str = "line",
    errors: str = "strict",
    normalize: str | Sequence[str] = (),
    seed: int = 0,
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    limit: int | None = None,
) -> Corpus:
    """Open a corpus. See `toktools.corpus` for what can be a source.

    Args:
        source: a file, a directory, a glob pattern, "-", a built-in name, or a list of these.
        field: the field that holds the text, where files hold records.
        where: which records: a mapping, or "key=value" strings; all must hold.
        split: "train", "validation" or "test"; None for all, except that a directory of split
            files then gives its train part.
        documents: what is a document in a text file: "line", without its ending, or "file".
        errors: what to do at invalid text: "strict" raises, "replace" puts U+FFFD there, "skip"
            leaves the document out.
        normalize: names of what is done to each document, in this order; see `normalization`.
        seed: chooses among the splits by rule; see `splits`.
        fractions: the shares of train, validation and test in a split by rule.
        limit: stop after this many documents.
    Returns: a corpus; nothing has been read of it yet but file names.
    Raises:  ToktoolsError at a source that is not there and options that do not fit it.
    Example:
        >>> list(open_corpus("human-numbers", split="train", limit=2))
        ['one', 'two']
    """
    return Corpus(
        Settings(
            source=source_names(source),
            field=field,
            where=parse_where(where),
            split=split,
            documents=documents,
            errors=errors,
            normalize=check_names(normalize),
            seed=seed,
            fractions=check_fractions(fractions),
            limit=limit,
        )
    )
