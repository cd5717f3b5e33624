"""What torchrun starts in each process: the trainings of a JSON file, one after the other.

python -m torch.distributed.run --standalone --nproc-per-node 2 tests/lstm_lm/together.py FOLDER
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import torch

import lstm_lm.runs.finishing
from lstm_lm import ModelConfig, TrainingConfig
from lstm_lm.training.outcomes import TrainingInterrupted
from lstm_lm.training.processes import joined
from toktools import load


def launch(folder, jobs, *, restarts=0):
    """Run the jobs in two processes; return the exit code of torchrun and what it said."""
    (folder / "jobs.json").write_text(json.dumps(jobs))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
            *("--nproc-per-node", "2", "--max-restarts", str(restarts), __file__, str(folder)),
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stderr


def go(folder, job, *, rank=0, life=0):
    """Make one training.

    `deaths` of a job are [rank, life, update], and come by SIGKILL; `stops` are of the same form.
    """
    torch.set_default_dtype(getattr(torch, job["dtype"]))
    deaths, stops = (
        [n for r, b, n in job.get(what, []) if (r, b) == (rank, life)]
        for what in ("deaths", "stops")
    )
    updates = iter(range(1, 10**9))

    def stop():
        n = next(updates)
        if n in deaths:
            os.kill(os.getpid(), signal.SIGKILL)
        return n in stops

    try:
        lstm_lm.train(
            folder / job["name"],
            json.loads((folder / "texts.json").read_text()),
            load(folder / "tokenizer.json"),
            model=ModelConfig(**job["model"]),
            training=TrainingConfig(**job["training"]),
            resume=job.get("resume", False),
            stop=stop,
        )
    except TrainingInterrupted:
        assert job["stops"]
    finally:
        torch.set_default_dtype(torch.float32)


def main():
    """Run all jobs of the folder that the command line names."""
    folder = Path(sys.argv[1])
    torch.set_num_threads(1)
    life = int(os.environ["TORCHELASTIC_RESTART_COUNT"])
    lstm_lm.runs.finishing.save_curves = lambda *args, **kwargs: None
    with joined() as processes:
        for job in json.loads((folder / "jobs.json").read_text()):
            place = processes.place
            go(folder, job, rank=place.rank, life=life)


if __name__ == "__main__":
    main()
