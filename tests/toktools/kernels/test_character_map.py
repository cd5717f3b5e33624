"""What becomes of characters: asked together or one by one, when they are met."""

import numpy as np
import pytest

from toktools.kernels.character_map import ALONE, DROPPED, SAME, SLOW, UNKNOWN, WORD, CharacterMap
from toktools.normalizers import BertCleanup, Lowercase, NormalizerSequence, UnicodeForm
from toktools.pretokenizers import PunctuationSplit, WhitespaceSplit

MAPS = {
    "words": (None, WhitespaceSplit()),
    "punctuation": (None, PunctuationSplit()),
    "lowercase": (Lowercase(), WhitespaceSplit()),
    "bert": (BertCleanup(), PunctuationSplit()),
    "bert cased": (BertCleanup(lowercase=False), PunctuationSplit()),
    "decomposed": (NormalizerSequence(UnicodeForm("NFKD"), Lowercase()), PunctuationSplit()),
}
# Latin, combining marks, Greek, general punctuation, Kana, CJK, Hangul, forms, emoji and others
RANGES = [(0x80, 0x420), (0x2000, 0x2100), (0x3000, 0x3100), (0x4DF0, 0x4E10), (0xABF0, 0xAC10)]
RANGES += [
    (0xD7F0, 0xD800),
    (0xE000, 0xE004),
    (0xF900, 0xF910),
    (0xFE00, 0xFFFF),
    (0x1F600, 0x1F610),
]
CHARACTERS = [chr(code) for first, last in RANGES for code in range(first, last)]


def learned(normalizer, cut, *texts):
    """A map that has met these texts, one after another."""
    map = CharacterMap(normalizer, cut)
    for text in texts:
        data = text.encode()
        map.learn(np.frombuffer(data + bytes(16), np.uint8), len(data))
    return map


def becomes(map, character):
    at = int(map.mapped_at[ord(character)])
    if at < 0:
        return {SAME: character, SLOW: None}[at]
    return map.mapped[at + 1 : at + 1 + int(map.mapped[at])].tobytes().decode()


@pytest.mark.parametrize("name", MAPS)
def test_together_and_one_by_one_the_same_becomes_of_characters(name):
    normalizer, cut = MAPS[name]
    together = learned(normalizer, cut, "".join(CHARACTERS))
    alone = learned(normalizer, cut, *CHARACTERS[::7])
    for character in CHARACTERS[::7]:
        assert together.classes[ord(character)] == alone.classes[ord(character)], character
        assert becomes(together, character) == becomes(alone, character), character
    assert together.growth >= alone.growth


@pytest.mark.parametrize("name", MAPS)
def test_classes_are_what_the_cut_makes_of_a_character_between_letters(name):
    normalizer, cut = MAPS[name]
    map = learned(normalizer, cut, "".join(CHARACTERS))
    for character in CHARACTERS:
        kind, piece = map.classes[ord(character)], becomes(map, character)
        if piece is None:  # left to the readable code
            assert kind == WORD
            continue
        text = f"q{character}q" if normalizer is None else normalizer.normalize(f"q{character}q")
        expected = {WORD: [f"q{piece}q"], DROPPED: ["q", "q"], ALONE: ["q", piece, "q"]}[int(kind)]
        assert cut.split(text) == expected, character


def test_only_what_is_met_is_looked_up():
    map = learned(BertCleanup(), PunctuationSplit(), "aé", "é漢a")
    met = np.flatnonzero(map.classes != UNKNOWN)
    assert met.tolist() == [*range(0x80), ord("é"), ord("漢")]
    assert becomes(map, "é") == "e"
    assert map.classes[ord("漢")] == ALONE


def test_characters_that_an_interrupt_kept_from_being_looked_up_are_looked_up_later(monkeypatch):
    map = learned(BertCleanup(), PunctuationSplit())
    data = np.frombuffer("é漢".encode() + bytes(16), np.uint8)

    def interrupted(codes):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(map, "_rewritten", interrupted)
        with pytest.raises(KeyboardInterrupt):
            map.learn(data, 5)
    assert map.classes[ord("é")] == UNKNOWN
    map.learn(data, 5)
    assert becomes(map, "é") == "e"
    assert map.classes[ord("漢")] == ALONE
