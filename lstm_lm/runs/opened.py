"""What can be done with a trained model, whichever backend computes it.

A backend adds its model, which knows how to read step by step, and how rows of text are scored.
Imports no torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_lm.config import SamplingConfig, ScoringConfig
from lstm_lm.data.encoded import EncodedSplit, encode_split
from lstm_lm.evaluation.scoring import Evaluation, evaluation_of, score_by
from lstm_lm.evaluation.spelling import SpellingModel
from lstm_lm.evaluation.token_scores import TokenScores, score_tokens
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.sampling.generation import generate, stream
from lstm_lm.sampling.next_tokens import NextToken, next_tokens
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer


@dataclass(frozen=True, kw_only=True)
class OpenRun(ABC):
    """A trained model with all that belongs to it.

    Attributes:
        path: the run directory. config: its `config.json`. model: the weights with the lowest
        validation loss. tokenizer; spelling: the price of what `<ANY>` hides.
    """

    path: Path
    config: dict[str, Any]
    model: Any
    tokenizer: Tokenizer
    spelling: SpellingModel

    @abstractmethod
    def log_probabilities(
        self, x_TB: NDArray[np.int64], y_TB: NDArray[np.int64]
    ) -> NDArray[np.floating]:
        """Return log P of each target (T, B), in nats, reading the rows from a zero state.

        Args: x_TB: the ids read; y_TB: those to come, or -100 where none is scored.
        """

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The lines of `metrics.jsonl`."""
        return RunDirectory(self.path).read_metrics()

    def evaluate(
        self,
        documents: Iterable[str],
        *,
        name: str = "text",
        scoring: ScoringConfig | None = None,
        training_documents: Iterable[str] | None = None,
    ) -> Evaluation:
        """Score any text by the rule of fair comparison.

        A model trained on sentences scores every document by itself, one trained on a stream scores
        shards of documents (see `lstm_lm.evaluation.scoring.score_by`).

        Args:   documents: a corpus or its split, or any iterable of str. name: for errors.
                scoring: another way to score it, which the figures then name (`way`).
                training_documents: what the model was trained on, which one of the ways needs.
        Raises: ToktoolsError if there are no documents, or the backend has no such way.
        """
        split = encode_split(self.tokenizer, documents, name=name, check=True)
        if scoring is None:
            return self.evaluate_split(split)
        log_p = self._score(split, scoring, training_documents)
        return replace(evaluation_of(log_p, split, self.spelling), way=scoring.way)

    def _score(
        self, split: EncodedSplit, scoring: ScoringConfig, training: Iterable[str] | None
    ) -> NDArray[np.floating]:
        """Return the log probability of every token, scored in another way."""
        raise ToktoolsError("only runs of the torch backend can be scored in other ways")

    def evaluate_split(self, split: EncodedSplit) -> Evaluation:
        """Score text that is encoded already; otherwise like `evaluate`."""
        return evaluation_of(self.score_split(split), split, self.spelling)

    def score_split(self, split: EncodedSplit) -> NDArray[np.floating]:
        """Return the natural logarithm of the probability of every token of `split`, (n_tokens,).

        They are what `evaluate_split` adds up.
        """
        alone = self.config["training"]["batching"] == "sentence"
        eos_id = self.tokenizer.require_eos()
        return score_by(self.log_probabilities, split, eos_id=eos_id, alone=alone)

    def score(self, text: str, *, end: bool = True) -> TokenScores:
        """Return what each token of one document costs, in bits, with its span of characters.

        Args:   text: any str, read from a zero state after `<EOS>`. end: score the `<EOS>` after
                it too; False for the beginning of a text.
        Raises: ToktoolsError if the model gives NaN.
        """
        return score_tokens(self.log_probabilities, self.tokenizer, self.spelling, text, end=end)

    def generate(self, prompts: str | Sequence[str], **settings: Any) -> str | list[str]:
        """Continue one prompt, or several; the settings are those of `lstm_lm.generate`."""
        if isinstance(prompts, str):
            return generate(self.model, self.tokenizer, [prompts], **settings)[0]
        return generate(self.model, self.tokenizer, prompts, **settings)

    def stream(self, prompt: str, **settings: Any) -> Iterator[str]:
        """Yield the continuation of a prompt piece by piece, never half a character.

        Joined, the pieces are what `generate` puts after the prompt. Memory does not grow with
        them, so a million tokens can be read.
        """
        config = SamplingConfig(**settings)
        return stream(self.model.stepper(), self.tokenizer, prompt, config)

    def next_tokens(self, prompt: str, n: int = 10) -> list[NextToken]:
        """Return the `n` likeliest tokens after a prompt, with their probabilities."""
        return next_tokens(self.model.stepper(), self.tokenizer, prompt, n)
