"""Durable files: written to a temporary name, fsynced, renamed, the folder fsynced. And careful reading.

What others wrote is opened by ``open_regular`` alone: a link, a pipe, a device or a folder in the place of a file is
an ``OSError`` at once, and nobody waits for whoever may never write.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, Final

from rfdedup.model.errors import RunFolderError

TEMPORARY_SUFFIX = ".tmp"

ARRAY_ERRORS = (OSError, ValueError, EOFError, SyntaxError, tokenize.TokenError, RecursionError)
"""What numpy raises for a damaged ``.npy`` file: its header is a Python literal."""

_READ_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
)
_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_KINDS: Final = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotRegularError(OSError):
    """Something else is where a file should be; the message says what."""

    def __init__(self, mode: int) -> None:
        what = next((name for is_one, name in _KINDS if is_one(mode)), "something else")
        super().__init__(errno.EINVAL, f"it is {what}, not a file")


def open_regular(path: str | os.PathLike[str], *, follow: bool = False) -> BufferedReader:
    """Open a regular file for reading bytes, without waiting for anything.

    Args:
        path: the file.
        follow: whether a symbolic link may stand in its place, as for files that the user named.

    Raises:
        NotRegularError: a link, pipe, device or folder is there instead.
        OSError: it is missing or cannot be read.
    """
    if not follow:
        # said before it is opened: opening a device can have effects, and Windows has no flag against links
        check_regular(path)
    handle = os.open(path, _READ_FLAGS | (0 if follow else _NOFOLLOW))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise NotRegularError(status.st_mode)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def check_regular(path: str | os.PathLike[str]) -> None:
    """Say at once if something else than a regular file is at ``path``, for libraries that open by name.

    Raises:
        NotRegularError: a link, pipe, device or folder is there instead.
        OSError: there is nothing, or it cannot be looked at.
    """
    mode = os.lstat(path).st_mode
    if not stat.S_ISREG(mode):
        raise NotRegularError(mode)


def read_regular(path: str | os.PathLike[str], *, follow: bool = False) -> bytes:
    """The bytes of a regular file; raises what ``open_regular`` does."""
    with open_regular(path, follow=follow) as stream:
        return stream.read()


def parse_json(text: str | bytes) -> Any:
    """The value that JSON says.

    Raises:
        ValueError: it is not JSON, or nested deeper than anything of ours.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that becomes ``path`` when the block ends without an exception.

    Raises:
        RunFolderError: the disk is full or the folder cannot be written; nothing is left behind.
    """
    with _prepared(path) as temporary:
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_folder(path.parent)


def create_once(path: Path, data: bytes) -> bool:
    """Make ``path`` with these bytes if there is nothing yet, durable and whole; whether it was made.

    Raises:
        RunFolderError: as ``atomic_write``.
    """
    with _prepared(path) as temporary:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:
            # no hard links here: one process writes at a time, so that nobody comes between these two
            if path.exists():
                return False
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
        return True


@contextmanager
def _prepared(path: Path) -> Iterator[Path]:
    """The temporary name of ``path``, free; whatever goes wrong in the block, nothing is left under it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        # exclusive: a link that somebody planted under this name is removed, not followed
        temporary.unlink(missing_ok=True)
        yield temporary
    except OSError as error:
        # where even the name cannot be used, there is nothing to remove
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise RunFolderError(f"cannot write {path}: {explain(error)}") from error
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically. Lone surrogates stay escaped."""
    with atomic_write(path) as stream:
        stream.write(json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """``value`` as indented JSON. Lone surrogates stay escaped."""
    return (json.dumps(value, ensure_ascii=True, indent=2) + "\n").encode("ascii")


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` durable. Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex; raises what ``open_regular`` does."""
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def explain(error: OSError) -> str:
    """An operating system error with the way out, in words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC):
        return "the disk is full; free some space and run the same command again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{(error.strerror or 'permission denied').lower()}; make the folder writable or choose another --out"
    if error.errno == errno.EFBIG:
        return "the file would be larger than this process may write (ulimit -f)"
    if error.errno == errno.ENAMETOOLONG:
        return "the name is too long for this file system; choose a shorter one"
    return error.strerror or str(error)
