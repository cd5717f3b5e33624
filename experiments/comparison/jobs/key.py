"""When two jobs are the same, so that what one made can be taken for the other.

The key of a run is all that its weights and figures are a function of: the configuration, the seed,
the tokenizer (the bytes of its file, or how it is trained), the text in its order, the number of
threads (sums in another order round otherwise), and the code. Where a folder stands, how its text
was named and how many jobs ran at once are not in it. Prompts are not either: a run that is asked
for others is not trained, only read, again. So is one that other code has read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from experiments.comparison.jobs.job import Job
from experiments.comparison.plan import Plan, TokenizerSpec
from lstm_lm.runs.source import source_digest

Json = dict[str, Any]
SETTING_UP = ("setting_up", "budgets", "sweep", "flops")
"""Modules of `experiments.comparison` that decide how a model is trained."""
NOT_IN_KEY = ("corpus", "tokenizers", "seeds", "prompts", "analogies", "sample_bytes")
"""Parts of a plan that say where text is, which jobs there are, and what is read from a model."""


@dataclass(frozen=True)
class Key:
    """What a job is a function of.

    Attributes: parts: everything but the code. code: digest of the source, versions of packages.
    """

    parts: Json
    code: Json

    @property
    def digest(self) -> str:
        """SHA-256 of it all, as hexadecimal digits."""
        return _digest(json.dumps([self.parts, self.code], sort_keys=True))

    def as_dict(self) -> Json:
        """Return it for JSON."""
        return {"digest": self.digest, "parts": self.parts, "code": self.code}

    def matches(self, recorded: Mapping[str, Any] | None, *, any_code: bool = False) -> bool:
        """Whether a job with that `as_dict` was the same; with `any_code`, but for the code.

        Example:
            >>> old, new = Key({"seed": 0}, {"source": "a"}), Key({"seed": 0}, {"source": "b"})
            >>> new.matches(old.as_dict()), new.matches(old.as_dict(), any_code=True)
            (False, True)
        """
        if recorded is None:
            return False
        return recorded["digest"] == self.digest or (any_code and recorded["parts"] == self.parts)


def run_key(plan: Plan, job: Job, texts: Mapping[str, str], *, threads: int) -> Key:
    """Return the key of a run.

    Args: texts: `text_digest` of "train", "validation" and "test".
    """
    asked = {name: value for name, value in plan.to_json().items() if name not in NOT_IN_KEY}
    parts = {"seed": job.seed, "tokenizer": _recipe(job.spec), "texts": dict(texts)}
    return Key(json.loads(json.dumps({**asked, **parts, "threads": threads})), code_now())


def tokenizer_key(run: Mapping[str, Any]) -> Key:
    """Return the key of the tokenizer of a run, from the run's own `as_dict`."""
    parts = {"tokenizer": run["parts"]["tokenizer"], "text": run["parts"]["texts"]["train"]}
    return Key(parts, run["code"])


def code_now() -> Json:
    """Return what computes: our source, and the versions of what it rests on."""
    packages = {name: version(name) for name in ("torch", "numpy")}
    return {"source": source_digest(), "setting up": source_of(SETTING_UP), **packages}


def source_of(modules: Iterable[str]) -> str:
    """Return the SHA-256 of the source of modules of `experiments.comparison`.

    Example:
        >>> source_of(["plan"]) == source_of(["one_run"])
        False
    """
    folder = Path(__file__).parents[1]
    return _digest(b"\0".join((folder / f"{name}.py").read_bytes() for name in modules))


def text_digest(documents: Iterable[str]) -> str:
    """Return the SHA-256 of documents in their order.

    A model that reads them one behind the other learns otherwise from another order, which
    `toktools.corpus.digest` does not see.

    Example:
        >>> text_digest(["a", "b"]) == text_digest(["b", "a"])
        False
    """
    digest = hashlib.sha256()
    for document in documents:
        data = document.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def _recipe(spec: TokenizerSpec) -> Json:
    """Return how a tokenizer is trained, or the digest of the file or folder that it stands in."""
    path = Path(spec.text)
    if not path.exists():
        return {"training": spec.text}
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    contents = [(p.relative_to(path).as_posix(), _digest(p.read_bytes())) for p in files]
    return {"file": _digest(json.dumps(contents))}


def _digest(data: str | bytes) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()
