"""`lossless` is true where it says True, and where it says what is lost, a text shows it."""

from __future__ import annotations

from itertools import product

import pytest
import tokenizers as hf
from hypothesis import given, settings

from tests.toktools.conftest import ADAPTED, MAKERS, tricky_text
from toktools import (
    BPETokenizer,
    HuggingFaceTokenizer,
    SpecialTokens,
    Tokenizer,
    ToktoolsError,
    Vocabulary,
    WordPieceTokenizer,
    WordTokenizer,
    train_bpe,
)
from toktools.contract.losses import dropped, rewritten
from toktools.normalizers import (
    BertCleanup,
    Lowercase,
    NormalizerSequence,
    Prepend,
    Replace,
    StripAccents,
    UnicodeForm,
)
from toktools.pretokenizers import PRETOKENIZERS, RegexSplit, SplitSequence
from toktools.unicode.byte_alphabet import ALPHABET

SHOWING = ["It's  A\tb ##b 12.", "é e\u0301 ﬁ", "好 Ü", " \u2581 x "]
"""Texts of which every loss shows in one."""

NORMALIZERS = {
    "none": None,
    "lowercase": Lowercase(),
    "nfc": UnicodeForm("NFC"),
    "nfkd": UnicodeForm("NFKD"),
    "accents": NormalizerSequence(UnicodeForm("NFD"), StripAccents()),
    "replace": Replace(" ", "▁"),
    "prepend": Prepend("▁"),
    "bert": BertCleanup(),
    "nothing": NormalizerSequence(
        BertCleanup(False, False, None, False), Replace("a", "a"), Prepend("")
    ),
}
CUTS = {name: make() for name, make in PRETOKENIZERS.items()} | {
    "symbols removed": RegexSplit(r"\p{P}", "removed"),
    "symbols alone": RegexSplit(r"\p{P}"),
    "all but symbols removed": RegexSplit(r"\p{P}", "removed", invert=True),
    "merged": RegexSplit(r"\s", "merged_with_next"),
    "digits, then words": SplitSequence(PRETOKENIZERS["digits"](), PRETOKENIZERS["whitespace"]()),
    "digits, then gpt2": SplitSequence(PRETOKENIZERS["digits"](), PRETOKENIZERS["gpt2"]()),
}
KNOWN = [*"abcdxitsABIÜé好ﬁ.'12", "\u0301", "▁", "##", " ", "\t", "  "]


def make(kind: str, normalizer, cut) -> Tokenizer:
    """A tokenizer of this kind that knows the words of `SHOWING`, over these two steps."""
    steps = {"normalizer": normalizer, "pretokenizer": cut}
    special = SpecialTokens()
    if kind == "bpe":
        learned = train_bpe(["it's a b"], vocab_size=264)
        return BPETokenizer(learned.vocabulary, learned.merges, **steps)
    if kind == "bpe-character":
        letters = [letter for letter in KNOWN if len(letter) == 1]
        return BPETokenizer(
            Vocabulary([*special, *letters], special), [], byte_level=False, **steps
        )
    if kind == "word":
        return WordTokenizer(Vocabulary([*special, *KNOWN], special), **steps)
    pieces = [*KNOWN, *(f"##{piece}" for piece in KNOWN)]
    return WordPieceTokenizer(Vocabulary([*special, *pieces], special), **steps)


def combinations(*kinds: str) -> list[tuple[str, str, str]]:
    return list(product(kinds, NORMALIZERS, CUTS))


def gives_back(tokenizer: Tokenizer, text: str) -> bool:
    return tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize(
    ("kind", "normalizer", "cut"), combinations("bpe", "bpe-character", "word", "wordpiece")
)
def test_a_claim_of_loss_is_shown_by_a_text(kind: str, normalizer: str, cut: str):
    tokenizer = make(kind, NORMALIZERS[normalizer], CUTS[cut])
    shown = not all(gives_back(tokenizer, text) for text in SHOWING)
    assert shown == (tokenizer.lossless is not True)


LOSSLESS_STEPS = [
    (normalizer, cut)
    for _, normalizer, cut in combinations("bpe")
    if rewritten(NORMALIZERS[normalizer]) is None and dropped(CUTS[cut]) is None
]


@pytest.mark.parametrize(("normalizer", "cut"), LOSSLESS_STEPS)
@settings(max_examples=30)
@given(text=tricky_text)
def test_byte_level_bpe_gives_text_back_where_it_says_so(normalizer: str, cut: str, text: str):
    tokenizer = make("bpe", NORMALIZERS[normalizer], CUTS[cut])
    assert tokenizer.lossless is True
    assert gives_back(tokenizer, text)


@pytest.mark.parametrize("name", [name for name, cut in CUTS.items() if dropped(cut) is None])
@given(text=tricky_text)
def test_the_pieces_of_a_cut_that_drops_nothing_are_the_text(name: str, text: str):
    assert "".join(CUTS[name].split(text)) == text


@pytest.mark.parametrize("name", [name for name, cut in CUTS.items() if dropped(cut) is not None])
def test_a_cut_that_drops_something_does(name: str):
    assert any("".join(CUTS[name].split(text)) != text for text in SHOWING)


