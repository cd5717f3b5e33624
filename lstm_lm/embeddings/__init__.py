"""What a model has made of its tokens: their vectors, which lie close, and sums of them.

In reading order: vectors (a word as a vector), neighbours, analogy, questions (a file of
analogies), picture (all of them on a page). Imports no torch: vectors are read from
the run directory.
"""

from lstm_lm.embeddings.analogy import Analogy, analogy
from lstm_lm.embeddings.neighbours import MEASURES, Neighbour, nearest
from lstm_lm.embeddings.vectors import SOURCES, Vectors, WordVector, open_vectors
