"""Measured features of a run by verdict row: embeddings, rank, pictures. Read when asked, never all at once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from rfdedup.model.errors import RunFolderError
from rfdedup.model.schemas import TABLE_ERRORS
from rfdedup.storage.feature_store import ROWS_FILE
from rfdedup.storage.files import ARRAY_ERRORS, parse_json, read_regular
from rfdedup.storage.run_folder import FEATURES_FOLDER
from rfdedup.storage.tables import map_array, open_table

Rows = npt.NDArray[np.int64]
_CHUNK = 16_384
"""Embeddings that are looked at together."""


class RunFeatures:
    """Finds features by the row of the verdicts.

    Raises:
        RunFolderError: they are missing or damaged, in any method.
    """

    def __init__(self, run: Path, rows: int, key: str | None) -> None:
        """
        Args:
            run: the run folder.
            rows: of its verdicts.
            key: of the encoder in its precision; embeddings that another one left are passed over. None for a run
                without tier 3.
        """
        self._folder = run / FEATURES_FOLDER
        self._key = key
        self._preview_files: dict[int, pq.FileMetaData] = {}
        try:
            self._places = np.array(map_array(self._folder / ROWS_FILE))
        except ARRAY_ERRORS as error:
            raise self._damaged(error) from None
        if self._places.ndim != 2 or len(self._places) != rows or self._places.shape[1] < 2:
            raise self._damaged(f"{ROWS_FILE} has shape {self._places.shape}, the verdicts have {rows} rows")

    @classmethod
    def of(cls, run: Path, info: dict[str, Any], rows: int) -> RunFeatures:
        """The features of a run whose ``run.json`` is ``info``."""
        encoder = info.get("encoder")
        # as the funnel marks its shards
        return cls(run, rows, f"{encoder['key']}/{encoder['precision']}" if encoder else None)

    def __len__(self) -> int:
        """Rows of the verdicts."""
        return len(self._places)

    def rank(self) -> Rows | None:
        """The rank of each row by which the funnel chose kings, (n,) int64; None where the run did not record it."""
        rank = self._places[:, 2].astype(np.int64) if self._places.shape[1] > 2 else np.full(len(self._places), -1)
        return rank if len(rank) and int(rank.min()) >= 0 else None

    def preview(self, row: int) -> bytes | None:
        """The small JPEG of one row, read without the rest of its shard; None where it has none."""
        number, at = int(self._places[row, 0]), int(self._places[row, 1])
        if number < 0:
            return None
        path = self._folder / f"preview_{number:04d}.parquet"
        try:
            if number not in self._preview_files:
                with open_table(path) as file:
                    self._preview_files[number] = file.metadata
            about = self._preview_files[number]
            group = 0
            while at >= about.row_group(group).num_rows:
                at -= about.row_group(group).num_rows
                group += 1
            with open_table(path, about) as file:
                value: bytes | None = file.read_row_group(group).column(0)[at].as_py()
        except (*TABLE_ERRORS, IndexError) as error:
            raise self._damaged(error) from None
        return value

    def embedded(self) -> Rows:
        """Rows that have an embedding, ascending."""
        found = [
            at[np.asarray(matrix[self._places[at, 1]]).any(axis=1)]
            for number, rows in self._by_shard(np.arange(len(self._places)))
            if (matrix := self._matrix(number)) is not None
            for at in np.array_split(rows, -(-len(rows) // _CHUNK))
        ]
        return np.sort(np.concatenate(found)) if found else np.empty(0, np.int64)

    def embeddings(self, rows: Rows) -> npt.NDArray[np.float16]:
        """Embeddings of rows that have one, (len(rows), dim)."""
        out: npt.NDArray[np.float16] | None = None
        for number, at in self._by_shard(rows):
            matrix = self._matrix(number)
            if matrix is None:
                raise self._damaged(f"shard {number} has no embeddings")
            if out is None:
                out = np.zeros((len(rows), matrix.shape[1]), np.float16)
            out[at] = matrix[self._places[rows[at], 1]]
        return np.zeros((0, 1), np.float16) if out is None else out

    def _by_shard(self, rows: Rows) -> list[tuple[int, Rows]]:
        """Shard numbers, each with the positions in ``rows`` that lie in it."""
        shard = self._places[rows, 0]
        return [(int(number), np.flatnonzero(shard == number)) for number in np.unique(shard) if number >= 0]

    def digest(self) -> str:
        """SHA-256 of what tells the embedding of each row: where they lie, and the digests of the files there."""
        numbers = [int(number) for number in np.unique(self._places[:, 0]) if number >= 0]
        parts = [self._key, len(self._places), *((number, self._embedding_digest(number)) for number in numbers)]
        digest = hashlib.sha256(json.dumps(parts).encode())
        digest.update(np.ascontiguousarray(self._places[:, :2]).tobytes())
        return digest.hexdigest()

    def _embedding_digest(self, number: int) -> str | None:
        """The digest that the marker of a shard gives for its embeddings; None where none are of this encoder."""
        try:
            marker = parse_json(read_regular(self._folder / f"shard_{number:04d}.json"))
            if self._key is None or marker["embedding_key"] != self._key:
                return None
            return str(marker["img_emb"])
        except (*ARRAY_ERRORS, KeyError, TypeError) as error:
            raise self._damaged(error) from None

    def _matrix(self, number: int) -> npt.NDArray[np.float16] | None:
        if self._embedding_digest(number) is None:
            return None
        try:
            matrix: npt.NDArray[np.float16] = map_array(self._folder / f"img_emb_{number:04d}.npy")
        except ARRAY_ERRORS as error:
            raise self._damaged(error) from None
        return matrix

    def _damaged(self, error: Any) -> RunFolderError:
        return RunFolderError(f"{self._folder} is damaged ({error}): run the same `rfdedup run` command again")
