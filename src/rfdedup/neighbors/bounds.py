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

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfdedup.neighbors import coding
from rfdedup.neighbors.directions import completed, leading_directions, mixing
from rfdedup.neighbors.products import K_STEP, TILE, Codes, aligned_codes, in_threads, largest_code
from rfdedup.neighbors.vectors import Matrix, Rows, let_go, normalise, unit_rows
from rfdedup.runtime import native
from rfdedup.runtime.cpus import thread_count

_FIT = 4096
"""Rows that the principal directions are computed from, at most."""
_TRIAL = 512
"""Rows on which projections of different size are tried: pairs of one of each half, so that none counts twice."""
_ROUGH = 2048
"""Rows, those of the trial included, that tell how strong the coordinates are."""
_DIAGONAL = 1.1
"""Coordinates are principal directions when their covariance is longer than its diagonal by less than this."""
_SPREAD = 16
"""Dimensions that the tail is spread over, at most, where coordinates are kept as they are."""
_SCATTERED = 256
"""Rows of the sample that are read from a memory map before its pages are let go."""
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
    drawn = rng.choice(n, size=min(n, _FIT + _TRIAL), replace=False)
    trial, others = _sample(x, drawn[:_TRIAL]), _sample(x, drawn[_TRIAL:_ROUGH])
    energy = sum(np.einsum("ij,ij->j", part, part) for part in (trial, others)) / np.float32(max(min(n, _ROUGH), 1))
    one, other = _halves(trial)
    products = one @ other.T
    links = int(np.count_nonzero(products >= threshold))
    basis: Matrix | npt.NDArray[np.int64]
    if _diagonal(products, energy):
        basis, tail = _strongest(trial, energy, threshold, links)
    else:
        sample = np.concatenate([trial, others, _sample(x, drawn[_ROUGH:])])
        basis, tail = _principal(sample, threshold, links, rng)
    g = _project(trial, Projection(d, basis, tail, 1.0))
    widest = float(max(g.max(initial=1e-3), -g.min(initial=0.0)))
    return Projection(d, basis, tail, _HEADROOM * widest / largest_code())


def _sample(x: npt.NDArray[np.floating], rows: Rows) -> Matrix:
    """The given rows of (N, d) floats, of unit length.

    Each row that is read from a memory map brings the pages around it, so rows from all over it would bring it whole.
    """
    order, unit = np.argsort(rows), np.empty((rows.size, x.shape[1]), np.float32)
    for begin in range(0, rows.size, _SCATTERED):
        at = order[begin : begin + _SCATTERED]
        unit[at] = unit_rows(x[rows[at]], rows[at])
        let_go(x)
    return unit


def _halves(rows: Matrix) -> tuple[Matrix, Matrix]:
    half = rows.shape[0] // 2
    return rows[:half], rows[half : 2 * half]


def _diagonal(products: Matrix, energy: npt.NDArray[np.float32]) -> bool:
    """Whether the coordinates of the rows are their principal directions, or nearly so.

    The mean square of the product of two rows is the squared length of their covariance, whose diagonal is ``energy``.
    """
    squares = float(np.einsum("ij,ij->", products, products))
    return products.size > 0 and squares <= _DIAGONAL * products.size * float(np.square(energy).sum())


