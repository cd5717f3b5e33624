import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_lm.config import TrainingConfig
from lstm_lm.training.schedules import (
    END_DIVISOR,
    START_DIVISOR,
    WARM_UP,
    averaging_begins,
    is_out_of_patience,
    learning_rate,
)

losses = st.lists(st.floats(0, 9), max_size=12)


def torch_rates(schedule, optimizer, n):
    """What a scheduler of torch's gives for n steps."""
    rates = []
    for _ in range(n):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


@pytest.fixture
def sgd():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.2)


@pytest.mark.oracle
def test_one_cycle_is_that_of_torch(sgd):
    n = 101
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        sgd,
        max_lr=0.2,
        total_steps=n,
        pct_start=(WARM_UP * (n - 1) + 1) / n,  # torch counts the peak's own step
        div_factor=START_DIVISOR,
        final_div_factor=END_DIVISOR,
        cycle_momentum=False,
    )
    config = TrainingConfig(learning_rate=0.2, schedule="one-cycle")
    ours = [learning_rate(config, step / (n - 1)) for step in range(n)]
    assert ours == pytest.approx([*torch_rates(theirs, sgd, n - 1), ours[-1]], rel=1e-6)
    assert ours[-1] == pytest.approx(0.2 / 25 / 1e4)


@pytest.mark.oracle
def test_cosine_is_that_of_torch(sgd):
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=50)
    config = TrainingConfig(learning_rate=0.2)
    ours = [learning_rate(config, step / 50) for step in range(50)]
    assert ours == pytest.approx(torch_rates(theirs, sgd, 50))


@pytest.mark.oracle
@given(losses.map(lambda values: [round(value, 1) for value in values]))
def test_plateau_is_that_of_torch_with_no_patience(history):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.8)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.25, patience=0, threshold=0, eps=0
    )
    for loss in history:
        theirs.step(loss)
    config = TrainingConfig(learning_rate=0.8, schedule="plateau")
    assert learning_rate(config, 0.7, history) == optimizer.param_groups[0]["lr"]


def test_the_plateau_s_divisor_is_an_option():
    config = TrainingConfig(learning_rate=0.8, schedule="plateau", plateau_divisor=2)
    assert [learning_rate(config, 0, [3, 2, 2, 4][:n]) for n in range(5)] == [
        *(0.8, 0.8, 0.8, 0.4, 0.2),
    ]


@pytest.mark.parametrize(
    ("history", "patience", "out"),
    [
        ([], 1, False),
        ([3.0], 1, False),
        ([3.0, 3.0], 1, True),
        ([3.0, 2.9], 1, False),
        ([3.0, 3.1, 2.9], 1, False),
        ([3.0, 3.1, 3.2], 2, True),
        ([3.0, 3.1, 3.2], 3, False),
        ([3.0, 3.1, 3.2], None, False),
    ],
)
def test_patience_ends_when_so_many_in_a_row_are_no_new_best(history, patience, out):
    assert is_out_of_patience(history, patience) is out


def trigger_of_the_paper(history, n):
    """Algorithm 1, line by line: the validation at which T is set, or None."""
    logs, k, T = [], 0, None
    for t, v in enumerate(history):
        if T is None:
            if k > n and v > min(logs[: k - n]):
                T = t
            logs.append(v)
            k += 1
    return T


@given(losses, st.integers(1, 4))
def test_averaging_begins_when_algorithm_1_says_and_never_ends(history, n):
    T = trigger_of_the_paper(history, n)
    for length in range(len(history) + 1):
        begun = averaging_begins(history[:length], n)
        assert begun is (T is not None and length > T)


@given(st.integers(1, 60), st.integers(1, 10), st.floats(1.05, 4.0), st.integers(1, 500))
def test_step_divides_before_every_epoch_after_the_first_few(n_epochs, whole, divisor, n_updates):
    config = TrainingConfig(
        **{"schedule": "step", "epochs": n_epochs, "learning_rate": 1.0},
        **{"step_after": whole, "step_divisor": divisor},
    )
    rate = 1.0
    for epoch in range(n_epochs):
        if epoch >= whole:
            rate /= divisor
        for update in {0, n_updates // 2, n_updates - 1}:
            progress = (epoch * n_updates + update) / (n_epochs * n_updates)
            assert learning_rate(config, progress) == pytest.approx(rate)
