"""The page served on this machine alone.

The server listens on 127.0.0.1 and answers only requests that name it so, which keeps pages of
other sites from reading it under a name of theirs. What it sends forbids the browser to load
anything from elsewhere, whatever the framework's page would like to.
"""

from __future__ import annotations

import os
import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from experiments.play.opening import Entry
from toktools.errors import ToktoolsError

HOST = "127.0.0.1"
POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; form-action 'self'"
)


def require_gradio() -> None:
    """Raise ToktoolsError if gradio, which only the playground needs, is not there."""
    from importlib.util import find_spec

    if find_spec("gradio") is None:
        raise ToktoolsError(
            "the playground needs gradio, which is not installed; "
            "pip install -c constraints.txt '.[play]'"
        )


def bound(port: int) -> socket.socket:
    """Return a socket that is bound to the port of 127.0.0.1; port 0 takes any that is free.

    Raises: ToktoolsError if it is taken, or may not be used.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # a port that was left a moment ago is free
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as e:
        listener.close()
        raise ToktoolsError(
            f"port {port} of {HOST} cannot be used: {e.strerror}; choose another with --port, "
            "or --port 0 for any that is free"
        ) from e
    return listener


def serve(
    entries: Sequence[Entry],
    listener: socket.socket,
    *,
    open_browser: bool,
    say: Callable[[str], None],
) -> None:
    """Serve the page until it is interrupted."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import uvicorn

    app = guarded(_application(entries))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    address = f"http://{HOST}:{listener.getsockname()[1]}/"
    say(f"playground: {address} (Ctrl-C ends it)")
    if open_browser:
        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
    with suppress(KeyboardInterrupt):  # uvicorn passes it on when it has ended
        server.run(sockets=[listener])


def guarded(app: Any) -> Any:
    """Return an ASGI application that answers `app`'s own machine only, and sends `POLICY`."""
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    async def with_policy(scope: Any, receive: Any, send: Any) -> None:
        async def send_on(message: Any) -> None:
            if message["type"] == "http.response.start":
                header = (b"content-security-policy", POLICY.encode())
                message = {**message, "headers": [*message["headers"], header]}
            await send(message)

        await app(scope, receive, send_on)

    return TrustedHostMiddleware(with_policy, allowed_hosts=[HOST, "localhost"])


def _application(entries: Sequence[Entry]) -> Any:
    """Return the page as a web application."""
    import gradio as gr
    from fastapi import FastAPI

    from experiments.play.page import THEME, css, make_page

    return gr.mount_gradio_app(
        FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        make_page(entries),
        path="/",
        server_name=HOST,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        theme=THEME,
        css=css(),
    )
