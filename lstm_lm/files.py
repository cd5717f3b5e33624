"""Files that are whole or absent: written to a temporary name, then renamed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from toktools.errors import ToktoolsError
from toktools.files import replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` in one step: a reader sees the old file or the new one, whole."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 in one step."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write `value` as indented JSON in one step."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; ToktoolsError, naming path and line, if it is missing or damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ToktoolsError(f"{path}: no such file") from None
    except json.JSONDecodeError as e:
        raise ToktoolsError(f"{path}, line {e.lineno}: not JSON: {e.msg}") from e
    except (OSError, UnicodeDecodeError) as e:
        raise ToktoolsError(f"{path}: cannot be read: {e}") from e
    if not isinstance(value, dict):
        raise ToktoolsError(f"{path}: must hold a JSON object, got {type(value).__name__}")
    return value


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Write named tensors, and strings beside them, as safetensors in one step."""
    from safetensors.torch import save

    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_bytes(path, save(ready, metadata=dict(metadata or {})))


def write_arrays(
    path: Path, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None
) -> None:
    """Write named NumPy arrays as `write_tensors` writes tensors; imports no torch."""
    from safetensors.numpy import save

    write_bytes(path, save(dict(arrays), metadata=dict(metadata or {})))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a safetensors file and its strings.

    Each is a copy, so that it begins where torch's own tensors do. In the file it begins wherever
    the header happens to end, and a matrix product may round otherwise there: a resumed run would
    not go on bit by bit.

    Raises: ToktoolsError if the file is missing or damaged.
    """
    tensors, strings = _read(path, "pt")
    return {name: tensor.clone() for name, tensor in tensors.items()}, strings


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Return the NumPy arrays of a safetensors file and its strings; imports no torch.

    Raises: ToktoolsError if the file is missing or damaged.
    """
    return _read(path, "np")


def _read(path: Path, framework: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what a safetensors file holds, as tensors ("pt") or arrays ("np")."""
    try:
        with safe_open(path, framework=framework) as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, dict(file.metadata() or {})
    except FileNotFoundError:
        raise ToktoolsError(f"{path}: no such file") from None
    except (SafetensorError, OSError) as e:
        raise ToktoolsError(f"{path}: damaged, or not safetensors: {e}") from e
