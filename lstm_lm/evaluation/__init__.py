"""The rule of fair comparison: scoring, and spelling, the price of what `<ANY>` hides."""
