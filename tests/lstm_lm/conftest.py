"""Small texts and models, trained once a session."""

import pytest
import torch

import lstm_lm
from lstm_lm import ModelConfig, TrainingConfig
from toktools.character import train_character
from toktools.corpus import open_corpus
from toktools.word import train_word


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Tiny models are slower on several threads, and very slow where cores are shared.

    The commands set OPENBLAS_NUM_THREADS where it is not set, and runs record it: so that one made
    before a command was tested equals one made after, it is set from the beginning.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        yield
    torch.set_num_threads(before)


@pytest.fixture(params=[1, 2, 3])
def n_threads(request):
    """How many threads torch, and the loops on its threads, have."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def texts():
    """Numbers in words: 200 documents to train on, 40 to validate on."""
    documents = list(open_corpus("human-numbers", limit=240))
    return {
        "train": [d for i, d in enumerate(documents) if i % 6],
        "validation": documents[::6],
    }


@pytest.fixture(scope="session")
def character(texts):
    return train_character(texts["train"])


@pytest.fixture(scope="session")
def word(texts):
    """A word tokenizer that knows only frequent words, so that some are hidden."""
    return train_word(texts["train"], min_count=12)


@pytest.fixture(scope="session")
def small_model():
    return ModelConfig(embedding_size=12, hidden_size=16, n_layers=2, dropout=0.1)


@pytest.fixture(scope="session")
def small_training():
    return TrainingConfig(batch_size=8, bptt=10, epochs=1.5, learning_rate=0.03, n_validations=3)


@pytest.fixture(scope="session")
def trained(tmp_path_factory, texts, word, small_model, small_training):
    """A finished run on words."""
    return lstm_lm.train(
        tmp_path_factory.mktemp("runs") / "word",
        texts,
        word,
        model=small_model,
        training=small_training,
        prompts=["one hundred", "two"],
    )
