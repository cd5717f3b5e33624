"""The project's study: many comparisons, and what holds across all of their texts.

texts.py      what is read, and how
scales.py     which tokenizers, which model, how much of each budget
running.py    one comparison for each text and budget, in a folder of its own
claims.py     what is asked of two tokenizers, and where the answer is clear
findings.py   study.json: everything computed from the comparisons' results
page.py       study.md: the same as tables
command.py    python -m experiments study
"""
