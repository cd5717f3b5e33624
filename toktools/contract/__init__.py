"""What every tokenizer can do, part by part; `toktools.tokenizer.Tokenizer` is all of it.

In reading order: `base.py` (what a tokenizer must say of itself), `encoding.py` and `decoding.py`,
`special_text.py` (special tokens in text), `offsets.py` and `utf8.py` (which characters and bytes a
token stands for), `decode_stream.py` (ids as they come), `padding.py` (batches), `documents.py` and
`id_files.py` (corpora, in memory and in files), `losses.py` (what does not come back).
"""
