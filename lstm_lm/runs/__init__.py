"""Runs: from text to a trained model in a directory of its own, resumed, repeated and opened again.

In reading order: directory (what lies in it), preparing (before the first update), run (`train` and
`load`), finishing (after the last), trainer_state, source and resuming (exact resume), shared and
restarting (several processes), seeds, backends, environment, curves.
"""
