"""Do our tokenizers give the ids of the libraries that they claim to equal? Counted, not believed.

`families.py` makes pairs, ours and a library's; `drawing.py` draws text on which they might differ;
`measure.py` compares them and makes the table of the documentation.
"""
