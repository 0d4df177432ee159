"""Upper bounds of cosine similarities that are cheap to compute: projection, then 8-bit codes.

For unit rows x, y and a projection W of d to K dimensions with ``|W| <= 1`` (largest singular value),
``I - W W'`` is positive semidefinite, so Cauchy-Schwarz gives

    x.y <= (x W).(y W) + t(x) t(y),    t(x) = sqrt(1 - |x W|^2).

With a unit vector m orthogonal to the rows of W, ``g(x) = x W + t(x) m`` therefore has ``x.y <= g(x).g(y)``: the
tail costs one dimension. The nearer W is to the leading principal directions, the tighter the bound.

Where the coordinates are principal directions already, as whitened embeddings are, W keeps the strongest of them as
they are, which costs no product, and m is spread over a few dimensions of its own.

``g = s q + e`` with a code q of 8-bit integers and the remainder e, whose length is measured for every row. As
``|g| <= 1``, again by Cauchy-Schwarz, ``g.h <= s^2 q(g).q(h) + E (2 + E)`` for ``|e| <= E`` on both sides. A random
rotation inside W spreads every row evenly over its K coordinates, which keeps E near 0.01.

Rounding: a float32 dot product of length n errs by at most ``gamma(n) |x|.|w|`` with ``gamma(n) = n u / (1 - n u)``,
u = 2^-24, whatever the order of summation (Higham, Accuracy and Stability of Numerical Algorithms, 3.1). x W is summed
over stretches of ``_STRETCH`` dimensions, so its error in length is at most ``gamma(_STRETCH + d / _STRETCH) sqrt(K)``.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfdedup.similarity.products import K_STEP, TILE, Codes, aligned_codes, in_threads, largest_code, thread_count
from rfdedup.similarity.vectors import Matrix, let_go, unit_rows

_FIT = 4096
"""Rows that the principal directions are computed from, at most."""
_TRIAL = 512
"""Rows on which projections of different size are tried."""
_LEADING = 256
"""Principal directions of a wide matrix that are computed; a wider projection is completed by any others."""
_EXACT_LEADING = 512
"""Up to this width all principal directions are computed."""
_DIAGONAL = 1.1
"""Coordinates are principal directions when their covariance is longer than its diagonal by less than this."""
_SPREAD = 16
"""Dimensions that the tail is spread over, at most, where coordinates are kept as they are."""
_SCATTERED = 256
"""Rows of the sample that are read from a memory map before its pages are let go."""
_BLOCK = 1024
"""Rows that are encoded at a time: what is computed of them stays near the core."""
_STRETCH = 256
_CHECK_COST = 1e7 / 512
"""Cost of checking one candidate exactly, per dimension, in multiply-adds of the integer product."""
_HEADROOM = 1.25
"""Largest code over the largest value seen on the trial rows; values beyond it are cut, which only costs."""
_REMAINDER = 0.013
"""Expected length of the remainder e of a row: 5.3 standard deviations over 127 steps, uniform rounding."""


@dataclass(frozen=True)
class Projection:
    """``g(x) = x W + t(x) m``.

    Attributes:
        width: d, dimensions of the rows.
        basis: W, (d, K) float32; or (k,) int64, coordinates that make the first k of g.
        tail: m, (K,) float32, zeros when W loses nothing.
        scale: s, length that one step of a code stands for.
    """

    width: int
    basis: Matrix | npt.NDArray[np.int64]
    tail: npt.NDArray[np.float32]
    scale: float

    @property
    def slack(self) -> float:
        """What float32 arithmetic may take from the bound ``g.h`` of two rows."""
        return _slack(self.width, self.tail.size)

    @property
    def rounding(self) -> float:
        """Largest error, in length, of a computed x W of a row that was scaled to unit length in float32."""
        return _rounding(self.width, self.tail.size)


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
    sample = unit_rows(_scattered(x, chosen), chosen)[rng.permutation(chosen.size)]
    trial = sample[:_TRIAL]
    energy = np.einsum("ij,ij->j", sample, sample) / np.float32(max(chosen.size, 1))
    kept = _strongest(trial, energy, threshold) if _diagonal(trial, energy) else None
    basis, tail = _principal(sample, threshold, rng) if kept is None else kept
    rough = Projection(d, basis, tail, 1.0)
    widest = float(np.abs(_project(trial, rough)).max(initial=1e-3))
    return Projection(d, basis, tail, _HEADROOM * widest / largest_code())


def _scattered(x: npt.NDArray[np.floating], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.floating]:
    """The given ascending rows of (N, d) floats, a copy.

    Each row that is read from a memory map brings the pages around it, so rows from all over it would bring it whole.
    """
    out = np.empty((rows.size, x.shape[1]), x.dtype)
    for begin in range(0, rows.size, _SCATTERED):
        at = slice(begin, begin + _SCATTERED)
        out[at] = x[rows[at]]
        let_go(x)
    return out


def _diagonal(trial: Matrix, energy: npt.NDArray[np.float32]) -> bool:
    """Whether the coordinates of the rows are their principal directions, or nearly so.

    The mean square of the product of two rows is the squared length of their covariance, whose diagonal is ``energy``.
    """
    pairs = trial.shape[0] * (trial.shape[0] - 1)
    products = trial @ trial.T
    np.fill_diagonal(products, 0)
    squares = float(np.square(products).sum())
    return bool(pairs > 0 and squares <= _DIAGONAL * pairs * float(np.square(energy).sum()))


def _strongest(
    trial: Matrix, energy: npt.NDArray[np.float32], threshold: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The strongest coordinates, and the tail in further dimensions."""
    d = trial.shape[1]
    order = np.argsort(-energy, kind="stable")
    size = _cheapest(trial[:, order], d, threshold, _SPREAD)
    tail = np.zeros(size, np.float32)
    if size >= d:
        return np.arange(d), tail
    # as many dimensions as make the share of each no larger than the coordinates are
    left = trial[:, order[size - _SPREAD :]]
    lost = float(np.einsum("ij,ij->i", left, left).max(initial=0.0))
    widest = float(np.abs(trial[:, order[:size]]).max(initial=1e-3))
    spread = min(int(np.ceil(lost / widest**2)) + 1, _SPREAD)
    tail[size - spread :] = 1 / np.sqrt(spread)
    return np.sort(order[: size - spread]), tail


