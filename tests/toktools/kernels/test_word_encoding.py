"""The compiled encoder of words and WordPieces gives the ids of the readable one."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import pytest
import tokenizers as hf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toktools.conftest import NAMED, readably, tricky_text
from toktools import (
    SpecialTokens,
    Tokenizer,
    ToktoolsError,
    Vocabulary,
    WordPieceTokenizer,
    WordTokenizer,
    train_word,
    train_wordpiece,
)
from toktools.compiled import texts as compiled_texts
from toktools.compiled.encoders import word_encoder, wordpiece_encoder
from toktools.compiled.tokenizer import CompiledTokenizer, Encoder
from toktools.compiled.worth import Least
from toktools.kernels.cuts.chunks import CHUNK
from toktools.kernels.word_encoder import WordEncoder
from toktools.normalizers import BertCleanup, Lowercase, normalizer
from toktools.pretokenizers import PunctuationSplit, WhitespaceSplit

_SCRIPTS = """
naïve café Ελλάδα ΣΟΦΟΣ İstanbul Straße ﬁne Ångström 漢字 かな プログラム 한국어 العربية हिन्दी
"""
_MARKS = """
\u0301 e\u0301\u0323 a\u0327\u0301 \U0001d165 \u1abf x\u1abf\u0301 \u0f71\u0f72 \ua8e0q\u0301
\U0001d165 \U0001d16d\U0001d165 x\U0001d16d\u302e\U0001d165y
\u226e \u037e \u1fef \u0344 \u0958 \u2126 \u212b \ufb1d \U0002f800 \uf900 \U0002b820
"""
WORDS = [
    *_SCRIPTS.split(),
    *_MARKS.split(),
    *("\x0b", "\x0c", "\x00a", "\x1c", "\x85", "\xa0", "\u200b", "\u200d", "\ufeff", "\ue000"),
    *("\u2028", "\u3000", "\U000f0000", "\U000e0001", "\n", "\r\n"),
    *("don't", "x_y", "##s", "[MASK]", "supercalifragilistic", "1234567890123456"),
    *("a" * 15, "b" * 16, "the" * 34, "é" * 101),
]
text_of_all_scripts = st.lists(
    st.sampled_from([*WORDS, " ", ".", "-", "the ", "The"])
    | st.characters(exclude_categories=["Cs"])
    | st.characters(categories=["Mn", "Mc", "Cf", "Lm", "Nl", "Sk", "Zs", "Po"])
).map("".join)

MAKERS: dict[str, Callable[[list[str]], CompiledTokenizer]] = {
    "bert": lambda text: train_wordpiece(
        text, vocab_size=2500, normalizer="bert", pretokenizer="punctuation", special_tokens=NAMED
    ),
    "bert-cased": lambda text: train_wordpiece(
        text, vocab_size=1500, normalizer="bert-cased", pretokenizer="punctuation"
    ),
    "bert-no-clean": lambda text: WordPieceTokenizer(
        train_wordpiece(text, vocab_size=900).vocabulary,
        normalizer=BertCleanup(clean_text=False, handle_chinese_chars=False),
        pretokenizer=PunctuationSplit(),
        max_word_characters=9,
    ),
    "wordpiece": lambda text: train_wordpiece(text, vocab_size=1500),
    "wordpiece-bytes": lambda text: train_wordpiece(text, vocab_size=1500, byte_complete=True),
    "wordpiece-bytes-limit": lambda text: WordPieceTokenizer(
        _with_any(text),
        byte_level=True,
        max_word_characters=12,
        normalizer=Lowercase(),
    ),
    "wordpiece-accents": lambda text: train_wordpiece(
        text, vocab_size=1200, normalizer=["nfd", "strip-accents", "lowercase"], split="punctuation"
    ),
    "word": lambda text: train_word(text, min_count=2),
    "word-lower": lambda text: train_word(text, lowercase=True, split="punctuation"),
    "word-gpt2": lambda text: train_word(text, pretokenizer="gpt2"),
    "word-digits": lambda text: train_word(text, pretokenizer=["punctuation", "digits"]),
}  # fmt: skip


def _with_any(text: list[str]) -> Vocabulary:
    learned = train_wordpiece(text, vocab_size=900, byte_complete=True).vocabulary.tokens[2:]
    return Vocabulary(["<ANY>", *learned], SpecialTokens(pad=None, eos=None))


def encoder_of(tokenizer: CompiledTokenizer) -> Encoder:
    encoder = tokenizer.compiled_encoder()
    assert encoder is not None
    return encoder


@pytest.fixture(scope="module", params=MAKERS)
def both(request: pytest.FixtureRequest, prose: list[str]) -> tuple[CompiledTokenizer, Encoder]:
    tokenizer = MAKERS[request.param]([*prose[::4], *WORDS, *["a\nb"] * 3])
    return tokenizer, encoder_of(tokenizer)


@settings(max_examples=150, deadline=None)
@given(text=tricky_text | text_of_all_scripts)
def test_ids_of_a_text_are_those_of_the_readable_encoder(
    both: tuple[CompiledTokenizer, Encoder], text: str
):
    tokenizer, encoder = both
    assert encoder.encode(text.encode()).tolist() == tokenizer.encode(text)


@settings(max_examples=80, deadline=None)
@given(texts=st.lists(tricky_text | text_of_all_scripts | st.text("ab c.", max_size=40)))
def test_ids_of_lines_are_those_of_the_readable_encoder(
    both: tuple[CompiledTokenizer, Encoder], texts: list[str]
):
    tokenizer, encoder = both
    texts = [text.replace("\n", "") for text in texts]
    ids, ends = encoder.encode_lines("".join(text + "\n" for text in texts).encode())
    expected = list(map(tokenizer.encode, texts))
    assert ends.tolist() == list(accumulate(map(len, expected)))
    assert ids.tolist() == [id for document in expected for id in document]


@pytest.mark.parametrize("word", ["", "the ", "é", "日本語", "\u3000", "\x0b", "a\u0f71\u0f72"])
def test_nothing_is_lost_where_chunks_meet(
    both: tuple[CompiledTokenizer, Encoder], word: str, prose: list[str]
):
    tokenizer, encoder = both
    for n in range(CHUNK - 20, CHUNK + 3, 5):
        text = (" ".join(prose) * 2)[: n - len(word)] + 3 * word + "end of it"
        assert encoder.encode(text.encode()).tolist() == tokenizer.encode(text)


def test_a_word_longer_than_a_chunk_is_encoded(both: tuple[CompiledTokenizer, Encoder]):
    tokenizer, encoder = both
    for text in ("e" * 300_000, "é" * 200_000 + " the", "漢 " * 100_000, "\x00" * 140_000 + "a"):
        assert encoder.encode(text.encode()).tolist() == tokenizer.encode(text)


def test_every_character_by_itself_and_within_a_word_is_encoded_alike(prose: list[str]):
    """All of Unicode, with BERT's clean-up: the map of characters is that of the normalizer."""
    bert = MAKERS["bert"](prose[::4])
    codes = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000 and chr(c) not in "\n\r"]
    lines = ["the" + chr(c) + "s" + chr(c) for c in codes if c < 0x32000 or c % 97 == 0]
    ids, _ = encoder_of(bert).encode_lines("".join(line + "\n" for line in lines).encode())
    assert ids.tolist() == readably(bert, "\n".join(lines))


