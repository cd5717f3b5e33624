"""Where text is cut: our pretokenizers against the library's, and against themselves."""

from __future__ import annotations

import pickle
import subprocess
import sys
from itertools import pairwise

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken_ext import openai_public
from tokenizers import Regex
from tokenizers import pre_tokenizers as hf

from tests.toktools.conftest import tricky_text
from toktools.errors import ToktoolsError
from toktools.pretokenizers import (
    PRETOKENIZERS,
    DigitSplit,
    Gpt2Split,
    Llama3Split,
    MetaspaceSplit,
    O200kSplit,
    Pretokenizer,
    PunctuationMarkSplit,
    PunctuationSplit,
    Qwen2Split,
    RegexSplit,
    SplitSequence,
    StringSplit,
    WhitespaceSplit,
    WordSplit,
    pretokenizer,
)
from toktools.unicode.byte_alphabet import byte_spans, spell, unspell

CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = (
    CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    + CONTRACTIONS
    + r"?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    + CONTRACTIONS
    + r"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BEHAVIORS = ["isolated", "removed", "merged_with_previous", "merged_with_next", "contiguous"]


def split(pattern: str, behavior: str = "isolated", invert: bool = False) -> hf.PreTokenizer:
    return hf.Split(Regex(pattern), behavior, invert)


PAIRS: dict[str, tuple[Pretokenizer, hf.PreTokenizer]] = {
    "whitespace": (WhitespaceSplit(), hf.WhitespaceSplit()),
    "punctuation": (PunctuationSplit(), hf.BertPreTokenizer()),
    "llama3": (Llama3Split(), split(LLAMA3)),
    "qwen2": (Qwen2Split(), split(LLAMA3.replace("{1,3}", ""))),
    "o200k": (O200kSplit(), split(O200K)),
    "digits": (DigitSplit(), hf.Digits(individual_digits=True)),
    "digits-whole": (DigitSplit(group=None), hf.Digits(individual_digits=False)),
    "digits-left": (DigitSplit(group=3), split(r"\p{N}{1,3}")),
    "digits-right": (
        DigitSplit(group=3, from_right=True),
        split(r"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))"),
    ),
    "metaspace": (MetaspaceSplit(), hf.Metaspace(prepend_scheme="never")),
    "words": (WordSplit(), hf.Whitespace()),
    **{
        f"marks-{behavior}": (PunctuationMarkSplit(behavior), hf.Punctuation(behavior))  # type: ignore[arg-type]
        for behavior in BEHAVIORS
    },
    **{
        f"string-{behavior}-{invert}": (
            StringSplit("the ", behavior, invert),  # type: ignore[arg-type]
            hf.Split("the ", behavior, invert),
        )
        for behavior in BEHAVIORS
        for invert in (False, True)
    },
    "delimiter": (StringSplit("'", "removed"), hf.CharDelimiterSplit("'")),
    "sequence": (
        SplitSequence(WhitespaceSplit(), DigitSplit(group=None), PunctuationSplit()),
        hf.Sequence([hf.WhitespaceSplit(), hf.Digits(False), hf.BertPreTokenizer()]),
    ),
    "sequence-of-none": (SplitSequence(), hf.Sequence([])),
    **{
        f"regex-{behavior}-{invert}": (
            RegexSplit(r"['st]|\s+", behavior, invert),  # type: ignore[arg-type]
            split(r"['st]|\s+", behavior, invert),
        )
        for behavior in BEHAVIORS
        for invert in (False, True)
    },
}
contraction_text = st.lists(
    st.sampled_from("'''sS\u017fkK\u212atTrReEvVlLdDmM aAé1２ \n\r/\u0301\u01c5ʰ漢\u3000")
).map("".join)
"""Contractions, case and what could be taken for it: U+017F, U+212A, a title-case letter."""
cut_text = tricky_text | contraction_text


def assert_same_pieces(name: str, text: str) -> None:
    ours, theirs = PAIRS[name]
    if name == "metaspace":  # the library's rewrites the spaces too
        text = text.replace(" ", "▁")
    expected = [(piece, span) for piece, span in theirs.pre_tokenize_str(text) if piece]
    assert ours.split(text) == [piece for piece, _ in expected]
    assert ours.split_spans(text) == [span for _, span in expected]


@pytest.mark.oracle
@pytest.mark.parametrize("name", PAIRS)
@settings(deadline=None)  # the first call compiles the pattern
@given(text=cut_text)
def test_pieces_and_spans_are_those_of_the_oracle(name: str, text: str):
    assert_same_pieces(name, text)


@pytest.mark.oracle
@pytest.mark.parametrize("name", PAIRS)
def test_pieces_of_corpora_are_those_of_the_oracle(name: str, prose: list[str], code: list[str]):
    for text in [*prose[::40], "\n".join(code[:2000])]:
        assert_same_pieces(name, text)


@pytest.mark.oracle
@pytest.mark.slow
def test_word_characters_are_those_of_the_oracle():
    characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    for i in range(0, len(characters), 200):  # the library takes quadratic time
        assert_same_pieces("words", " ".join(f"a{c}a" for c in characters[i : i + 200]))


@pytest.mark.oracle
@given(text=cut_text)
def test_gpt2_pieces_are_those_of_the_oracle(text: str):
    theirs = hf.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    assert [spell(piece.encode()) for piece in Gpt2Split().split(text)] == [p for p, _ in theirs]


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["llama3", "o200k"])
def test_contractions_fold_case_as_the_oracle_does_for_every_cased_character(name: str):
    characters = [chr(c) for c in range(0x20000) if chr(c).casefold() != chr(c)]
    characters += sorted({folded for c in characters for folded in c.casefold()})
    for before, after in [("a'", ""), ("'", "e"), ("'l", ""), ("'v", "")]:
        for i in range(0, len(characters), 200):  # the library takes quadratic time
            some = characters[i : i + 200]
            assert_same_pieces(name, ";".join(before + c + after for c in some))