def _strongest(
    trial: Matrix, energy: npt.NDArray[np.float32], threshold: float, links: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The strongest coordinates, and the tail in further dimensions."""
    d = trial.shape[1]
    order = np.argsort(-energy, kind="stable")
    ordered = np.take(trial, order, axis=1)
    size = _cheapest(ordered, d, threshold, links, _SPREAD)
    tail = np.zeros(size, np.float32)
    if size >= d:
        return np.arange(d), tail
    # as many dimensions as make the share of each no larger than the coordinates are
    left = ordered[:, size - _SPREAD :]
    lost = float(np.einsum("ij,ij->i", left, left).max(initial=0.0))
    widest = float(np.abs(ordered[:, :size]).max(initial=1e-3))
    spread = min(int(np.ceil(lost / widest**2)) + 1, _SPREAD)
    tail[size - spread :] = 1 / np.sqrt(spread)
    return np.sort(order[: size - spread]), tail


def _principal(
    sample: Matrix, threshold: float, links: int, rng: np.random.Generator
) -> tuple[Matrix, npt.NDArray[np.float32]]:
    """Principal directions, mixed, and the tail mixed with them."""
    d = sample.shape[1]
    trial = sample[:_TRIAL]
    directions = leading_directions(sample[_TRIAL:] if sample.shape[0] > 2 * _TRIAL else sample, rng)
    size = _cheapest(trial @ directions, d, threshold, links, 1)
    if size - 1 > directions.shape[1] and directions.shape[1] < d:
        directions = completed(directions)
        size = _cheapest(trial @ directions, d, threshold, links, 1)
    kept = directions[:, : min(size - 1, d)] if size <= d else directions
    turn = mixing(size, rng)
    # |D|^2 is at most 1 plus the largest row sum of |D'D - I|: after the division |W| <= 1 in spite of rounding
    wide = kept.astype(np.float64)
    excess = float(np.abs(wide.T @ wide - np.eye(wide.shape[1])).sum(axis=1).max()) + 1e-6
    weights = (wide @ turn[: wide.shape[1]] / np.sqrt(1 + excess)).astype(np.float32)
    tail = turn[-1].astype(np.float32) if wide.shape[1] < min(d, size) else np.zeros(size, dtype=np.float32)
    return weights, tail


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
    make = _encoder(projection)
    threads = thread_count()

    def work(tile: int) -> tuple[int, float]:
        begin, end = max(tile * TILE, done), min((tile + 1) * TILE, n)
        names = np.arange(begin, end) if rows is None else rows[begin:end]
        left = make(x[begin:end] if rows is None else x[names], names, codes[begin:end])
        return tile, float(left.max(initial=0.0)) * 1.001 + 1e-6

    with ThreadPoolExecutor(threads) as pool:
        for tile, longest in in_threads(pool, work, range(done // TILE, -(-n // TILE)), most_waiting=2 * threads):
            errors[tile] = max(errors[tile], longest)
            let_go(x)
    return ByteCodes(codes, errors, projection, n)


def _encoder(projection: Projection) -> Callable[[npt.NDArray[np.floating], Rows, Codes], npt.NDArray[np.float32]]:
    """What writes codes of rows, (n, d) floats with their names, to (n, K) int8, and measures what they leave, (n,)."""
    basis, limit = projection.basis, largest_code()
    if not native.available():
        return lambda rows, names, out: _rounded(_project(unit_rows(rows, names), projection), projection, limit, out)
    steps = coding.Steps(projection.tail, _extra(projection), projection.scale, limit)
    if basis.ndim == 2:
        return lambda rows, names, out: coding.codes(_inside(unit_rows(rows, names), projection), steps, out)
    kept = basis.astype(np.int32)

    def keep(rows: npt.NDArray[np.floating], names: Rows, out: Codes) -> npt.NDArray[np.float32]:
        left = coding.kept_codes(rows, kept, steps, out)
        odd = np.flatnonzero(left < 0)
        if odd.size:
            some = np.empty((odd.size, out.shape[1]), np.int8)
            left[odd] = coding.codes(_inside(normalise(rows[odd], names[odd]), projection), steps, some)
            out[odd] = some
        return left

    return keep


def _rounded(g: Matrix, projection: Projection, limit: int, out: Codes) -> npt.NDArray[np.float32]:
    """Write codes of ``g``, which is lost, and measure what they leave."""
    q = g * np.float32(1 / projection.scale)
    np.rint(q, out=q)
    np.clip(q, -limit, limit, out=q)
    out[:] = q
    q *= np.float32(projection.scale)
    g -= q
    left: npt.NDArray[np.float32] = np.sqrt(np.einsum("ij,ij->i", g, g))
    return left


def _rounding(d: int, k: int) -> float:
    units = (_STRETCH + d / _STRETCH) * np.sqrt(k) + d + 16
    return float(units * 2.0**-24 * 1.01)


def _slack(d: int, k: int) -> float:
    return 3 * _rounding(d, k) + 1e-4


def _extra(projection: Projection) -> float:
    """What is added to the square of the tail, which rounding may have made too small."""
    return 3 * projection.rounding + 1e-5


def _project(unit: Matrix, projection: Projection) -> Matrix:
    g = _inside(unit, projection)
    if projection.tail.any():
        tail = np.sqrt(np.maximum(1 - np.einsum("ij,ij->i", g, g), 0) + np.float32(_extra(projection)))
        g += tail[:, None] * projection.tail
    return g


def _inside(unit: Matrix, projection: Projection) -> Matrix:
    """x W of rows of unit length, (n, K) float32."""
    basis = projection.basis
    g: Matrix
    if basis.ndim == 1:
        g = np.zeros((unit.shape[0], projection.tail.size), np.float32)
        g[:, : basis.size] = np.take(unit, np.asarray(basis, np.int64), axis=1)
        return g
    g = unit[:, :_STRETCH] @ basis[:_STRETCH]
    for begin in range(_STRETCH, basis.shape[0], _STRETCH):
        g += unit[:, begin : begin + _STRETCH] @ basis[begin : begin + _STRETCH]
    return g


def _cheapest(inside: Matrix, d: int, threshold: float, links: int, spare: int) -> int:
    """Number of code dimensions with the least expected cost a pair: product plus exact checks.

    Args:
        inside: (rows, known) rows in the directions that may be kept, best first.
        d: dimensions of the rows.
        threshold: cosine similarity.
        links: pairs of a row of each half that are checked whatever the size.
        spare: dimensions that the tail takes.
    """
    one, other = _halves(inside)
    half, known = one.shape
    whole = -(-max(d, 1) // K_STEP) * K_STEP
    product, lost = np.zeros((half, half), np.float32), np.ones(2 * half, np.float32)
    bound = np.empty_like(product)
    best, least = whole, float(whole)
    done = 0
    for size in range(K_STEP, min(whole, known + spare + 1), K_STEP):
        if size >= least:
            break
        kept = size - spare
        added = inside[: 2 * half, done:kept]
        product += np.matmul(one[:, done:kept], other[:, done:kept].T, out=bound)
        lost -= np.einsum("ij,ij->i", added, added)
        done = kept
        tail = np.sqrt(np.maximum(lost, 0))
        np.multiply(tail[:half, None], tail[half:], out=bound)
        bound += product
        margin = 2 * _REMAINDER + _slack(d, size) + 3 * _rounding(d, size)
        above = np.count_nonzero(bound >= threshold - margin) - links
        cost = size + _CHECK_COST * d * above / max(half**2, 1)
        if cost < least:
            best, least = size, cost
    return int(best)