@pytest.mark.parametrize("name", ["bert", "wordpiece-accents"])
def test_marks_that_stay_are_put_in_order(name: str, prose: list[str]):
    """U+1D16D stands behind U+1D165 when decomposed, wherever it stood before."""
    tokenizer = MAKERS[name]([*prose[::9], *WORDS])
    swapped, ordered = "x\U0001d16d\U0001d165 x.", "x\U0001d165\U0001d16d x."
    assert tokenizer.unk_id not in tokenizer.encode(ordered)
    encoder = encoder_of(tokenizer)
    assert encoder.encode(swapped.encode()).tolist() == tokenizer.encode(ordered)
    assert encoder.encode(ordered.encode()).tolist() == tokenizer.encode(ordered)


def test_a_bert_file_gives_the_ids_of_the_library(tmp_path: Path, prose: list[str]):
    bert = MAKERS["bert"]([*prose[::4], *WORDS])
    bert.save(tmp_path / "bert.json")
    library = hf.Tokenizer.from_file(str(tmp_path / "bert.json"))
    lines = [*prose, *WORDS, " ".join(WORDS), *("the" + word + "s" for word in WORDS)]
    lines = [line.replace("\n", " ").replace("[MASK]", "MASK") for line in lines]
    ids, ends = encoder_of(bert).encode_lines("".join(line + "\n" for line in lines).encode())
    starts = [0, *ends.tolist()]
    encoded = library.encode_batch(lines, add_special_tokens=False)
    for i, (line, theirs) in enumerate(zip(lines, encoded, strict=True)):
        assert ids[starts[i] : starts[i + 1]].tolist() == theirs.ids, repr(line)


@pytest.mark.parametrize("name", ["bert", "wordpiece-bytes", "word", "word-lower"])
def test_a_cache_that_overflows_changes_nothing(name: str, prose: list[str], code: list[str]):
    tokenizer = MAKERS[name](prose[::4])
    large = encoder_of(tokenizer)
    assert isinstance(large, WordEncoder)
    small = WordEncoder(large._cut, large._spelling, short_bits=3, long_bits=2)
    data = "".join(line + "\n" for line in [*code[:6000], *WORDS * 20] if "\n" not in line)
    expected = [tokenizer.encode(line) for line in data.split("\n")[:-1]]
    for _ in range(2):
        ids, _ = small.encode_lines(data.encode())
        assert ids.tolist() == [id for line in expected for id in line]


