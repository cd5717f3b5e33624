"""The commands of `toktools`, a file for each thing one does with tokenizers."""
