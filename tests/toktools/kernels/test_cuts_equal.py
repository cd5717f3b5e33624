"""The compiled cuts are the readable ones, on any text, also line by line."""

from __future__ import annotations

import random
import unicodedata
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toktools.conftest import tricky_text
from tests.toktools.kernels.cutting import (
    CUTS,
    GPT,
    compiled,
    compiled_by_chunks,
    readable,
    readable_lines,
)
from tests.toktools.test_pretokenizers import contraction_text
from toktools.pretokenizers import (
    O200kSplit,
    Pretokenizer,
    PunctuationSplit,
    WhitespaceSplit,
)

few_kinds = st.lists(
    st.sampled_from(
        "aAéÉßǅʰ漢ひー01٣２½ \u3000\u2009\xa0\t\n\r/!?_'s🙂❤"
        "\ufe0f\u0301\u0e31\u0903\U00010428\0\x1c▁"
    ),
    min_size=1,
    max_size=6,
    unique=True,
).flatmap(
    lambda kinds: st.lists(
        st.sampled_from(kinds) | st.sampled_from([kinds[0] * 40, kinds[0] * 64]), max_size=60
    )
)
"""Long runs of few kinds of characters, which end in another block than they begin."""
nasty_text = tricky_text | contraction_text | few_kinds.map("".join)
each_cut = pytest.mark.parametrize("cut", CUTS, ids=repr)


@each_cut
@settings(max_examples=80, deadline=None)
@given(text=nasty_text)
def test_pieces_stand_where_the_readable_cut_has_them(cut: Pretokenizer, text: str):
    assert compiled(cut, text) == readable(cut, text)


@each_cut
@settings(max_examples=40, deadline=None)
@given(text=nasty_text | st.lists(nasty_text).map("\n".join))
def test_lines_are_cut_as_texts_of_their_own_with_the_line_feed_apart(cut: Pretokenizer, text: str):
    assert compiled(cut, text, lines=True) == readable_lines(cut, text)


@each_cut
def test_no_place_in_a_block_of_64_bytes_is_special(cut: Pretokenizer):
    text = (
        " 漢字's \u3000 it'll be\u3000\u3000b 1234567 ٣٣٣٣ \n\n 'tis\n  \r \t\n \n   x!\n\n/ //\n/!"
        " 漢HTMLa 漢HTML\r\nDON'TAB it'lLx it'ſx ❤\ufe0fé !e\u0301 !!\u0301a \xa0\n\x85"
    )
    for offset in range(70):
        moved = "x" * offset + text
        assert compiled(cut, moved) == readable(cut, moved)
        assert compiled(cut, moved, lines=True) == readable_lines(cut, moved)


@pytest.mark.parametrize(
    "text",
    [
        "a漢AB",  # lower case, then neither: upper case begins a word
        "漢AB",  # neither: only if no lower case follows
        "漢ABc",
        "漢" + "A" * 200,  # which shows four blocks later
        "漢" + "A" * 200 + "c",
        "漢A漢A漢",
        "\u0301AB",  # a mark is a word of its own, if need be
        "!\u0301!\u0301!!\u0301a",  # and a symbol among symbols
        " !\u0301a",
        "!\n/\u0301a!\n/!\n//a",  # slashes behind line ends belong to the symbols before
        "it'llAB it'lLx it's's's it'm漢A it's漢Ab x'mmーMー",
        "HTMLʰX ǅx",
    ],
)
def test_words_of_gpt_4o_end_where_case_says(text: str):
    assert compiled(O200kSplit(), text) == readable(O200kSplit(), text)


@pytest.mark.parametrize("cut", GPT, ids=repr)
@pytest.mark.parametrize(
    ("before", "run", "behind"),
    [
        ("\n", " ", "\n a"),
        ("\n", " ", "a"),
        ("!\n", " ", "\n a"),
        ("漢", "A", "c"),
        ("漢", "A", "漢"),
    ],
)
def test_runs_of_any_length_end_as_what_follows_says(
    cut: Pretokenizer, before: str, run: str, behind: str
):
    for n in range(1, 140):
        text = "x" * (n * 7 % 64) + before + run * n + behind
        assert compiled(cut, text) == readable(cut, text)


@pytest.mark.parametrize("cut", [*GPT, PunctuationSplit()], ids=repr)
def test_corpora_are_cut_as_by_the_readable_cut(
    cut: Pretokenizer, prose: list[str], code: list[str]
):
    text = "\n".join([*prose[:1000], *code[:4000]])
    assert compiled_by_chunks(cut, text, n_bytes=10_000) == readable(cut, text)


@each_cut
def test_every_character_is_of_its_class(cut: Pretokenizer):
    blocks = (range(0x3300), range(0xA490, 0xAC10), range(0xD7A0, 0xD800), range(0xFA00, 0x12000))
    codes = [code for block in blocks for code in block if unicodedata.category(chr(code)) != "Cn"]
    codes += [*range(0x12000, 0x110000, 97), 0x10FFFF, 0xE0100, 0xE01EF]
    contexts = cycle(["a{0} {0}A", "{0}1{0}!", "1{0}é{0}{0}", "\n {0}\n{0}漢{0}A "])
    text = "".join(
        context.format(chr(code)) for code, context in zip(codes, contexts, strict=False)
    )
    assert compiled(cut, text) == readable(cut, text)


SCRIPTS = {
    "Deutsch": "Größe Straße über Übung daß ÄÖÜ",
    "Русский": "Привет мир Москва ОНО ещё",
    "Ελληνικά": "Καλημέρα Κόσμε ΣΊΣΥΦΟΣ",
    "हिन्दी": "नमस्ते दुनिया हिन्दी में क्षत्रिय",
    "ไทย": "สวัสดีชาวโลก ภาษาไทย น้ำ",
    "العربية": "مرحبا بالعالم ١٢٣٤ عَرَبِيّ",
    "日本語": "こんにちは世界。カタカナー１２３４ ＡＢＣ 「日本」",
    "한국어": "안녕하세요 세계 한국어",
    "עברית": "שָׁלוֹם עולם",
    "🙂": "👩‍👩‍👧 ❤️ 👍🏽 🇩🇪 1️⃣",
}


@pytest.mark.parametrize("cut", GPT, ids=repr)
def test_scripts_are_cut_as_by_the_readable_cut(cut: Pretokenizer):
    rng = random.Random(0)
    words = [*" ".join(SCRIPTS.values()).split(), "it's", "HTTPServer", "12345", "--", "x=1;"]
    spaces = [" ", " ", " ", "  ", "\n", "\n\n    ", "\u3000", "", "\r\n"]
    text = "".join(rng.choice(words) + rng.choice(spaces) for _ in range(5_000))
    assert compiled_by_chunks(cut, text) == readable(cut, text)
    assert compiled_by_chunks(cut, text, lines=True) == readable_lines(cut, text)


def test_each_white_space_is_seen_wherever_it_stands_in_a_block():
    cut = WhitespaceSplit()
    spaces = [c for c in map(chr, range(0x3001)) if c.isspace() and not "\x1c" <= c <= "\x1f"]
    assert len(spaces) == 25
    for space in spaces:
        for n in range(58, 66):
            text = "ひ" + "a" * n + space + "é" + space * 2 + "b"
            found = compiled(cut, text)
            assert found == readable(cut, text), n
            assert len(found) == 3, "is it white space at all?"
