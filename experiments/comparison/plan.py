"""What is compared, on what text, and what is held equal: the plan of a comparison.

Every tokenizer gets the same text, the same network, the same optimiser and the same budget. The
number of steps through which gradients flow is set in bytes of text, so that every model learns
from contexts of the same length and makes about the same number of updates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from experiments.comparison.analogies import words_of
from experiments.comparison.budgets import Budget
from experiments.comparison.sweep import Sweep, sweep_from_json
from lstm_lm.commands.options import make_tokenizer
from lstm_lm.config import ModelConfig, TrainingConfig, from_json, to_json
from toktools.corpus import Corpus, open_corpus
from toktools.errors import ToktoolsError, lookup
from toktools.formats.opening import is_file_name
from toktools.registry import names
from toktools.tokenizer import Tokenizer

TRAINING = TrainingConfig(unigram_start=True)
"""How a comparison trains unless it is told otherwise.

From a bias of zeros, the first updates learn which tokens are rare, and a vocabulary with many of
those loses by it: bytes were 0.2 bits behind characters on English text, of which both make the
same tokens.
"""


@dataclass(frozen=True)
class TokenizerSpec:
    """A tokenizer as one types it: `word`, `bpe:2000`, `wordpiece:8000,criterion=likelihood`.

    The part before the colon is a name that `toktools.registry` knows, or the path of a trained
    tokenizer; behind it stand a vocabulary size and options of the training function.

    Raises: ToktoolsError if the name is unknown or an option is not KEY=VALUE.
    Example:
        >>> spec = TokenizerSpec("wordpiece:8000,criterion=likelihood")
        >>> spec.title, spec.slug
        ('WordPiece 8,000, criterion=likelihood', 'wordpiece-8000-criterion-likelihood')
    """

    text: str

    def __post_init__(self) -> None:
        if not self.is_file:
            lookup(self.name, dict.fromkeys(names()), what="tokenizer")
        for option in self.options:
            if "=" not in option:
                raise ToktoolsError(
                    f"{self.text!r} must be NAME, NAME:SIZE or NAME:SIZE,KEY=VALUE,..., "
                    f"got {option!r} in it"
                )

    @property
    def is_file(self) -> bool:
        """Whether it is the path of a trained tokenizer."""
        return Path(self.text).exists() or is_file_name(self.text)

    @property
    def name(self) -> str:
        """The name or path."""
        return self.text if self.is_file else self.text.partition(":")[0]

    @property
    def vocab_size(self) -> int | None:
        """The vocabulary size asked for, if any."""
        first = self._parts[0] if self._parts else ""
        return int(first) if first.isdecimal() else None

    @property
    def options(self) -> list[str]:
        """The options, as KEY=VALUE."""
        return self._parts[self.vocab_size is not None :]

    @property
    def _parts(self) -> list[str]:
        if self.is_file:
            return []
        return [part for part in self.text.partition(":")[2].split(",") if part]

    @property
    def title(self) -> str:
        """What people read."""
        titles = {"bpe": "BPE", "wordpiece": "WordPiece", "sentencepiece": "SentencePiece"}
        title = Path(self.name).stem if self.is_file else titles.get(self.name, self.name)
        size = "" if self.vocab_size is None else f" {self.vocab_size:,}"
        return ", ".join([title + size, *self.options])

    @property
    def slug(self) -> str:
        """A file name."""
        return re.sub(r"[^A-Za-z0-9]+", "-", self.text).strip("-").lower()

    def make(self, train_split: Iterable[str]) -> Tokenizer:
        """Train it on the train split, or open its file."""
        return make_tokenizer(
            self.name, train_split, vocab_size=self.vocab_size, options=self.options
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One comparison.

    Attributes:
        corpus: the arguments of `open_corpus`.
        tokenizers: what is compared.
        model, training: the same for all, but for `bptt` and `seed` of training.
        context_bytes: gradients flow through about this many bytes of text.
        seeds: every tokenizer is run once with each.
        prompts: texts that every model continues.
        analogies: what is asked of every model's vectors, as `king - man + woman = queen`.
        sample_bytes: about how much text a continuation is, the same for every tokenizer.
        budget: what every run gets the same amount of.
        sweep: the learning rates that are tried for each tokenizer, if any.
    """

    corpus: Mapping[str, Any]
    tokenizers: tuple[TokenizerSpec, ...]
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = TRAINING
    context_bytes: int = 256
    seeds: tuple[int, ...] = (0, 1, 2)
    prompts: tuple[str, ...] = ()
    analogies: tuple[str, ...] = ()
    sample_bytes: int = 160
    budget: Budget = field(default_factory=Budget)
    sweep: Sweep | None = None

    def __post_init__(self) -> None:
        slugs = [spec.slug for spec in self.tokenizers]
        twice = sorted({slug for slug in slugs if slugs.count(slug) > 1})
        if twice:
            raise ToktoolsError(f"each tokenizer is compared once, got {twice[0]!r} twice")
        if not self.tokenizers or not self.seeds:
            raise ToktoolsError("a comparison needs at least one tokenizer and one seed")
        for analogy in self.analogies:
            words_of(analogy)
        if self.context_bytes < 1:
            raise ToktoolsError(f"context_bytes must be >= 1, got {self.context_bytes}")
        if self.training.minutes is not None and self._has_length:
            raise ToktoolsError(
                f"minutes and an amount of {self.budget.equal} are two budgets; give one of them"
            )
        if self.budget.equal == "flops" and self.training.sampled_words is not None:
            raise ToktoolsError(
                "operations are counted over the whole vocabulary, so equal flops and "
                "sampled_words do not go together; leave out one of them"
            )

    def open(self) -> Corpus:
        """Open the corpus."""
        return open_corpus(**self.corpus)

    def training_for(self, bytes_per_token: float, seed: int) -> TrainingConfig:
        """Return the training of one run: the context in tokens, and the seed."""
        bptt = max(4, round(self.context_bytes / bytes_per_token))
        return replace(self.training, bptt=bptt, seed=seed)

    @property
    def _has_length(self) -> bool:
        """Whether the budget says how long to train."""
        return self.budget.amount is not None and self.budget.equal != "parameters"

    @property
    def held_equal(self) -> str:
        """What every run gets the same amount of, in words."""
        return self.budget.sentence(self.training)

    def held(self) -> dict[str, Any]:
        """Return what is held equal as `results.json` has it."""
        equal, amount = self.budget.equal, self.budget.amount
        if self.training.minutes is not None and equal == "bytes":
            equal, amount = "seconds", 60 * self.training.minutes
        return {"equal": equal, "amount": amount, "sentence": self.held_equal}

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return {
            "corpus": dict(self.corpus),
            "tokenizers": [spec.text for spec in self.tokenizers],
            "model": to_json(self.model),
            "training": to_json(self.training),
            "context_bytes": self.context_bytes,
            "seeds": list(self.seeds),
            "prompts": list(self.prompts),
            "analogies": list(self.analogies),
            "sample_bytes": self.sample_bytes,
            "budget": to_json(self.budget),
            "sweep": None if self.sweep is None else to_json(self.sweep),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Plan:
        """Return the plan that `to_json` wrote down; older ones lack budget, sweep, analogies."""
        sweep = values.get("sweep")
        return cls(
            corpus=values["corpus"],
            tokenizers=tuple(map(TokenizerSpec, values["tokenizers"])),
            model=from_json(ModelConfig, values["model"]),
            training=from_json(TrainingConfig, values["training"]),
            context_bytes=values["context_bytes"],
            seeds=tuple(values["seeds"]),
            prompts=tuple(values["prompts"]),
            analogies=tuple(values.get("analogies", ())),
            sample_bytes=values["sample_bytes"],
            budget=from_json(Budget, values.get("budget", {})),
            sweep=None if sweep is None else sweep_from_json(sweep),
        )
