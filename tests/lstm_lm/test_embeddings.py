"""Vectors of tokens, neighbours, analogies: on planted vectors, and on real runs."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from lstm_lm.cli import main
from lstm_lm.embeddings import MEASURES, Vectors, analogy, nearest, open_vectors
from lstm_lm.embeddings.neighbours import l2
from lstm_lm.embeddings.picture import principal_components
from lstm_lm.embeddings.questions import read_questions, score_questions
from lstm_lm.files import read_arrays, write_arrays
from toktools import train_bpe, train_word
from toktools.errors import ToktoolsError

PLANTED = {
    "king": (5.0, 1.0),
    "man": (1.0, 1.0),
    "woman": (1.0, 3.0),
    "queen": (5.0, 3.1),
    "apple": (-4.0, -2.0),
}


def planted(**others):
    """A word tokenizer and a vector for each of its words; special tokens lie on the target."""
    words = PLANTED | others
    tokenizer = train_word([" ".join(words)], min_count=1)
    matrix_VE = np.full((tokenizer.n_vocab, 2), (5.0, 3.0))
    for word, vector in words.items():
        matrix_VE[tokenizer.token_to_id(word)] = vector
    return Vectors(tokenizer=tokenizer, matrix_VE=matrix_VE, source="input")


def lm(*arguments, status=0):
    done = CliRunner(env={"COLUMNS": "120"}).invoke(main, list(map(str, arguments)))
    assert done.exit_code == status, (done.output, done.exception)
    return done


def test_the_planted_analogy_is_found_with_its_distance():
    found = analogy(planted(), "king", "man", "woman", expect="queen")
    assert found.closest["L2"][0].token == "queen"
    assert found.closest["L2"][0].distance == pytest.approx(0.1)
    assert found.expected is not None
    assert {place.rank for place in found.expected.values()} == {1}
    assert found.expected["cosine"].distance == pytest.approx(
        1 - (5 * 5 + 3 * 3.1) / np.hypot(5, 3) / np.hypot(5, 3.1)
    )


def test_the_words_put_in_are_in_the_one_list_and_not_in_the_other():
    found = analogy(planted(), "king", "man", "woman", n=9)
    for measure in MEASURES:
        without = {n.token for n in found.closest[measure]}
        assert without == {"queen", "apple"}
        assert {n.token for n in found.closest_of_all[measure]} == set(PLANTED)


@given(
    st.lists(st.tuples(*[st.floats(-9, 9, width=16)] * 2), min_size=5, max_size=5),
    st.tuples(*[st.floats(-9, 9, width=16)] * 2),
    st.integers(1, 7),
)
def test_nearest_is_what_a_sort_of_all_distances_gives(rows, target, n):
    vectors = planted(**dict(zip(PLANTED, rows, strict=True)))
    distances = {
        word: float(np.sqrt(sum((a - b) ** 2 for a, b in zip(row, target, strict=True))))
        for word, row in zip(PLANTED, rows, strict=True)
    }
    found = nearest(vectors, np.array(target), measure="L2", n=n)
    assert [f.distance for f in found] == pytest.approx(sorted(distances.values())[:n])
    assert all(f.distance == pytest.approx(distances[f.token]) for f in found)


def test_a_word_of_several_pieces_is_their_mean_as_inside_a_sentence():
    tokenizer = train_bpe(["the king the king the man"] * 9, vocab_size=268)
    matrix_VE = np.random.default_rng(0).normal(size=(tokenizer.n_vocab, 3))
    vectors = Vectors(tokenizer=tokenizer, matrix_VE=matrix_VE, source="input")
    king, kingly = vectors.word("king"), vectors.word("kingly")
    assert (king.tokens, king.note) == (("Ġking",), "")
    assert kingly.tokens == ("Ġking", "l", "y")
    ids = [tokenizer.token_to_id(token) for token in kingly.tokens]
    assert kingly.vector_E == pytest.approx(sum(matrix_VE[i] for i in ids) / 3)
    assert kingly.note == "'kingly': the mean of 3 pieces: Ġking l y"


def test_an_unknown_word_is_said_and_any_stands_for_it():
    vectors = planted()
    word = vectors.word("wug")
    assert word.unknown == ("wug",)
    assert "'wug' is not in the vocabulary; <ANY> stands for it" in word.note
    assert word.ids == (vectors.tokenizer.unk_id,)


def test_a_word_is_rewritten_as_the_text_of_the_run_was():
    vectors = planted()
    lower = Vectors(**{**vars(vectors), "normalize": ("lowercase",)})
    assert lower.word("King").read == "king"
    assert vectors.word("King").unknown == ("King",)


@pytest.mark.parametrize("source", ["input", "output"])
def test_the_vectors_are_the_weights_of_the_run(trained, source):
    matrix_VE = open_vectors(trained.path, source).matrix_VE
    layer = trained.model.embedding if source == "input" else trained.model.head
    assert np.array_equal(matrix_VE, layer.weight.detach().numpy().astype(np.float64))


def test_questions_are_scored_by_category_with_coverage(tmp_path):
    file = tmp_path / "questions.txt"
    file.write_text(
        ": royal\nman king woman queen\nman woman king queen\n\n"
        ": fruit\nman king woman apple\nman wug woman queen\n"
    )
    royal, fruit, total = score_questions(planted(), read_questions(file))
    assert (royal.category, royal.questions, royal.covered) == ("royal", 2, 2)
    assert royal.right == {"L2": 2, "cosine": 2}
    assert (fruit.questions, fruit.covered, fruit.right["L2"]) == (2, 1, 0)
    assert (total.category, total.questions, total.covered) == ("all", 4, 3)
    assert (royal.unknown, fruit.unknown, total.unknown) == ([], ["wug"], ["wug"])
    assert total.right == {"L2": 2, "cosine": 2}


def test_with_the_words_put_in_the_answer_may_be_one_of_them(tmp_path):
    file = tmp_path / "questions.txt"
    file.write_text(": royal\nman king woman queen\n")
    near = planted(woman=(1.0, 1.1), queen=(5.0, 9.0))
    (royal, _) = score_questions(near, read_questions(file))
    assert (royal.right["L2"], royal.right_of_all["L2"]) == (1, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("man king woman queen\n", "line 1: a line ': category' must come first"),
        (": a\nman king woman queen\nman king woman\n", "line 3: must be four words, got 3"),
        (": a\n", "holds no questions"),
    ],
)
def test_a_broken_file_of_analogies_is_told_by_line(tmp_path, text, message):
    file = tmp_path / "questions.txt"
    file.write_text(text)
    with pytest.raises(ToktoolsError, match=message):
        read_questions(file)


def test_the_commands_print_lists_and_json(trained, tmp_path):
    done = lm("analogy", trained.path, "one", "two", "three", "-n", 3)
    assert "L2, all" in done.stdout
    record = json.loads(lm("analogy", trained.path, "one", "two", "wug", "--json").stdout)
    assert record["words"][2]["unknown"] == ["wug"]
    same = json.loads(lm("neighbours", trained.path, "one", "--json", "-n", 2).stdout)
    assert same["cosine, all"][0] == {"rank": 1, "token": "one", "distance": pytest.approx(0)}
    assert "one" not in [found["token"] for found in same["cosine"]]
    file = tmp_path / "q.txt"
    file.write_text(": numbers\none two three four\n")
    (numbers, _) = json.loads(lm("analogy", trained.path, "--file", file, "--json").stdout)[
        "scores"
    ]
    assert (numbers["category"], numbers["covered"]) == ("numbers", 1)
    words = [f"wug{'x' * i}" for i in range(12)]
    file.write_text(
        ": numbers\none two three four\n" + "".join(f"one two {w} {w}\n" for w in words)
    )
    done = lm("analogy", trained.path, "--file", file)
    assert "12 of 13 questions have a word that is not in the vocabulary" in done.stderr
    assert "'wugx', " in done.stderr
    assert done.stderr.rstrip().endswith("and 2 more")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["neighbours", "nowhere", "one"], "there is no such run directory"),
        (["neighbours", "RUN", " "], "a word must have a character"),
        (["neighbours", "RUN", "one", "-n", "0"], "must be >= 1, got 0"),
        (["analogy", "RUN", "one", "two"], "needs three words"),
        (["analogy", "RUN", "one", "two", "three", "--expect", "wug"], "the word expected must"),
        (["analogy", "RUN", "--file", "nowhere.txt"], "cannot be read"),
    ],
)
def test_bad_input_is_one_clear_line(trained, arguments, message):
    arguments = [str(trained.path) if a == "RUN" else a for a in arguments]
    done = lm(*arguments, status=1)
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_weights_that_are_nan_are_refused(trained, tmp_path):
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((trained.path / name).read_bytes())
    arrays, _ = read_arrays(trained.path / "model.safetensors")
    arrays["embedding.weight"][3, 1] = np.nan
    write_arrays(tmp_path / "model.safetensors", arrays)
    done = lm("neighbours", tmp_path, "one", status=1)
    assert "embedding.weight has NaN or infinite weights" in done.stderr


def test_principal_components_keep_distances_in_a_plane_and_tell_their_share():
    random = np.random.default_rng(0)
    plane = random.normal(size=(20, 2))
    axes, _ = np.linalg.qr(random.normal(size=(7, 7)))
    places, share = principal_components(plane @ axes[:2] + 3)
    assert share == pytest.approx(1)
    for i in range(20):
        assert l2(places, places[i]) == pytest.approx(l2(plane, plane[i]))
    noise = random.normal(size=(30, 5))
    variances = np.linalg.eigvalsh(np.cov(noise.T))
    places, share = principal_components(noise)
    assert share == pytest.approx(variances[-2:].sum() / variances.sum())
    assert np.var(places, axis=0, ddof=1) == pytest.approx(variances[:-3:-1])


def test_the_map_is_a_picture_with_labels(trained, tmp_path):
    svg = tmp_path / "map.svg"
    done = lm("map", trained.path, "-o", svg, "--labels", 5)
    assert "of the first 5 tokens" in done.stdout
    assert "<svg" in svg.read_text("utf-8")
    run = shutil.copytree(trained.path, tmp_path / "run")  # others look at what `trained` holds
    lm("map", run)
    assert (run / "map.png").read_bytes().startswith(b"\x89PNG")
    assert "must be .png, .svg or .pdf" in lm("map", trained.path, "-o", "map.txt", status=1).stderr
