"""`python -m toktools` is `toktools`."""

from toktools.cli import main

if __name__ == "__main__":
    main(prog_name="toktools")
