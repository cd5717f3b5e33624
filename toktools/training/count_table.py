"""The table that pretokens are counted in: how large it may grow, and when it goes to disk.

What the table takes is measured as it grows: the size of every string (rounded up as the allocator
does), the hash table with what it needs to be enlarged, a list to sort the strings in, and an int
for each count above 256. When that reaches the room that `max_memory` leaves, the table is written
out as a sorted run and emptied. `max_memory` is for the whole process; a single document, its
pieces and the program itself are in it, so a document may not be larger than a share of the room.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from toktools.corpus.digest import CorpusDigest
from toktools.errors import ToktoolsError
from toktools.training.interruption import CountingInterrupted, asked_to_stop
from toktools.training.learning import readable_bytes
from toktools.training.memory import resident_bytes, show_size
from toktools.training.on_disk.count_folder import CountFolder, Progress
from toktools.training.on_disk.runs import StoredCounts

LEAST_ROOM = 32_000_000
"""Bytes that `max_memory` must leave above what the program itself takes."""
_SHARE = 0.7  # of the room is for the table; the rest is for documents and their pieces
_STEP = 1 << 12  # new pretokens between two measurements
_KEEP_SECONDS, _KEEP_BYTES = 60, 1 << 28  # with a folder, write a run at least this often
_TELL_BYTES = 1 << 20

ToldProgress = Callable[[int, int | None], object]


@dataclass(frozen=True, kw_only=True)
class Counting:
    """How to count a corpus that may be large. It decides nothing about the counts.

    Args:
        max_memory: bytes that the process may take, training included; None: what it needs.
        folder: where counts go that do not fit, with a record of progress that outlives an
            interruption. None: a temporary folder, only if needed.
        resume: go on with the counting in `folder`, if there is one.
        progress: called with (bytes read, bytes in all, None where that is not known).
    Raises: ToktoolsError if `max_memory` is not positive, or `resume` comes without `folder`.
    """

    max_memory: int | None = None
    folder: Path | None = None
    resume: bool = False
    progress: ToldProgress | None = None

    def __post_init__(self) -> None:
        if self.max_memory is not None and self.max_memory < 1:
            raise ToktoolsError(f"max_memory must be a positive size, got {self.max_memory}")
        if self.resume and self.folder is None:
            raise ToktoolsError(
                "to resume, name the folder of the earlier counting (--work-folder)"
            )

    def room(self) -> int | None:
        """Return the bytes that `max_memory` leaves now, None if there is no limit.

        Raises: ToktoolsError if that is less than anything could be done in.
        """
        if self.max_memory is None:
            return None
        taken = resident_bytes()
        if self.max_memory - taken < LEAST_ROOM:
            raise ToktoolsError(
                f"max_memory must be at least {show_size(taken + LEAST_ROOM)} (the program itself "
                f"takes {show_size(taken)}), got {show_size(self.max_memory)}; pass more"
            )
        return self.max_memory - taken


class CountTable:
    """A Counter that is watched, and emptied to disk as `Counting` says; use it in `with`.

    Attributes:
        counts: where to count. progress: what had been counted before.
        watched: whether `look` must be called after each document.
        bounded: whether it may be emptied to disk, so that all must be counted in it at once.
    """

    def __init__(self, counting: Counting, options: dict[str, Any], total: int | None) -> None:
        self.counts: Counter[str] = Counter()
        self._counting, self._options, self._total = counting, options, total or None
        self._room = counting.room()
        self._folder: CountFolder | None = None
        if counting.folder is not None:
            self._folder = CountFolder(counting.folder, options, resume=counting.resume)
        self.progress = self._folder.progress if self._folder else Progress(options)
        self.watched = counting != Counting()
        self.bounded = counting.max_memory is not None or counting.folder is not None
        self._told = 0
        self._n_kept_bytes, self._kept_at = self.progress.n_bytes, time.monotonic()
        self._seconds_a_run = 0.0
        self._empty()

    def __enter__(self) -> CountTable:
        self._exit = ExitStack()
        self._asked = self._exit.enter_context(asked_to_stop(self._folder is not None))
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._exit.close()
        if kind is None and self._asked():  # while the runs were merged
            raise self._interrupted()

    def look(self, so_far: Progress, digest: CorpusDigest, n_pieces: int) -> None:
        """See after a document whether to tell of progress, to write a run, or to stop."""
        self._n_pieces += n_pieces
        self.tell(so_far)
        if len(self.counts) >= self._next_look and self._room is not None:
            self._measure()
            if self._n_bytes > _SHARE * self._room:
                self._spill(so_far, digest)
        if self._folder is not None and self._counting.folder is not None:
            if self._asked():
                self._spill(so_far, digest)
                raise self._interrupted()
            due = so_far.n_bytes - self._n_kept_bytes >= _KEEP_BYTES
            if due or time.monotonic() - self._kept_at > max(
                _KEEP_SECONDS, 20 * self._seconds_a_run
            ):
                self._spill(so_far, digest)

    def finished(self, so_far: Progress) -> Counter[str] | StoredCounts:
        """Return all counts, in memory if learning from them there stays within the limit."""
        if self._counting.progress is not None and self._total:
            self._counting.progress(self._total, self._total)
        n_bytes = sum(len(p.encode()) for p in self.counts) if self._room is not None else 0
        if self._folder is None and self._learns_in_memory(len(self.counts), n_bytes):
            return self.counts
        if self._folder is None or self._folder.progress.n_read < so_far.n_read:
            self._spill(so_far, CorpusDigest(so_far.digest))
        assert self._folder is not None
        stored = self._folder.compact()
        if self._learns_in_memory(stored.size.n_pretokens, stored.size.n_bytes):
            return Counter(dict(stored.items()))
        return stored

    def _interrupted(self) -> CountingInterrupted:
        assert self._folder is not None
        n_read = self._folder.progress.n_read
        return CountingInterrupted(
            f"{n_read:,} documents are counted and kept in {self._folder.path}"
        )

    def _learns_in_memory(self, n_pretokens: int, n_symbols: int) -> bool:
        return self._room is None or readable_bytes(n_pretokens, n_symbols) <= self._room

    def _spill(self, so_far: Progress, digest: CorpusDigest) -> None:
        """Write the table as a run, with the record, and empty it."""
        started = time.monotonic()
        if self._folder is None:
            self._folder = CountFolder(None, self._options, resume=False)
        counts = self.counts
        pretokens = sorted(counts)
        progress = replace(so_far, digest=digest.hex())
        self._folder.add(((pretoken, counts[pretoken]) for pretoken in pretokens), progress)
        del pretokens
        counts.clear()
        self._empty()
        self._n_kept_bytes, self._kept_at = so_far.n_bytes, time.monotonic()
        self._seconds_a_run = self._kept_at - started

    def _empty(self) -> None:
        self._n_strings = self._n_string_bytes = self._n_bytes = self._n_pieces = 0
        self._next_look = _STEP

    def _measure(self) -> None:
        """Bring up to date what the table takes, at its largest before the next measurement."""
        counts = self.counts
        n = len(counts)
        for pretoken in islice(reversed(counts), n - self._n_strings):
            self._n_string_bytes += sys.getsizeof(pretoken) + 15 & ~15
        self._n_strings = n
        self._next_look = n + max(_STEP, n // 32)
        table = sys.getsizeof(counts)
        if self._next_look >= (1 << (3 * n).bit_length()) // 3:
            table *= 3  # the old hash table and one of twice its size, while it is enlarged
        ints = 32 * min(n, self._n_pieces // 257)
        self._n_bytes = self._n_string_bytes + table + ints + 12 * n

    def tell(self, so_far: Progress) -> None:
        """Tell of progress, if somebody wants to know and it is time."""
        if self._counting.progress is None or so_far.n_bytes - self._told < _TELL_BYTES:
            return
        self._told = so_far.n_bytes
        done = so_far.n_bytes + so_far.n_read  # and a line end each
        total = self._total
        self._counting.progress(done if total is None else min(done, total), total)