TIKTOKEN = {"gpt2": "r50k_base", "cl100k": "cl100k_base", "o200k": "o200k_base"}


@pytest.fixture(scope="module")
def patterns() -> dict[str, str]:
    """The patterns of tiktoken's encodings, without their vocabularies (which it downloads)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openai_public, "load_tiktoken_bpe", lambda *args, **options: {})
        constructors = openai_public.ENCODING_CONSTRUCTORS
        return {ours: constructors[theirs]()["pat_str"] for ours, theirs in TIKTOKEN.items()}


def tiktoken_pieces(pattern: str, text: str, likely: set[bytes]) -> list[bytes]:
    """Return tiktoken's pieces of `text`: it makes a token of every piece that is in `likely`."""
    ranks = {bytes([b]): b for b in range(256)}
    for piece in sorted(likely):
        ranks.setdefault(piece, len(ranks))
    encoding = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return encoding.decode_tokens_bytes(encoding.encode_ordinary(text))


@pytest.mark.oracle
@pytest.mark.parametrize("name", TIKTOKEN)
@settings(max_examples=40, deadline=None)
@given(text=cut_text.filter(lambda text: len(text) < 60))
def test_pieces_are_those_of_tiktoken(name: str, patterns: dict[str, str], text: str):
    starts = range(len(text))
    likely = {text[a : b + 1].encode() for a in starts for b in starts[a:]}
    pieces = [piece.encode() for piece in pretokenizer(name).split(text)]
    assert pieces == tiktoken_pieces(patterns[name], text, likely)


@pytest.mark.oracle
@pytest.mark.parametrize("name", TIKTOKEN)
def test_pieces_of_corpora_are_those_of_tiktoken(
    name: str, patterns: dict[str, str], prose: list[str], code: list[str]
):
    text = "\n".join([*prose[::20], *code[:5000]])
    pieces = [piece.encode() for piece in pretokenizer(name).split(text)]
    pairs = {a + b for a, b in pairwise(pieces)}
    assert pieces == tiktoken_pieces(patterns[name], text, {*pieces, *pairs})


def test_gpt4_and_llama3_differ_in_white_space_at_the_end():
    text = "end \n  "
    assert pretokenizer("cl100k").split(text) == ["end", " \n  "]
    assert pretokenizer("llama3").split(text) == ["end", " \n", "  "]


@pytest.mark.parametrize("name", PRETOKENIZERS)
@given(text=cut_text)
def test_spans_give_the_pieces(name: str, text: str):
    cut = pretokenizer(name)
    assert [text[start:end] for start, end in cut.split_spans(text)] == cut.split(text)


@pytest.mark.parametrize("name", PAIRS)
def test_pretokenizers_are_values(name: str):
    cut = PAIRS[name][0]
    assert pickle.loads(pickle.dumps(cut)) == cut
    assert len({cut, pickle.loads(pickle.dumps(cut))}) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DigitSplit(group=0), "group must be >= 1, or None for whole numbers, got 0"),
        (lambda: MetaspaceSplit("__"), "replacement must be one character, got '__'"),
        (lambda: StringSplit(""), "the string to cut at must not be empty"),
        (lambda: PunctuationMarkSplit("glued"), "behavior must be one of isolated"),  # type: ignore[arg-type]
        (lambda: RegexSplit("["), r"'\[' is not a regular expression: unterminated"),
        (lambda: RegexSplit("a", "glued"), "behavior must be one of isolated, .* got 'glued'"),
    ],
)
def test_impossible_options_are_refused(make, message: str):
    with pytest.raises(ToktoolsError, match=message):
        make()


def test_the_regex_package_is_only_needed_by_regex_split():
    program = """
import sys
sys.modules["regex"] = None
from toktools.pretokenizers import PRETOKENIZERS, RegexSplit, pretokenizer
for name in PRETOKENIZERS:
    pretokenizer(name).split("It's 2019")
RegexSplit("a")
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "RegexSplit needs the package 'regex'; pip install 'toktools[adapters]'" in result.stderr


@pytest.mark.parametrize("name", PRETOKENIZERS)
@pytest.mark.parametrize("unit", [" ", "\n ", "a", "A", "1", "'", "\u0301", "漢"])
def test_long_runs_do_not_take_quadratic_time(name: str, unit: str):
    assert pretokenizer(name).split(unit * 200_000 + "x")


@pytest.mark.parametrize("name", ["gpt2", "cl100k", "o200k", "llama3", "qwen2", "digits"])
@given(text=cut_text)
def test_cuts_of_byte_level_models_lose_nothing(name: str, text: str):
    assert "".join(pretokenizer(name).split(text)) == text


def test_pieces_of_a_sentence_by_hand():
    assert Gpt2Split().split("I'll pay  $1,200!\n\n ok") == [
        *("I", "'ll", " pay", " ", " $", "1", ",", "200", "!", "\n\n", " ok"),
    ]


def test_an_unknown_name_is_answered_with_the_closest():
    with pytest.raises(ToktoolsError, match="did you mean 'whitespace'"):
        pretokenizer("whitspace")


@given(text=tricky_text)
def test_the_printable_alphabet_spells_every_byte_and_back(text: str):
    assert unspell(spell(text.encode())) == text.encode()


def test_the_alphabet_has_256_printable_characters():
    spelled = spell(bytes(range(256)))
    assert len(set(spelled)) == 256
    assert spelled.isprintable()


def test_byte_spans_share_a_cut_character():
    assert byte_spans("a漢b", [2, 1, 2]) == [(0, 2), (1, 2), (1, 3)]
