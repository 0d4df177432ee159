"""Names of files: which of them a run folder may hold, how they join a folder, how a taken one is replaced."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.errors import RunFolderError

_MAX_NAME = 255
"""Bytes of one path component that common file systems take."""


def _forbidden() -> str:
    # empty, '.' and '..' components (so absolute paths too) and NUL; Windows has two more ways out of a folder
    pattern = r"(\A|/)\.{0,2}(/|\z)|\x00"
    return pattern + r"|[\\:]" if os.name == "nt" else pattern


_FORBIDDEN = _forbidden()
_FORBIDDEN_BYTES = re.compile(_FORBIDDEN.replace(r"\z", r"\Z").encode("ascii"))


def forbidden(names: pa.Array) -> pa.Array:
    """Which of the relative, ``/``-separated names (binary) would leave their folder; null where the name is."""
    return pc.match_substring_regex(names, _FORBIDDEN)


def check_relative(name: bytes, where: str) -> bytes:
    """``name`` if it stays below its folder.

    Raises:
        RunFolderError: it is absolute, empty or has empty, ``.`` or ``..`` components.
    """
    if _FORBIDDEN_BYTES.search(name):
        raise RunFolderError(f"{where} holds the path {name!r}, which leaves its folder: nothing was touched")
    return name


def check_absolute(path: str, where: str) -> str:
    """``path`` if it is absolute and in its shortest form.

    Raises:
        RunFolderError: it is not.
    """
    if not os.path.isabs(path) or os.path.normpath(path) != path or "\0" in path:
        raise RunFolderError(f"{where} holds {path!r}, which is no absolute path: nothing was touched")
    return path


def decode_text(raw: bytes) -> str:
    """Text of an Arrow string column, lone surrogates of names that are not UTF-8 included."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "surrogateescape")


def root_path(raw: bytes) -> str:
    """An input folder as the verdicts spell it, where a byte that is not UTF-8 stands as ``\\udcNN``.

    Such a spelling is read back only if no folder is really called that way.
    """
    text = decode_text(raw)
    spelled = re.sub(r"\\udc([89a-f][0-9a-f])", lambda found: chr(0xDC00 + int(found[1], 16)), text)
    return spelled if spelled != text and not os.path.isdir(text) else text


def local(base: str, name: bytes) -> str:
    """Path for the operating system of the relative ``name`` below ``base``."""
    text = os.fsdecode(name)
    if os.sep != "/":
        text = text.replace("/", os.sep)
    return base + text if base.endswith(os.sep) else f"{base}{os.sep}{text}"


def fold(name: bytes) -> bytes:
    """The same for all names that a volume which ignores case and Unicode normalisation takes for one."""
    text = name.decode("utf-8", "surrogateescape")
    return unicodedata.normalize("NFC", text.casefold()).encode("utf-8", "surrogateescape")


def alternative(name: bytes, origin: str) -> bytes:
    """The name that a file from ``origin`` takes where ``name`` is taken. Depends on nothing else."""
    folder, slash, leaf = name.rpartition(b"/")
    mark = b"~" + hashlib.sha256(os.fsencode(origin)).hexdigest()[:12].encode("ascii")
    stem, suffix = split_suffix(leaf)
    return folder + slash + stem[: _MAX_NAME - len(mark) - len(suffix)] + mark + suffix


def split_suffix(leaf: bytes) -> tuple[bytes, bytes]:
    """``x.jpg`` as ``x`` and ``.jpg``; a leading dot does not start a suffix."""
    stem, dot, suffix = leaf.rpartition(b".")
    return (stem, dot + suffix) if dot and stem else (leaf, b"")
