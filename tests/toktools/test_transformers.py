"""`transformers` opens every file that we write, and gives our ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.toktools.conftest import OURS, tricky_text
from toktools import Tokenizer, verify

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.oracle
NAMES = [*OURS, "hf-byte-level", "hf-wordpiece", "hf-unigram"]
each_name = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def opened(tokenizers: dict[str, Tokenizer], tmp_path_factory) -> dict[str, Any]:
    """The files of `tokenizers`, opened by transformers."""
    folder, found = tmp_path_factory.mktemp("transformers"), {}
    for name in NAMES:
        path = folder / f"{name}.json"
        tokenizers[name].save(path)
        found[name] = transformers.PreTrainedTokenizerFast(tokenizer_file=str(path))
    return found


@each_name
def test_ids_are_ours_on_prose(
    name: str, tokenizers: dict[str, Tokenizer], opened: dict[str, Any], prose: list[str]
):
    assert verify(tokenizers[name], prose[::20], opened[name]).first is None


@pytest.mark.parametrize("name", OURS)
@given(text=tricky_text)
def test_ids_are_ours_on_any_text(
    name: str, tokenizers: dict[str, Tokenizer], opened: dict[str, Any], text: str
):
    expected = tokenizers[name].encode(text, allowed_special="all")
    assert opened[name].encode(text) == expected
    assert opened[name](text)["input_ids"] == expected


@each_name
def test_the_vocabulary_is_ours(
    name: str, tokenizers: dict[str, Tokenizer], opened: dict[str, Any]
):
    assert opened[name].get_vocab() == tokenizers[name].get_vocab()
    assert len(opened[name]) == tokenizers[name].n_vocab


def test_a_folder_of_transformers_opens_here(
    opened: dict[str, Any], tokenizers: dict[str, Tokenizer], tmp_path: Path
):
    """It writes a tokenizer.json of its own, beside files that we do not read."""
    from toktools import load

    opened["bpe"].save_pretrained(tmp_path)
    ours = load(tmp_path)
    assert ours.encode("in the end") == tokenizers["bpe"].encode("in the end")
    assert ours.eos_id == tokenizers["bpe"].eos_id
