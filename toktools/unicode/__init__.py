"""Characters and bytes: tables of named Unicode versions, and GPT-2's printable bytes."""
