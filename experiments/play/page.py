"""The page: a text, its cuts, and, where there are models, what comes next. By gradio.

Everything that computes is elsewhere; here events are tied to it. While a text is being typed, an
event that has not been answered yet gives way to the newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

import gradio as gr
from gradio.themes import Default
from gradio.themes.utils.fonts import Font

from experiments.play.continuing import (
    MOST_TOKENS,
    OFFERED,
    at_intervals,
    continue_by_all,
    expect,
    settings,
)
from experiments.play.cutting import cut_by_all, readable
from experiments.play.fragments import continuations_html, cuts_html, expectations_html
from experiments.play.opening import Entry
from lstm_lm.config import SamplingConfig
from lstm_lm.config.sampling import STRATEGIES
from toktools.errors import ToktoolsError

FIRST_TEXT = "The quick brown fox was unbelievably quick: 1,234 jumps in a day."
_SECONDS = 0.15  # between two pictures of a text that grows
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
# Answered in the request itself: gradio's queue loses an answer now and then, where it closes its
# stream of answers just as the next event is sent, and the page would go on showing what was.
_AT_ONCE: dict[str, Any] = {**_QUIET, "queue": False}
_TYPED: dict[str, Any] = {**_AT_ONCE, "trigger_mode": "always_last"}
_FONTS = [Font(name) for name in ("system-ui", "-apple-system", "sans-serif")]
_MONO = [Font(name) for name in ("ui-monospace", "Consolas", "monospace")]
THEME = Default(primary_hue="indigo", font=_FONTS, font_mono=_MONO)


def css() -> str:
    """Return the style of what the page shows."""
    return files("experiments").joinpath("templates/play.css").read_text("utf-8")


def make_page(entries: Sequence[Entry]) -> gr.Blocks:
    """Return the page for these entries."""
    show_cuts, show_next = _cutter(entries), _expecter(entries)
    has_models = any(entry.run is not None for entry in entries)
    with gr.Blocks(title="Playground", analytics_enabled=False) as page:
        gr.Markdown("# Playground\nType, and see how each tokenizer cuts it.")
        text = gr.Textbox(FIRST_TEXT, lines=4, max_lines=12, label="Text", elem_id="text")
        cuts = gr.HTML(show_cuts(FIRST_TEXT), padding=False)
        text.change(show_cuts, text, cuts, **_TYPED)
        if has_models:
            gr.Markdown("## What comes next\nThe likeliest tokens after the text, by each model.")
            likely = gr.HTML(show_next(FIRST_TEXT), padding=False)
            text.change(show_next, text, likely, **_TYPED)
            _continuations(entries, text)
    return page


def _cutter(entries: Sequence[Entry]) -> Any:
    """Return the function from a text to its cuts."""

    def show_cuts(text: str) -> str:
        read, notes = readable(text or "")
        return cuts_html(cut_by_all(entries, read), notes)

    return show_cuts


def _expecter(entries: Sequence[Entry]) -> Any:
    """Return the function from a text to what may follow."""

    def show_next(text: str) -> str:
        return expectations_html(expect(entries, readable(text or "")[0]))

    return show_next


def _continuations(entries: Sequence[Entry], text: gr.Textbox) -> None:
    """Add the controls of sampling, two buttons, and what is written."""
    controls = _controls()
    with gr.Row():
        start = gr.Button("Continue", variant="primary", elem_id="continue")
        stop = gr.Button("Stop", elem_id="stop")
    state = gr.Markdown("", elem_id="state")
    written = gr.HTML("", padding=False)

    stopped: set[str] = set()  # the windows in which Stop was pressed

    def write(text: str, window: gr.Request, *values: Any) -> Iterator[tuple[str, str]]:
        try:
            config = settings(**dict(zip(controls, values, strict=True)))
        except ToktoolsError as e:
            yield "", continuations_html([], str(e))
            return
        stopped.discard(str(window.session_hash))
        steps = continue_by_all(entries, readable(text or "")[0], config)
        made, end = [], f"Done: {config.title}."
        for made in at_intervals(steps, _SECONDS):
            if str(window.session_hash) in stopped:
                end = "Stopped."
                break
            yield "Writing …", continuations_html(made)
        yield end, continuations_html(made)

    def stop_writing(window: gr.Request) -> None:
        stopped.add(str(window.session_hash))

    start.click(write, [text, *controls.values()], [state, written], **_QUIET)
    stop.click(stop_writing, None, None, **_AT_ONCE)


def _controls() -> dict[str, Any]:
    """Add the controls of sampling; return them by the names of `SamplingConfig`."""
    given = SamplingConfig(strategy="top-k")
    with gr.Row():
        strategy = gr.Dropdown(list(OFFERED), value=given.strategy, label="Strategy")
        temperature = gr.Slider(0.05, 3, value=given.temperature, step=0.05, label="Temperature")
        n_tokens = gr.Slider(1, MOST_TOKENS, value=60, step=1, label="Length, in tokens")
        seed = gr.Number(given.seed, precision=0, minimum=0, label="Seed")
    with gr.Row():
        filters = {
            "k": gr.Slider(1, 100, value=given.k, step=1, label="k: draw from so many"),
            "p": gr.Slider(0.05, 1, value=given.p, step=0.05, label="p: probability kept"),
            "min_p": gr.Slider(
                0.01, 1, value=given.min_p, step=0.01, label="min p: of the greatest"
            ),
            "typical_p": gr.Slider(0.05, 1, value=given.typical_p, step=0.05, label="typical p"),
        }

    def show_read(strategy: str) -> list[Any]:
        return [gr.update(visible=name in STRATEGIES[strategy]) for name in filters]

    for name, slider in filters.items():
        slider.visible = name in STRATEGIES[given.strategy]
    strategy.change(show_read, strategy, list(filters.values()), **_AT_ONCE)
    return {
        "strategy": strategy,
        "temperature": temperature,
        "n_tokens": n_tokens,
        "seed": seed,
        **filters,
    }
