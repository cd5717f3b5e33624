"""How a training can end before its budget is used, whatever its backend. Imports no torch."""

from toktools.errors import ToktoolsError


class TrainingInterrupted(KeyboardInterrupt):
    """Training was asked to stop; a checkpoint holds all of it so far."""


class TrainingDivergedError(ToktoolsError):
    """The loss is no longer a number."""
