import pytest

from lstm_lm.numpy_lm.config import NumpyModelConfig, NumpyTrainingConfig
from lstm_lm.numpy_lm.run import train


@pytest.fixture(scope="session")
def small_model():
    return NumpyModelConfig(cell="lstm-cifg", embedding_size=12, hidden_size=16, n_layers=2)


@pytest.fixture(scope="session")
def small_training():
    return NumpyTrainingConfig(
        batch_size=8, bptt=10, epochs=1.5, learning_rate=0.03, n_validations=3
    )


@pytest.fixture(scope="session")
def trained(tmp_path_factory, texts, word, small_model, small_training):
    """A finished run on words, with some of them hidden."""
    return train(
        tmp_path_factory.mktemp("numpy") / "word",
        texts,
        word,
        model=small_model,
        training=small_training,
        prompts=["one hundred", "two"],
    )
