"""Embedding during pass 1: which images will likely reach tier 3, the shards that wait for their embeddings, and the
views that will be wanted again."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, wait
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.encoders.base import Encoder, cache_key
from rfdedup.encoders.preprocess import InputSpec, Rgb
from rfdedup.features.quality import CHECKED, check_quality
from rfdedup.model.config import RunConfig
from rfdedup.model.schemas import FEATURES
from rfdedup.storage.feature_store import Embedded, FeatureStore
from rfdedup.storage.known_features import TRANSIENT

_REMEMBERED: Final = 1 << 18
"""Hashes that are kept; memory does not grow with the number of images."""
_SPARE: Final = 1.25
"""Views that are held for each that is wanted: some images turn out to be copies of others."""
_JUDGED: Final = pa.schema([FEATURES.field(name) for name in CHECKED])

Rows = npt.NDArray[np.int64]


class LikelySurvivors:
    """Guesses what tiers 1 and 2 will say, so that an encoder sees little in vain."""

    def __init__(self, config: RunConfig) -> None:
        self._quality = config.quality
        self._active = "quality" in config.tiers
        self._hashes = "hash" in config.tiers
        self._best: dict[tuple[str, int], tuple[int, int]] = {}

    def reach_tier3(self, rows: Sequence[dict[str, Any]]) -> npt.NDArray[np.bool_]:
        """Which of newly measured ``rows`` are good and share no hash with one as large and as old, (n,) bool.

        Where the copy is king after all, tier 3 embeds it later.
        """
        table = pa.Table.from_pylist(list(rows), schema=_JUDGED)
        good = ~check_quality(table, self._quality, active=self._active).dropped
        for i, row in enumerate(rows):
            if row["error"] is not None:
                good[i] = False
            elif good[i] and self._hashes:
                good[i] = self._is_new(row)
        return good

    def _is_new(self, row: dict[str, Any]) -> bool:
        merit = row["width"] * row["height"], -row["mtime_ns"]
        codes = ("dhash", row["dhash"]), ("phash", row["phash"])
        new = all(merit > self._best.get(code, (0, 0)) for code in codes)
        if new:
            if len(self._best) > _REMEMBERED:
                self._best.clear()
            self._best.update(dict.fromkeys(codes, merit))
        return new


class GrowingShard:
    """Measured rows of one shard, each at its place in the plan, and embeddings as they come."""

    def __init__(self, store: FeatureStore, number: int, rows: int, encoder: Encoder | None) -> None:
        self._store, self._number = store, number
        self._key = cache_key(encoder) if encoder is not None else None
        self._rows: list[dict[str, Any] | None] = [None] * rows
        self._left = rows
        self._vectors: list[tuple[Rows, Future[npt.NDArray[np.float32]]]] = []

    @property
    def whole(self) -> bool:
        """Whether all rows have come."""
        return self._left == 0

    @property
    def ready(self) -> bool:
        """Whether all rows and all embeddings that are under way have come."""
        return self.whole and all(vectors.done() for _, vectors in self._vectors)

    def has(self, at: int) -> bool:
        return self._rows[at] is not None

    def add(self, at: int, rows: Sequence[dict[str, Any]]) -> None:
        """Take in measured rows from place ``at`` on."""
        self._rows[at : at + len(rows)] = rows
        self._left -= len(rows)

    def await_vectors(self, at: Rows, vectors: Future[npt.NDArray[np.float32]]) -> None:
        """Embeddings of the rows ``at`` will come from ``vectors``."""
        self._vectors.append((at, vectors))

    def write(self) -> None:
        """Write the shard, with all embeddings that came or are under way, less those that failed."""
        wait([vectors for _, vectors in self._vectors])
        came = [(at, vectors.result()) for at, vectors in self._vectors if vectors.exception() is None]
        rows = [row for row in self._rows if row is not None]
        if all(row["error"] in TRANSIENT for row in rows) and self._store.holds(rows):
            # looked at again, and still so
            return
        previews = [row.pop("preview", None) for row in rows]
        embedded = None
        if self._key is not None and any(len(at) for at, _ in came):
            at, vectors = zip(*came, strict=True)
            embedded = Embedded(self._key, np.concatenate(at), np.concatenate(vectors).astype(np.float16))
        self._store.append(rows, previews, embedded, self._number)


class SampleInputs:
    """What the encoder was shown of the images with the smallest SHA-256, for those that it is to embed once more.

    They are decoded once so. Which images are held depends on the order of the work and decides nothing: the others are
    read again, and give the same pixels.
    """

    def __init__(self, wanted: int, spec: InputSpec) -> None:
        """Nothing yet, and room for ``wanted`` views and some more; memory is taken as they come."""
        self.pixels: Rgb = np.empty((self.room(wanted), *spec.shape), np.uint8)
        self._place: dict[str, int] = {}
        self._largest: list[tuple[int, str]] = []

    @staticmethod
    def room(wanted: int) -> int:
        """Views that are held where so many are wanted."""
        return round(wanted * _SPARE)

    def offer(self, sha256: Sequence[str], images: Iterable[Rgb]) -> None:
        """Hold those of ``images``, (height, width, 3) each, that belong to the smallest; only these are copied."""
        for digest, image in zip(sha256, images, strict=True):
            if digest in self._place:
                continue
            entry = -int(digest, 16), digest
            place = len(self._place)
            if place < len(self.pixels):
                heapq.heappush(self._largest, entry)
            elif self._largest and entry > self._largest[0]:
                place = self._place.pop(heapq.heapreplace(self._largest, entry)[1])
            else:
                continue
            self._place[digest] = place
            self.pixels[place] = image

    def places(self, sha256: Sequence[str]) -> Rows:
        """Where in ``pixels`` the views of these contents are, (n,) int64; -1 where they are not."""
        return np.array([self._place.get(digest, -1) for digest in sha256], np.int64)
