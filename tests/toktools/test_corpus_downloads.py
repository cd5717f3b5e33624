"""Corpora that are downloaded: from a server on this machine, by the code that asks any other."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from toktools.cli import main
from toktools.corpus import DOWNLOADS, open_corpus
from toktools.corpus.downloads import Remote, cache
from toktools.errors import ToktoolsError

PLAY = b"First Citizen:\nBefore we proceed\n"


class Server(ThreadingHTTPServer):
    """Serves `pages`, and keeps what was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []

    def remote(self, page: str, data: bytes, member: str = "") -> Remote:
        self.pages[f"/{page}"] = data
        url = f"http://127.0.0.1:{self.server_port}/{page}"
        return Remote(url, hashlib.sha256(data).hexdigest(), page, member)


class Handler(BaseHTTPRequestHandler):
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        page = self.server.pages.get(self.path)
        self.send_response(404 if page is None else 200)
        self.end_headers()
        self.wfile.write(page or b"")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.setenv("TOKTOOLS_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def know(monkeypatch: pytest.MonkeyPatch, remotes: dict[str, Remote]) -> None:
    monkeypatch.setitem(DOWNLOADS, "play", remotes)


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"folder/{name}.raw", data)
    return buffer.getvalue()


def test_a_text_is_downloaded_once_and_lies_in_the_cache(server, monkeypatch):
    know(monkeypatch, {"": server.remote("play.txt", PLAY)})
    assert list(open_corpus("play")) == ["First Citizen:", "Before we proceed"]
    assert list(open_corpus("play", limit=1)) == ["First Citizen:"]
    assert server.asked == ["/play.txt"]
    assert (cache() / "play.txt").read_bytes() == PLAY
    assert open_corpus("play").name == "play"
    assert open_corpus("play").plain_files() == [cache() / "play.txt"]


def test_splits_are_the_files_of_the_text(server, monkeypatch):
    names = ("train", "validation", "test")
    know(monkeypatch, {name: server.remote(f"{name}.txt", name.encode()) for name in names})
    corpus = open_corpus("play")
    assert [list(corpus.split(name)) for name in names] == [[name] for name in names]
    assert list(corpus) == ["train"]


def test_files_of_an_archive_are_taken_out_and_mended(server, monkeypatch):
    archive = zipped(train=b"one\ntwo\n", test=b"three\n")
    remote = {
        name: server.remote("a.zip", archive, f"folder/{name}.raw") for name in ("train", "test")
    }
    know(monkeypatch, remote)
    for damage in (None, b"one\nTWO\n", b"one\n"):
        if damage is not None:
            (cache() / "train.raw").write_bytes(damage)
        corpus = open_corpus("play")
        assert list(corpus.split("train")) == ["one", "two"]
        assert list(corpus.split("test")) == ["three"]
    assert server.asked == ["/a.zip"]


def test_a_file_in_the_cache_that_was_changed_is_downloaded_again(server, monkeypatch):
    know(monkeypatch, {"": server.remote("play.txt", PLAY)})
    cache().mkdir()
    (cache() / "play.txt").write_bytes(b"another play")
    assert len(list(open_corpus("play"))) == 2
    assert server.asked == ["/play.txt"]


def test_a_path_of_that_name_comes_first(server, monkeypatch, tmp_path):
    know(monkeypatch, {"": server.remote("play.txt", PLAY)})
    (tmp_path / "play").write_text("my own\n")
    assert list(open_corpus("play")) == ["my own"]
    assert server.asked == []


def test_another_file_than_the_digest_says_is_refused_and_not_kept(server, monkeypatch):
    remote = server.remote("play.txt", PLAY)
    server.pages["/play.txt"] = b"another play"
    know(monkeypatch, {"": remote})
    with pytest.raises(ToktoolsError, match=f"must have the SHA-256 {remote.sha256}, and has ano"):
        open_corpus("play")
    assert list(cache().iterdir()) == []


def test_no_network_no_such_page_and_no_cache_are_one_clear_line_each(
    server, monkeypatch, tmp_path
):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # nobody listens here
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/play.txt"
        know(monkeypatch, {"": Remote(url, "0" * 64, "play.txt")})
        done = CliRunner().invoke(main, ["train-word", "play", "-o", str(tmp_path / "w.json")])
    assert done.exit_code == 1
    assert f"play: {url} could not be downloaded: no connection; put it there as" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: play: ")
    know(monkeypatch, {"": Remote(f"http://127.0.0.1:{server.server_port}/no", "0" * 64, "no")})
    with pytest.raises(
        ToktoolsError, match="could not be downloaded: the server answered 404; put"
    ):
        open_corpus("play")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TOKTOOLS_DATA", str(tmp_path / "file" / "cache"))
    with pytest.raises(ToktoolsError, match=r"cannot be written to \(Not a directory\); name ano"):
        open_corpus("play")


def test_addresses_stay_as_they_are_and_names_in_the_cache_are_each_of_one_file():
    files = [remote for remotes in DOWNLOADS.values() for remote in remotes.values()]
    digests = {remote.file: remote.sha256 for remote in files}
    for remote in files:
        assert digests[remote.file] == remote.sha256
        assert len(bytes.fromhex(remote.sha256)) == 32
        assert any(len(part) == 40 for part in remote.url.split("/"))  # a revision, not a branch
    members = [remote.member for remote in files if remote.member]
    assert len({Path(member).name for member in members}) == len(members)


def test_pooch_is_imported_only_to_download(tmp_path):
    (tmp_path / "text.txt").write_text("one\n")
    code = (
        "import sys, toktools; list(toktools.open_corpus('text.txt')); "
        "assert not {'pooch', 'requests'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
