"""The scoring held to sources whose entropy is known exactly, by every kind of tokenizer."""

import doctest
import math

import pytest
import torch

import lstm_lm
from experiments import known_sources
from experiments.comparison.token_log import TokenLog
from experiments.known_sources import (
    BracketSource,
    ListedSource,
    MarkovSource,
    entropy,
    read_by,
    read_by_tokens,
)
from lstm_lm import ModelConfig, TrainingConfig, encode_split
from lstm_lm.evaluation.scoring import evaluation_of, score_by
from lstm_lm.evaluation.spelling import SpellingModel
from toktools import train_bpe, train_character, train_word, train_wordpiece
from toktools.errors import ToktoolsError

ANBN = ListedSource({"a" * n + "b" * n: 2.0**-n / (1 - 2.0**-11) for n in range(1, 12)})
WORDS = MarkovSource(
    {
        "": {"a": 0.7, "é": 0.3},
        "a": {"b": 0.55, "a": 0.15, " ": 0.2, "": 0.1},
        "b": {"é": 0.5, "a": 0.3, " ": 0.1, "": 0.1},
        "é": {"a": 0.6, "b": 0.1, " ": 0.2, "": 0.1},
        " ": {"a": 0.5, "b": 0.3, "é": 0.2},
    }
)
BRACKETS = BracketSource(0.3, 0.15)
SOURCES = {"anbn": ANBN, "markov": WORDS, "brackets": BRACKETS}
TOKENIZERS = {
    "character": train_character,
    "bpe": lambda text: train_bpe(text, vocab_size=300, min_frequency=2),
    "wordpiece": lambda text: train_wordpiece(text, vocab_size=60),
    "word": train_word,
}


@pytest.fixture(scope="module", params=SOURCES)
def source(request):
    return SOURCES[request.param]


