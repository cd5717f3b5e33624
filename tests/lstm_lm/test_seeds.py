import dataclasses
import json
import statistics

import pytest

import lstm_lm
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.seeds import FIGURES, summarize, train_seeds
from lstm_lm.training.outcomes import TrainingInterrupted
from tests.lstm_lm.test_training import same_tensors, stop_at
from toktools.errors import ToktoolsError


@pytest.fixture
def several(texts, word, small_model, small_training):
    """A function that trains with several seeds in a folder."""

    def several(folder, seeds=(0, 2), **options):
        return train_seeds(
            *(folder, texts, word, seeds),
            training=small_training,
            model=small_model,
            **options,
        )

    return several


def test_each_seed_s_run_is_that_of_training_with_it_alone(tmp_path, several, trained):
    summary = several(tmp_path / "seeds", prompts=["one hundred", "two"])
    assert same_tensors(
        tmp_path / "seeds/seed-0/last.safetensors", trained.path / "last.safetensors"
    )
    other = lstm_lm.load(tmp_path / "seeds/seed-2")
    assert other.training == dataclasses.replace(trained.training, seed=2)
    assert not same_tensors(other.path / "model.safetensors", trained.path / "model.safetensors")
    assert json.loads((tmp_path / "seeds/seeds.json").read_text()) == summary
    evaluation = json.loads((trained.path / "evaluation.json").read_text())
    assert summary["runs"][0]["bits_per_byte"] == evaluation["validation"]["bits_per_byte"]
    assert summary["runs"][0]["best_epoch"] == evaluation["best"]["epoch"]


def test_several_seeds_interrupted_and_resumed_end_as_if_nothing_had_come(tmp_path, several):
    whole = several(tmp_path / "whole")
    with pytest.raises(TrainingInterrupted):
        several(tmp_path / "parts", stop=stop_at(whole_steps(tmp_path) + 4))
    assert RunDirectory(tmp_path / "parts/seed-0").evaluation.exists()
    assert not RunDirectory(tmp_path / "parts/seed-2").evaluation.exists()
    assert several(tmp_path / "parts", resume=True) == whole
    for name in ("seed-0", "seed-2"):
        parts, finished = (
            tmp_path / each / name / "last.safetensors" for each in ("parts", "whole")
        )
        assert same_tensors(parts, finished)


def whole_steps(tmp_path):
    return RunDirectory(tmp_path / "whole/seed-0").read_metrics()[-1]["step"] - 1


def test_the_summary_is_mean_and_sample_standard_deviation():
    values = [1.5, 2.0, 4.0]
    runs = {seed: dict.fromkeys(FIGURES, value) for seed, value in enumerate(values)}
    for figure in summarize(runs)["summary"].values():
        assert figure["mean"] == pytest.approx(2.5)
        assert figure["standard_deviation"] == pytest.approx(statistics.stdev(values))
        assert (figure["lowest"], figure["highest"]) == (1.5, 4.0)
    assert summarize({7: runs[0]})["summary"]["perplexity"]["standard_deviation"] is None


@pytest.mark.parametrize("seeds", [(), (1, 1), (0, -1)])
def test_seeds_must_be_different_and_not_negative(tmp_path, several, seeds):
    with pytest.raises(ToktoolsError, match="different whole numbers >= 0"):
        several(tmp_path / "seeds", seeds)
    assert not list(tmp_path.iterdir())


def test_nothing_is_put_over_other_runs(tmp_path, several, trained):
    with pytest.raises(ToktoolsError, match="holds a single run"):
        several(trained.path)
    several(tmp_path / "seeds", (0,))
    with pytest.raises(ToktoolsError, match="holds a run already"):
        several(tmp_path / "seeds", (1, 0))
    assert not (tmp_path / "seeds/seed-1").exists()
