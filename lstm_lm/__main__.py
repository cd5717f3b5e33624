"""`python -m lstm_lm` is `lstm_lm`."""

from lstm_lm.cli import main

if __name__ == "__main__":
    main(prog_name="lstm_lm")