@pytest.fixture(autouse=True)
def one_thread():
    """Tiny models are slower on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def texts(source):
    return {
        "train": source.draw(800, seed=1),
        "validation": source.draw(150, seed=2),
        "test": source.draw(400, seed=3),
    }


def measured(tokenizer, documents, reader, n_shards=5):
    split = encode_split(tokenizer, documents, check=True)
    log_p = score_by(reader, split, eos_id=tokenizer.require_eos(), n_shards=n_shards)
    return evaluation_of(log_p, split, SpellingModel())


def test_the_docstrings_are_true():
    assert doctest.testmod(known_sources).failed == 0


def test_the_entropy_is_what_drawn_text_costs(source):
    """Within four standard errors, over 3,000 documents."""
    documents = source.draw(3000, seed=4)
    costs = [source.bits([document]) for document in documents]
    mean = sum(costs) / len(costs)
    deviation = math.sqrt(sum((cost - mean) ** 2 for cost in costs) / len(costs))
    assert abs(mean - source.bits_per_document) < 4 * deviation / math.sqrt(len(costs))
    sizes = [len(document.encode()) + 1 for document in documents]
    assert sum(sizes) / len(sizes) == pytest.approx(source.bytes_per_document, rel=0.1)


def test_the_entropy_of_a_grammar_is_that_of_its_words_listed():
    """All words of up to 6 pairs, and what is left of the probability bounds the rest."""
    source, words = BracketSource(0.06, 0.04), [("", 0)]
    listed = {}
    while words:
        word, n_pairs = words.pop()
        for character, p in source.next_characters(word).items():
            opened = character in ("(", "[")
            if not character:
                listed[word] = 2 ** -source.bits([word])
            elif p and n_pairs + opened <= 6:
                words.append((word + character, n_pairs + opened))
    assert sum(listed.values()) == pytest.approx(1, abs=1e-4)
    assert entropy(listed.values()) == pytest.approx(source.bits_per_document, abs=2e-3)


@pytest.mark.parametrize("n_shards", [1, 3, 32, 400])
def test_a_model_that_knows_the_source_scores_what_the_text_costs(source, texts, n_shards):
    """To 1e-9, over any number of shards: every token scored once, every end paid for."""
    tokenizer = train_character(texts["train"])
    evaluation = measured(tokenizer, texts["test"], read_by(source, tokenizer), n_shards)
    expected = source.bits(texts["test"])
    assert evaluation.model_bits == pytest.approx(expected, rel=1e-9)
    n_bytes = sum(len(document.encode()) + 1 for document in texts["test"])
    assert evaluation.bits_per_byte == pytest.approx(expected / n_bytes, rel=1e-9)


@pytest.mark.parametrize("vocab_size", [270, 300, 400])
def test_cutting_the_text_otherwise_changes_nothing_under_a_known_model(source, texts, vocab_size):
    tokenizer = train_bpe(texts["train"], vocab_size=vocab_size)
    evaluation = measured(tokenizer, texts["test"], read_by(source, tokenizer))
    assert evaluation.n_tokens < 0.8 * evaluation.n_characters  # it does cut otherwise
    assert evaluation.model_bits == pytest.approx(source.bits(texts["test"]), rel=1e-9)


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_a_distribution_over_tokens_costs_what_that_over_documents_does(kind):
    """A listed source seen through any tokenizer that keeps its documents apart."""
    documents = ANBN.draw(300, seed=3)
    tokenizer = TOKENIZERS[kind]([*ANBN.probabilities] * 3)
    evaluation = measured(tokenizer, documents, read_by_tokens(ANBN, tokenizer))
    assert evaluation.model_bits == pytest.approx(ANBN.bits(documents), rel=1e-9)


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_no_trained_model_needs_fewer_bits_than_the_source_itself(source, texts, kind, tmp_path):
    """Words pay for what <ANY> hides, or they would."""
    tokenizer = TOKENIZERS[kind](texts["train"])
    run = lstm_lm.train(
        tmp_path / "run",
        {name: texts[name] for name in ("train", "validation")},
        tokenizer,
        model=ModelConfig(embedding_size=24, hidden_size=32, n_layers=1, dropout=0.0),
        training=TrainingConfig(
            batch_size=16, bptt=24, epochs=3, learning_rate=0.02, n_validations=2
        ),
    )
    evaluation = run.evaluate(texts["test"], name="test")
    n_bytes = sum(len(document.encode()) + 1 for document in texts["test"])
    least = source.bits(texts["test"]) / n_bytes
    if not evaluation.caveat:
        assert least < evaluation.bits_per_byte < 2.2 * least + 0.5
    else:
        assert "too low" in evaluation.caveat


@pytest.mark.parametrize("vocab_size", [None, 270, 400])
def test_the_stored_prices_of_a_known_model_are_what_each_document_costs(
    source, texts, vocab_size, tmp_path
):
    """Document by document, to 1e-9, after writing and reading, however the text is cut."""
    train, test = texts["train"], texts["test"]
    tokenizer = train_bpe(train, vocab_size=vocab_size) if vocab_size else train_character(train)
    split = encode_split(tokenizer, test)
    log_p = score_by(read_by(source, tokenizer), split, eos_id=tokenizer.require_eos())
    TokenLog.of(log_p, split, SpellingModel(), tokenizer.unk_id).save(tmp_path / "test.npz")
    log = TokenLog.load(tmp_path / "test.npz")
    expected = [source.bits([document]) for document in test]
    assert log.document_bits().tolist() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_the_stored_prices_of_a_trained_model_are_not_below_the_entropy(
    source, texts, kind, tmp_path
):
    """The sum of the stored prices, of a model trained a little, against what the text costs."""
    tokenizer = TOKENIZERS[kind](texts["train"])
    run = lstm_lm.train(
        tmp_path / "run",
        {name: texts[name] for name in ("train", "validation")},
        tokenizer,
        model=ModelConfig(embedding_size=8, hidden_size=16, n_layers=1, dropout=0.0),
        training=TrainingConfig(batch_size=16, bptt=24, epochs=0.5, n_validations=1),
    )
    split = encode_split(tokenizer, texts["test"], check=True)
    log = TokenLog.of(run.score_split(split), split, run.spelling, tokenizer.unk_id)
    if split.n_reproduced == split.n_documents:  # else the bits do not pay for all of the text
        assert log.document_bits().sum() > source.bits(texts["test"])


def test_a_broken_source_is_refused():
    with pytest.raises(ToktoolsError, match="sum to 1"):
        ListedSource({"a": 0.5})
    with pytest.raises(ToktoolsError, match="needs a row"):
        MarkovSource({"": {"a": 1.0}})
    with pytest.raises(ToktoolsError, match="1/2"):
        BracketSource(0.3, 0.3)
