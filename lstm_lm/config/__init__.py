"""What a run is asked to do: the shape of its model, and how it is trained. Imports no torch."""

from lstm_lm.config.as_json import from_json, to_json
from lstm_lm.config.model import CELLS, IMPLEMENTATIONS, TORCH_CELLS, DropoutRates, ModelConfig
from lstm_lm.config.training import (
    BATCHINGS,
    CARRYING,
    CLASS_WEIGHTS,
    OPTIMIZERS,
    PRECISIONS,
    SCHEDULES,
    STRATEGIES,
    TrainingConfig,
)
