"""The embeddings of a run: find images like one, and lay all of them out on a plane."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rfdedup.config import make_config
from rfdedup.descriptor import unit
from rfdedup.errors import EncoderError, MissingExtraError, RfdedupError, RunFolderError
from rfdedup.files import atomic_write
from rfdedup.imaging import decode
from rfdedup.review.features import Features
from rfdedup.review.snapshot import Snapshot

Rows = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]
MAP_FILE = "review_map.npz"
MAP_MOST = 100_000
"""Points that the map draws; of more images a fixed random choice."""
_NEIGHBOUR_MAP_LEAST = 30
_BATCH = 65_536
_PRINCIPAL = 50


class Vectors:
    """Descriptors of the embedded rows of one snapshot, as the funnel compared them.

    Raises:
        RunFolderError: the run has no embeddings, or they are damaged, in any method.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._projector: Future[npt.NDArray[np.float32]] | None = None
        self._first: npt.NDArray[np.float32] | None = None
        self._second: npt.NDArray[np.float32] | None = None

    @cached_property
    def rows(self) -> Rows:
        """Rows that were embedded; those that fell to an earlier tier were not."""
        rows = self._snapshot.features.embedded()
        if not len(rows):
            raise RunFolderError("this run has no embeddings: it ended before tier 3")
        return rows

    @cached_property
    def _encoder(self) -> Any:
        from rfdedup.encoders import load_encoder

        wanted = make_config(self._snapshot.info["config"]).semantic
        encoder = load_encoder(wanted.encoder, weights=wanted.weights, device=wanted.device, precision=wanted.precision)
        known = (self._snapshot.info.get("encoder") or {}).get("key")
        if encoder.key != known:
            raise EncoderError(f"the encoder is now {encoder.key}, the run was made with {known}: run it again")
        return encoder

    @cached_property
    def _describe(self) -> Callable[[npt.NDArray[Any]], Matrix]:
        from rfdedup.encoders.priors import prior_of

        if self._snapshot.info["encoder"]["descriptor"] == "raw":
            return unit
        whitening = prior_of(self._encoder.card)
        if whitening is None:
            raise EncoderError("the whitening that this run was made with is gone: run it again")
        return whitening.apply

    @cached_property
    def _index(self) -> Any:
        """Inner products over float16 codes: half the memory, and exact but for the rounding of the codes."""
        import faiss

        features, rows = self._snapshot.features, self.rows
        index = None
        for start in range(0, len(rows), _BATCH):
            described = self._describe(features.embeddings(rows[start : start + _BATCH]))
            if index is None:
                dim = described.shape[1]
                index = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
                index.train(described)
            index.add(described)
        return index

    def like_row(self, row: int, most: int) -> list[tuple[int, float]]:
        """The images most similar to one of the run, with cosine similarities, best first; not itself.

        Raises:
            EncoderError: the encoder of the run cannot be used any more.
        """
        at = int(np.searchsorted(self.rows, row))
        if at == len(self.rows) or self.rows[at] != row:
            # what fell to an earlier tier has no embedding yet
            found = self.like_picture(self._snapshot.file_bytes(row), most + 1)
        else:
            found = self._search(self._snapshot.features.embeddings(np.array([row])), most + 1)
        return [(other, score) for other, score in found if other != row][:most]

    def like_picture(self, data: bytes, most: int) -> list[tuple[int, float]]:
        """The images of the run most similar to a picture, given as the bytes of its file.

        Raises:
            ImageError: the bytes are no picture that can be read.
            EncoderError: the encoder of the run cannot be used any more.
        """
        return self._search(self._encoder.encode([decode(data, longest=1280).rgb]), most)

    def _search(self, embedding: npt.NDArray[Any], most: int) -> list[tuple[int, float]]:
        score, at = self._index.search(self._describe(embedding), min(most, len(self.rows)))
        return [(int(self.rows[i]), float(s)) for i, s in zip(at[0], score[0], strict=True) if i >= 0]

    # ---- map

    @cached_property
    def map_rows(self) -> Rows:
        """Rows that the map shows, ascending."""
        if len(self.rows) <= MAP_MOST:
            return self.rows
        return np.sort(np.random.default_rng(0).choice(self.rows, MAP_MOST, replace=False))

    def map(self, pool: ProcessPoolExecutor) -> tuple[npt.NDArray[np.float32], str]:
        """Points (n, 2) in -1..1 of ``map_rows`` and how they were laid out.

        Principal components come at once; the map of neighbourhoods (UMAP) replaces them when another process has
        made it, and is remembered in the run folder.
        """
        if self._second is None:
            self._second = _remembered(self._snapshot.run / MAP_FILE, self._map_key)
        if self._second is None and self._projector is not None and self._projector.done():
            # a failure there leaves the principal components in place
            if self._projector.exception() is None:
                self._second = self._projector.result()
                _remember(self._snapshot.run / MAP_FILE, self._map_key, self._second)
            else:
                return self._principal, "pca"
        if self._second is not None:
            return self._second, "umap"
        if len(self.map_rows) < _NEIGHBOUR_MAP_LEAST or find_spec("umap") is None:
            return self._principal, "pca"
        if self._projector is None:
            self._projector = pool.submit(neighbour_map, self._snapshot.run, self._snapshot.n, self.map_rows)
        return self._principal, "pca, umap to come"

    @cached_property
    def _principal(self) -> npt.NDArray[np.float32]:
        return scaled(_principal_components(self._snapshot.features.embeddings(self.map_rows))[:, :2])

    @cached_property
    def _map_key(self) -> str:
        parts = (self._snapshot.stamp[1], (self._snapshot.info.get("encoder") or {}).get("key"), len(self.map_rows))
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def neighbour_map(run: Path, rows: int, chosen: Rows) -> npt.NDArray[np.float32]:
    """UMAP of the embeddings of ``chosen`` rows, (n, 2) in -1..1. Runs in a process of its own.

    McInnes, Healy & Melville 2018, "UMAP: Uniform Manifold Approximation and Projection". It starts from principal
    components, so that maps of one run resemble each other.
    """
    from umap import UMAP

    reduced = _principal_components(Features(run, rows).embeddings(chosen))
    neighbours = min(15, len(chosen) - 1)
    layout = UMAP(n_components=2, n_neighbors=neighbours, min_dist=0.05, metric="cosine", init=scaled(reduced[:, :2]))
    return scaled(layout.fit_transform(reduced))


