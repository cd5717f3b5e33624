"""Which work goes to the compiled loops of `kernels/`, and how it gets there.

They give the results of the readable code to the last id; the tests hold them to it. Small inputs
stay with the readable code, which answers before the loops are loaded; so do options that the loops
do not know. `worth.py` and `texts.py` say what is small, `encoders.py` which tokenizers the loops
know, `tokenizer.py` and `decoding.py` hand the work over. Training has its own way:
`toktools/training/fast_counting.py` and `learning.py`.
"""
