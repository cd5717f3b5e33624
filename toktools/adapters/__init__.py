"""Other libraries' tokenizers behind our contract: the same ids, our methods, our files.

    adapter.py         what an adapter adds to a tokenizer: it describes its own file
    huggingface.py     any `tokenizers.Tokenizer`
    sentencepiece.py   SentencePiece models, trained here or elsewhere
    tiktoken.py        any `tiktoken.Encoding`

Each imports its library on first use; `pip install 'toktools[adapters]'` brings all of them.
"""
