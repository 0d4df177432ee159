"""Containers that tests make of files or bytes."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rfdedup.model.schemas import VERDICTS
from rfdedup.pipeline.results import Run

TIME = 1_600_000_000


def content_of(folder: Path) -> dict[str, bytes]:
    """The files below a folder by their names in it, all of one time from now on."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            os.utime(path, (TIME, TIME))
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def write_tar(path: Path, members: Mapping[str, bytes] | Iterable[tuple[str, bytes]]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in members.items() if isinstance(members, Mapping) else members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), TIME
            archive.addfile(info, io.BytesIO(data))
    return path


def write_zip(path: Path, members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 9, 13, 12, 26, 40)), data, method)
    return path


def write_parquet(path: Path, members: Mapping[str, bytes], rows: int = 7) -> Path:
    images = [{"bytes": data, "path": name} for name, data in members.items()]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"label": pa.array(range(len(images))), "image": pa.array(images, kind)})
    pq.write_table(table, path, row_group_size=rows)
    return path


PLACES = {"root", "king_root", "mtime_ns", "inode", "device", "source", "offset", "length", "version", "split"}
"""Columns that tell where an image is."""


def facts(run: Run, without: set[str] = PLACES) -> list[dict[str, Any]]:
    """What does not depend on where the images are, by their names, with the evidence."""
    rows: list[dict[str, Any]] = run.verdicts.select([n for n in VERDICTS.names if n not in without]).to_pylist()
    for proof in run.evidence.to_pylist():
        row = proof.pop("row")
        rows[row]["evidence"] = {name: value for name, value in proof.items() if name not in without}
    return rows