def _principal_components(embeddings: npt.NDArray[np.float16]) -> Matrix:
    if find_spec("sklearn") is None:
        raise MissingExtraError("scikit-learn", "review", "the map")
    from sklearn.decomposition import PCA

    x = unit(embeddings)
    count = min(_PRINCIPAL, *x.shape)
    reduced = PCA(
        n_components=count, svd_solver="randomized" if len(x) > 500 else "full", random_state=0
    ).fit_transform(x)
    out = np.zeros((len(x), max(count, 2)), np.float32)
    out[:, :count] = reduced
    return out


def scaled(points: npt.NDArray[Any]) -> Matrix:
    """Points moved and scaled to -1..1 along either axis; one in a thousand at each end may lie on the border."""
    if not len(points):
        return np.zeros((0, 2), np.float32)
    low, high = np.quantile(points, (0.001, 0.999), axis=0)
    span = np.maximum(high - low, 1e-9)
    return np.asarray(np.clip((points - (low + high) / 2) * (2 / span), -1, 1), np.float32)


def make_pool() -> ProcessPoolExecutor:
    """The process that makes maps; it starts when it is needed."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def _remembered(path: Path, key: str) -> npt.NDArray[np.float32] | None:
    try:
        with np.load(path, allow_pickle=False) as arrays:
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
