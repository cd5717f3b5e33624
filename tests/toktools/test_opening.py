"""What a path opens: folders, older files, and adapters that are named before it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tokenizers as hf

from lstm_lm.commands.options import make_tokenizer
from tests.toktools.test_cli import toktools
from toktools import (
    BPETokenizer,
    ByteTokenizer,
    HuggingFaceTokenizer,
    SpecialTokens,
    ToktoolsError,
    WordPieceTokenizer,
    load,
    train_bpe,
)
from toktools.formats.opening import is_file_name
from toktools.normalizers import BertCleanup

UNCASED = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "to", "be", "##e"]


def write_gpt2(folder: Path, stem: str = "") -> list[int]:
    """Write `vocab.json` and `merges.txt`; return the ids of "to be"."""
    none = SpecialTokens.none()
    bpe = train_bpe(["to be or not to be"], vocab_size=262, special_tokens=none)
    vocab = bpe.get_vocab() | {"<|endoftext|>": 262}
    (folder / f"{stem}vocab.json").write_text(json.dumps(vocab))
    merges = "".join(f"{left} {right}\n" for left, right in bpe.merges)
    (folder / f"{stem}merges.txt").write_text("#version: 0.2\n" + merges)
    return bpe.encode("to be")


def test_a_folder_opens_by_what_it_holds(tmp_path: Path):
    (tmp_path / "vocab.txt").write_text("\n".join(UNCASED))
    assert isinstance(load(tmp_path), WordPieceTokenizer)
    ids = write_gpt2(tmp_path)
    assert load(tmp_path).encode("to be") == ids
    ByteTokenizer().save(tmp_path / "tokenizer.json")
    assert isinstance(load(tmp_path), ByteTokenizer)


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt"])
@pytest.mark.parametrize("stem", ["", "gpt2-"])
def test_either_of_the_two_files_opens_both(name: str, stem: str, tmp_path: Path):
    ids = write_gpt2(tmp_path, stem)
    ours = load(tmp_path / (stem + name))
    assert isinstance(ours, BPETokenizer)
    assert ours.encode("to be") == ids
    assert ours.eos_id == 262


def test_tokens_that_text_cannot_become_are_special(tmp_path: Path):
    write_gpt2(tmp_path)
    vocab = json.loads((tmp_path / "vocab.json").read_text())
    (tmp_path / "vocab.json").write_text(json.dumps({**vocab, "<pad>": 263, "ĠĠ": 264}))
    special = load(tmp_path).vocabulary.special
    assert (special.pad, special.eos) == ("<pad>", "<|endoftext|>")
    assert special.extra == ("ĠĠ",)


@pytest.mark.parametrize(("words", "lowercase"), [(UNCASED, True), ([*UNCASED, "To"], False)])
def test_bert_lowercases_unless_its_vocabulary_has_upper_case(
    words: list[str], lowercase: bool, tmp_path: Path
):
    (tmp_path / "vocab.txt").write_text("\n".join(words) + "\n")
    assert load(tmp_path / "vocab.txt").normalizer == BertCleanup(lowercase=lowercase)


def word_level(path: Path) -> Path:
    """Write a file that only the library runs: it strips the space before a token."""
    library = hf.Tokenizer(hf.models.WordLevel({"a": 0, "?": 1, "</s>": 2}, unk_token="?"))
    library.pre_tokenizer = hf.pre_tokenizers.WhitespaceSplit()
    library.add_special_tokens([hf.AddedToken("</s>", lstrip=True)])
    library.save(str(path))
    return path


def test_the_prefix_works_wherever_a_file_is_named(tmp_path: Path):
    path = word_level(tmp_path / "tokenizer.json")
    (tmp_path / "text.txt").write_text("a b\n")
    named = f"huggingface:{path}"
    assert isinstance(load(named), HuggingFaceTokenizer)
    assert toktools("encode", "-t", named, "--text", "a b").stdout == "0 1\n"
    assert "huggingface" in toktools("inspect", named).stdout
    verified = toktools("verify", named, tmp_path / "text.txt")
    assert verified.stdout == "1 documents, 2 tokens: all the same\n", verified.stderr
    refused = toktools("encode", "-t", path, "--text", "a b")
    assert refused.returncode == 1
    assert f"'</s>' with lstrip, which toktools has not; .* huggingface:{path}".split(";")[0] in (
        refused.stderr
    )
    assert refused.stderr.endswith(f"on the command line huggingface:{path}\n")


def test_language_models_take_the_prefix_too(tmp_path: Path):
    path = word_level(tmp_path / "tokenizer.json")
    for name in (f"huggingface:{path}", f"huggingface:{tmp_path}"):
        made = make_tokenizer(name, [], vocab_size=None, options=[])
        assert isinstance(made, HuggingFaceTokenizer)


def test_what_is_meant_as_a_file_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name in ("x.json", "x.model", "vocab.txt", "huggingface:x.json", "huggingface:folder"):
        assert is_file_name(name)
    for name in ("bpe", "sentencepiece:8000", "sentencepiece:8000,model_type=bpe", "other:folder"):
        assert not is_file_name(name)


def test_an_adapter_without_files_says_so():
    from tests.toktools.test_plugins import PLUGIN

    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    source = PLUGIN + "\ntry: Reversed.open('x')\nexcept Exception as e: print(e)"
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, env=environment
    )
    assert done.stdout == "x: a Reversed is not made from such a file\n", done.stderr


def test_opening_needs_no_library(tmp_path: Path):
    write_gpt2(tmp_path)
    source = (
        "import sys\n"
        "absent = 'tokenizers', 'sentencepiece', 'tiktoken', 'regex'\n"
        "sys.modules.update(dict.fromkeys(absent))\n"
        f"import toktools; print(toktools.load({str(tmp_path)!r}).n_vocab)"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert done.stdout == "263\n", done.stderr


def test_a_missing_folder_is_named(tmp_path: Path):
    with pytest.raises(ToktoolsError, match="gone: cannot be read: No such file"):
        load(tmp_path / "gone")
