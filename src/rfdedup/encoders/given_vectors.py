"""Embeddings that were made elsewhere: what files hold them, and which image each is of by its key."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.encoders.base import Embeddings, ModelCard
from rfdedup.encoders.preprocess import InputSpec, Rgb
from rfdedup.model.errors import EncoderError, InputError
from rfdedup.model.schemas import TABLE_ERRORS
from rfdedup.runtime.table_reader import TableReader
from rfdedup.storage.files import ARRAY_ERRORS, open_regular, read_regular, sha256_file
from rfdedup.storage.half_precision import HalfPrecision
from rfdedup.storage.tables import map_array

Rows = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.floating]

KEYS: Final = ("image_path", "path", "__key__", "key", "file_name", "filename", "file", "image", "image_id", "id")
"""Columns that name images, the first that is there."""
NAME: Final = "embeddings"
_BATCH_ROWS: Final = 4096
_NUMBER: Final = re.compile(r"_(\d+)\.[a-z]+$")


class GivenEncoder:
    """Stands where an encoder would: it says what the vectors are, and sees no picture."""

    device = "cpu"
    precision = "fp32"
    streams = 1
    batch = 32

    def __init__(self, key: str, dim: int) -> None:
        self.key, self.dim = key, dim
        self.card = ModelCard(
            name=NAME,
            dim=dim,
            input=InputSpec(1, 1),
            normalisation="unknown",
            licence="unknown",
            weights_sha256="",
            source="vectors that were handed over",
        )

    def embed(self, batch: Rgb) -> Embeddings:
        """Raises ``EncoderError``, however many images are asked for."""
        raise EncoderError(
            f"the embeddings of this run were handed over, so {len(batch)} other pictures cannot be embedded like them"
        )

    def encode(self, images: Sequence[Rgb]) -> Embeddings:
        """As ``embed``."""
        return self.embed(np.empty((len(images), 1, 1, 3), np.uint8))


@dataclass(frozen=True)
class GivenVectors:
    """Vectors with their keys.

    Attributes:
        name: where they come from, for messages.
        ids: (n,) string or int64, each once.
        parts: blocks (., dim) of the vectors in the order of ``ids``.
        digest: SHA-256 of the content.
    """

    name: str
    ids: pa.Array
    parts: list[Vectors]
    digest: str

    @property
    def dim(self) -> int:
        return int(self.parts[0].shape[1])

    @property
    def encoder(self) -> GivenEncoder:
        return GivenEncoder(f"{NAME}-{self.digest}", self.dim)

    def unit(self, rows: Rows) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.bool_]]:
        """Vectors of some rows at unit length, (m, dim), and which of them are vectors: finite, and not zero."""
        out = np.zeros((len(rows), self.dim), np.float32)
        ends = np.cumsum([len(part) for part in self.parts])
        which = np.searchsorted(ends, rows, side="right")
        for number in np.unique(which).tolist():
            at = np.flatnonzero(which == number)
            part = self.parts[number]
            # in the order of the file
            at = at[np.argsort(rows[at])]
            out[at] = part[rows[at] - (ends[number] - len(part))]
        with np.errstate(over="ignore", invalid="ignore"):
            length = np.linalg.norm(out.astype(np.float64), axis=1)
        good = np.isfinite(length) & (length > 0)
        out[good] /= length[good, None].astype(np.float32)
        out[~good] = 0
        return out.astype(np.float16), good


def load_vectors(given: Any, key: str | None, scratch: Path) -> GivenVectors:
    """Vectors from where they lie.

    Args:
        given: a folder of ``img_emb_*.npy`` and ``metadata_*.parquet``, as clip-retrieval writes it; ``FILE.npy`` with
            keys beside it, in ``FILE.parquet``, ``FILE.csv`` or, one a line, ``FILE.txt``; ``FILE.parquet:COLUMN``.
            From Python also ``(keys, array)``, or a dict of vectors by key.
        key: the column that names images; None where it has a usual name.
        scratch: folder for what does not fit into memory; it holds files without a name.

    Raises:
        InputError: they cannot be read, or do not say which image each is of.
    """
    if isinstance(given, str | os.PathLike):
        found = _from_disk(os.fspath(given), key, scratch)
    elif isinstance(given, Mapping):
        found = _of_memory(list(given), list(given.values()))
    elif isinstance(given, tuple) and len(given) == 2:
        found = _of_memory(*given)
    else:
        raise InputError(f"embeddings are a {type(given).__name__}: give a path, (keys, array), or a dict by key")
    if not len(found.ids):
        raise InputError(f"{found.name}: it holds no vector")
    counted = pc.value_counts(found.ids)
    twice = counted.filter(pc.greater(counted.field("counts"), 1))
    if len(twice) or found.ids.null_count:
        what = "a key is missing" if found.ids.null_count else f"the key {twice[0]['values'].as_py()!r} comes twice"
        raise InputError(f"{found.name}: {what}, and vectors are joined by key, never by place")
    return found


def _from_disk(name: str, key: str | None, scratch: Path) -> GivenVectors:
    path, _, column = name.rpartition(":")
    try:
        if Path(name).is_dir():
            return _of_folder(Path(name), key)
        if name.lower().endswith(".npy"):
            return _of_array(Path(name), key)
        if name.lower().endswith((".parquet", ".pq")):
            return _of_table(name, None, key, scratch)
        if path.lower().endswith((".parquet", ".pq")):
            return _of_table(path, column, key, scratch)
    except OSError as error:
        raise InputError(f"--embeddings {name!r} cannot be read: {error.strerror or error}") from None
    except (*TABLE_ERRORS, *ARRAY_ERRORS, KeyError, IndexError) as error:
        raise InputError(f"--embeddings {name!r} is damaged: {' '.join(str(error).split())}") from None
    raise InputError(f"--embeddings {name!r} is no folder, no FILE.npy and no FILE.parquet:COLUMN")


def _of_folder(folder: Path, key: str | None) -> GivenVectors:
    arrays, tables = _numbered(folder, "img_emb", "npy"), _numbered(folder, "metadata", "parquet")
    if not arrays or arrays.keys() != tables.keys():
        odd = sorted(arrays.keys() ^ tables.keys())
        what = f"number {odd[0]} has only one of both" if odd else "there is none"
        raise InputError(f"--embeddings {str(folder)!r} needs img_emb_N.npy with metadata_N.parquet: {what}")
    parts, ids, digests = [], [], []
    for number in sorted(arrays):
        part, some = _mapped(arrays[number]), _ids_of_table(tables[number], key)
        _same_length(arrays[number], part, some)
        parts.append(part)
        ids.append(some)
        digests += [_sha256(arrays[number]), _sha256(tables[number])]
    if len({part.shape[1] for part in parts}) > 1:
        raise InputError(f"--embeddings {str(folder)!r}: its arrays are of several lengths")
    return GivenVectors(str(folder), pa.concat_arrays(ids), parts, _digest(key, digests))


def _numbered(folder: Path, kind: str, suffix: str) -> dict[int, Path]:
    places = [folder, folder / kind]
    files = [path for place in places if place.is_dir() for path in place.glob(f"{kind}_*.{suffix}")]
    return {int(found[1]): path for path in files if (found := _NUMBER.search(path.name))}


def _of_array(path: Path, key: str | None) -> GivenVectors:
    part = _mapped(path)
    beside = next((p for p in map(path.with_suffix, (".parquet", ".csv", ".txt")) if p.is_file()), None)
    if beside is None:
        raise InputError(
            f"--embeddings {str(path)!r} has no keys: put them beside it as {path.stem}.parquet, .csv or .txt, "
            "in the order of its rows"
        )
    ids = _ids_of_table(beside, key) if beside.suffix == ".parquet" else pa.array(_ids_of_text(beside, key))
    _same_length(path, part, ids)
    return GivenVectors(str(path), ids, [part], _digest(key, [_sha256(path), _sha256(beside)]))


def _of_table(path: str, column: str | None, key: str | None, scratch: Path) -> GivenVectors:
    held, ids, digest = HalfPrecision(scratch), [], _sha256(Path(path))
    with open_regular(path, follow=True) as stream, TableReader(stream) as table:
        schema = table.schema_arrow
        lists = [field.name for field in schema if _is_vector(field.type)]
        if column is None and len(lists) == 1:
            column = lists[0]
        if column not in lists:
            known = ", ".join(lists) or f"none among {', '.join(schema.names[:20])}"
            raise InputError(
                f"--embeddings {path!r}: name a column of lists of numbers as FILE:COLUMN; there is {known}"
            )
        name = _key_column(path, schema.names, key)
        dim: int | None = None
        for batch in table.iter_batches(_BATCH_ROWS, columns=[column, name]):
            values, lengths = batch.column(column), pc.list_value_length(batch.column(column))
            dim = next((n for n in lengths.to_pylist() if n), None) if dim is None else dim
            ids.append(_plain(batch.column(name)))
            rows = np.zeros((batch.num_rows, dim or 1), np.float32)
            fits = pc.fill_null(pc.equal(lengths, dim or 1), False).to_numpy(zero_copy_only=False)
            told = values.filter(pa.array(fits)).flatten().to_numpy(zero_copy_only=False)
            rows[fits] = told.reshape(-1, rows.shape[1])
            if not (fits | pc.is_null(lengths).to_numpy(zero_copy_only=False)).all():
                raise InputError(f"--embeddings {path!r}: column {column} holds vectors of several lengths")
            held.extend([_scaled(rows)], len(rows))
    return GivenVectors(path, pa.concat_arrays(ids), [held.rows], _digest(f"{column} {name}", [digest]))


def _of_memory(keys: Any, vectors: Any) -> GivenVectors:
    try:
        array = np.asarray(vectors, dtype=None if isinstance(vectors, np.ndarray) else np.float32)
        ids = _plain(pa.array([key.item() if isinstance(key, np.generic) else key for key in keys]))
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise InputError(f"embeddings: {' '.join(str(error).split())}") from None
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.floating) or len(array) != len(ids) or not array.size:
        raise InputError(
            f"embeddings: {len(ids)} keys with an array {array.shape} of {array.dtype}; give (n, d) floats"
        )
    digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    return GivenVectors("embeddings", ids, [array], _digest(None, [digest, json.dumps(ids.to_pylist())]))


def _scaled(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Rows within what half precision holds; length is of no account."""
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0)
    largest[~np.isfinite(largest) | (largest == 0)] = 1
    scaled: npt.NDArray[np.float32] = rows / largest
    return scaled


