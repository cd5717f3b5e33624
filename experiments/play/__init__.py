"""A playground: one text cut by several tokenizers side by side, and continued by several models.

In reading order: opening (what was named on the command line), cutting (text into pieces),
continuing (what may come next, and what does), page (the controls, by gradio, around pages of HTML
that need no gradio), serving (on loopback only), command.
"""
