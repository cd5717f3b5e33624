"""The same language model on several tokenizers: what is compared, run, measured, reported."""
