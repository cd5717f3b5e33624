"""What does not fit in memory: counts as sorted runs, and arrays that live in files.

Reading order: `runs.py` (sorted counts), `count_folder.py` (runs with a record of progress), for
`toktools.training.count_table`; `columns.py` (arrays), `pair_columns.py` and `places.py` (the
tables of a learner), for `toktools.training.compact_merging`.
"""
