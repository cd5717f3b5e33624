"""The one error that means "the user can fix this": what must hold, what was got, what to do."""


class ToktoolsError(ValueError):
    """A mistake in input, options or files, told in one line; the command line prints just that."""
