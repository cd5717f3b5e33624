# `make demo` and `make test` do all the set-up they need, in .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check

.PHONY: demo test slow check format bench docs clean

demo: .venv/.installed
	$(BIN)/python -m experiments compare --preset demo -o runs/demo

test: .venv/.installed-test
	$(BIN)/pytest -n auto --maxprocesses 8 --dist loadfile -m "not slow and not network and not gpu"

slow: .venv/.installed-test
	$(BIN)/pytest -m "slow"

check: .venv/.installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

format: .venv/.installed-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.installed-bench
	$(BIN)/python -m experiments bench tokenizers --sizes 100kB,1MB,10MB --plot runs/bench.png
	$(BIN)/python -m experiments.bench.training_step speed
	$(BIN)/python -m experiments.bench.products

docs: .venv/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf .venv runs site build *.egg-info .pytest_cache .ruff_cache .hypothesis

# Every environment is the same .venv with more in it; constraints.txt pins every version.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: Python 3.11 or later is needed; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) install -q -c constraints.txt -e .
	touch $@

.venv/.installed-%: .venv/.installed
	$(PIP) install -q -c constraints.txt -e '.[$*]'
	touch $@
