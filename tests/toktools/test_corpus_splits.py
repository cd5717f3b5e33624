"""Splits by rule: disjoint, complete, the same for ever; and the names of splits."""

import random
from itertools import chain

import pytest

from toktools.corpus import SPLITS, open_corpus
from toktools.corpus.splits import splitter
from toktools.errors import ToktoolsError

N = 1000


@pytest.fixture
def numbers(tmp_path):
    file = tmp_path / "numbers.txt"
    file.write_text("".join(f"{i}\n" for i in range(N)))
    return file


def test_the_assignment_of_the_first_documents_never_changes():
    letters = "".join(splitter(7, (0.6, 0.2, 0.2))(i)[1] for i in range(24))  # tRain vAl tEst
    assert letters == "rrerrrrrrrreeeereraaarrr"


def test_splits_are_disjoint_and_complete_and_in_order(numbers):
    parts = [[int(text) for text in open_corpus(numbers, split=name)] for name in SPLITS]
    assert sorted(chain(*parts)) == list(range(N))
    assert all(part == sorted(part) for part in parts)


def test_splits_have_about_the_sizes_asked_for(numbers):
    sizes = [
        open_corpus(numbers, split=s, fractions=(0.5, 0.3, 0.2)).stats.documents for s in SPLITS
    ]
    assert sizes == pytest.approx([500, 300, 200], abs=50)  # three standard deviations are 48


def test_another_seed_makes_another_split(numbers):
    assert list(open_corpus(numbers, split="test")) != list(
        open_corpus(numbers, split="test", seed=1)
    )


def test_the_split_of_a_document_does_not_depend_on_normalization_or_errors(tmp_path, numbers):
    plain = list(open_corpus(numbers, split="dev"))
    broken = tmp_path / "broken.txt"
    lines = [b"\xff" if i % 3 == 0 else b" %d" % i for i in range(N)]
    broken.write_bytes(b"\n".join(lines))
    kept = list(open_corpus(broken, split="dev", errors="skip", normalize="whitespace"))
    assert kept == [text for text in plain if int(text) % 3]


def test_numbers_run_on_from_file_to_file(tmp_path, numbers):
    lines = numbers.read_text().splitlines(keepends=True)
    cut = random.Random(1).randrange(N)
    (tmp_path / "a").write_text("".join(lines[:cut]))
    (tmp_path / "b").write_text("".join(lines[cut:]))
    both = open_corpus([tmp_path / "a", tmp_path / "b"], split="test")
    assert list(both) == list(open_corpus(numbers, split="test"))


@pytest.mark.parametrize("alias", ["valid", "val", "dev"])
def test_validation_has_its_usual_short_names(numbers, alias):
    corpus = open_corpus(numbers, split=alias)
    assert corpus.describe()["split"] == "validation"


def test_an_unknown_split_is_refused_with_the_list(numbers):
    with pytest.raises(ToktoolsError, match=r"'train', 'validation', 'test'.*did you mean 'train'"):
        open_corpus(numbers).split("trian")


def test_an_empty_split_says_how_many_documents_there_were(tmp_path):
    file = tmp_path / "a"
    file.write_text("a\nb\n")
    corpus = open_corpus(file, split="test", fractions=(0.9, 0.1, 0))
    with pytest.raises(ToktoolsError, match=r"the test split is empty: the corpus has 2 documents"):
        list(corpus)


@pytest.mark.parametrize(
    "fractions",
    [(0.8, 0.1), (0.8, 0.1, 0.2), (1.2, -0.1, -0.1), ("a", "b", "c"), (float("nan"),) * 3],
)
def test_fractions_that_are_no_shares_are_refused(numbers, fractions):
    with pytest.raises(ToktoolsError, match="fractions must be three numbers"):
        open_corpus(numbers, fractions=fractions)


def test_a_fraction_of_one_takes_all(numbers):
    assert open_corpus(numbers, split="train", fractions=(1, 0, 0)).stats.documents == N
