"""The benchmark of matrix products times only right ones."""

from __future__ import annotations

import json

import pytest
import torch
from click.testing import CliRunner, Result

from experiments.bench import products
from experiments.bench.products import Shape

SMALL = (Shape("small", 16, 32, 48, False), Shape("turned", 16, 32, 48, True))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(products, "SHAPES", SMALL)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def run(*options: str) -> Result:
    return CliRunner().invoke(
        products.main, ["--kind", "float32", "--rounds", "5", "--threads", "1", *options]
    )


def test_every_shape_has_a_line_and_every_way_its_rounds():
    lines = run().output.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["small", "turned"]
    assert all("torch" in line and "oneDNN" in line for line in lines[1:])
    found = json.loads(run("--json").output)
    assert found["threads"] == 1
    for product in found["products"]:
        assert {len(rounds) for rounds in product["seconds"].values()} == {5}


def test_a_wrong_product_is_an_error(monkeypatch: pytest.MonkeyPatch):
    ways = {"nonsense": lambda: torch.zeros(16, 48)}
    monkeypatch.setattr(products, "_ways", lambda x, w: ways)
    done = run()
    assert done.exit_code == 1
    assert "error: nonsense: small in float32 is wrong by 1.0e+00" in done.output
