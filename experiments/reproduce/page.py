"""What the pages of reproductions share: a picture, and a page that shows it under a table."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from experiments.pages import render
from lstm_lm.files import write_bytes, write_text


def write_page(folder: Path, name: str, figure: Figure, **values: Any) -> None:
    """Write `name`.png and `name`.html into `folder`; the template is called as the page is.

    Args: values: what the template shows.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_bytes(folder / f"{name}.png", buffer.getvalue())
    write_text(folder / f"{name}.html", render(f"{name}.html", **values))