def _principal(sample: Matrix, threshold: float, rng: np.random.Generator) -> tuple[Matrix, npt.NDArray[np.float32]]:
    """Principal directions, mixed, and the tail mixed with them."""
    d = sample.shape[1]
    trial = sample[:_TRIAL]
    directions = _leading_directions(sample[_TRIAL:] if sample.shape[0] > 2 * _TRIAL else sample, rng)
    size = _cheapest(trial @ directions, d, threshold, 1)
    if size - 1 > directions.shape[1] and directions.shape[1] < d:
        directions = _completed(directions)
        size = _cheapest(trial @ directions, d, threshold, 1)
    kept = directions[:, : min(size - 1, d)] if size <= d else directions
    mixing = _mixing(size, rng)
    # |D|^2 is at most 1 plus the largest row sum of |D'D - I|: after the division |W| <= 1 in spite of rounding
    wide = kept.astype(np.float64)
    excess = float(np.abs(wide.T @ wide - np.eye(wide.shape[1])).sum(axis=1).max()) + 1e-6
    weights = (wide @ mixing[: wide.shape[1]] / np.sqrt(1 + excess)).astype(np.float32)
    tail = mixing[-1].astype(np.float32) if wide.shape[1] < min(d, size) else np.zeros(size, dtype=np.float32)
    return weights, tail


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
        codes, errors = aligned_codes(tiles * TILE, projection.tail.size), np.zeros(tiles)
        if before is not None:
            codes[:done], errors[: before.errors.size] = before.codes[:done], before.errors
    limit, threads = largest_code(), thread_count()

    def work(begin: int) -> tuple[int, npt.NDArray[np.float32]]:
        end = min(begin + _BLOCK, n)
        which = np.arange(begin, end) if rows is None else rows[begin:end]
        g = _project(unit_rows(x[begin:end] if rows is None else x[which], which), projection)
        q = g * np.float32(1 / projection.scale)
        np.rint(q, out=q)
        np.clip(q, -limit, limit, out=q)
        codes[begin:end] = q
        q *= np.float32(projection.scale)
        g -= q
        return begin, np.sqrt(np.einsum("ij,ij->i", g, g)) * np.float32(1.001) + np.float32(1e-6)

    with ThreadPoolExecutor(threads) as pool:
        for begin, length in in_threads(pool, work, range(done, n, _BLOCK), ahead=2 * threads):
            np.maximum.at(errors, np.arange(begin, begin + length.size) // TILE, length)
            let_go(x)
    return ByteCodes(codes, errors, projection, n)


def _rounding(d: int, k: int) -> float:
    units = (_STRETCH + d / _STRETCH) * np.sqrt(k) + d + 16
    return float(units * 2.0**-24 * 1.01)


def _slack(d: int, k: int) -> float:
    return 3 * _rounding(d, k) + 1e-4


def _project(unit: Matrix, projection: Projection) -> Matrix:
    basis = projection.basis
    if basis.ndim == 1:
        g: Matrix = np.zeros((unit.shape[0], projection.tail.size), np.float32)
        last = int(basis[-1]) + 1
        g[:, : basis.size] = unit[:, :last] if last == basis.size else unit[:, basis]
    else:
        g = unit[:, :_STRETCH] @ basis[:_STRETCH]
        for begin in range(_STRETCH, basis.shape[0], _STRETCH):
            g += unit[:, begin : begin + _STRETCH] @ basis[begin : begin + _STRETCH]
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


def _cheapest(inside: Matrix, d: int, threshold: float, spare: int) -> int:
    """Number of code dimensions with the least expected cost a pair: product plus exact checks.

    Args:
        inside: (rows, known) rows in the directions that may be kept, best first.
        d: dimensions of the rows.
        threshold: cosine similarity.
        spare: dimensions that the tail takes.
    """
    rows, known = inside.shape
    whole = -(-d // K_STEP) * K_STEP
    lost = 1 - np.cumsum(inside**2, axis=1)
    product = np.zeros((rows, rows), dtype=np.float32)
    best, least = whole, float(whole)
    done = 0
    for size in range(K_STEP, min(whole, known + spare + 1), K_STEP):
        if size >= least:
            break
        kept = size - spare
        product += inside[:, done:kept] @ inside[:, done:kept].T
        done = kept
        tail = np.sqrt(np.maximum(lost[:, kept - 1], 0))
        bound = product + tail[:, None] * tail
        margin = 2 * _REMAINDER + _slack(d, size) + 3 * _rounding(d, size)
        above = np.count_nonzero(bound >= threshold - margin) - rows
        cost = size + _CHECK_COST * d * above / max(rows * (rows - 1), 1)
        if cost < least:
            best, least = size, cost
    return int(best)
