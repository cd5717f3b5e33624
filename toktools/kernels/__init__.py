"""The compiled inner loops: functions of arrays and scalars, in numba, that release the GIL.

Each has a readable twin elsewhere in toktools and gives its results to the last id; the tests hold
them to it. In reading order: `vectors.py` (64 bytes at a time), `cuts/` (where pieces begin, for
each pretokenizer that can be compiled), `merge_table.py` and `merging.py` (a piece to ids),
`piece_cache.py` and `encoding.py` (text to ids), `counting.py` (text to counts), `bpe_training.py`
(counts to merges). `byte_bpe.py`, `piece_counter.py` and `training.py` own the arrays that the
loops work in, and are what the rest of toktools calls, through `toktools/compiled.py`.

Words, WordPieces, characters, bytes: `character_map.py` (what a normalizer and a cut make of each
character), `word_bounds.py` (where words begin and end), `piece_trie.py` (the longest token),
`word_cache.py` and `word_encoding.py` (words to ids), `table_encoding.py` (characters to ids),
`decoding.py` (ids to bytes); `word_encoder.py` and `decoder.py` own their arrays. `threads.py`
gives work to all cores, in order; `workers.py` lends each thread its arrays.

Nothing here is imported before it is needed: numba takes a second to load.
"""
