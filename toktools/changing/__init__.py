"""Trained vocabularies changed and checked.

`extending.py` adds tokens, `pruning.py` takes some away, `dropout.py` leaves merges out at random,
and `auditing.py` asks whether a file is what training would have made: `replay.py` makes every
merge again, by the counts of `recount.py`.
"""
