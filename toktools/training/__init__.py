"""From a corpus to a vocabulary: what the trainers by merging are made of.

In reading order: `counting.py` (a corpus to counts of words), `alphabet.py` and `marks.py` (words
to base symbols), `merging.py` (the most frequent pair) and `likelihood.py` (the most telling one),
`spelling.py` and `merge_training.py` (all options, and the way from a corpus to symbols). For the
curious, `trace.py` shows each step. For large inputs: `fast_counting.py`, `normalized_counting.py`,
`packed_counts.py` and `packed_spelling.py`, by the loops of `toktools/kernels/`. For corpora
larger than memory: `count_table.py`, `compact_merging.py`, `on_disk/`. `learning.py` chooses.
"""
