"""Every snippet of the documentation is run: Python as doctest, commands in a shell."""

from __future__ import annotations

import doctest
import json
import pkgutil
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest

import experiments.__main__
import lstm_lm.cli
import toktools.cli
import toktools.corpus
import toktools.metrics
from experiments.comparison.summary import markdown
from experiments.parity.measure import table as parity_table
from experiments.reproduce.king import table as king_table
from experiments.reproduce.wordpieces import first_pieces
from experiments.reproduce.wordpieces import table as wordpieces_table
from tests.commands import run_module

ROOT = Path(__file__).parent.parent
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
MODULES = {"toktools": "toktools", "lstm_lm": "lstm_lm", "torchrun": "torch.distributed.run"}


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def commands(page: Path) -> list[str]:
    text = "\n".join(blocks(page, "console")).replace("\\\n", " ")
    return [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]


def names(page: Path) -> set[str]:
    """The names of our own code that stand on a page with their whole path."""
    return set(
        re.findall(r"`((?:toktools|lstm_lm|experiments)(?:\.\w+)+)`", page.read_text("utf-8"))
    )


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+\.(?:md|svg)(?:#[\w-]+)?)\)", page.read_text("utf-8"))


with_names = [page for page in PAGES if names(page)]
with_python = [page for page in PAGES if blocks(page, "python")]
with_commands = [page for page in PAGES if commands(page)]


@pytest.mark.parametrize("page", with_names, ids=lambda page: page.name)
def test_every_name_of_our_code_on_a_page_is_there(page: Path):
    for name in sorted(names(page)):
        found = pkgutil.resolve_name(name)
        assert found is not None, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_and_picture_that_a_page_links_to_is_there(page: Path):
    for link in links(page):
        if not link.startswith("http"):
            assert (page.parent / link.partition("#")[0]).is_file(), link


def test_every_page_is_in_the_navigation():
    nav = (ROOT / "mkdocs.yml").read_text("utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        assert f" {page.relative_to(ROOT / 'docs').as_posix()}\n" in nav


def test_the_questionnaire_answers_all_its_questions():
    text = (ROOT / "docs" / "questionnaire.md").read_text("utf-8")
    asked, further = text.split("## Further research")
    numbers = sorted(int(n) for n in re.findall(r"^\*\*(\d+)\. ", asked, re.M))
    assert numbers == list(range(1, 40))
    assert len(re.findall(r"^\*\*", further, re.M)) == 4


@pytest.mark.parametrize("page", with_python, ids=lambda page: page.name)
def test_python_snippets_print_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)  # some save what they made
    source = "\n".join(blocks(page, "python"))
    test = doctest.DocTestParser().get_doctest(source, {}, page.name, str(page), 0)
    assert test.examples
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_ONLY_FIRST_FAILURE)
    report: list[str] = []
    runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


@pytest.mark.parametrize("page", with_commands, ids=lambda page: page.name)
def test_commands_run(page: Path, tmp_path: Path):
    for command in commands(page):
        program, *arguments = shlex.split(command)
        if program == "python":
            assert arguments.pop(0) == "-m"
            module = arguments.pop(0)
        else:
            module = MODULES[program]
        status, printed = run_module(module, arguments, tmp_path, {"PYTHONPATH": str(ROOT)})
        assert status == 0, f"{command}\n{printed}"


@pytest.mark.parametrize("name", ["ptb", "headlines"])
def test_the_tables_of_the_pages_are_those_of_the_stored_results(name: str):
    results = json.loads((ROOT / "experiments" / "results" / f"{name}.json").read_text("utf-8"))
    table = markdown(results, without=("training tokens", "tokens/s", "seconds"))
    assert table in (ROOT / "docs" / "words-characters-pieces.md").read_text("utf-8")


def test_the_table_of_parity_is_that_of_the_stored_results_and_shows_no_difference():
    results = json.loads((ROOT / "experiments" / "results" / "parity.json").read_text("utf-8"))
    assert parity_table(results) in (ROOT / "docs" / "parity.md").read_text("utf-8")
    assert sum(row["different"] for row in results["rows"]) == 0
    assert sum(row["drawn"] for row in results["rows"]) >= 10_000_000


def test_the_table_of_analogies_is_that_of_the_stored_answers():
    results = json.loads((ROOT / "experiments" / "results" / "king.json").read_text("utf-8"))
    assert king_table(results) in (ROOT / "docs" / "analogies.md").read_text("utf-8")


def test_the_tables_of_both_wordpieces_are_those_of_the_stored_vocabularies():
    results = json.loads((ROOT / "experiments" / "results" / "wordpieces.json").read_text("utf-8"))
    page = (ROOT / "docs" / "bpe-and-wordpiece.md").read_text("utf-8")
    assert wordpieces_table(results) in page
    assert first_pieces(results) in page


def listed_in_the_api() -> set[str]:
    return set(re.findall(r"^::: (\S+)$", (ROOT / "docs" / "api.md").read_text("utf-8"), re.M))


@pytest.mark.parametrize("package", [toktools, lstm_lm, toktools.corpus, toktools.metrics])
def test_all_that_a_package_offers_is_in_the_api(package: ModuleType):
    listed = [pkgutil.resolve_name(name) for name in listed_in_the_api()]
    offered = {name: getattr(package, name) for name in package.__all__}
    missing = [n for n, o in offered.items() if callable(o) and not any(o is x for x in listed)]
    assert missing == []


def test_the_api_names_nothing_twice_and_every_command():
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    assert page.count("\n::: ") == len(listed_in_the_api())
    programs = {
        "toktools": toktools.cli.main,
        "lstm_lm": lstm_lm.cli.main,
        "python -m experiments": experiments.__main__.main,
    }
    for program, group in programs.items():
        commands = {f"{program} {name}" for name in group.commands}
        assert set(re.findall(rf"^\| `({program} [\w-]+)` \|", page, re.M)) == commands