def _mapped(path: Path) -> Vectors:
    array = map_array(path.resolve())
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.floating):
        raise InputError(f"--embeddings {str(path)!r} is an array {array.shape} of {array.dtype}, not (n, d) of floats")
    return array


def _same_length(path: Path, part: Vectors, ids: pa.Array) -> None:
    if len(part) != len(ids):
        raise InputError(f"--embeddings {str(path)!r} has {len(part):,} vectors, and {len(ids):,} keys beside it")


def _ids_of_table(path: Path, key: str | None) -> pa.Array:
    with open_regular(path, follow=True) as stream, TableReader(stream) as table:
        name = _key_column(str(path), table.schema_arrow.names, key)
        return _plain(table.read(columns=[name]).column(0).combine_chunks())


def _ids_of_text(path: Path, key: str | None) -> list[str]:
    text = read_regular(path, follow=True).decode("utf-8-sig", "surrogateescape")
    if path.suffix == ".txt":
        return [line.removesuffix("\r") for line in text.split("\n") if line]
    return list(_column_of_csv(path, text, key))


def _column_of_csv(path: Path, text: str, key: str | None) -> Iterator[str]:
    rows = csv.reader(io.StringIO(text, newline=""))
    header = next(rows, [])
    at = header.index(_key_column(str(path), header, key))
    for row in rows:
        if row:
            yield row[at]


def _key_column(path: str, columns: list[str], key: str | None) -> str:
    found = key if key is not None else next((name for name in KEYS if name in columns), None)
    if found is None or found not in columns:
        missing = "a usual name" if key is None else f"the name {key!r}"
        raise InputError(f"{path!r} has no column of {missing}: say --key with one of {', '.join(columns[:20])}")
    return found


def _plain(ids: pa.Array) -> pa.Array:
    """Keys as strings or int64."""
    if isinstance(ids, pa.ChunkedArray):
        ids = ids.combine_chunks()
    if pa.types.is_dictionary(ids.type):
        ids = ids.dictionary_decode()
    return ids.cast(pa.int64() if pa.types.is_integer(ids.type) else pa.string())


def _is_vector(kind: pa.DataType) -> bool:
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(lists and pa.types.is_floating(kind.value_type))


def _sha256(path: Path) -> str:
    # the user named it, or a folder of links, as model hubs have them
    return sha256_file(path.resolve())


def _digest(words: str | None, parts: list[str]) -> str:
    return hashlib.sha256(json.dumps([words, *parts]).encode()).hexdigest()[:32]
