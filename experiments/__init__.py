"""Questions with answers: what the choice of tokenizer does to a language model.

In reading order: plan (what is compared), compare (the runs), summary (their figures), charts,
report (the page), play (text typed on a page), bench (speed beside other libraries).
"""