@pytest.mark.parametrize("name", MAKERS)
def test_large_corpora_go_through_the_loops_and_get_the_same_ids(
    name: str, prose: list[str], code: list[str], monkeypatch: pytest.MonkeyPatch
):
    tokenizer: Tokenizer = pickle.loads(pickle.dumps(MAKERS[name](prose[::4])))
    monkeypatch.setattr(compiled_texts, "LEAST", Least(1000, 1000, 1000))
    documents = [*code[:4000], "two\nlines\n", "", "\u3000 ", "é" * 50_000, *WORDS]
    eos = tokenizer.eos_id is not None
    expected = [readably(tokenizer, document, add_eos=eos) for document in documents]
    assert "_compiled" not in vars(tokenizer)
    ids, starts = tokenizer.encode_documents(documents, add_eos=eos)
    assert vars(tokenizer)["_compiled"] is not None
    assert starts.tolist() == [0, *accumulate(map(len, expected))]
    assert ids.tolist() == [id for document in expected for id in document]
    assert tokenizer.encode_batch(documents, add_eos=eos) == expected


def test_few_documents_stay_with_the_readable_code(prose: list[str]):
    word: Tokenizer = pickle.loads(pickle.dumps(train_word(prose)))
    word.encode_documents(["a few words"] * 100)
    assert "_compiled" not in vars(word)


def test_many_calls_with_few_documents_come_to_the_loops(
    prose: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compiled_texts, "LEAST", Least(5000, 5000, 5000))
    word: Tokenizer = pickle.loads(pickle.dumps(train_word(prose)))
    text = "a few words " * 100
    expected = readably(word, text)
    for _ in range(5):
        assert word.encode(text) == expected
    assert vars(word)["_compiled"] is not None


def test_a_tokenizer_with_an_encoder_can_be_copied(
    prose: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compiled_texts, "LEAST", Least(1000, 1000, 1000))
    word = train_word(prose)
    before = word.encode_documents(prose).ids.tolist()
    copy: Tokenizer = pickle.loads(pickle.dumps(word))
    assert copy.encode_documents(prose).ids.tolist() == before


@pytest.mark.parametrize("name", ["nfc", "nfkc", "nfkd"])
def test_forms_that_compose_are_left_to_the_readable_code(name: str):
    vocabulary = train_word(["a few words"], min_count=1).vocabulary
    tokenizer = WordTokenizer(vocabulary, normalizer=normalizer(name))
    assert (word_encoder(tokenizer) is None) == (name != "nfkd")


def test_cuts_that_are_not_known_are_left_to_the_readable_code():
    from toktools.pretokenizers import RegexSplit

    vocabulary = train_wordpiece(["a few words"], vocab_size=30).vocabulary
    tokenizer = WordPieceTokenizer(vocabulary, pretokenizer=RegexSplit("a+"))
    assert wordpiece_encoder(tokenizer) is None
    rewritten = WordPieceTokenizer(
        vocabulary, pretokenizer=RegexSplit("a+"), normalizer=Lowercase()
    )
    assert wordpiece_encoder(rewritten) is None


def test_what_is_wrong_with_a_document_is_said_as_elsewhere(
    prose: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compiled_texts, "LEAST", Least(1000, 1000, 1000))
    word = train_word(prose)
    with pytest.raises(ToktoolsError, match="a lone surrogate at index 1"):
        word.encode_documents([*prose, "a\ud800"])
    with pytest.raises(TypeError, match="text must be a str, got int"):
        word.encode_documents([*prose, 3])  # type: ignore[list-item]
    without_eos = train_word(prose, special_tokens=SpecialTokens(eos=None))
    with pytest.raises(ToktoolsError, match="no end-of-document token"):
        without_eos.encode_documents(prose, add_eos=True)


@settings(max_examples=200, deadline=None)
@given(
    tokens=st.sets(st.text("abé", min_size=1, max_size=4), max_size=12),
    rest=st.sets(st.text("abé", min_size=1, max_size=4), max_size=12),
    text=st.text("abé ", max_size=30),
    limit=st.integers(1, 12),
)
def test_the_longest_match_is_that_of_the_readable_encoder(
    tokens: set[str], rest: set[str], text: str, limit: int
):
    special = SpecialTokens(pad=None, eos=None)
    all_tokens = ["<ANY>", *sorted(tokens), *sorted("##" + token for token in rest)]
    tokenizer = WordPieceTokenizer(
        Vocabulary(all_tokens, special), max_word_characters=limit, pretokenizer=WhitespaceSplit()
    )
    assert encoder_of(tokenizer).encode(text.encode()).tolist() == tokenizer.encode(text)
