"""Upper bounds of cosine similarities that are cheap to compute: projection, then 8-bit codes.

For unit rows x, y and a projection W of d to K dimensions with ``|W| <= 1`` (largest singular value),
``I - W W'`` is positive semidefinite, so Cauchy-Schwarz gives

    x.y <= (x W).(y W) + t(x) t(y),    t(x) = sqrt(1 - |x W|^2).

With a unit vector m orthogonal to the rows of W, ``g(x) = x W + t(x) m`` therefore has ``x.y <= g(x).g(y)``: the
tail costs one dimension. The nearer W is to the leading principal directions, the tighter the bound.

``g = s q + e`` with a code q of 8-bit integers and the remainder e, whose length is measured for every row. As
``|g| <= 1``, again by Cauchy-Schwarz, ``g.h <= s^2 q(g).q(h) + E (2 + E)`` for ``|e| <= E`` on both sides. A random
rotation inside W spreads every row evenly over its K coordinates, which keeps E near 0.01.

Rounding: a float32 dot product of length n errs by at most ``gamma(n) |x|.|w|`` with ``gamma(n) = n u / (1 - n u)``,
u = 2^-24, whatever the order of summation (Higham, Accuracy and Stability of Numerical Algorithms, 3.1). x W is summed
over stretches of ``_STRETCH`` dimensions, so its error in length is at most ``gamma(_STRETCH + d / _STRETCH) sqrt(K)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfdedup.similarity.products import K_STEP, TILE, Codes, aligned_codes, largest_code
from rfdedup.similarity.vectors import Matrix, let_go, unit_rows

_FIT = 4096
"""Rows that the principal directions are computed from, at most."""
_TRIAL = 1024
"""Rows on which projections of different size are tried."""
_LEADING = 256
"""Principal directions of a wide matrix that are computed; a wider projection is completed by any others."""
_EXACT_LEADING = 512
"""Up to this width all principal directions are computed."""
_BLOCK = 8192
_STRETCH = 256
_CHECK_COST = 1e6 / 512
"""Cost of checking one candidate exactly, per dimension, in multiply-adds of the integer product."""
_HEADROOM = 1.1
"""Largest code over the largest value seen on the trial rows; values beyond it are cut, which only costs."""
_REMAINDER = 0.013
"""Expected length of the remainder e of a row: 5.3 standard deviations over 127 steps, uniform rounding."""


@dataclass(frozen=True)
class Projection:
    """``g(x) = x W + t(x) m``. weights: (d, K) float32; tail: (K,) float32, zeros when W loses nothing."""

    weights: Matrix
    tail: npt.NDArray[np.float32]
    scale: float

    @property
    def slack(self) -> float:
        """What float32 arithmetic may take from the bound ``g.h`` of two rows."""
        return _slack(*self.weights.shape)

    @property
    def rounding(self) -> float:
        """Largest error, in length, of a computed x W of a row that was scaled to unit length in float32."""
        return _rounding(*self.weights.shape)


@dataclass(frozen=True)
class ByteCodes:
    """Codes of rows, padded with zeros to whole tiles, and to the room for later ones.

    Attributes:
        codes: (rows or more, in whole tiles, K) int8.
        errors: (tiles,) float64, the longest remainder in each tile.
        projection: what they were made with.
        rows: number of rows.
    """

    codes: Codes
    errors: npt.NDArray[np.float64]
    projection: Projection
    rows: int

    def tile(self, number: int) -> Codes:
        return self.codes[number * TILE : (number + 1) * TILE]


def product_bound(threshold: float, projection: Projection, one: float, other: float) -> float:
    """Integer product that a pair at ``threshold`` reaches at least, given the remainders of both tiles."""
    length = 1 + projection.slack
    margin = length * (one + other) + one * other + projection.slack
    return (threshold - margin) / projection.scale**2


def fit_projection(x: npt.NDArray[np.floating], threshold: float) -> Projection:
    """Choose directions and their number so that all pairs above ``threshold`` are found at least cost.

    Only speed depends on the choice. A fixed seed draws the sample.

    Args:
        x: (N, d) floats.
        threshold: cosine similarity.
    """
    rng = np.random.default_rng(0)
    n, d = x.shape
    chosen = np.sort(rng.choice(n, size=min(n, _FIT + _TRIAL), replace=False))
    sample = unit_rows(x[chosen], chosen)[rng.permutation(chosen.size)]
    let_go(x)
    trial = sample[:_TRIAL]
    directions = _leading_directions(sample[_TRIAL:] if sample.shape[0] > 2 * _TRIAL else sample, rng)
    size = _cheapest(trial, directions, threshold)
    if size - 1 > directions.shape[1] and directions.shape[1] < d:
        directions = _completed(directions)
        size = _cheapest(trial, directions, threshold)
    kept = directions[:, : min(size - 1, d)] if size <= d else directions
    mixing = _mixing(size, rng)
    # |D|^2 is at most 1 plus the largest row sum of |D'D - I|: after the division |W| <= 1 in spite of rounding
    wide = kept.astype(np.float64)
    excess = float(np.abs(wide.T @ wide - np.eye(wide.shape[1])).sum(axis=1).max()) + 1e-6
    weights = (wide @ mixing[: wide.shape[1]] / np.sqrt(1 + excess)).astype(np.float32)
    tail = mixing[-1].astype(np.float32) if wide.shape[1] < min(d, size) else np.zeros(size, dtype=np.float32)
    rough = Projection(weights, tail, 1.0)
    widest = float(np.abs(_project(trial, rough)).max(initial=1e-3))
    return Projection(weights, tail, _HEADROOM * widest / largest_code())


def _mixing(size: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Random orthogonal (size, size) matrix without small blocks, cheaper than a dense random one."""
    inner, outer = (np.linalg.qr(rng.standard_normal((k, k)))[0] for k in (K_STEP, size // K_STEP))
    return np.asarray(np.kron(outer, inner) * rng.choice([-1.0, 1.0], size=size)[:, None])


def encode(
    x: npt.NDArray[np.floating],
    projection: Projection,
    rows: npt.NDArray[np.int64] | None = None,
    *,
    room: int = 0,
    before: ByteCodes | None = None,
) -> ByteCodes:
    """Codes of all rows of ``x``, or of those named, read in blocks.

    Args:
        x: (N, d) floats.
        projection: what to encode them with.
        rows: row numbers; default all.
        room: rows that there may be once more are added.
        before: codes of the first rows, made with the same projection; the others are added in place where there is
            room.
    """
    n = x.shape[0] if rows is None else rows.size
    done = 0 if before is None else before.rows
    tiles = -(-max(n, room) // TILE)
    if before is not None and n <= before.codes.shape[0]:
        codes, errors = before.codes, before.errors.copy()
    else:
        codes, errors = aligned_codes(tiles * TILE, projection.weights.shape[1]), np.zeros(tiles)
        if before is not None:
            codes[:done], errors[: before.errors.size] = before.codes[:done], before.errors
    limit = largest_code()
    for begin in range(done, n, _BLOCK):
        end = min(begin + _BLOCK, n)
        which = np.arange(begin, end) if rows is None else rows[begin:end]
        g = _project(unit_rows(x[begin:end] if rows is None else x[which], which), projection)
        q = np.clip(np.rint(g / np.float32(projection.scale)), -limit, limit)
        codes[begin:end] = q
        g -= q * np.float32(projection.scale)
        length = np.sqrt(np.einsum("ij,ij->i", g, g)) * 1.001 + 1e-6
        np.maximum.at(errors, np.arange(begin, end) // TILE, length)
        let_go(x)
    return ByteCodes(codes, errors, projection, n)


def _rounding(d: int, k: int) -> float:
    units = (_STRETCH + d / _STRETCH) * np.sqrt(k) + d + 16
    return float(units * 2.0**-24 * 1.01)


def _slack(d: int, k: int) -> float:
    return 3 * _rounding(d, k) + 1e-4


def _project(unit: Matrix, projection: Projection) -> Matrix:
    weights = projection.weights
    g: Matrix = unit[:, :_STRETCH] @ weights[:_STRETCH]
    for begin in range(_STRETCH, weights.shape[0], _STRETCH):
        g += unit[:, begin : begin + _STRETCH] @ weights[begin : begin + _STRETCH]
    if projection.tail.any():
        inside = np.einsum("ij,ij->i", g, g)
        tail = np.sqrt(np.maximum(1 - inside, 0) + np.float32(3 * projection.rounding + 1e-5))
        g += tail[:, None] * projection.tail
    return g


def _leading_directions(sample: Matrix, rng: np.random.Generator) -> Matrix:
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


def _orthonormal(basis: Matrix) -> Matrix:
    """Orthonormal columns that span the same, by Cholesky factors (twice, against cancellation)."""
    wide = basis.astype(np.float64)
    for _ in range(2):
        factor = np.linalg.cholesky(wide.T @ wide)
        wide = wide @ np.linalg.inv(factor).T
    return wide.astype(np.float32)


def _completed(basis: Matrix) -> Matrix:
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


def _cheapest(trial: Matrix, directions: Matrix, threshold: float) -> int:
    """Number of code dimensions with the least expected cost a pair: product plus exact checks."""
    d, known = directions.shape
    whole = -(-d // K_STEP) * K_STEP
    sizes = [
        k for k in range(K_STEP, whole, K_STEP) if k - 1 <= known and (k <= _EXACT_LEADING or k % (4 * K_STEP) == 0)
    ]
    inside = trial @ directions
    lost = 1 - np.cumsum(inside**2, axis=1)
    product = np.zeros((trial.shape[0], trial.shape[0]), dtype=np.float32)
    best, least = whole, float(whole)
    done = 0
    for size in sizes:
        product += inside[:, done : size - 1] @ inside[:, done : size - 1].T
        done = size - 1
        tail = np.sqrt(np.maximum(lost[:, done - 1], 0))
        bound = product + tail[:, None] * tail
        margin = 2 * _REMAINDER + _slack(d, size) + 3 * _rounding(d, size)
        above = np.count_nonzero(bound >= threshold - margin) - trial.shape[0]
        cost = size + _CHECK_COST * d * above / max(trial.shape[0] * (trial.shape[0] - 1), 1)
        if cost < least:
            best, least = size, cost
    return int(best)
