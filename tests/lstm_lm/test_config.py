import json

import pytest

from lstm_lm.config import ModelConfig, TrainingConfig, from_json, to_json
from toktools.errors import ToktoolsError


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(embedding_size=7, hidden_size=7, n_layers=3, dropout=0.5, tied=True),
        TrainingConfig(
            batching="sentence", minutes=2.5, schedule="constant", validation_bytes=9, seed=4
        ),
    ],
)
def test_a_config_comes_back_from_json_as_it_was(config):
    assert from_json(type(config), json.loads(json.dumps(to_json(config)))) == config


def test_an_unknown_key_is_refused_with_the_closest_name():
    with pytest.raises(ToktoolsError, match="did you mean 'hidden_size'"):
        from_json(ModelConfig, {"hiden_size": 5})


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (ModelConfig, {"n_layers": 0}, "n_layers must be >= 1, got 0"),
        (ModelConfig, {"dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        (ModelConfig, {"tied": True, "hidden_size": 7}, "got 200 and 7; make them equal"),
        (ModelConfig, {"tied": True, "last_size": 7}, "embedding_size == last_size"),
        (ModelConfig, {"last_size": 0}, "last_size must be >= 1, got 0"),
        (ModelConfig, {"init_range": 0.0}, "init_range must be > 0 and finite, got 0.0"),
        (ModelConfig, {"init_range": 0.1, "orthogonal": True}, "orthogonal and forget_bias would"),
        (ModelConfig, {"init_range": 0.1, "forget_bias": 1.0}, "orthogonal and forget_bias would"),
        (ModelConfig, {"hidden_size": "big"}, "hidden_size must be of type int, got 'big'"),
        (ModelConfig, {"hidden_size": True}, "hidden_size must be of type int, got True"),
        (TrainingConfig, {"batching": "steam"}, "did you mean 'stream'"),
        (TrainingConfig, {"epochs": 0.0}, "epochs must be > 0"),
        (TrainingConfig, {"learning_rate": float("nan")}, "learning_rate must be > 0"),
        (TrainingConfig, {"schedule": "step", "minutes": 1.0}, "'step' counts epochs"),
        (TrainingConfig, {"step_after": 0}, "step_after must be >= 1, got 0"),
        (TrainingConfig, {"step_divisor": 0.0}, "step_divisor must be > 0"),
        (TrainingConfig, {"minutes": float("inf")}, "minutes must be > 0 and finite"),
    ],
)
def test_an_impossible_value_is_refused(kind, values, message):
    with pytest.raises(ToktoolsError, match=message):
        kind(**values)
