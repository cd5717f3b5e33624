"""The runs of a comparison as jobs: several at once, none trained twice, none spoilt by another.

In reading order: job (what there is to do, and where it stands in the folder), key (when two jobs
are the same), finished (runs that are done are taken over), work (one job, in this process), child
(one job as a process of its own), failure (how one can end), pool (several of these at once),
doing (all that is open), status (how far each is), display, command. lock keeps a second process
out of the folder.
"""
