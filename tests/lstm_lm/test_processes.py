"""What of several processes can be seen in one: rows, masks, and what is refused."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lstm_lm import ModelConfig
from lstm_lm.cells import make_recurrent
from lstm_lm.commands.several import check_distributable
from lstm_lm.data.batching import IGNORED, Chunk
from lstm_lm.data.rows import Rows, own_rows
from lstm_lm.regularization import Dropout, LockedDropout, WeightDrop, drop_own_rows
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.environment import device_named
from lstm_lm.runs.restarting import is_restarted, launch_record
from lstm_lm.runs.resuming import check_same
from lstm_lm.training.launching import Place, place
from toktools.errors import ToktoolsError


@given(st.integers(1, 40), st.integers(1, 12))
def test_every_row_counts_in_one_process(whole, size):
    parts = [own_rows(whole, rank, size) for rank in range(size)]
    counted = [i for p in parts if not p.spare for i in range(whole)[p.slice]]
    assert counted == list(range(whole))
    assert sum(p.n_counted for p in parts) == whole
    assert all(p.stop > p.start for p in parts)
    sizes = [p.n_counted for p in parts]
    assert max(sizes) - min(sizes) <= 1


@given(st.integers(1, 9), st.integers(1, 5))
def test_the_parts_of_a_chunk_hold_all_its_targets_once(whole, size):
    y_TB = torch.arange(3 * whole).view(3, whole)
    y_TB[2, ::2] = IGNORED
    n_tokens = int((y_TB != IGNORED).sum())
    chunk = Chunk(x_TB=y_TB.clamp(min=0), y_TB=y_TB, n_tokens=n_tokens, fresh=True, rate=0.5)
    parts = [chunk.part(own_rows(whole, rank, size)) for rank in range(size)]
    assert sum(part.n_tokens for part in parts) == n_tokens
    targets = [y for part in parts for y in part.y_TB.flatten().tolist() if y != IGNORED]
    assert sorted(targets) == sorted(y for y in y_TB.flatten().tolist() if y != IGNORED)
    assert all(part.fresh and part.rate == 0.5 for part in parts)


@pytest.mark.parametrize("kind", [Dropout, LockedDropout])
def test_two_processes_drop_what_one_drops(kind):
    x_TBH = torch.randn(4, 5, 3)
    dropout = kind(0.5)
    whole = seeded(dropout, x_TBH)
    parts = []
    for rank in range(2):
        dropout.rows = own_rows(5, rank, 2)
        parts.append(seeded(dropout, x_TBH[:, dropout.rows.slice]))
    assert 0 < int((whole == 0).sum()) < whole.numel()
    assert torch.equal(torch.cat(parts, dim=1), whole)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "rnn-relu"])
@pytest.mark.parametrize("weight_dropout", [0.0, 0.4])
def test_torchs_layers_drop_the_same_with_a_part_of_the_rows(cell, weight_dropout):
    config = ModelConfig(embedding_size=4, hidden_size=4, n_layers=3, dropout=0.5, cell=cell)
    layers = make_recurrent(replace(config, weight_dropout=weight_dropout))
    assert isinstance(layers, WeightDrop) == bool(weight_dropout)
    x_TBE = torch.randn(6, 5, 4)
    whole_TBH, whole = seeded(layers, x_TBE, layers.init_state(5))
    parts = []
    for rank in range(2):
        rows = own_rows(5, rank, 2)
        drop_own_rows(layers, rows)
        n = rows.n_counted
        parts.append(seeded(layers, x_TBE[:, rows.slice].contiguous(), layers.init_state(n)))
    torch.testing.assert_close(torch.cat([y_TBH for y_TBH, _ in parts], dim=1), whole_TBH)
    for i, tensor in enumerate(whole):
        torch.testing.assert_close(torch.cat([state[i] for _, state in parts], dim=1), tensor)


def seeded(module, *inputs):
    torch.manual_seed(3)
    return module(*inputs)


def test_a_row_that_counts_for_nothing_is_read_where_there_is_none():
    assert own_rows(1, 0, 2) == Rows(start=0, stop=1, whole=1, spare=True)
    assert own_rows(1, 1, 2) == Rows(start=0, stop=1, whole=1)


@pytest.mark.parametrize("run_id", ["blue", "none"])
def test_the_place_of_a_process_is_what_torchrun_says(monkeypatch, run_id):
    assert place() == Place()
    values = {"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4", "TORCHELASTIC_RUN_ID": run_id}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    launch = {"blue": "blue", "none": f"launcher {os.getppid()}"}[run_id]
    expected = Place(rank=3, local_rank=1, size=4, launch=launch, process=os.getpid())
    assert place() == expected


def test_only_another_process_of_the_launch_that_began_a_run_goes_on_with_it(tmp_path):
    run, first = RunDirectory(tmp_path / "run"), Place(launch="a", process=1)
    again = replace(first, process=2)
    assert not is_restarted(run, again)  # killed before there was anything
    run.create()
    needed = {key: {} for key in ("model", "training", "tokenizer", "corpus", "data")}
    run.write_config({**needed, **launch_record(first)})
    assert is_restarted(run, again)
    assert not is_restarted(run, first)
    assert not is_restarted(run, replace(again, launch="b"))
    assert not is_restarted(run, Place())
    run.write_config({**needed, **launch_record(Place())})
    assert not is_restarted(run, again)


@pytest.mark.parametrize(("there", "expected"), [(False, "cpu"), (True, "cuda")])
def test_auto_is_a_gpu_where_there_is_one(monkeypatch, there, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert device_named("auto") == expected
    assert device_named("cpu") == "cpu"


def test_each_process_has_a_gpu_of_its_own():
    assert Place(rank=3, local_rank=1, size=4).device("cuda") == "cuda:1"
    assert Place(rank=3, local_rank=1, size=4).device("cpu") == "cpu"
    assert Place().device("cuda") == "cuda"


def test_a_run_of_two_processes_does_not_go_on_in_one(trained):
    recorded = {**trained.config, "environment": {**trained.config["environment"], "processes": 2}}
    with pytest.raises(ToktoolsError, match=r"began with 2, got 1; start 2"):
        check_same(recorded, trained.config)
    with pytest.raises(ToktoolsError, match=r"began with 1, got 2; start 1"):
        check_same(trained.config, recorded)


def test_what_needs_one_process_is_refused_in_two():
    two = Place(size=2)
    with pytest.raises(ToktoolsError, match="--backend numpy trains in one process, got 2"):
        check_distributable(two, "numpy", [])
    with pytest.raises(ToktoolsError, match="several seeds are trained one after the other"):
        check_distributable(two, "torch", [0, 1])
    check_distributable(two, "torch", [])
    check_distributable(Place(), "numpy", [0, 1])


@pytest.mark.parametrize(("batch_size", "fits"), [(7, 6), (1, 2), (2, None), (6, None)])
def test_a_batch_that_cannot_be_divided_is_refused_with_one_that_can(batch_size, fits):
    if fits is None:
        Place(size=2).check_batch_size(batch_size)
        return
    with pytest.raises(ToktoolsError, match=f"multiple of 2, got {batch_size}; .* {fits}$"):
        Place(size=2).check_batch_size(batch_size)
    Place(size=2).check_batch_size(fits)


def test_two_processes_say_a_mistake_once_and_write_nothing(tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
            *("--nproc-per-node", "2", "-m", "lstm_lm", "train", "-t", "word", "-c", "anbn"),
            *("--batch-size", "7", "-o", str(tmp_path / "run")),
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    (error,) = [line for line in done.stderr.splitlines() if "batch_size" in line]
    assert error.startswith("error: batch_size is the rows of all 2 processes together")
    assert "lstm_lm/" not in done.stderr  # no traceback of ours
    assert not (tmp_path / "run").exists()
