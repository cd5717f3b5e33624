"""The benchmark of a training step: that both ways train the same model, and what is printed."""

import pytest

from experiments.bench import training_step
from experiments.bench.training_step import Size, lines, make_step, measure

TINY = Size(n_vocab=40, n_units=6, n_layers=2, batch_size=3, bptt=5)


def test_operations_are_those_of_the_matrix_products():
    """2 * (4 * 6 * 12) weights in the layers, 240 in the head; 15 tokens; 2 each, three times."""
    assert TINY.n_operations == 6 * (2 * 288 + 240) * 15


def test_ours_and_the_plain_loop_train_the_same_model_step_by_step():
    plain, ours = (make_step(TINY, way) for way in ("plain loop", "ours"))
    expected = [plain() for _ in range(20)]
    assert [ours() for _ in range(20)] == pytest.approx(expected, rel=1e-4)
    assert expected[-1] < expected[0] - 0.1  # it does learn


def test_the_lines_say_when_the_losses_are_not_the_same():
    """A faster way that trains another model must be seen to."""
    result = measure(TINY, n_rounds=2, n_threads=1)
    assert result["same_losses"]
    assert "first losses: the same" in lines(result)
    broken = dict(result, losses={"plain loop": [2.0, 1.5], "ours": [2.0, 1.51]})
    broken["same_losses"] = training_step._same(*broken["losses"].values())
    assert "first losses: DIFFERENT" in lines(broken)
    assert any(line.startswith("ours, bfloat16") and "plain loop" in line for line in lines(result))
