"""Tokenizers of other packages, installed as packages are: found by name in real processes."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from toktools import ByteTokenizer, ToktoolsError, load

PLUGIN = '''
from toktools import ByteTokenizer, SpecialTokens, ToktoolsError, Vocabulary
from toktools.adapters.adapter import Adapter


class Reversed(Adapter):
    """Characters, each as its code point modulo a number: a tokenizer unlike any of ours."""

    kind = "mine"

    def __init__(self, modulus, special_tokens=None, training=None):
        special = (special_tokens or SpecialTokens()).without_any()
        tokens = [*special, *map(chr, range(modulus))]
        super().__init__(Vocabulary(tokens, special), training=training)
        self.modulus, self.first = modulus, len(tokens) - modulus

    def encode_piece(self, piece):
        return [ord(c) % self.modulus + self.first for c in piece]

    def piece_spans(self, piece, ids):
        return [(i, i + 1) for i in range(len(piece))]

    def surface(self, token, first):
        return token.encode()

    @property
    def lossless(self):
        return "all characters but the first ones"

    def to_document(self):
        return {"model": {"type": "mine", "modulus": self.modulus}}

    @classmethod
    def from_document(cls, document, *, special, training):
        return cls(document["model"]["modulus"], special, training)


def train_mine(corpus, *, modulus: int = 128):
    assert any(corpus)
    return Reversed(modulus, training={"options": {"modulus": modulus}})
'''
ENTRY_POINTS = """
[toktools.tokenizers]
mine = my_plugin:train_mine

[toktools.kinds]
mine = my_plugin:Reversed
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with an installed distribution of one module."""
    site = tmp_path_factory.mktemp("site")
    (site / "my_plugin.py").write_text(PLUGIN)
    metadata = site / "my_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    return site


def python(
    *arguments: str | Path, site: Path | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    paths = [str(root), *([str(site)] if site else [])]
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


TINY = ["--embedding-size", "8", "--hidden-size", "8", "--n-layers", "1", "--limit", "300"]
TINY += ["--epochs", "0.1", "--corpus", "human-numbers"]


def test_a_language_model_is_trained_and_sampled_with_a_plugin(site: Path, tmp_path: Path):
    mine = ("-t", "mine", "--tokenizer-option", "modulus=123")
    done = python("-m", "lstm_lm", "train", "-o", "run", *mine, *TINY, site=site, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sampled = python("-m", "lstm_lm", "sample", "run", "--prompt", "one", site=site, cwd=tmp_path)
    assert sampled.returncode == 0, sampled.stderr
    assert "one" in sampled.stdout


def test_a_language_model_is_trained_with_sentencepiece_by_name(tmp_path: Path):
    pieces = ("-t", "sentencepiece", "--vocab-size", "60", "--tokenizer-option", "model_type=bpe")
    done = python("-m", "lstm_lm", "train", "-o", "run", *pieces, *TINY, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "run").training["options"]["model_type"] == "bpe"


def test_a_plugin_is_a_tokenizer_of_comparisons(site: Path):
    source = (
        "from experiments.comparison.plan import TokenizerSpec\n"
        "spec = TokenizerSpec('mine:modulus=99')\n"
        "print(spec.title, spec.make(['abc']).encode('c'))"
    )
    done = python("-c", source, site=site)
    assert done.stdout == "mine, modulus=99 [2]\n", done.stderr


def test_a_file_of_a_plugin_that_is_gone_is_one_clear_line(site: Path, tmp_path: Path):
    save = "import my_plugin; my_plugin.Reversed(50).save('t.json')"
    assert python("-c", save, site=site, cwd=tmp_path).returncode == 0
    opened = python("-m", "toktools", "inspect", "t.json", site=site, cwd=tmp_path)
    assert "mine" in opened.stdout
    gone = python("-m", "toktools", "inspect", "t.json", cwd=tmp_path)
    assert gone.returncode != 0
    assert "t.json: there is no kind of tokenizer 'mine'" in gone.stderr
    assert "Traceback" not in gone.stderr


@pytest.mark.parametrize(
    ("library", "call"),
    [
        ("sentencepiece", "toktools.train('sentencepiece', ['a b'])"),
        ("sentencepiece", "toktools.load('x.model')"),
        ("tokenizers", "toktools.load('huggingface:foreign.json')"),
        ("tiktoken", "toktools.load('tiktoken:r50k_base.tiktoken')"),
    ],
)
def test_an_absent_library_is_one_clear_line(library: str, call: str, tmp_path: Path):
    (tmp_path / "x.model").write_bytes(b"")
    (tmp_path / "foreign.json").write_text('{"model": {"type": "BPE"}}')
    ranks = "".join(f"{_base64(byte)} {byte}\n" for byte in range(256))
    (tmp_path / "r50k_base.tiktoken").write_text(ranks)
    source = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "import toktools\n"
        f"try: {call}\n"
        "except toktools.ToktoolsError as e: print(e)"
    )
    done = python("-c", source, cwd=tmp_path)
    assert "pip install 'toktools[adapters]'" in done.stdout, done.stderr
    assert done.stdout.count("\n") == 1


def _base64(byte: int) -> str:
    return base64.b64encode(bytes([byte])).decode()


def test_importing_toktools_imports_no_library_of_an_adapter():
    source = (
        "import sys, toktools.cli, toktools; toktools.load; toktools.train_bpe\n"
        "print([m for m in ('tokenizers', 'sentencepiece', 'tiktoken') if m in sys.modules])"
    )
    assert python("-c", source).stdout == "[]\n"


def test_a_tokenizer_that_does_not_describe_its_file_cannot_be_saved(tmp_path: Path):
    class Odd(ByteTokenizer):
        pass

    with pytest.raises(ToktoolsError, match=r"a Odd cannot be written .* derive it from toktools"):
        Odd().save(tmp_path / "t.json")
