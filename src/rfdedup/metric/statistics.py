"""Mean, covariance and mean similarity of embeddings; pooled over sets, and read back from a transform made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfdedup.metric.descriptor import Matrix, Whitening, spread, unit

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Statistics:
    """Mean (d,) of normalised embeddings of ``count`` images, float64, and their covariance as a sum.

    It is ``factor @ factor.T + floor * I``, with ``factor`` (d, r): of few images a much smaller thing than (d, d).
    """

    count: float
    mean: Floats
    factor: Floats
    floor: float = 0.0

    @property
    def covariance(self) -> Floats:
        """(d, d)."""
        return np.asarray(self.factor @ self.factor.T + self.floor * np.eye(len(self.mean)))


def statistics(embeddings: npt.NDArray[np.floating]) -> Statistics:
    """Statistics of embeddings (n, d), n at least 2."""
    x = unit(embeddings).astype(np.float64)
    mean = x.mean(axis=0)
    return Statistics(len(x), mean, spread(x, mean))


def statistics_of(whitening: Whitening, images: float, shrinkage: float) -> Statistics:
    """The statistics that a transform was made from, of so many images and with this shrinkage.

    Its columns hold the leading eigenvectors and eigenvalues. Vectors of length 1 have trace(covariance) = 1 - |mean|²,
    so the sum of the other eigenvalues is known too; they are taken as equal.
    """
    mean = whitening.mean.astype(np.float64)
    columns = whitening.projection.astype(np.float64)
    square = (columns**2).sum(axis=0)
    first = 1.0 / square[0] / (1.0 + shrinkage)
    values = np.maximum(1.0 / square - shrinkage * first, 0.0)
    d, k = columns.shape
    rest = max(1.0 - float(mean @ mean) - float(values.sum()), 0.0) / max(d - k, 1)
    rest = min(rest, float(values.min()))
    return Statistics(images, mean, columns * np.sqrt((values - rest) / square), rest)


def pooled(a: Statistics, b: Statistics, weight: float = 1.0) -> Statistics:
    """Statistics of two sets together, where each image of ``b`` counts ``weight`` times."""
    count = a.count + weight * b.count
    share = weight * b.count / count
    apart = b.mean - a.mean
    between = np.sqrt(share * (1 - share)) * apart[:, None]
    factor = np.hstack([np.sqrt(1 - share) * a.factor, np.sqrt(share) * b.factor, between])
    return Statistics(count, a.mean + share * apart, factor, (1 - share) * a.floor + share * b.floor)


def mean_similarity(descriptors: Matrix) -> float:
    """Mean cosine similarity of all pairs of rows of unit length (n, k); 0 where there is no pair."""
    n = len(descriptors)
    if n < 2:
        return 0.0
    total = descriptors.astype(np.float64).sum(axis=0)
    return (float(total @ total) - n) / (n * (n - 1))
