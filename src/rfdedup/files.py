"""Durable files: written to a temporary name, fsynced, renamed, the folder fsynced."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from rfdedup.errors import RunFolderError

TEMPORARY_SUFFIX = ".tmp"

ARRAY_ERRORS = (OSError, ValueError, EOFError, SyntaxError, tokenize.TokenError)
"""What numpy raises for a damaged ``.npy`` file: its header is a Python literal."""


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that becomes ``path`` when the block ends without an exception.

    Raises:
        RunFolderError: the disk is full or the folder cannot be written; nothing is left behind.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        # exclusive: a link that somebody planted under this name is removed, not followed
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RunFolderError(f"cannot write {path}: {explain(error)}") from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically. Lone surrogates stay escaped."""
    with atomic_write(path) as stream:
        stream.write((json.dumps(value, ensure_ascii=True, indent=2) + "\n").encode("ascii"))


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
    """SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def explain(error: OSError) -> str:
    """An operating system error with the way out, in words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC):
        return "the disk is full; free some space and run the same command again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{(error.strerror or 'permission denied').lower()}; make the folder writable or choose another --out"
    return error.strerror or str(error)
