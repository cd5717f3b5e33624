"""Our cells beside torch's: what is measured, and that a difference would be seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from experiments.__main__ import main
from experiments.reproduce import cells_page
from experiments.reproduce.cells import PEERS, Settings, make_model, measure
from lstm_lm.cells import LSTM
from lstm_lm.config import CELLS, TORCH_CELLS
from toktools.errors import ToktoolsError

ROOT = Path(__file__).parent.parent.parent
SMALL = Settings(corpus="anbn", n_steps=4, hidden_size=6, batch_size=4, bptt=5)


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    return measure(SMALL, say=lambda line: None)


def own(results: dict[str, Any], cell: str) -> dict[str, Any]:
    entries = [e for e in results["cells"] if e["implementation"] == "own"]
    return next(e for e in entries if e["cell"] == cell)


def test_every_cell_of_ours_and_of_torch_s_is_measured(results: dict[str, Any]):
    measured = {(entry["implementation"], entry["cell"]) for entry in results["cells"]}
    assert measured == {("torch", c) for c in TORCH_CELLS} | {("own", c) for c in CELLS}
    for entry in results["cells"]:
        assert len(entry["losses_nats"]) == 4
        assert len(entry["steps_per_second"]) == 5


@pytest.mark.parametrize("cell", PEERS)
def test_ours_gives_what_torch_gives(results: dict[str, Any], cell: str):
    entry = own(results, cell)
    assert entry["output_difference_float32"] < 1e-6
    assert entry["output_difference_float64"] < 1e-12
    assert entry["gradient_difference_float64"] < 1e-12


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "rnn-relu"])
def test_the_first_losses_are_torch_s_to_1e_4(results: dict[str, Any], cell: str):
    torch_s = next(e for e in results["cells"] if e["cell"] == cell)
    assert torch_s["implementation"] == "torch"
    assert own(results, cell)["losses_nats"] == pytest.approx(torch_s["losses_nats"], abs=1e-4)
    assert abs(torch_s["losses_nats"][-1] - torch_s["losses_nats"][0]) > 1e-3  # it did learn


def test_a_wrong_cell_is_found_out(monkeypatch: pytest.MonkeyPatch):
    step = LSTM.step
    monkeypatch.setattr(LSTM, "step", lambda self, x, state: step(self, x * 1.001, state))
    entry = own(measure(SMALL, say=lambda line: None), "lstm")
    assert entry["output_difference_float64"] > 1e-6
    assert entry["gradient_difference_float64"] > 1e-6


def test_the_seed_decides_the_first_weights():
    a, b, c = (
        make_model(Settings(hidden_size=4, seed=seed), "own", "gru", 7) for seed in (1, 1, 2)
    )
    assert all(map(torch.equal, a.parameters(), b.parameters()))
    assert not torch.equal(a.embedding.weight, c.embedding.weight)


def entry(implementation: str, cell: str, losses: list[float], rates: list[float]) -> dict:
    differences = dict.fromkeys(
        ("output_difference_float32", "output_difference_float64", "gradient_difference_float64"),
        2.5e-7,
    )
    return {
        **{"implementation": implementation, "cell": cell, "n_parameters": 1234},
        **{"losses_nats": losses, "steps_per_second": rates, **differences},
    }


def test_the_table_tells_how_long_losses_agree_and_how_much_longer_ours_takes():
    theirs = entry("torch", "gru", [3.0, 2.0, 1.0], [10.0, 30.0, 20.0])
    ours = entry("own", "gru", [3.0, 2.00009, 1.001], [9.0, 8.0, 10.0])
    first, second = cells_page.rows({"cells": [theirs, ours]})
    assert (first["cell"], first["times torch's time"]) == ("torch gru", "")
    assert first["steps/s"] == "20.0 (10.0 to 30.0)"
    assert second["losses the same for"] == "2 of 3"
    assert second["times torch's time"] == "2.22"
    assert (second["outputs, float32"], second["parameters"]) == ("2e-07", "1,234")


def test_a_loss_that_is_no_number_is_not_the_same():
    theirs, ours = (entry("torch", "rnn", [float("nan")], [1.0]) for _ in range(2))
    assert cells_page.n_same(ours, theirs) == 0


def test_the_command_writes_results_picture_and_page(tmp_path: Path):
    arguments = ["reproduce", "cells", "-c", "anbn", "--steps", "2", "--bptt", "4"]
    done = CliRunner().invoke(main, [*arguments, "-o", str(tmp_path / "cells")])
    assert done.exit_code == 0, done.output
    assert "torch lstm" in done.output
    assert sorted(p.name for p in (tmp_path / "cells").iterdir()) == [
        *("cells.html", "cells.png", "results.json")
    ]
    page = (tmp_path / "cells" / "cells.html").read_text()
    results = json.loads((tmp_path / "cells" / "results.json").read_text())
    assert all(row["parameters"] in page for row in cells_page.rows(results))
    assert 'src="cells.png"' in page
    assert (tmp_path / "cells" / "cells.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_steps": 1}, "--steps must be >= 2, got 1"),
        ({"n_rounds": 4}, "--rounds must be >= 5, got 4"),
        ({"hidden_size": 0}, "--hidden-size must be >= 1, got 0"),
    ],
)
def test_what_cannot_be_measured_is_refused(values: dict[str, int], message: str):
    with pytest.raises(ToktoolsError, match=message):
        Settings(**values)


def test_the_table_of_the_page_is_that_of_the_stored_results():
    stored = json.loads((ROOT / "experiments" / "results" / "cells.json").read_text("utf-8"))
    assert cells_page.markdown(stored) in (ROOT / "docs" / "recurrent-cells.md").read_text("utf-8")
