"""How text is rewritten, and where each character came from: ours against the library's."""

from __future__ import annotations

import pickle
import sys
import unicodedata
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from tokenizers import normalizers as hf

from tests.toktools.conftest import tricky_text
from toktools.errors import ToktoolsError
from toktools.normalizers import (
    BertCleanup,
    EnsurePrefix,
    Lowercase,
    NmtCleanup,
    Normalizer,
    NormalizerSequence,
    Prepend,
    RegexReplace,
    Replace,
    SpellBytes,
    Strip,
    StripAccents,
    UnicodeForm,
)

CODE_POINTS = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
PAIRS: dict[str, tuple[Normalizer, hf.Normalizer]] = {
    "lowercase": (Lowercase(), hf.Lowercase()),
    "nfc": (UnicodeForm("NFC"), hf.NFC()),
    "nfd": (UnicodeForm("NFD"), hf.NFD()),
    "nfkc": (UnicodeForm("NFKC"), hf.NFKC()),
    "nfkd": (UnicodeForm("NFKD"), hf.NFKD()),
    "strip-accents": (StripAccents(), hf.StripAccents()),
    "replace": (Replace("e", "<é>"), hf.Replace("e", "<é>")),
    "replace-two": (Replace("  ", "▁"), hf.Replace("  ", "▁")),
    "replace-by-nothing": (Replace(" ", ""), hf.Replace(" ", "")),
    "prepend": (Prepend("▁"), hf.Prepend("▁")),
    "prepend-two": (Prepend("a b"), hf.Prepend("a b")),
    "strip": (Strip(), hf.Strip()),
    "strip-left": (Strip(right=False), hf.Strip(right=False)),
    "strip-right": (Strip(left=False), hf.Strip(left=False)),
    "nmt": (NmtCleanup(), hf.Nmt()),
    "spell-bytes": (SpellBytes(), hf.ByteLevel()),
    "regex": (RegexReplace(r"\s+", "<>"), hf.Replace(Regex(r"\s+"), "<>")),
    "regex-by-nothing": (RegexReplace("[^a-zé]", ""), hf.Replace(Regex("[^a-zé]"), "")),
    "sequence": (
        NormalizerSequence(UnicodeForm("NFD"), StripAccents(), Lowercase(), Replace(" ", "▁")),
        hf.Sequence([hf.NFD(), hf.StripAccents(), hf.Lowercase(), hf.Replace(" ", "▁")]),
    ),
    "sequence-composing": (
        NormalizerSequence(Prepend("e"), UnicodeForm("NFKC"), Replace("f", "ff")),
        hf.Sequence([hf.Prepend("e"), hf.NFKC(), hf.Replace("f", "ff")]),
    ),
    "sequence-of-none": (NormalizerSequence(), hf.Sequence([])),
    **{
        f"bert-{clean}-{chinese}-{strip}-{lower}": (
            BertCleanup(clean, chinese, strip, lower),
            hf.BertNormalizer(clean, chinese, strip, lower),
        )
        for clean, chinese, strip, lower in product(
            (True, False), (True, False), (True, False, None), (True, False)
        )
    },
}
MARKS = (
    "eEao\u0301\u0327\u0323\u0345\u05b0\u0334ếｶﾞ각가\u11a8\u1100\u1161ﬁ\u1e9b\u0344\u212b"
    "\u09c7\u09be"
)
LATE = "\u1acf\u07fd\U00011938\U00011935\U00011930\U0001e4ef\u32ff\u0897"
marked_text = st.text(st.sampled_from(MARKS + LATE) | st.characters(categories=["Mn", "Lo"]))
"""Letters and marks that compose, decompose and change places, and some that are too new to."""
any_text = tricky_text | marked_text
each_pair = pytest.mark.parametrize("name", PAIRS)


@pytest.mark.oracle
@each_pair
@given(text=any_text)
def test_text_is_that_of_the_oracle(name: str, text: str):
    ours, theirs = PAIRS[name]
    assert ours.normalize(text) == theirs.normalize_str(text)


@pytest.mark.oracle
@given(text=any_text)
def test_the_prefix_is_that_of_metaspace(text: str):
    ours = NormalizerSequence(Replace(" ", "▁"), EnsurePrefix("▁"))
    theirs = pre_tokenizers.Metaspace(prepend_scheme="always", split=False).pre_tokenize_str(text)
    assert ours.normalize(text) == "".join(piece for piece, _ in theirs)
    rewritten, source = ours.normalize_aligned(text)
    assert (rewritten, len(source)) == (ours.normalize(text), len(rewritten))


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["strip", "nmt", "spell-bytes"])
def test_every_code_point_is_stripped_or_spelled_as_by_the_oracle(name: str):
    ours, theirs = PAIRS[name]
    assert [c for c in CODE_POINTS if ours.normalize(c) != theirs.normalize_str(c)] == []


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["nfc", "nfd", "nfkc", "nfkd", "strip-accents"])
def test_every_code_point_is_rewritten_as_by_the_oracle(name: str):
    ours, theirs = PAIRS[name]
    for context in ("{}", "a{}\u0334", "a\u0345{}"):
        texts = [context.format(c) for c in CODE_POINTS]
        assert [t for t in texts if ours.normalize(t) != theirs.normalize_str(t)] == []


@pytest.mark.oracle
def test_every_code_point_is_cleaned_as_by_the_oracle():
    for name in ("bert-True-True-True-True", "bert-True-False-False-False"):
        ours, theirs = PAIRS[name]
        assert [c for c in CODE_POINTS if ours.normalize(c) != theirs.normalize_str(c)] == []


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="counts those of Unicode 14")
def test_73_code_points_decompose_in_python_3_11_and_not_in_the_oracle():
    ours = UnicodeForm("NFKD")
    differ = [c for c in CODE_POINTS if ours.normalize(c) != unicodedata.normalize("NFKD", c)]
    assert len(differ) == 73
    assert {"\u32ff", "\ua7f2", "\U00011938", "\U0001fbf9"} <= set(differ)


@each_pair
@given(text=any_text)
def test_alignment_goes_with_the_text_and_never_back(name: str, text: str):
    ours, _ = PAIRS[name]
    rewritten, source = ours.normalize_aligned(text)
    assert rewritten == ours.normalize(text)
    assert len(source) == len(rewritten)
    assert source == sorted(source)
    assert all(0 <= i < len(text) for i in source)


@pytest.mark.oracle
@each_pair
@given(text=any_text)
def test_alignment_is_that_of_the_oracle(name: str, text: str):
    ours, theirs = PAIRS[name]
    each = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    each.normalizer = theirs
    each.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    _, source = ours.normalize_aligned(text)
    assert [(i, i + 1) for i in source] == each.encode(text).offsets


@each_pair
def test_normalizers_are_values(name: str):
    ours, _ = PAIRS[name]
    assert pickle.loads(pickle.dumps(ours)) == ours


def test_marks_change_places_and_keep_theirs_in_the_text():
    assert UnicodeForm("NFC").normalize_aligned("xe\u0327\u0301") == ("x\u0229\u0301", [0, 1, 3])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: UnicodeForm("NFX"), "form must be NFC, NFD, NFKC or NFKD, got 'NFX'"),
        (lambda: Replace("", "a"), "the string to replace must not be empty"),
    ],
)
def test_impossible_options_are_refused(make, message: str):
    with pytest.raises(ToktoolsError, match=message):
        make()
