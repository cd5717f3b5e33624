"""Any `tokenizer.json` that the library can build: refused by name, or run with its ids."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tokenizers as hf
from hypothesis import event, given, note, settings
from hypothesis import strategies as st
from tokenizers import models, normalizers, pre_tokenizers

from tests.toktools.conftest import TRICKY
from toktools import Tokenizer
from toktools.errors import UnsupportedError
from toktools.formats.tokenizer_json import from_json, to_json

pytestmark = pytest.mark.oracle
BEHAVIORS = ["isolated", "removed", "merged_with_previous", "merged_with_next", "contiguous"]
PATTERNS = [hf.Regex(r"[ab]+"), hf.Regex(r"\s"), hf.Regex("a|bc"), "a", "ab", " ", "--"]
flags = st.booleans()
behaviors = st.sampled_from(BEHAVIORS)
one_normalizer: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt"]).map(
        lambda name: getattr(normalizers, name)()
    ),
    st.just(normalizers.ByteLevel()),
    st.builds(normalizers.Strip, flags, flags),
    st.builds(normalizers.Prepend, st.sampled_from(["▁", "x", "ab"])),
    st.builds(
        normalizers.Replace, st.sampled_from(PATTERNS), st.sampled_from(["", "b", "▁", "ba"])
    ),
    st.builds(normalizers.BertNormalizer, flags, flags, st.none() | flags, flags),
)
some_normalizer = (
    st.none() | one_normalizer | st.lists(one_normalizer, max_size=3).map(normalizers.Sequence)
)
one_cut: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts"]).map(
        lambda name: getattr(pre_tokenizers, name)()
    ),
    st.builds(pre_tokenizers.Punctuation, behaviors),
    st.builds(pre_tokenizers.Digits, flags),
    st.builds(pre_tokenizers.CharDelimiterSplit, st.sampled_from(["a", " ", "é"])),
    st.builds(pre_tokenizers.Split, st.sampled_from(PATTERNS), behaviors, flags),
    st.builds(
        pre_tokenizers.Metaspace,
        prepend_scheme=st.sampled_from(["always", "first", "never"]),
        split=flags,
    ),
    st.builds(pre_tokenizers.ByteLevel, add_prefix_space=flags, use_regex=flags),
)
some_cut = st.none() | one_cut | st.lists(one_cut, max_size=3).map(pre_tokenizers.Sequence)
BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())
LETTERS = [*"abcABC▁ĠÃ©<s>1", " ", "é"]
MERGES = [("a", "b"), ("b", "c"), ("ab", "c"), ("▁", "a"), ("Ġ", "a"), ("Ġa", "b"), ("a", "bc")]


@st.composite
def bpe(draw: st.DrawFn) -> models.BPE:
    """BPE over bytes or characters; its merges in any order."""
    alphabet = BYTES if draw(flags) else LETTERS
    merges = [m for m in draw(st.permutations(MERGES)) if {*"".join(m)} <= {*alphabet}]
    tokens = ["<unk>", *alphabet, "abc", "Ġab", *(a + b for a, b in merges)]
    return models.BPE(
        {token: id for id, token in enumerate(dict.fromkeys(tokens))},
        merges,
        unk_token=draw(st.sampled_from(["<unk>", "a", None])),
        fuse_unk=draw(flags) and draw(flags),
        ignore_merges=draw(flags),
    )


@st.composite
def whole(draw: st.DrawFn) -> models.WordLevel | models.WordPiece:
    """WordLevel or WordPiece over a few words."""
    words = ["<unk>", *("a", "ab", "abc", "▁a", "▁ab", "b", "<s>", "é", "Ã©", "1")]
    words += ["##b", "##c", "##ab", "##s>"]
    ids = {word: id for id, word in enumerate(words)}
    if draw(flags):
        return models.WordLevel(ids, unk_token="<unk>")
    longest = draw(st.sampled_from([3, 100]))
    return models.WordPiece(ids, unk_token="<unk>", max_input_chars_per_word=longest)


@st.composite
def libraries(draw: st.DrawFn) -> hf.Tokenizer:
    library = hf.Tokenizer(draw(bpe() | whole()))
    if (normalizer := draw(some_normalizer)) is not None:
        library.normalizer = normalizer
    if (cut := draw(some_cut)) is not None:
        library.pre_tokenizer = cut
    names = st.sampled_from(["<s>", "<unk>", "<unk>", "[M]", "b c", "é"])
    for content in draw(st.lists(names, max_size=3)):
        options = {
            name: all(draw(st.tuples(flags, flags, flags)))
            for name in ("normalized", "single_word")
        }
        library.add_tokens([hf.AddedToken(content, special=draw(flags), **options)])
    return library


fragments = ["a", "b", "c", "ab", "bc", "abc", "<s>", "<S>", "<unk>", "[M]", "▁", "_", "--"]
fragments += TRICKY
texts = st.lists(st.lists(st.sampled_from(fragments), max_size=12).map("".join), min_size=12)


def opened(document: Any) -> Tokenizer | None:
    """Return our tokenizer, or None if the file is refused by the name of what we have not."""
    try:
        return from_json(document)
    except UnsupportedError as refusal:
        event(str(refusal)[:40])
        if str(refusal).startswith("has "):
            return None
        raise


@settings(max_examples=400, deadline=None)
@given(library=libraries(), texts=texts)
def test_a_file_is_refused_by_name_or_gives_the_ids_of_the_library(
    library: hf.Tokenizer, texts: list[str]
):
    document = json.loads(library.to_str())
    note(json.dumps({**document, "model": document["model"]["type"]}, ensure_ascii=False))
    if (ours := opened(document)) is None:
        return
    event(f"runs: {document['model']['type']}")
    honoured = {token["content"] for token in document["added_tokens"]}
    again = hf.Tokenizer.from_str(json.dumps(to_json(ours)))
    for text in texts:
        expected = library.encode(text, add_special_tokens=False).ids
        assert ours.encode(text, allowed_special=honoured) == expected
        written = again.encode(text, add_special_tokens=False).ids
        assert ours.encode(text, allowed_special="all") == written


@settings(max_examples=200, deadline=None)
@given(library=libraries())
def test_what_was_read_is_written_and_read_again(library: hf.Tokenizer):
    if (ours := opened(json.loads(library.to_str()))) is None:
        return
    again = from_json(json.loads(json.dumps(to_json(ours))))
    assert (again.normalizer, again.pretokenizer) == (ours.normalizer, ours.pretokenizer)
    assert again.vocabulary.tokens == ours.vocabulary.tokens
