"""The commands that look inside: quick help, and vectors without torch."""

import subprocess
import sys

import pytest

COMMANDS = ("analogy", "neighbours", "map", "explain", "quality", "rating-sheet", "rating-score")
CODE = """
import sys; from lstm_lm.cli import main
heavy = ('torch', 'sacrebleu', 'matplotlib')
try: main()
finally: print(','.join(m for m in heavy if m in sys.modules) or 'none')
"""


def run(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", CODE, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_help_imports_nothing_heavy_and_gives_an_example(name):
    printed = run(name, "--help")
    assert "Example:" in printed
    assert printed.endswith("\nnone\n")


def test_neighbours_of_a_run_in_torch_are_told_without_torch(trained):
    assert run("neighbours", trained.path, "one").endswith("\nnone\n")
