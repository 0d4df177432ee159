"""Feature shards of the run folder: what was measured and embedded, found again on the next run.

A shard is ``metadata_NNNN.parquet`` (one row per image), ``preview_NNNN.parquet`` (small JPEGs for the report) and,
once its images were embedded, ``img_emb_NNNN.npy`` (float16, row-aligned; a row of zeros was not embedded).
``shard_NNNN.json``, its marker, holds their SHA-256: a reader trusts only what it covers.

Each file is an object first, ``SHA256.object``; then the marker is made, once; then the objects get their names. So an
attempt that is cut off, comes late or comes twice changes nothing: where there is a marker, its objects count.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rfdedup.model.constants import THUMB_SIDE
from rfdedup.model.errors import RunFolderError
from rfdedup.model.schemas import FEATURES, TABLE_ERRORS
from rfdedup.runtime.cpus import thread_count
from rfdedup.storage.files import (
    ARRAY_ERRORS,
    atomic_write,
    create_once,
    explain,
    json_bytes,
    sync_folder,
    write_json,
)
from rfdedup.storage.shard_files import (
    LIGHT_COLUMNS,
    OBJECT_SUFFIX,
    intact,
    number_of,
    read_columns,
    read_marker,
    sound_metadata,
    sound_vectors,
)
from rfdedup.storage.tables import map_array

_DIGEST: Final = re.compile("[0-9a-f]{64}")


@dataclass
class Shard:
    """One shard whose metadata passed its checksum. ``embedding_key`` is None where nothing was embedded."""

    number: int
    rows: int
    embedding_key: str | None


@dataclass(frozen=True)
class Embedded:
    """Embeddings of some rows of a shard: ``values`` (n, dim) of the places ``rows`` (n,), made under ``key``."""

    key: str
    rows: npt.NDArray[np.int64]
    values: npt.NDArray[np.float16]


ROWS_FILE = "rows.npy"
"""Shard, row and rank of each row of the verdicts, (n, 3) int32; -1 where an image has no features."""


def previews_of(run: Path, rows: npt.ArrayLike) -> list[bytes | None]:
    """Small JPEGs of rows of the verdicts, in the order asked for; None where an image has none.

    Raises:
        RunFolderError: the features are missing or damaged.
    """
    folder = run / "features"
    try:
        places = map_array(folder / ROWS_FILE)[np.asarray(rows, np.int64)]
        out: list[bytes | None] = [None] * len(places)
        for number in np.unique(places[:, 0]).tolist():
            if number < 0:
                continue
            column = read_columns(folder / f"preview_{number:04d}.parquet", ["preview"]).column(0)
            for i in np.flatnonzero(places[:, 0] == number).tolist():
                out[i] = column[int(places[i, 1])].as_py()
    except (*ARRAY_ERRORS, IndexError, pa.ArrowException) as error:
        raise RunFolderError(f"{folder} is damaged ({error}): run the same `rfdedup run` command again") from None
    return out


class FeatureStore:
    """Reads and extends the shards below ``folder``. One process writes at a time (see ``RunLock``)."""

    def __init__(self, folder: Path, *, feature_key: str, read_only: bool = False) -> None:
        """Open the store; shards that are torn, damaged or made under another ``feature_key`` are left out.

        Args:
            folder: ``RUN/features``; created when the first shard is written.
            feature_key: identity of the measuring code and its parameters.
            read_only: leave what a crash left behind where it is: a run may be at work.
        """
        self.folder = folder
        self.feature_key = feature_key
        self.shards: dict[int, Shard] = {}
        self.damaged: list[str] = []
        self._taken: set[int] = set()
        self._read_only = read_only
        if folder.is_dir():
            # by number, so that of two shards that hold a file the newer counts
            for marker in sorted(folder.glob("shard_*.json"), key=lambda path: (number_of(path) or 0, path.name)):
                self._open(marker)
            if not read_only:
                for pattern in ("*.tmp", f"*{OBJECT_SUFFIX}"):
                    for leftover in folder.glob(pattern):
                        leftover.unlink(missing_ok=True)

    def _path(self, kind: str, number: int) -> Path:
        suffix = {"metadata": "parquet", "preview": "parquet", "img_emb": "npy", "shard": "json"}[kind]
        return self.folder / f"{kind}_{number:04d}.{suffix}"

    def _open(self, marker: Path) -> None:
        number = number_of(marker)
        if number is None:
            return
        self._taken.add(number)
        record = read_marker(marker)
        if record is None:
            self.damaged.append(marker.name)
            return
        if record["feature_key"] != self.feature_key:
            return
        if not self._read_only:
            self._name_objects(number, record)
        metadata = self._path("metadata", number)
        whole = intact(metadata, record["metadata"]) and intact(self._path("preview", number), record["preview"])
        if not whole or not sound_metadata(metadata, record["rows"]):
            self.damaged.append(metadata.name)
            return
        key = record["embedding_key"]
        vectors = self._path("img_emb", number)
        if key is not None and not (intact(vectors, record["img_emb"]) and sound_vectors(vectors, record["rows"])):
            self.damaged.append(vectors.name)
            key = None
        self.shards[number] = Shard(number, record["rows"], key)

    def metadata(self) -> pa.Table:
        """All rows without the heavy columns, with ``shard`` and ``row`` telling where each lies."""
        tables = []
        for _, shard in sorted(self.shards.items()):
            table = read_columns(self._path("metadata", shard.number), LIGHT_COLUMNS)
            table = table.append_column("shard", pa.array(np.full(shard.rows, shard.number, np.int32)))
            tables.append(table.append_column("row", pa.array(np.arange(shard.rows, dtype=np.int32))))
        if tables:
            return pa.concat_tables(tables)
        fields = [FEATURES.field(name) for name in LIGHT_COLUMNS]
        return pa.schema([*fields, pa.field("shard", pa.int32()), pa.field("row", pa.int32())]).empty_table()

    def holds(self, rows: Sequence[dict[str, Any]]) -> bool:
        """Whether all these rows are known with the same faults, of files that did not change."""
        names = ["root", "path_bytes", "bytes", "mtime_ns", "inode", "error"]
        table = self.metadata().select(names)
        alike = table.filter(pc.is_in(table["error"], pa.array(sorted({row["error"] for row in rows}))))
        known = {tuple(row.values()) for row in alike.to_pylist()}
        return all(tuple(row[name] for name in names) in known for row in rows)

    def free_numbers(self, count: int) -> list[int]:
        """The smallest numbers that no shard has: a run that goes on numbers shards as if it had not been cut off."""
        unused = (number for number in itertools.count() if number not in self._taken)
        return list(itertools.islice(unused, count))

    def append(
        self,
        rows: Sequence[dict[str, Any]],
        previews: Sequence[bytes | None],
        embedded: Embedded | None = None,
        number: int | None = None,
    ) -> int:
        """Write a new shard of measured rows (keys of ``schemas.FEATURES``) and return its number.

        A ``number`` that has a shard already stays as it is, whatever is given.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        number = self.free_numbers(1)[0] if number is None else number
        if self._path("shard", number).exists():
            return number
        table = pa.Table.from_pylist(list(rows), schema=FEATURES)
        metadata = self._put(lambda stream: pq.write_table(table, stream))
        shown = pa.table({"preview": pa.array(previews, pa.binary())})
        preview = self._put(lambda stream: pq.write_table(shown, stream, compression="none", row_group_size=256))
        vectors = None
        if embedded is not None:
            whole = np.zeros((len(rows), embedded.values.shape[1]), np.float16)
            whole[embedded.rows] = embedded.values
            vectors = self._put(lambda stream: np.save(stream, whole, allow_pickle=False))
        record: dict[str, Any] = {
            "feature_key": self.feature_key,
            "rows": len(rows),
            "metadata": metadata,
            "preview": preview,
            "embedding_key": embedded.key if embedded is not None else None,
            "img_emb": vectors,
        }
        self._taken.add(number)
        if create_once(self._path("shard", number), json_bytes(record)):
            self._name_objects(number, record)
            self.shards[number] = Shard(number, len(rows), record["embedding_key"])
        return number

    def _put(self, write: Callable[[BinaryIO], object]) -> str:
        """Keep what ``write`` writes as an object; returns its SHA-256."""
        buffer = io.BytesIO()
        write(buffer)
        digest = hashlib.sha256(buffer.getbuffer()).hexdigest()
        with atomic_write(self._object(digest)) as stream:
            stream.write(buffer.getbuffer())
        return digest

    def _object(self, digest: str) -> Path:
        return self.folder / f"{digest}{OBJECT_SUFFIX}"

    def _name_objects(self, number: int, record: dict[str, Any]) -> None:
        """Give the objects of a marker their names, as far as they have none yet."""
        named = False
        for kind in ("metadata", "preview", "img_emb"):
            digest = record[kind]
            if digest is not None and _DIGEST.fullmatch(digest) and self._object(digest).is_file():
                path = self._path(kind, number)
                try:
                    self._object(digest).replace(path)
                except OSError as error:
                    raise RunFolderError(f"cannot write {path}: {explain(error)}") from error
                named = True
        if named:
            sync_folder(self.folder)

    def thumbs(self, shard: npt.NDArray[np.int32], row: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
        """RGB thumbnails of the given rows, (n, side * side * 3) uint8; zeros where an image has none.

        Raises:
            RunFolderError: they cannot be read, though the checksum fits.
        """
        out = np.zeros((len(shard), THUMB_SIDE * THUMB_SIDE * 3), np.uint8)

        def read(number: int) -> None:
            path = self._path("metadata", number)
            try:
                column = read_columns(path, ["thumb"]).column(0).combine_chunks()
            except TABLE_ERRORS as error:
                why = " ".join(str(error).split())
                raise RunFolderError(f"{path} is damaged ({why}); remove it and run the same command again") from None
            at = np.flatnonzero(shard == number)
            at = at[column.is_valid().to_numpy(zero_copy_only=False)[row[at]]]
            if len(at):
                pictures = np.frombuffer(column.buffers()[1], np.uint8)[column.offset * out.shape[1] :]
                out[at] = pictures[: len(column) * out.shape[1]].reshape(-1, out.shape[1])[row[at]]

        with ThreadPoolExecutor(thread_count()) as pool:
            for _ in pool.map(read, np.unique(shard).tolist()):
                pass
        return out

    def frame_hashes(self, shard: npt.NDArray[np.int32], row: npt.NDArray[np.int32]) -> list[bytes | None]:
        """What frames of the given rows look like, for ``imaging.same_frames``; None where there is one or too many.

        Raises:
            RunFolderError: they cannot be read, though the checksum fits.
        """
        return self._octets("frame_hashes", shard, row)

    def local_features(self, shard: npt.NDArray[np.int32], row: npt.NDArray[np.int32]) -> list[bytes | None]:
        """What ``features.local_features`` found in the given rows; None where it was not looked for.

        Raises:
            RunFolderError: they cannot be read, though the checksum fits.
        """
        return self._octets("local_features", shard, row)

    def panels(self, shard: npt.NDArray[np.int32], row: npt.NDArray[np.int32]) -> list[bytes | None]:
        """What ``features.panels`` found in the given rows; None where it was not looked for.

        Raises:
            RunFolderError: they cannot be read, though the checksum fits.
        """
        return self._octets("panels", shard, row)

    def _octets(self, name: str, shard: npt.NDArray[np.int32], row: npt.NDArray[np.int32]) -> list[bytes | None]:
        out: list[bytes | None] = [None] * len(shard)
        for number in np.unique(shard[shard >= 0]).tolist():
            path = self._path("metadata", number)
            try:
                column = read_columns(path, [name]).column(0)
            except TABLE_ERRORS as error:
                why = " ".join(str(error).split())
                raise RunFolderError(f"{path} is damaged ({why}); remove it and run the same command again") from None
            for i in np.flatnonzero(shard == number).tolist():
                out[i] = column[int(row[i])].as_py()
        return out

    def embedded(self, number: int, key: str) -> npt.NDArray[np.bool_]:
        """Which rows of a shard hold an embedding made under ``key``, (rows,) bool."""
        shard = self.shards[number]
        if shard.embedding_key != key:
            return np.zeros(shard.rows, np.bool_)
        return np.asarray(self.embeddings(number)[:, :].any(axis=1))

    def embeddings(self, number: int) -> npt.NDArray[np.float16]:
        """Embeddings of one shard, (rows, dim) float16, memory-mapped and read-only."""
        return map_array(self._path("img_emb", number))

    def gather(self, shard: npt.NDArray[np.int32], row: npt.NDArray[np.int32], dim: int) -> npt.NDArray[np.float16]:
        """Embeddings of the given rows, (n, dim) float16."""
        out = np.empty((len(shard), dim), np.float16)
        for number in np.unique(shard):
            at = np.flatnonzero(shard == number)
            vectors = self.embeddings(int(number))
            if vectors.shape[1] != dim:
                raise RunFolderError(
                    f"{self._path('img_emb', int(number))} is of another encoder: delete {self.folder}"
                )
            out[at] = vectors[row[at]]
        return out

    def set_embeddings(
        self, number: int, key: str, rows: npt.NDArray[np.int64], values: npt.NDArray[np.float16]
    ) -> None:
        """Add embeddings to a shard; those it holds under the same ``key`` stay, others are replaced."""
        shard = self.shards[number]
        whole = np.zeros((shard.rows, values.shape[1]), np.float16)
        if shard.embedding_key == key:
            whole[:] = self.embeddings(number)
        whole[rows] = values
        record = {
            **(read_marker(self._path("shard", number)) or {}),
            "embedding_key": key,
            "img_emb": self._put(lambda stream: np.save(stream, whole, allow_pickle=False)),
        }
        write_json(self._path("shard", number), record)
        self._name_objects(number, record)
        shard.embedding_key = key

    def place_rows(
        self, shard: npt.NDArray[np.int32], row: npt.NDArray[np.int32], rank: npt.NDArray[np.int64] | None = None
    ) -> None:
        """Record where the features of each row of the verdicts lie, and its rank (-1 where unknown)."""
        place = np.full(len(shard), -1) if rank is None else rank
        with atomic_write(self.folder / ROWS_FILE) as stream:
            np.save(stream, np.stack([shard, row, place], axis=1).astype(np.int32), allow_pickle=False)
