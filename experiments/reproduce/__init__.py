"""Published and built-in things done again by this project: `python -m experiments reproduce`."""