def avoiding(tokenizer: Tokenizer, text: str) -> str | None:
    """Return a text like this one with nothing in it that is said to be lost, or None."""
    said = str(tokenizer.lossless)
    if "its normalizer" in said or "normalization" in said:
        return None
    if "upper case" in said:
        for _ in range(2):  # what is lowercased may be lowercased again
            text = Lowercase().normalize(text)
    if "white space" in said or "prefix" in said:
        prefix = getattr(tokenizer, "prefix", "\0")
        text = " ".join(
            piece for piece in tokenizer.pretokenizer.split(text) if not piece.startswith(prefix)
        )
    if "▁" in said:
        text = text.replace("\u2581", "")
    if tokenizer.unk_id is not None and tokenizer.unk_id in tokenizer.encode(text):
        assert str(tokenizer.vocabulary.special.any) in said or "words" in said
        return None
    return text


@pytest.mark.parametrize("name", [name for name in MAKERS if not name.startswith("hf-")])
@given(text=tricky_text)
def test_nothing_is_lost_but_what_is_said(name: str, tokenizers: dict[str, Tokenizer], text: str):
    tokenizer = tokenizers[name]
    kept = avoiding(tokenizer, text)
    assert kept is None or gives_back(tokenizer, kept)


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_of_prose_is_lost_but_what_is_said(
    name: str, tokenizers: dict[str, Tokenizer], prose: list[str]
):
    """Prose has few unknown words, so most of its documents are told whole."""
    tokenizer = tokenizers[name]
    if (name.startswith("hf-") and tokenizer.lossless is not True) or name in (
        "sp-nfkc",
        "bpe-prefix-suffix",
    ):
        assert not all(gives_back(tokenizer, text) for text in [*prose[:50], *SHOWING])
        return
    kept = [avoiding(tokenizer, text) for text in prose[:200]]
    told = [text for text in kept if text is not None]
    assert len(told) > 20
    assert all(gives_back(tokenizer, text) for text in told)


@pytest.mark.parametrize("name", ADAPTED)
def test_of_other_libraries_too_a_claim_of_loss_is_shown(
    name: str, tokenizers: dict[str, Tokenizer]
):
    tokenizer = tokenizers[name]
    assert all(gives_back(tokenizer, text) for text in SHOWING) == (tokenizer.lossless is True)


def test_white_space_that_is_cut_away_before_bytes_is_said_to_be_lost():
    """It was once declared lossless, as all byte-level BPE was."""
    tokenizer = make("bpe", None, CUTS["whitespace"])
    assert tokenizer.lossless == "white space"
    assert tokenizer.decode(tokenizer.encode("a b")) == "ab"


def test_the_prefix_of_a_word_is_said_to_be_lost():
    tokenizer = make("wordpiece", None, CUTS["whitespace"])
    assert "'##' at the beginning of a word" in str(tokenizer.lossless)
    assert tokenizer.decode(tokenizer.encode("a ##b")) == "ab"


def test_a_byte_that_is_a_special_token_is_refused():
    """Text with that byte would lose it: special tokens add nothing to the text."""
    special = SpecialTokens(pad="!", eos=None, any=None)
    with pytest.raises(ToktoolsError, match="tokens that are not special, got none for byte 0x21"):
        BPETokenizer(Vocabulary(ALPHABET, special), [])


def test_a_merge_that_makes_a_special_token_is_refused():
    special = SpecialTokens(pad=None, eos="ab", any=None)
    with pytest.raises(ToktoolsError, match=r"merge 0 \('a' \+ 'b'\) needs .* which is special"):
        BPETokenizer(Vocabulary([*ALPHABET, "ab"], special), [("a", "b")])


def hf_bytes(*added: hf.AddedToken) -> hf.Tokenizer:
    """Byte-level BPE of the library without merges, and these added tokens."""
    vocab = {letter: id for id, letter in enumerate(ALPHABET)}
    tokenizer = hf.Tokenizer(hf.models.BPE(vocab, []))
    tokenizer.pre_tokenizer = hf.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = hf.decoders.ByteLevel()
    tokenizer.add_tokens(list(added))
    return tokenizer


def test_an_added_token_of_letters_that_stand_for_bytes_is_written_as_it_is():
    """The library reads "é", as a token, as the byte E9, which is no character."""
    ours = HuggingFaceTokenizer(hf_bytes(hf.AddedToken("né", normalized=False)))
    assert ours.lossless is True
    assert len(ours.encode("né!")) == 2
    assert ours.decode(ours.encode("né!")) == "né!"


def test_an_added_token_that_is_a_byte_too_makes_it_lossy():
    ours = HuggingFaceTokenizer(hf_bytes(hf.AddedToken("é", normalized=False)))
    assert ours.lossless is not True
    assert not gives_back(ours, "é")


def test_a_special_byte_makes_the_librarys_bpe_lossy():
    ours = HuggingFaceTokenizer(
        hf_bytes(), special_tokens=SpecialTokens(pad="!", eos=None, any=None)
    )
    assert ours.lossless is not True
    assert not gives_back(ours, "a!")
