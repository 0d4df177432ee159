"""The embeddings of a run, laid out on a plane."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
import threading
import time
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from rfdedup.metric.descriptor import unit
from rfdedup.model.errors import MissingExtraError, RfdedupError, RunFolderError
from rfdedup.model.schemas import Tier
from rfdedup.outputs.review.snapshot import Snapshot
from rfdedup.outputs.run_features import RunFeatures
from rfdedup.storage.files import atomic_write, open_regular

Rows = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]
MAP_FILE = "review_map.npz"
MAP_MOST = 100_000
"""Points that the map draws; of more images a fixed random choice."""
_NEIGHBOUR_MAP_LEAST = 30
_BATCH = 16_384
_PRINCIPAL = 50
_FITTED = 4096
"""Images that principal components are fitted on."""
_BEHIND = psutil.BELOW_NORMAL_PRIORITY_CLASS if os.name == "nt" else 10


@dataclass(frozen=True)
class Layout:
    """A map: points (n, 2) in -1..1, how they were laid out, and for how long a better one is in the making."""

    points: Matrix
    method: str
    coming: bool = False
    seconds: float = 0.0
    trouble: str = ""
    """Why no better one came."""


class EmbeddingMap:
    """Places of the images of one snapshot on a plane, near each other where their embeddings are.

    Raises:
        RunFolderError: the run has no embeddings, or they are damaged, in any method.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._maker: MapMaker | None = None
        self._second: npt.NDArray[np.float32] | None = None

    @cached_property
    def mapped(self) -> Rows:
        """Rows that were embedded, less those that fell to an earlier tier: some of them are, by the order of work."""
        rows = self._snapshot.features.embedded()
        earlier = [list(Tier).index(tier) for tier in Tier if tier is not Tier.SEMANTIC]
        rows = rows[~np.isin(self._snapshot.tier[rows], earlier)]
        if not len(rows):
            raise RunFolderError("this run has no embeddings: it ended before tier 3")
        return rows

    @cached_property
    def rows(self) -> Rows:
        """Rows that are shown, ascending."""
        if len(self.mapped) <= MAP_MOST:
            return self.mapped
        return np.sort(np.random.default_rng(0).choice(self.mapped, MAP_MOST, replace=False))

    def layout(self) -> Layout:
        """Points of ``rows``. Principal components come at once; the map of neighbourhoods (UMAP) replaces them
        when another process has made it, and is remembered in the run folder.
        """
        if self._second is None:
            self._second = _remembered(self._snapshot.run / MAP_FILE, self._key)
        if self._second is not None:
            return Layout(self._second, "umap")
        if self._maker is None:
            if len(self.rows) < _NEIGHBOUR_MAP_LEAST or find_spec("umap") is None:
                return Layout(self._principal, "pca")
            first = self._principal
            self._maker = MapMaker(self._snapshot.features, self.rows)
            return Layout(first, "pca", coming=True)
        made = self._maker.made()
        if made is None:
            return Layout(self._principal, "pca", coming=True, seconds=self._maker.seconds)
        if isinstance(made, str):
            return Layout(self._principal, "pca", trouble=made)
        self._second = made
        _remember(self._snapshot.run / MAP_FILE, self._key, made)
        return Layout(made, "umap")

    def close(self) -> None:
        """End the making of a map."""
        if self._maker is not None:
            self._maker.close()

    @cached_property
    def _principal(self) -> Matrix:
        return scaled(_principal_components(self._snapshot.features, self.rows, 2))

    @cached_property
    def _key(self) -> str:
        parts = (self._snapshot.stamp[1], (self._snapshot.info.get("encoder") or {}).get("key"), len(self.rows))
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class MapMaker:
    """A process that lays out embeddings with UMAP, behind all others. It ends with this one."""

    def __init__(self, features: RunFeatures, chosen: Rows) -> None:
        context = multiprocessing.get_context("spawn")
        self._answer, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_make_map, args=(features, chosen, theirs), daemon=True)
        self._began = time.monotonic()
        self._process.start()
        theirs.close()
        self._made: Matrix | str | None = None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def made(self) -> Matrix | str | None:
        """The map, (n, 2) in -1..1; None while it is in the making; a text that says why there is none."""
        if self._made is None and self._answer.poll():
            try:
                self._made = self._answer.recv()
            except EOFError:
                self._made = "its process ended"
        return self._made

    def close(self) -> None:
        self._process.terminate()
        self._process.join()


def _make_map(features: RunFeatures, chosen: Rows, answer: Connection) -> None:
    parent = multiprocessing.parent_process()

    def follow() -> None:
        # a server that is killed cannot end this process
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    psutil.Process().nice(_BEHIND)
    try:
        answer.send(neighbour_map(features, chosen))
    except (RfdedupError, MemoryError, ValueError) as error:
        answer.send(f"{type(error).__name__}: {error}")


def neighbour_map(features: RunFeatures, chosen: Rows) -> Matrix:
    """UMAP of the embeddings of ``chosen`` rows, (n, 2) in -1..1.

    McInnes, Healy & Melville 2018, "UMAP: Uniform Manifold Approximation and Projection". It starts from principal
    components, so that maps of one run resemble each other.
    """
    from umap import UMAP

    reduced = _principal_components(features, chosen, _PRINCIPAL)
    neighbours = min(15, len(chosen) - 1)
    layout = UMAP(n_components=2, n_neighbors=neighbours, min_dist=0.05, metric="cosine", init=scaled(reduced[:, :2]))
    return scaled(layout.fit_transform(reduced))


def _principal_components(features: RunFeatures, rows: Rows, count: int) -> Matrix:
    """The first ``count`` principal components of normalised embeddings, (n, count); they are fitted on a sample."""
    if find_spec("sklearn") is None:
        raise MissingExtraError("scikit-learn", "review", "the map")
    from sklearn.decomposition import PCA

    some = rows if len(rows) <= _FITTED else np.sort(np.random.default_rng(0).choice(rows, _FITTED, replace=False))
    sample = unit(features.embeddings(some))
    fitted = PCA(min(count, *sample.shape), random_state=0).fit(sample)
    out = np.zeros((len(rows), count), np.float32)
    for start in range(0, len(rows), _BATCH):
        part = fitted.transform(unit(features.embeddings(rows[start : start + _BATCH])))
        out[start : start + len(part), : part.shape[1]] = part
    return out


def scaled(points: npt.NDArray[Any]) -> Matrix:
    """Points moved and scaled to -1..1 along either axis; one in a thousand at each end may lie on the border."""
    if not len(points):
        return np.zeros((0, 2), np.float32)
    low, high = np.quantile(points, (0.001, 0.999), axis=0)
    span = np.maximum(high - low, 1e-9)
    return np.asarray(np.clip((points - (low + high) / 2) * (2 / span), -1, 1), np.float32)


def _remembered(path: Path, key: str) -> npt.NDArray[np.float32] | None:
    try:
        with open_regular(path) as stream, np.load(stream, allow_pickle=False) as arrays:
            if str(arrays["key"]) == key:
                points: npt.NDArray[np.float32] = arrays["points"].astype(np.float32)
                return points
    except (OSError, ValueError, KeyError):
        return None
    return None


def _remember(path: Path, key: str, points: npt.NDArray[np.float32]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, key=np.array(key), points=points)
    try:
        with atomic_write(path) as stream:
            stream.write(buffer.getbuffer())
    except RfdedupError:
        # a run folder that cannot be written still has a map
        return
