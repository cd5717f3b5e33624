"""Where text comes from: `open_corpus` and what it gives.

A source is one of these, or a list of them, read one after the other:

- a text file: a document is a line without its ending (only `\\n` and `\\r\\n` end a line; a blank
  line is a document too), or with `documents="file"` the whole file;
- a file of records, `.jsonl`, `.ndjson`, `.json` (one object a line), `.csv` or `.tsv`: a document
  is the field named by `field`, of the records that `where` lets through;
- any of these with `.gz`, `.bz2`, `.xz` or `.zst` behind its name;
- a directory: all files below it that are not hidden, sorted by path. If it directly holds `train`
  and `valid` (or `validation`, `val`, `dev`) or `test` files (`train.txt`, `ptb.test.txt`,
  `dev.jsonl.gz`), these are its splits and nothing else is read; without a split asked for, it
  gives the train part;
- a glob pattern: the files that match it, sorted by path;
- `-`: standard input, as text;
- a built-in corpus: python-docs, stdlib-code, human-numbers, anbn, anbncn, dyck. A file of such a
  name is reached as `./python-docs`, or as a `Path`;
- the name of a text that is downloaded once: tiny-shakespeare, ptb, wikitext-2-raw.

Reading order: readers, records (files to documents), downloads, locate (names to sources),
splits, normalization, corpus. `options` holds the command-line options and needs click.
"""

from toktools.corpus.builtin import BUILTIN
from toktools.corpus.corpus import Corpus, Stats, open_corpus
from toktools.corpus.digest import digest
from toktools.corpus.downloads import DOWNLOADS
from toktools.corpus.normalization import NORMALIZERS
from toktools.corpus.splits import SPLITS

__all__ = [
    "BUILTIN",
    "DOWNLOADS",
    "NORMALIZERS",
    "SPLITS",
    "Corpus",
    "Stats",
    "digest",
    "open_corpus",
]
