"""Converted networks, kept so that torch is needed only once. Keyed by content; every file is checksummed.

An entry is a folder ``<name>-<id>`` that holds ``model.xml``, ``model.bin`` and ``entry.json``. It appears at once,
by renaming a finished temporary folder. A file that does not match its checksum makes the entry void: it is
removed and built again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from rfdedup.model.errors import EncoderError
from rfdedup.storage.files import parse_json

FORMAT = 1
"""Raise when the conversion or the layout of an entry changes: older entries are then not found."""
MODEL = "model.xml"
_RECORD = "entry.json"


def cache_folder() -> Path:
    """Folder of converted encoders: below ``RFDEDUP_CACHE``, else below the user's cache folder."""
    root = os.environ.get("RFDEDUP_CACHE")
    return (Path(root) if root else platformdirs.user_cache_path("rfdedup", appauthor=False)) / "encoders"


@dataclass(frozen=True)
class Entry:
    """A converted network.

    Attributes:
        model: its OpenVINO XML file.
        facts: what its maker wrote down, such as the SHA-256 of the weights.
    """

    model: Path
    facts: dict[str, Any]


def entry_id(facts: Mapping[str, Any]) -> str:
    """Name of an entry within its kind: a digest of everything in ``facts``."""
    canonical = json.dumps({"format": FORMAT, **facts}, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]


def find(name: str, facts: Mapping[str, Any]) -> Entry | None:
    """The entry with exactly these facts, or None. A damaged entry counts as none."""
    return _read(cache_folder() / f"{name}-{entry_id(facts)}")


def entries(name: str) -> list[Entry]:
    """All sound entries of encoder ``name``, the oldest first."""
    folder = cache_folder()
    found = [path for path in folder.glob(f"{name}-*") if (path / _RECORD).is_file()] if folder.is_dir() else []
    found.sort(key=lambda path: ((path / _RECORD).stat().st_mtime_ns, path.name))
    return [entry for path in found if (entry := _read(path)) is not None and entry.facts.get("name") == name]


def store(name: str, facts: Mapping[str, Any], write_model: Callable[[Path], None]) -> Entry:
    """Build an entry: ``write_model`` is called with the path of the XML file to write, its .bin beside it.

    Raises:
        EncoderError: the cache cannot be written; nothing is left behind.
    """
    folder = cache_folder()
    target = folder / f"{name}-{entry_id(facts)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    except OSError as error:
        raise EncoderError(f"cannot write to the cache {folder}: {error.strerror}; set RFDEDUP_CACHE") from None
    try:
        write_model(temporary / MODEL)
        files = {file.name: _sha256(file) for file in sorted(temporary.iterdir())}
        record = json.dumps({"facts": dict(facts), "files": files}, indent=2)
        (temporary / _RECORD).write_text(record + "\n", encoding="utf-8")
        for file in temporary.iterdir():
            with file.open("rb+") as stream:
                os.fsync(stream.fileno())
        if _read(target) is None:
            shutil.rmtree(target, ignore_errors=True)
            temporary.rename(target)
    except OSError as error:
        # another process may have put the same entry there first
        if _read(target) is None:
            raise EncoderError(f"cannot write to the cache {folder}: {error.strerror}; set RFDEDUP_CACHE") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Entry(target / MODEL, dict(facts))


def _read(path: Path) -> Entry | None:
    try:
        record = parse_json((path / _RECORD).read_bytes())
        files, facts = dict(record["files"]), dict(record["facts"])
        sound = MODEL in files and all(_sha256(path / Path(name).name) == digest for name, digest in files.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Entry(path / MODEL, facts) if sound else None


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
