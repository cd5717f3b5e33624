"""The names that the command line knows, apart, so that `--help` need not read the rest."""

SCALES = ("small", "large", "trial")
BUDGETS = ("bytes", "flops")
