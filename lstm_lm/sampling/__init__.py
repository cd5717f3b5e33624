"""Text from a model; all in NumPy but `torch_stepping`, so that every backend gives the same text.

In reading order:

    stepping        what a backend must offer: read a text, make one step
    lstm_step       a step of an LSTM without the layers around it; torch_stepping: torch's side
    transforms      functions on logits: forbid, repeat less, narrow
    drawing         functions from logits and random numbers to tokens
    choosing        both put together, as a configuration asks
    generation      the loop; ids turned back into text, at once or as they come
    beam            the search for a likely text
    prompts         what is read before: prompts, and what of them is unknown
    samples         texts by prompt and strategy, as a table and as records
    next_tokens     the likeliest tokens to follow

Why NumPy: the logits of one step are few, they lie in memory that both backends share, and equal
weights give equal texts, which the tests check.
"""
