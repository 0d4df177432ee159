"""Which device an encoder that runs on several ones should take."""

from __future__ import annotations

import ctypes.util
import importlib.util
import platform
import sys


def resolve_device(device: str) -> str:
    """``cpu``, ``cuda`` or ``mps``: what was asked for, or for ``auto`` the accelerator that torch can use.

    torch takes seconds to import, so ``auto`` looks for a CUDA driver or Apple silicon before it asks torch.
    """
    if device != "auto":
        return device
    if not _driver_present() or importlib.util.find_spec("torch") is None:
        return "cpu"
    from rfdedup.encoders.torch_runtime import available_accelerator

    return available_accelerator() or "cpu"


def _driver_present() -> bool:
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return ctypes.util.find_library("nvcuda" if sys.platform == "win32" else "cuda") is not None
