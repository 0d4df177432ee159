"""Loops in C, compiled by a test as a build of the package would, or otherwise."""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPO = Path(__file__).resolve().parents[1]
HEADERS = Path(__file__).resolve().parent / "native"


def builder() -> ModuleType:
    """``scripts/build_native.py``; skips the test where there is no compiler, or no such script."""
    pytest.importorskip("ziglang", reason="needs the compiler that ziglang brings")
    script = REPO / "scripts" / "build_native.py"
    spec = importlib.util.spec_from_file_location("build_native", script)
    if spec is None or spec.loader is None or not script.exists():
        pytest.skip("needs scripts/build_native.py")
    module = importlib.util.module_from_spec(spec)
    # a dataclass looks its module up
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    try:
        module.here()
    except module.CannotBuildError as error:
        pytest.skip(str(error))
    return module


def emulated(program: str, folder: Path) -> ctypes.CDLL:
    """Products of a kind of processor, with its instructions in plain C (``native/emulated.h``)."""
    build = builder()
    target = build.TARGETS[build.here()]
    out = folder / f"{program}.{target.suffix}"
    options = [
        "-shared",
        '-DEMULATED="emulated.h"',
        f"-I{HEADERS}",
        "-fsanitize=undefined",
        "-fsanitize-trap=undefined",
    ]
    build.compile_c(target, [build.PACKAGE / "neighbors" / f"products_{program}.c"], out, options)
    return ctypes.CDLL(str(out))
