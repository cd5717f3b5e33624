"""The page is served to this machine alone, and the command tells mistakes in one line."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner

from experiments.__main__ import main
from experiments.play.serving import POLICY, bound, guarded
from toktools import ToktoolsError


async def _hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": b"hello"})


def answer(host: str) -> tuple[int, dict[bytes, bytes]]:
    """Status and headers of the guarded application's answer to a request that names `host`."""
    sent: list = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request"}

    headers = [(b"host", host.encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    asyncio.run(guarded(_hello)(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:7860", "localhost:7860"])
def test_requests_that_name_this_machine_are_answered_with_the_policy(host):
    status, headers = answer(host)
    assert status == 200
    assert headers[b"content-security-policy"] == POLICY.encode()
    assert headers[b"x-own"] == b"1"


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", "", "10.0.0.1:7860"])
def test_requests_that_name_another_are_refused(host):
    assert answer(host)[0] == 400


def test_the_socket_is_on_loopback_and_port_0_takes_a_free_one():
    with bound(0) as listener:
        address, port = listener.getsockname()
        assert address == "127.0.0.1"
        with pytest.raises(ToktoolsError, match=f"port {port} of 127.0.0.1 cannot be used"):
            bound(port)


def play(*arguments: str):
    return CliRunner().invoke(main, ["play", *arguments])


def test_a_busy_port_is_one_clear_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = play("byte", "--no-browser", "--port", str(port))
    assert done.exit_code == 1
    assert done.stderr.startswith(f"error: port {port} of 127.0.0.1 cannot be used:")
    assert done.stderr.count("\n") == 1


def test_a_bad_path_is_one_clear_line_and_leaves_the_port_free():
    with bound(0) as free:
        port = free.getsockname()[1]
    done = play("runs/none", "--no-browser", "--port", str(port))
    assert done.exit_code == 1
    assert done.stderr.startswith("error: runs/none: no such run directory or tokenizer file;")
    assert done.stderr.count("\n") == 1
    bound(port).close()


def test_without_gradio_the_command_says_how_to_install_it():
    code = (
        "import sys; from importlib.abc import MetaPathFinder\n"
        "import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'gradio' else found(name, *a)\n"
        "from experiments.__main__ import main; main(['play', 'byte', '--no-browser'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: the playground needs gradio, which is not installed; "
        "pip install -c constraints.txt '.[play]'\n"
    )


def test_help_imports_neither_gradio_nor_torch_nor_numba():
    code = (
        "import sys; from experiments.__main__ import main\n"
        "try: main(['play', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'gradio', 'uvicorn', 'torch', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.endswith("[]\n")
    assert "RUN_OR_TOKENIZER..." in done.stdout
