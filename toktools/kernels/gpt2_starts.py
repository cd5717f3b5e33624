"""GPT-2's cut, under the names of before `cuts/`."""

from toktools.kernels.cuts.blocks import PADDING
from toktools.kernels.cuts.gpt2 import gpt2_starts

__all__ = ["PADDING", "gpt2_starts"]
