"""Orthonormal directions that the embeddings of a sample spread along, and random ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfdedup.neighbors.products import K_STEP
from rfdedup.neighbors.vectors import Matrix

_LEADING = 256
"""Principal directions of a wide matrix that are computed; a wider projection is completed by any others."""
_EXACT_LEADING = 512
"""Up to this width all principal directions are computed."""


def leading_directions(sample: Matrix, rng: np.random.Generator) -> Matrix:
    """Orthonormal (d, k) float32, leading principal directions of the sample first, about the origin."""
    d = sample.shape[1]
    if d <= _EXACT_LEADING:
        return np.asarray(np.linalg.eigh((sample.T @ sample).astype(np.float64))[1][:, ::-1], dtype=np.float32)
    # randomised range finder with one power iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4)
    basis = random = rng.standard_normal((d, _LEADING), dtype=np.float32)
    for _ in range(2):
        spread = sample.T @ (sample @ basis)
        spread /= np.float32(np.linalg.norm(spread) + 1e-30)
        # the random part keeps the basis full where the sample has few directions
        basis = _orthonormal(spread + np.float32(1e-6) * random)
    inside = sample @ basis
    turn = np.linalg.eigh((inside.T @ inside).astype(np.float64))[1][:, ::-1]
    return np.asarray(basis @ turn, dtype=np.float32)


def completed(basis: Matrix) -> Matrix:
    """Orthogonal (d, d) matrix that begins with the (d, k) orthonormal ``basis``: one block reflection.

    With V the basis, E the first k unit vectors and P = -polar(E'V), the reflection at the span of Y = V - E P
    takes E P to V, and Y'Y = 2 (I + H) is well conditioned.
    """
    d, k = basis.shape
    wide = basis.astype(np.float64)
    left, _, right = np.linalg.svd(wide[:k])
    polar = -(left @ right)
    mirror = wide.copy()
    mirror[:k] -= polar
    whole = np.eye(d) - 2 * mirror @ np.linalg.solve(mirror.T @ mirror, mirror.T)
    whole[:, :k] = wide
    return whole.astype(np.float32)


def mixing(size: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Random orthogonal (size, size) matrix without small blocks, cheaper than a dense random one."""
    inner, outer = (np.linalg.qr(rng.standard_normal((k, k)))[0] for k in (K_STEP, size // K_STEP))
    return np.asarray(np.kron(outer, inner) * rng.choice([-1.0, 1.0], size=size)[:, None])


def _orthonormal(basis: Matrix) -> Matrix:
    """Orthonormal columns that span the same, by Cholesky factors (twice, against cancellation)."""
    wide = basis.astype(np.float64)
    for _ in range(2):
        factor = np.linalg.cholesky(wide.T @ wide)
        wide = wide @ np.linalg.inv(factor).T
    return wide.astype(np.float32)
