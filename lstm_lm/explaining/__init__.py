"""Where in a text the bits go: what each token costs, and models set side by side.

In reading order: aligning (several tokenizers on the same characters), page (as HTML).
"""
