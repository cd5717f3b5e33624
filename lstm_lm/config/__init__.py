"""What a run is asked to do: its model, its training, and the text it gives. Imports no torch."""

from lstm_lm.config.as_json import from_json, to_json
from lstm_lm.config.model import CELLS, IMPLEMENTATIONS, TORCH_CELLS, DropoutRates, ModelConfig
from lstm_lm.config.sampling import STRATEGIES, SamplingConfig
from lstm_lm.config.scoring import ScoringConfig
from lstm_lm.config.training import (
    BATCHINGS,
    CARRYING,
    CLASS_WEIGHTS,
    OPTIMIZERS,
    PRECISIONS,
    SCHEDULES,
    TrainingConfig,
)
