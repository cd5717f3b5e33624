"""From batches to weights.

In reading order: losses, optimizers, schedules, carried (the state from chunk to chunk), learner
(one update; recording replays it on a GPU), position (where it is, what is due), trainer (the loop
around it); launching, processes and distributed (several of them); norms and rate_finder look on;
outcomes and signals end it.
"""
