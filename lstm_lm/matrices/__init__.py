"""Products of matrices by loops of our own, for processors with 512-bit registers.

C = A B is made tile by tile (`tile.py`): 8 rows of A by a strip of 48 columns of B. B is laid out
in strips on the way (`strips.py`), as many at a time as the second cache of a core holds, and all
rows of A go by them (`multiply.py`). On an AMD EPYC (Zen 5) a core makes 260 G operations a second
like this, of 270 that its registers allow.

Legend: M rows of A and C, K columns of A and rows of B, N columns of B and C.
"""
