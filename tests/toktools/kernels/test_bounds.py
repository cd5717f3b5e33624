"""Compiled with a check of every index, the loops read and write nothing outside of their arrays.

Unchecked, they may for long: what lies around an array is mostly memory of the process's own. (Not
checked even here is what the intrinsics of `vectors.py` read: they are handed padding for it.)
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CHECKED = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_FULL_TRACEBACKS": "1", "TOKTOOLS_THREADS": "1"}

OUTSIDE = """
import numpy as np
from toktools.kernels.kernel import kernel

@kernel
def read(numbers, i):
    return numbers[i]

read(np.arange(5), np.uint64(5))
"""

WORK = """
import sys
import toktools
from toktools.compiled import worth

worth.Least.is_met = lambda self, amount, loop: True
text = sys.argv[1]
trained = [
    toktools.train_bpe(toktools.open_corpus(text), vocab_size=4000),
    toktools.train_bpe(
        toktools.open_corpus(text), vocab_size=3000, byte_level=False, end_of_word_suffix="</w>"
    ),
    toktools.train_wordpiece(toktools.open_corpus(text), vocab_size=4000),
    toktools.train_wordpiece(
        toktools.open_corpus(text), vocab_size=2000, criterion="likelihood", min_frequency=3
    ),
    toktools.train_word(toktools.open_corpus(text)),
    toktools.train_character(toktools.open_corpus(text)),
]
for tokenizer in trained:
    documents = tokenizer.encode_files(text)
    tokenizer.decode(documents.ids[:50_000])
    assert len(documents.ids) > 50_000
print("done")
"""


def run(
    script: str, *args: str, folder: Path, checks: dict[str, str] = CHECKED
) -> subprocess.CompletedProcess[str]:
    """Run a script whose loops are compiled with checks, into this folder."""
    environment = {**os.environ, **checks, "TOKTOOLS_LOOPS": str(folder)}
    (folder / "script.py").write_text(script)
    return subprocess.run(
        [sys.executable, str(folder / "script.py"), *args],
        env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip


def test_an_index_outside_is_told(tmp_path: Path):
    done = run(OUTSIDE, folder=tmp_path)
    assert done.returncode != 0
    assert "index 5 is out of bounds" in done.stdout + done.stderr


def test_machine_code_with_checks_is_kept_apart(tmp_path: Path):
    inside = OUTSIDE.replace("uint64(5)", "uint64(4)")
    for checks in (CHECKED, {"NUMBA_BOUNDSCHECK": "0"}):
        assert run(inside, folder=tmp_path, checks=checks).returncode == 0
    assert len({path.parent for path in tmp_path.glob("*/*.loop")}) == 2


def test_training_encoding_and_decoding_stay_within_their_arrays(tmp_path: Path, code: list[str]):
    text = tmp_path / "text.txt"
    # the first word is merged at its first letter, before which there is one cell
    text.write_text("the\n" + "\n".join(code) + "\nweiß はい #def ##def\n", encoding="utf-8")
    done = run(WORK, str(text), folder=tmp_path)
    assert done.stdout.endswith("done\n"), done.stdout[-2000:] + done.stderr[-2000:]
