"""Reading weights that users bring, without executing anything that they carry."""

from __future__ import annotations

import hashlib
import re
import warnings
from io import BufferedReader
from pathlib import Path
from typing import Any

from rfdedup.model.errors import EncoderError, MissingExtraError
from rfdedup.storage.files import open_regular

CONTAINERS = ("model", "state_dict", "net", "network")
"""Keys under which training frameworks keep the state dict."""
_REFUSED = re.compile(r"Unsupported (?:global: GLOBAL|class) (\S+)")
"""What torch's restricted unpickler says of a callable that it does not build."""
_MAX_SAFETENSORS_HEADER = 100_000_000


def sha256_of_weights(file: Path) -> str:
    """SHA-256 of a weights file, as hex.

    Raises:
        EncoderError: the file is missing or cannot be read.
    """
    with _open(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_state_dict(file: Path) -> tuple[dict[str, Any], str]:
    """Tensors by name, and the SHA-256 of the file that they came from.

    Understands safetensors, and what ``torch.save`` writes: a state dict, alone or within a checkpoint. Pickles are
    read by torch's restricted unpickler (``weights_only=True``), which builds tensors and plain containers and
    refuses everything else. ``module.`` prefixes of DataParallel are taken off.

    Raises:
        EncoderError: the file is missing, truncated, carries code or holds no tensors.
        MissingExtraError: torch is not installed.
    """
    torch = require_torch(f"reading {file.name}")
    with _open(file) as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        loaded = _read_safetensors(file, stream) if _is_safetensors(stream) else _read_torch(file, stream, torch)
    state = loaded
    for container in CONTAINERS:
        if isinstance(state, dict) and isinstance(state.get(container), dict):
            state = state[container]
            break
    tensors = (
        {name: value for name, value in state.items() if isinstance(name, str) and isinstance(value, torch.Tensor)}
        if isinstance(state, dict)
        else {}
    )
    if not tensors:
        held = ", ".join(map(str, list(state)[:5])) if isinstance(state, dict) else type(state).__name__
        raise EncoderError(f"{file} holds no tensors by name (it holds: {held}); give a state dict or a checkpoint")
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    return tensors, digest


def require_torch(why: str) -> Any:
    """The torch module.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import torch
    except ImportError:
        raise MissingExtraError("torch", "torch", why) from None
    return torch


def _open(file: Path) -> BufferedReader:
    try:
        return open_regular(file, follow=True)
    except OSError as error:
        raise EncoderError(f"cannot read weights {file}: {error.strerror or error}") from None


def _is_safetensors(stream: BufferedReader) -> bool:
    head = stream.read(9)
    stream.seek(0)
    return len(head) == 9 and head[8:] == b"{" and int.from_bytes(head[:8], "little") <= _MAX_SAFETENSORS_HEADER


def _read_safetensors(file: Path, stream: BufferedReader) -> dict[str, Any]:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load
    except ImportError:
        raise MissingExtraError("safetensors", "torch", f"reading {file.name}") from None
    try:
        tensors: dict[str, Any] = load(stream.read())
    except (SafetensorError, ValueError, KeyError) as error:
        raise EncoderError(f"{file} is damaged: {error}; copy it again") from None
    return tensors


def _read_torch(file: Path, stream: BufferedReader, torch: Any) -> Any:
    try:
        with warnings.catch_warnings():
            # about pickle protocols; the error says what matters
            warnings.simplefilter("ignore")
            return torch.load(stream, map_location="cpu", weights_only=True)
    # a hostile or torn pickle can fail in any way; whatever it is, the file cannot be used
    except Exception as error:
        refused = _REFUSED.search(str(error))
        if refused is not None:
            raise EncoderError(
                f"{file} carries more than tensors ({refused[1].rstrip('.')}); nothing in it was executed. "
                "Save only the state dict, as a .pth or as safetensors"
            ) from error
        what = "is empty" if file.stat().st_size == 0 else "is truncated, damaged or no checkpoint"
        raise EncoderError(
            f"{file} {what} ({_short(str(error)) or type(error).__name__}); nothing in it was executed; copy it again"
        ) from error


def _short(text: str) -> str:
    text = text.removeprefix("Weights only load failed.")
    telling = [line.strip() for line in text.splitlines() if "weights_only" not in line and line.strip()]
    line = telling[0] if telling else ""
    return line if len(line) <= 160 else line[:157] + "..."
