"""The compiled inner loops: functions of arrays and scalars, in numba, that release the GIL.

Each has a readable twin elsewhere in toktools and gives its results to the last id; the tests hold
them to it. In reading order: `vectors.py` (64 bytes at a time), `cuts/` (where pieces begin),
`merge_table.py` and `merging.py` (a piece to ids), `piece_cache.py` and `encoding.py` (text to
ids), `digesting.py` and `counting.py` (text to digest and counts), `spelling.py` (pieces to
symbols), `pair_table.py`, `bpe_training.py` and `likelihood_training.py` (counts to merges).
`byte_bpe.py`, `piece_counter.py`, `block_counter.py` and `training.py` own the arrays that the
loops work in, and are what the rest of toktools calls, through `toktools/compiled.py`,
`toktools/training/fast_counting.py` and `learning.py`. Nothing here is imported before it is
needed: numba takes a second to load.
"""
