"""Descriptors: embeddings made comparable. Whitening turns cosine similarity into one scale for all data sets."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rfdedup.model.errors import RunFolderError
from rfdedup.storage.files import ARRAY_ERRORS, atomic_write, open_regular

Matrix = npt.NDArray[np.float32]
_FULL_RANK = 1e-9
"""Eigenvalues of a product, in parts of its largest, above which they and their vectors are exact enough."""


@dataclass(frozen=True)
class Whitening:
    """PCA whitening: ``y = (x / |x| - mean) @ projection``, then L2 normalisation.

    Attributes:
        mean: (d,) float32 mean of normalised embeddings.
        projection: (d, k) float32 leading eigenvectors, each over the square root of its shrunk eigenvalue.
    """

    mean: Matrix
    projection: npt.NDArray[np.floating]

    @property
    def dim(self) -> int:
        return int(self.projection.shape[1])

    def apply(self, embeddings: npt.NDArray[np.floating]) -> Matrix:
        """Whitened unit vectors, (n, k) float32, of embeddings (n, d)."""
        return unit((unit(embeddings) - self.mean) @ self.projection)

    def save(self, path: Path) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, mean=self.mean, projection=self.projection)
        with atomic_write(path) as stream:
            stream.write(buffer.getbuffer())

    @classmethod
    def load(cls, path: Path) -> Whitening:
        """Read a transform.

        Raises:
            RunFolderError: the file is damaged.
        """
        try:
            with open_regular(path) as stream, zipfile.ZipFile(stream) as archive:
                mean, projection = (_member(archive, name) for name in ("mean", "projection"))
        except DAMAGED as error:
            raise RunFolderError(f"{path} is not a whitening transform ({error})") from None
        if mean.ndim != 1 or projection.ndim != 2 or projection.shape[0] != mean.shape[0]:
            raise RunFolderError(f"{path} holds arrays that do not fit: {mean.shape} and {projection.shape}")
        return cls(mean, projection)


# what zipfile and numpy raise for flipped bits; RuntimeError is that of a member marked as encrypted
DAMAGED = (*ARRAY_ERRORS, KeyError, RuntimeError, struct.error, zipfile.BadZipFile, zlib.error)
"""What reading a damaged archive of arrays raises."""


def _member(archive: zipfile.ZipFile, name: str) -> Matrix:
    content = io.BytesIO(archive.read(f"{name}.npy"))
    array = np.lib.format.read_array(content, allow_pickle=False).astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are no numbers")
    return np.asarray(array)


def fit_whitening(embeddings: npt.NDArray[np.floating], *, dim: int, shrinkage: float) -> Whitening:
    """Fit a whitening on embeddings (n, d) of distinct images."""
    x = unit(embeddings).astype(np.float64)
    mean = x.mean(axis=0)
    return whiten(mean, spread(x, mean), dim=dim, shrinkage=shrinkage)


def spread(x: npt.NDArray[np.float64], mean: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A factor (d, n) whose product with its transpose is the covariance of rows (n, d), n at least 2."""
    return np.asarray((x - mean).T / np.sqrt(len(x) - 1))


def whiten(
    mean: npt.NDArray[np.float64], factor: npt.NDArray[np.float64], floor: float = 0.0, *, dim: int, shrinkage: float
) -> Whitening:
    """The whitening of normalised embeddings with this mean (d,) and covariance ``factor @ factor.T + floor * I``.

    Each eigenvalue is raised by ``shrinkage`` times the largest, so that directions which few images measured are
    not blown up (ridge-regularised PCA whitening).
    """
    values, vectors = _leading(factor, dim)
    values = np.maximum(values, 0.0) + floor
    scale = 1.0 / np.sqrt(values + shrinkage * values[0])
    return Whitening(mean.astype(np.float32), (vectors * scale).astype(np.float32))


def _leading(factor: npt.NDArray[np.float64], dim: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The ``dim`` largest eigenvalues of ``factor @ factor.T`` in descending order, and their eigenvectors (d, dim)."""
    d, r = factor.shape
    if dim <= r < d:
        # the smaller product has the same ones, and the work grows with the third power of the size
        values, vectors = np.linalg.eigh(factor.T @ factor)
        values, vectors = values[::-1][:dim], vectors[:, ::-1][:, :dim]
        if values[-1] > _FULL_RANK * values[0]:
            return values, factor @ (vectors / np.sqrt(values))
    values, vectors = np.linalg.eigh(factor @ factor.T)
    return values[::-1][:dim], vectors[:, ::-1][:, :dim]


def unit(x: npt.NDArray[np.floating]) -> Matrix:
    """Rows scaled to length 1, float32; rows of zeros stay zero."""
    wide = np.asarray(x, np.float32)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(length > 0, length, 1.0), np.float32)
