"""Prompts: from a file, and what of them the tokenizer does not know. Imports no torch."""

from __future__ import annotations

import sys
from pathlib import Path

from lstm_lm.data.encoded import unknown_spans
from toktools.errors import ToktoolsError
from toktools.tokenizer import Tokenizer


def unknown(tokenizer: Tokenizer, text: str) -> list[str]:
    """Return the parts of `text` that the tokenizer does not know, in order."""
    if tokenizer.unk_id is None:
        return []
    return [text[start:end] for start, end in unknown_spans(tokenizer, text)]


def unknown_note(tokenizer: Tokenizer, prompt: str) -> str:
    """Return what to say of the unknown parts of a prompt; nothing, if all is known."""
    odd = ", ".join(map(repr, dict.fromkeys(unknown(tokenizer, prompt))))
    return f"note: in the prompt {prompt!r} the tokenizer does not know {odd}" if odd else ""


def read_prompts(path: Path) -> list[str]:
    """Return the prompts of a file, one a line, blank lines left out; "-" is standard input.

    Raises: ToktoolsError if it cannot be read, is not UTF-8, or has no prompt.
    """
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        lines = data.decode("utf-8-sig").splitlines()
    except OSError as e:
        raise ToktoolsError(f"{path}: cannot be read: {e.strerror}") from e
    except UnicodeDecodeError as e:
        raise ToktoolsError(f"{path}: prompts must be UTF-8: {e.reason} at byte {e.start}") from e
    prompts = [line for line in lines if line.strip()]
    if not prompts:
        raise ToktoolsError(f"{path}: holds no prompts; write one a line")
    return prompts
