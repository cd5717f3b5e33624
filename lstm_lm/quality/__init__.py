"""What can be measured of texts that a model made, and what people make of them.

In reading order: diversity, bleu, copying, words, lengths (a measure each), report (all of them,
beside those of held-out text), rating (a blind sheet for people). A word is what stands between
white space. Imports no torch. docs/quality.md tells what each measure cannot see.
"""
