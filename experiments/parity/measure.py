"""Comparing every family on every corpus, and the table of it.

For each family and corpus a pair is trained on the beginning of the corpus; then both encode the
whole of it, document by document, and strings drawn from it. A document counts as different unless
all its ids are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from itertools import chain, islice
from typing import Any

from experiments.parity.drawing import draw
from experiments.parity.families import FAMILIES, Pair
from toktools.corpus import open_corpus

Json = dict[str, Any]
TRAINING_CHARACTERS = 1_000_000
_BATCH = 1000  # documents


def measure(
    corpora: Mapping[str, str],
    *,
    n_drawn: int,
    families: Iterable[str] = tuple(FAMILIES),
    seed: int = 0,
    n_processes: int = 1,
    say: Callable[[str], object] = print,
) -> Json:
    """Compare families with their oracles on corpora.

    Args:
        corpora: name -> source, as `toktools.open_corpus` takes it.
        n_drawn: strings drawn for each family on each corpus.
        seed: chooses what is drawn; every family and corpus draws anew.
        say: gets a line for each row.
    Returns: {"seed", "versions": {library: version}, "rows": [...]}, a row for each family and
             corpus: see `compare`.
    """
    jobs = [
        (family, name, source, n_drawn, seed + i)
        for i, (family, (name, source)) in enumerate(
            (family, corpus) for family in families for corpus in corpora.items()
        )
    ]
    rows: dict[tuple[str, str], Json] = {}
    with ProcessPoolExecutor(n_processes) as pool:
        try:
            for done in as_completed([pool.submit(_compare_one, *job) for job in jobs]):
                row = done.result()
                rows[row["family"], row["corpus"]] = row
                say(f"{len(rows)} of {len(jobs)}: {describe(row)}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    oracles = sorted({FAMILIES[family].oracle for family, *_ in jobs})
    return {
        "seed": seed,
        "versions": {oracle: version(oracle) for oracle in oracles},
        "rows": [rows[family, name] for family, name, *_ in jobs],
    }


def describe(row: Json) -> str:
    """Return a row as a sentence."""
    n = row["documents"] + row["drawn"]
    return f"{row['family']} on {row['corpus']}: {n:,} compared, {row['different']:,} different"


def _compare_one(family: str, name: str, source: str, n_drawn: int, seed: int) -> Json:
    documents = list(open_corpus(source))
    pair = FAMILIES[family].make(_beginning(documents))
    row = {"family": family, "oracle": FAMILIES[family].oracle, "corpus": name}
    return row | compare(pair, documents, draw(documents, n_drawn, seed))


def _beginning(documents: list[str]) -> list[str]:
    """Return the first documents, of `TRAINING_CHARACTERS` in all."""
    n_characters, kept = 0, []
    for document in documents:
        kept.append(document)
        n_characters += len(document)
        if n_characters >= TRAINING_CHARACTERS:
            break
    return kept


def compare(pair: Pair, documents: Iterable[str], drawn: Iterable[str]) -> Json:
    """Encode all texts with both.

    Returns: {"documents", "drawn", "tokens", "different", "first"}: how many of each were compared,
             how many tokens the oracle gave, how many texts got other ids, and the first of these.
    """
    counts = {"documents": 0, "drawn": 0, "tokens": 0, "different": 0}
    first: str | None = None
    labelled = chain((("documents", d) for d in documents), (("drawn", d) for d in drawn))
    for batch in _batches(labelled):
        for (kind, text), expected in zip(batch, pair.theirs([t for _, t in batch]), strict=True):
            counts[kind] += 1
            counts["tokens"] += len(expected)
            if pair.ours.encode(text, allowed_special="all") != expected:
                counts["different"] += 1
                first = text if first is None else first
    return {**counts, "first": first}


def _batches(texts: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    iterator = iter(texts)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def table(result: Json) -> str:
    """Return the rows as a Markdown table: texts compared, and how many of them were different."""
    rows = result["rows"]
    corpora = list(dict.fromkeys(row["corpus"] for row in rows))
    found = {(row["family"], row["corpus"]): row for row in rows}
    lines = [
        "| family | oracle | " + " | ".join(corpora) + " | different |",
        "| --- | --- |" + " ---: |" * (len(corpora) + 1),
    ]
    for family, oracle in dict.fromkeys((row["family"], row["oracle"]) for row in rows):
        mine = [found[family, corpus] for corpus in corpora]
        compared = " | ".join(f"{row['documents'] + row['drawn']:,}" for row in mine)
        different = sum(row["different"] for row in mine)
        lines.append(f"| {family} | {oracle} | {compared} | {different:,} |")
    return "\n".join(lines)
