"""Text as ids, and ids as batches: encoded, splits, batching, showing."""
