"""BPE: by hand on a few words, and merge by merge against the Hugging Face trainer."""

from __future__ import annotations

import json

import pytest
import tokenizers as hf
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, models, pre_tokenizers, trainers

from tests.toktools.conftest import tricky_text
from toktools import SpecialTokens, ToktoolsError, Vocabulary, load, train_bpe
from toktools.bpe import BPETokenizer
from toktools.formats.tokenizer_json import from_json, to_json
from toktools.normalizers import NORMALIZERS
from toktools.pretokenizers import PRETOKENIZERS, RegexSplit

GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
HUGS = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}


def train_with_library(documents: list[str], vocab_size: int, byte_level: bool, **options) -> dict:
    """Return the model that the library trains with the settings that are our defaults."""
    special = ["<PAD>", "<EOS>"] if byte_level else ["<PAD>", "<EOS>", "<ANY>"]
    tokenizer = hf.Tokenizer(models.BPE(unk_token=None if byte_level else "<ANY>"))
    tokenizer.pre_tokenizer = (
        pre_tokenizers.ByteLevel(add_prefix_space=False)
        if byte_level
        else pre_tokenizers.Split(Regex(GPT2), "isolated")
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if byte_level else [],
        show_progress=False,
        **options,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return json.loads(tokenizer.to_str())["model"]


def assert_same_model(ours: BPETokenizer, theirs: dict) -> None:
    """Compare merge by merge, so that a failure names the first divergence."""
    merges = [tuple(merge) for merge in theirs["merges"]]
    for rank, (mine, other) in enumerate(zip(ours.merges, merges, strict=False)):
        assert mine == other, f"merge {rank} differs"
    assert len(ours.merges) == len(merges)
    assert ours.get_vocab() == theirs["vocab"]


@pytest.mark.oracle
@pytest.mark.parametrize("vocab_size", [300, 1000, 8000, 30_000])
@pytest.mark.parametrize("source", ["prose", "code"])
@pytest.mark.parametrize("byte_level", [True, False], ids=["bytes", "characters"])
def test_merges_and_ids_are_those_of_the_library(
    source: str, vocab_size: int, byte_level: bool, request: pytest.FixtureRequest
):
    documents = request.getfixturevalue(source)
    ours = train_bpe(documents, vocab_size=vocab_size, byte_level=byte_level)
    assert_same_model(ours, train_with_library(documents, vocab_size, byte_level))


@pytest.mark.oracle
def test_min_frequency_stops_where_the_library_stops(prose: list[str]):
    ours = train_bpe(prose, vocab_size=8000, min_frequency=40)
    assert 258 < ours.n_vocab < 8000
    assert_same_model(ours, train_with_library(prose, 8000, True, min_frequency=40))


def test_the_most_frequent_pair_is_merged_first_by_hand():
    # ug: 10 + 5 + 5 = 20, then un: 12 + 4 = 16, then h+ug: 10 + 5 = 15
    tokenizer = train_bpe(HUGS, vocab_size=259, special_tokens=SpecialTokens.none())
    assert tokenizer.merges == (("u", "g"), ("u", "n"), ("h", "ug"))


def test_merges_are_applied_in_the_order_learned():
    tokenizer = train_bpe(HUGS, vocab_size=259, special_tokens=SpecialTokens.none())
    tokens = [tokenizer.id_to_token(id) for id in tokenizer.encode("hugun")]
    assert tokens == ["hug", "un"]


def test_ids_are_specials_then_bytes_then_merges():
    tokenizer = train_bpe(HUGS, vocab_size=259)
    tokens = tokenizer.vocabulary.tokens
    assert tokens[:3] == ("<PAD>", "<EOS>", "!")
    assert tokens[-1] == "ug"
    assert tokenizer.unk_id is None


def test_a_corpus_without_more_pairs_gives_fewer_tokens():
    assert train_bpe(["ab"], vocab_size=1000).n_vocab == 259


def test_the_order_of_documents_does_not_matter(prose: list[str]):
    forward = train_bpe(prose[:500], vocab_size=600)
    backward = train_bpe(prose[:500][::-1], vocab_size=600)
    assert forward.merges == backward.merges
    assert forward.training == backward.training


def test_too_small_a_vocabulary_is_refused_with_the_least_that_works():
    with pytest.raises(ToktoolsError, match=r"must be >= 258 \(2 special tokens .* 256\), got 100"):
        train_bpe(["text"], vocab_size=100)


def test_a_bare_str_is_refused_with_both_remedies():
    with pytest.raises(TypeError, match=r"pass \[text\].*pathlib.Path"):
        train_bpe("text", vocab_size=300)  # type: ignore[arg-type]


def test_an_empty_corpus_is_refused():
    with pytest.raises(ToktoolsError, match="got no documents"):
        train_bpe([], vocab_size=300)


def test_a_merge_of_an_absent_token_is_refused():
    vocabulary = Vocabulary([*"ab", "ab", "<ANY>"], SpecialTokens(pad=None, eos=None))
    with pytest.raises(ToktoolsError, match="needs the token 'c'"):
        BPETokenizer(vocabulary, [("a", "c")], byte_level=False)


def test_an_unknown_character_is_one_any_and_keeps_its_place():
    tokenizer = train_bpe(["abab"], vocab_size=20, byte_level=False)
    ids, spans = tokenizer.encode_with_offsets("ab漢🙂ab")
    assert [tokenizer.id_to_token(id) for id in ids] == ["ab", "<ANY>", "<ANY>", "ab"]
    assert spans == [(0, 2), (2, 3), (3, 4), (4, 6)]


CUTS = {**{name: name for name in PRETOKENIZERS}, "regex": RegexSplit(r"\p{L}+|\p{N}")}


@pytest.fixture(scope="module")
def cut_and_rewritten(prose: list[str]) -> dict[tuple[str, str], tuple[BPETokenizer, hf.Tokenizer]]:
    """For every cut and normalizer, a byte-level tokenizer and the library's view of its file."""
    made = {}
    for cut in CUTS:
        for rewrite in [*NORMALIZERS, ""]:
            ours = train_bpe(
                prose[:40], vocab_size=400, pretokenizer=CUTS[cut], normalizer=rewrite or None
            )
            text = json.dumps(to_json(ours))
            made[cut, rewrite] = ours, hf.Tokenizer.from_str(text)
    return made


@pytest.mark.oracle
@settings(deadline=None)
@given(text=tricky_text)
def test_every_cut_with_every_normalizer_gives_the_librarys_ids(cut_and_rewritten: dict, text: str):
    for names, (ours, theirs) in cut_and_rewritten.items():
        expected = theirs.encode(text, add_special_tokens=False)
        ids, spans = ours.encode_with_offsets(text, allowed_special="all")
        assert (ids, spans) == (expected.ids, expected.offsets), names


def test_every_cut_and_normalizer_is_loaded_as_it_was_saved(
    cut_and_rewritten: dict, prose: list[str]
):
    for names, (ours, _) in cut_and_rewritten.items():
        loaded = from_json(json.loads(json.dumps(to_json(ours))))
        assert loaded.normalizer == ours.normalizer, names
        text = " ".join(prose[50:53])
        assert loaded.encode(text) == ours.encode(text), names


def test_names_objects_and_lists_of_them_say_the_same():
    by_name = train_bpe(HUGS, vocab_size=260, pretokenizer=["digits", "gpt2"], normalizer="bert")
    parts = [PRETOKENIZERS["digits"](), "gpt2"]
    by_object = train_bpe(HUGS, vocab_size=260, pretokenizer=parts, normalizer=NORMALIZERS["bert"])
    assert by_name.pretokenizer == by_object.pretokenizer
    assert by_name.normalizer == by_object.normalizer
    assert by_name.training == by_object.training


def test_marks_are_learned_and_merged_by_hand():
    # hug: h ##u ##g</w>, hugs: h ##u ##g ##s</w>. First the pair that all fifteen have.
    tokenizer = train_bpe(
        {"hug": 10, "hugs": 5},
        vocab_size=13,
        byte_level=False,
        continuing_subword_prefix="##",
        end_of_word_suffix="</w>",
    )
    assert tokenizer.vocabulary.tokens[3:] == (
        *("g", "h", "s", "u", "##g", "##u", "##g</w>", "##s</w>"),
        *("hu", "hug</w>"),
    )
    assert tokenizer.merges == (("h", "##u"), ("hu", "##g</w>"))


def marked(**options) -> BPETokenizer:
    return train_bpe(HUGS, vocab_size=40, byte_level=False, **options)


def test_a_suffix_becomes_the_space_between_words_and_none_behind_the_last():
    tokenizer = marked(end_of_word_suffix="</w>")
    ids = tokenizer.encode("hugs  bun\tpun", add_eos=True)
    assert tokenizer.decode(ids) == "hugs bun pun"
    assert tokenizer.decode(ids, keep_special=True) == "hugs bun pun <EOS>"


@settings(deadline=None)
@given(words=st.lists(st.sampled_from(["hug", "hugs", "gub", "x", "<EOS>"])))
def test_a_stream_over_a_suffix_gives_the_decoded_text(words: list[str]):
    tokenizer = marked(end_of_word_suffix="</w>")
    ids = tokenizer.encode(" ".join(words), allowed_special="all")
    stream = tokenizer.decode_stream()
    assert "".join(map(stream.feed, ids)) + stream.finish() == tokenizer.decode(ids)


@pytest.mark.parametrize(
    "options",
    [
        {"continuing_subword_prefix": "##"},
        {"end_of_word_suffix": "</w>"},
        {"continuing_subword_prefix": "▁", "end_of_word_suffix": "é"},
    ],
)
def test_spans_leave_out_the_marks_and_keep_unknown_characters(options: dict):
    text = "hugs xhux"
    pieces = [text[a:b] for a, b in marked(**options).encode_with_offsets(text).spans]
    assert "".join(pieces) == "hugsxhux"
    assert (pieces[0], pieces[1], pieces[-1]) == ("hugs", "x", "x")


def test_marks_are_saved_and_loaded(tmp_path):
    ours = marked(continuing_subword_prefix="@@", end_of_word_suffix="_")
    ours.save(tmp_path / "tokenizer.json")
    loaded = load(tmp_path)
    assert isinstance(loaded, BPETokenizer)
    assert (loaded.marks, loaded.merges) == (ours.marks, ours.merges)
    assert loaded.training["options"]["continuing_subword_prefix"] == "@@"


def test_a_mark_that_is_no_string_is_named():
    document = to_json(marked(end_of_word_suffix="_"))
    document["model"]["end_of_word_suffix"] = 3
    with pytest.raises(ToktoolsError, match="'end_of_word_suffix' must be a JSON string, got 3"):
        from_json(document)


@pytest.mark.oracle
def test_the_library_cannot_complete_or_decode_marked_bytes_so_they_are_refused():
    # What the library does: a byte that ended no word is unknown at the end of one, and the mark
    # is decoded as text.
    cut = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library = hf.Tokenizer(models.BPE(unk_token="<ANY>", end_of_word_suffix="</w>"))
    library.pre_tokenizer, library.decoder = cut, hf.decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        special_tokens=["<ANY>"],
        initial_alphabet=cut.alphabet(),
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    library.train_from_iterator(["hug pug"], trainer)
    assert library.encode("x").tokens == ["<ANY>"]
    assert library.decode(library.encode("hug").ids) == "hug</w>"
    for mark in ({"end_of_word_suffix": "</w>"}, {"continuing_subword_prefix": "##"}):
        with pytest.raises(ToktoolsError, match="byte-level BPE takes no"):
            train_bpe(HUGS, vocab_size=300, **mark)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pretokenizer": "gpt3"}, "no pretokenizer 'gpt3'; did you mean 'gpt2'"),
        ({"normalizer": "nfx"}, "no normalizer 'nfx'; did you mean 'nf"),
        ({"max_token_length": 0}, "max_token_length must be >= 1"),
        ({"min_frequency": -1}, "min_frequency must be >= 0, got -1"),
        ({"limit_alphabet": 100}, "limit_alphabet must be >= 256 over bytes, got 100"),
        ({"initial_alphabet": ["漢"]}, "must hold bytes in GPT-2's alphabet, got '漢'"),
        ({"limit_alphabet": 1, "initial_alphabet": "ab", "byte_level": False}, "must be >= 2"),
        ({"limit_alphabet": 0, "byte_level": False}, "limit_alphabet must be >= 1"),
        ({"alphabet": ["a"], "limit_alphabet": 300}, "leave out limit_alphabet"),
        ({"alphabet": ["a"]}, "needs all 256 bytes"),
    ],
)
def test_impossible_options_are_refused(options: dict, message: str):
    with pytest.raises(ToktoolsError, match=message):
        train_bpe(HUGS, vocab_size=1000, **options)


def test_every_option_is_saved():
    options = {
        "vocab_size": 30,
        "min_frequency": 2,
        "byte_level": False,
        "max_token_length": 5,
        "limit_alphabet": 6,
        "initial_alphabet": ["z"],
        "continuing_subword_prefix": "##",
        "end_of_word_suffix": "_",
    }
    trained = train_bpe(HUGS, pretokenizer="digits", normalizer="nfc", **options)
    assert trained.training["options"] == {
        **options,
        "alphabet": None,
        "pretokenizer": "DigitSplit(group=1, from_right=False)",
        "normalizer": "UnicodeForm(form='NFC')",
    }
