"""The compiled inner loops: functions of arrays and scalars, by numba, that release the GIL.

Each has a readable twin elsewhere in toktools and gives its results to the last id; the tests hold
them to it. In reading order:

- Text: `vectors.py` (64 bytes at a time), `utf8.py`, `line_ends.py`, `cuts/` (where pieces begin,
  for each pretokenizer that can be compiled).
- Byte-level BPE to ids: `merge_table.py` and `merging.py` (a piece to ids), `word_cache.py` and
  `long_cache.py` (pieces met before), `piece_trie.py` (pieces that ignore the merges),
  `encoding.py`; `byte_bpe.py` owns their arrays.
- Words, WordPieces, characters, bytes to ids: `character_map.py` (what a normalizer and a cut make
  of each character), `word_bounds.py` (where words begin and end), `piece_trie.py` (the longest
  token), `word_encoding.py`, `table_encoding.py`; `word_encoder.py` owns their arrays.
- Ids to text: `decoding.py` and `decoder.py`.
- Training: `digesting.py` and `counting.py` (text to digest and counts), `spelling.py` (pieces to
  symbols), `pair_table.py`, `bpe_training.py` and `likelihood_training.py` (counts to merges),
  `symbol_strings.py`; `piece_counter.py`, `block_counter.py` and `training.py` own their arrays.
- All: `threads.py` gives work to all cores, in order; `workers.py` lends each thread its arrays,
  `room.py` is one that grows.
- How a loop comes to run: `kernel.py` (the decorators, and the call), `machine_code.py` (kept on
  disk, and loaded) and `fingerprint.py` (whether it is up to date); where it must be compiled,
  `compiling.py`, `entry.py` and `llvm.py`, which load numba.

Nothing here is imported before it is needed: LLVM takes a moment to load, and numba half a second.
"""
