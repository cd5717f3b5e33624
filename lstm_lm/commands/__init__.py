"""The parts of the command `lstm_lm`."""
