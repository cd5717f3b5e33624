"""Before the first update: text as ids, the record of a run, and whether it may go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lstm_lm.config import to_json
from lstm_lm.data.encoded import EncodedSplit
from lstm_lm.data.splits import Splits, encode_splits, first_bytes
from lstm_lm.evaluation.spelling import SpellingModel
from lstm_lm.runs.directory import RunDirectory
from lstm_lm.runs.resuming import accepting_code, check_same
from toktools.corpus import Corpus
from toktools.tokenizer import Tokenizer


@dataclass(frozen=True, kw_only=True)
class Start:
    """How a run is begun or taken up.

    Attributes:
        backend: what computes. model, training: its configurations. environment: what it runs on.
        prompts: continued at the end. record: more to be kept in `config.json`.
        resume, overwrite, accept_other_code: see `lstm_lm.train`.
    """

    backend: str
    model: Any
    training: Any
    environment: Mapping[str, Any]
    prompts: Sequence[str] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False
    overwrite: bool = False
    accept_other_code: bool = False

    def prepare(
        self,
        directory: RunDirectory,
        corpus: Splits,
        tokenizer: Tokenizer,
        encoded: Mapping[str, EncodedSplit],
    ) -> dict[str, EncodedSplit]:
        """Make the directory ready, and return the splits: "train", "validation" and "limited".

        Limited is what validates during training. Nothing is written before all is checked.

        Args:   encoded: splits that were encoded with this tokenizer already.
        Raises: ToktoolsError if the directory is taken, or its run may not go on like this.
        """
        if not self.resume:
            directory.check_free(overwrite=self.overwrite)
        splits = encode_splits(tokenizer, corpus, encoded)
        given = self._record(tokenizer, corpus, splits)
        if self.resume:
            self._take_up(directory, given)
        else:
            directory.create(overwrite=self.overwrite)
            directory.write_config(given)
        if not directory.tokenizer.exists():
            tokenizer.save(directory.tokenizer)
        if not directory.spelling.exists():  # so too where a run was killed before it came to this
            SpellingModel.fit(splits["train"].hidden).save(directory.spelling)
        limited = first_bytes(tokenizer, corpus, splits, self.training.validation_bytes)
        return {**splits, "limited": limited}

    def _take_up(self, directory: RunDirectory, given: Mapping[str, Any]) -> None:
        """Check that the run may go on; where other code was accepted, write that down."""
        recorded = directory.read_config()
        if self.accept_other_code:
            recorded = accepting_code(recorded, given)
        check_same(recorded, given)
        if self.accept_other_code:
            directory.write_config(recorded)

    def _record(
        self, tokenizer: Tokenizer, corpus: Splits, splits: Mapping[str, EncodedSplit]
    ) -> dict[str, Any]:
        """Return what `config.json` says of a run."""
        return {
            "backend": self.backend,
            "model": to_json(self.model),
            "training": to_json(self.training),
            "tokenizer": {
                "kind": tokenizer.kind,
                "n_vocab": tokenizer.n_vocab,
                "training": tokenizer.training,
            },
            "corpus": corpus.describe() if isinstance(corpus, Corpus) else {},
            "data": {name: split.summary() for name, split in splits.items()},
            "environment": dict(self.environment),
            "prompts": list(self.prompts),
            **self.record,
        }
