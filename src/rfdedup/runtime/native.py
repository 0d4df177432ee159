"""Loops in C: the library of them that fits the processor at hand, and its functions.

``scripts/build_native.py`` compiles them when the package is built, one library for each level of processors. A package
that was built where there is no compiler has none; then callers do the same with numpy, OpenCV and Pillow, more slowly
and with equal results.

``RFDEDUP_MAX_ISA=avx2`` in the environment makes it behave as on a processor that has nothing beyond AVX2, and
``RFDEDUP_MAX_ISA=sse4`` as on one that does not even have that, so that what such processors run can be tested on
others.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PACKAGE: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = PACKAGE / "runtime" / "loops"
"""Where libraries lie, with ``SOURCES`` beside them."""
SOURCES: Final = "sources.txt"
"""SHA-256 and path below the package of each file that they are made of."""
SUFFIXES: Final = {"linux": "so", "darwin": "dylib", "win32": "dll"}

_MACHINES: Final = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
_LEVELS: Final = {"x86_64": ("v4", "v3", "v2"), "aarch64": ("dotprod", "neon")}
"""Libraries, the best first, by what the processor must have; every processor has the last."""
_FEATURES: Final = ("v3", "v4", "vbmi", "vnni", "avxvnni", "amx", "dotprod")
"""Names of the bits that ``processor.c`` tells."""
_BEYOND: Final = {"": set[str](), "avx2": {"v4", "vbmi", "vnni", "avxvnni", "amx"}, "sse4": set(_FEATURES)}

_KINDS: Final = {"p": ctypes.c_void_p, "n": ctypes.c_int64, "f": ctypes.c_float}

_ARCH_PRCTL, _REQUEST_STATE, _TILE_DATA = 158, 0x1023, 18
"""Linux system call by which a process asks for the tile registers of AMX."""


@dataclass(frozen=True)
class _Loaded:
    """A library, the name of its level, and what the processor has, of ``_FEATURES``."""

    library: ctypes.CDLL
    level: str
    features: frozenset[str]


def available() -> bool:
    """Whether there are compiled loops for this processor."""
    return _loaded() is not None


def supports(*features: str) -> bool:
    """Whether there are, and the processor has all ``features``, of ``_FEATURES``."""
    loaded = _loaded()
    return loaded is not None and loaded.features.issuperset(features)


def held_back() -> bool:
    """Whether something that the processor may have is not to be used."""
    return bool(_BEYOND.get(_most(), set()))


def function(name: str, kinds: str, result: Any = None) -> Any:
    """A compiled loop, which runs without Python's lock; only where they are ``available``.

    Args:
        name: in C.
        kinds: of its arguments: ``p`` an address, ``n`` a 64-bit integer, ``f`` a float.
        result: its type of ctypes.
    """
    return ctypes.CFUNCTYPE(result, *(_KINDS[kind] for kind in kinds))((name, _required().library))


def numbers(name: str, count: int) -> list[int]:
    """Constants in C: ``count`` 32-bit integers."""
    return list((ctypes.c_int32 * count).in_dll(_required().library, name))


def told() -> str:
    """What there is, in words for ``rfdedup doctor``."""
    loaded = _loaded()
    if loaded is not None:
        more = [name for name in _FEATURES if name in loaded.features.difference(_levels())]
        return ", ".join([f"compiled, for {loaded.level}", *more])
    if not _levels():
        return f"plain versions run: none are compiled for {sys.platform} {platform.machine()}"
    if not (FOLDER / SOURCES).exists():
        return "plain versions run: none were compiled when the package was built"
    return "plain versions run: what was compiled is of other sources or cannot be loaded; install the package again"


def _required() -> _Loaded:
    loaded = _loaded()
    if loaded is None:
        raise RuntimeError("there are no compiled loops here")
    return loaded


@functools.cache
def _loaded() -> _Loaded | None:
    levels = _levels()
    if not levels or not _of_these_sources(PACKAGE, FOLDER):
        return None
    try:
        least = _open(levels[-1])
        bits = ctypes.CFUNCTYPE(ctypes.c_int64)(("processor", least))()
        features = {name for place, name in enumerate(_FEATURES) if bits >> place & 1} - _BEYOND.get(_most(), set())
        level = next((name for name in levels if name in features), levels[-1])
        library = least if level == levels[-1] else _open(level)
    except (OSError, AttributeError):  # another system's, or a package that was taken apart
        return None
    if "amx" in features and not _tiles_granted():
        features.remove("amx")
    return _Loaded(library, level, frozenset(features))


def _levels() -> tuple[str, ...]:
    """Those of this machine, the best first; none where no libraries are made for it."""
    return _LEVELS.get(_MACHINES.get(platform.machine(), ""), ()) if sys.platform in SUFFIXES else ()


def _open(level: str) -> ctypes.CDLL:
    return ctypes.CDLL(str(FOLDER / f"{level}.{SUFFIXES[sys.platform]}"))


def _of_these_sources(package: Path, folder: Path) -> bool:
    """Whether the libraries were made of the sources that lie here; installed packages hold none."""
    try:
        lines = (folder / SOURCES).read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    for line in lines:
        digest, name = line.split("  ", 1)
        try:
            data = (package / name).read_bytes()
        except OSError:
            continue
        if hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest() != digest:
            return False
    return True


def _tiles_granted() -> bool:
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None).syscall(_ARCH_PRCTL, _REQUEST_STATE, _TILE_DATA) == 0)


def _most() -> str:
    return os.environ.get("RFDEDUP_MAX_ISA", "").lower()
