"""What was measured again of a few files, by the SHA-256 of their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from rfdedup.model.schemas import TABLE_ERRORS
from rfdedup.storage.feature_store import FeatureStore
from rfdedup.storage.files import atomic_write
from rfdedup.storage.tables import open_table

REMEASURED_FILE = "remeasured.parquet"
"""Embeddings of close calls in full precision; its schema holds the encoder's key and a checksum of the content."""

FULLSCALE_FILE = "fullscale.parquet"
"""What was measured again at full size, kept in the same way."""


def remembered(store: FeatureStore, name: str, key: str, size: int) -> dict[str, npt.NDArray[np.float32]]:
    """Vectors (size,) that were measured again under ``key``, by SHA-256 of the file's bytes.

    Those of another ``feature_key`` are not known: what an encoder is shown changes with it. What is damaged is named
    in ``store.damaged``.

    Args:
        name: ``REMEASURED_FILE`` for embeddings in full precision, ``FULLSCALE_FILE`` for looks at full size.
    """
    path = store.folder / name
    try:
        with open_table(path) as file:
            table = file.read()
        facts = table.schema.metadata or {}
        if facts.get(b"key") != _key(store, key):
            return {}
        digests, values = table["sha256"].to_pylist(), table["vector"].to_pylist()
    except FileNotFoundError:
        return {}
    except (*TABLE_ERRORS, KeyError):
        store.damaged.append(path.name)
        return {}
    whole = facts.get(b"checksum") == _content(digests, values).encode()
    if not whole or any(value is None or len(value) != size * np.float32().nbytes for value in values):
        store.damaged.append(path.name)
        return {}
    return {digest: np.frombuffer(value, np.float32) for digest, value in zip(digests, values, strict=True)}


def remember(store: FeatureStore, name: str, key: str, known: dict[str, npt.NDArray[np.float32]]) -> None:
    """Replace what ``remembered`` returns."""
    digests, values = list(known), [value.tobytes() for value in known.values()]
    facts = {"key": _key(store, key), "checksum": _content(digests, values)}
    schema = pa.schema([("sha256", pa.string()), ("vector", pa.binary())], metadata=facts)
    with atomic_write(store.folder / name) as stream:
        pq.write_table(pa.table({"sha256": digests, "vector": values}, schema=schema), stream)


def _key(store: FeatureStore, key: str) -> bytes:
    return f"{store.feature_key}/{key}".encode()


def _content(digests: Sequence[str | None], values: Sequence[bytes | None]) -> str:
    """SHA-256 over both columns of a file of ``remember``; a null ends up as a value that nobody writes."""
    whole = hashlib.sha256()
    for digest, value in zip(digests, values, strict=True):
        whole.update(f"{digest} {len(value or b'')} ".encode())
        whole.update(value or b"")
    return whole.hexdigest()
