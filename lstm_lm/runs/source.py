"""The code that a run is trained by, as one number: does a resumed run still have the same?"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def source_digest() -> str:
    """Return the SHA-256 of all Python source of toktools and lstm_lm, names and contents.

    A comment counts like any other byte: what changes no result cannot be told from what does.
    What was read at the first call stands for the whole process.
    """
    import lstm_lm
    import toktools

    digest = hashlib.sha256()
    for package in (lstm_lm, toktools):
        folder = Path(str(package.__file__)).parent
        for path in sorted(folder.rglob("*.py")):
            name, source = path.relative_to(folder.parent).as_posix(), path.read_bytes()
            digest.update(f"{name}\0{len(source)}\0".encode())
            digest.update(source)
    return digest.hexdigest()
