"""All pairs of 64-bit codes within a Hamming radius, exactly, by multi-index hashing.

The 64 bits are dealt to *m* tables. Codes at distance r or less agree, in at least one table t, up to f_t
bits, whenever the f_t + 1 sum to more than r: otherwise they would differ in f_t + 1 bits or more in every
table (Norouzi, Punjani, Fleet: Fast Exact Search in Hamming Space with Multi-Index Hashing, 2014).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfdedup.model.errors import DataError
from rfdedup.runtime.cpus import thread_count

Codes = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]
Distances = npt.NDArray[np.uint8]

_BITS = 64
_TABLES = (3, 4, 5, 6, 8, 11, 16)
"""Numbers of tables to choose from. With 3 a key has 22 bits; tables are addressed directly by key."""
_CANDIDATES = 1 << 18
"""Pairs that are compared at a time: a few arrays of this size stay in the cache of a core."""
_SAMPLE = 1 << 15
_SMALL = 4096
"""Fewer codes than this are all compared with each other: cheaper than planning."""
_PROBE_COST = 0.7
"""Cost of looking up one row's partner bucket, in units of one compared pair."""
_FEW = 1 << 26
"""Pairs of two sets of codes up to which all are compared, a nanosecond each: cheaper than planning."""
_TABLE = 1 << 17
"""Pairs in one table of distances, for the same reason as ``_CANDIDATES``."""


@dataclass(frozen=True)
class CodePairs:
    """Codes, and second codes of the same images that must lie within the radius as well."""

    codes: Codes
    also: Codes | None = None

    @classmethod
    def make(cls, codes: npt.ArrayLike, also: npt.ArrayLike | None, radius: int) -> CodePairs:
        """Checked codes, (N,) uint64 each.

        Raises:
            DataError: see ``hamming_links``; or the two differ in length.
        """
        first = check_codes(codes, radius)
        second = None if also is None else check_codes(also, radius)
        if second is not None and second.size != first.size:
            raise DataError(f"{first.size} codes and {second.size} second codes do not fit together")
        return cls(first, second)

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> CodePairs:
        return CodePairs(self.codes[rows], None if self.also is None else self.also[rows])

    @property
    def order(self) -> Rows:
        """Rows by code, then second code, then number."""
        if self.also is None:
            return np.argsort(self.codes, kind="stable").astype(np.int64, copy=False)
        return np.lexsort((self.also, self.codes)).astype(np.int64, copy=False)

    def differ_from_previous(self) -> npt.NDArray[np.bool_]:
        """Which rows do not repeat the row before, (N,) bool."""
        fresh = np.ones(self.codes.size, dtype=bool)
        np.not_equal(self.codes[1:], self.codes[:-1], out=fresh[1:])
        if self.also is not None:
            fresh[1:] |= self.also[1:] != self.also[:-1]
        return fresh


@dataclass(frozen=True)
class CodeGroups:
    """Equal codes brought together, with the links between different ones.

    Attributes:
        codes: (M,) distinct codes, ascending; with second codes, the codes of the distinct pairs.
        members: (N,) row numbers, grouped by code, ascending in each group.
        starts: (M + 1,) group g owns ``members[starts[g]:starts[g + 1]]``.
        a, b: (L,) group numbers of linked groups, ``a < b``, sorted.
        distance: (L,) bits of the codes that differ; at least 1 without second codes.
    """

    codes: Codes
    members: Rows
    starts: Rows
    a: Rows
    b: Rows
    distance: Distances


def hamming_links(
    codes: npt.ArrayLike, radius: int, *, also: npt.ArrayLike | None = None
) -> tuple[Rows, Rows, Distances]:
    """Find every pair of rows whose codes differ in at most ``radius`` bits.

    Equal codes link all their rows pairwise, which is quadratic; ``hamming_groups`` is not.

    Args:
        codes: (N,) uint64.
        radius: 0 to 64.
        also: (N,) uint64, second codes, which must lie within the radius as well.

    Returns:
        a, b: (L,) int64 row numbers, ``a < b``, sorted by (a, b). distance: (L,) uint8.

    Raises:
        DataError: codes are not a 1-d array of uint64, or the radius is out of range.
    """
    return expand_groups(hamming_groups(codes, radius, also=also))


def hamming_groups(codes: npt.ArrayLike, radius: int, *, also: npt.ArrayLike | None = None) -> CodeGroups:
    """Like ``hamming_links``, without expanding equal codes: linear however many rows share one code."""
    rows = CodePairs.make(codes, also, radius)
    members = rows.order
    ordered = rows.take(members)
    fresh = ordered.differ_from_previous()
    starts = np.append(np.flatnonzero(fresh), members.size).astype(np.int64, copy=False)
    distinct = ordered.take(fresh)
    a, b, distance = _distinct_links(distinct, radius)
    return CodeGroups(distinct.codes, members, starts, a, b, distance)


def expand_groups(groups: CodeGroups) -> tuple[Rows, Rows, Distances]:
    """Turn links between groups into links between rows, sorted; see ``hamming_links``."""
    sizes = np.diff(groups.starts)
    own = np.flatnonzero(sizes > 1)
    left = np.concatenate([own, groups.a])
    right = np.concatenate([own, groups.b])
    distance = np.concatenate([np.zeros(own.size, dtype=np.uint8), groups.distance])
    pair, i = _ragged(sizes[left] * sizes[right])
    first = groups.members[groups.starts[left[pair]] + i // sizes[right[pair]]]
    second = groups.members[groups.starts[right[pair]] + i % sizes[right[pair]]]
    keep = (left[pair] != right[pair]) | (first < second)
    a = np.minimum(first, second)[keep]
    b = np.maximum(first, second)[keep]
    return _sorted(a, b, distance[pair[keep]], groups.members.size)


def check_codes(codes: npt.ArrayLike, radius: int) -> Codes:
    """Return the codes as (N,) uint64, or raise DataError; see ``hamming_links``."""
    rows = np.asarray(codes)
    if rows.ndim != 1 or (rows.size and rows.dtype != np.uint64):
        raise DataError(f"codes must be a 1-d array of uint64, got shape {rows.shape} and dtype {rows.dtype}")
    if rows.size >= 2**31:
        raise DataError(f"{rows.size} codes are more than one join takes (2 147 483 647)")
    if not 0 <= radius <= _BITS:
        raise DataError(f"radius = {radius}: must be between 0 and {_BITS} bits")
    return rows.astype(np.uint64, copy=False)


@dataclass(frozen=True)
class _Table:
    """One index: the bits that form its key, and how many of them may differ (-1: not searched)."""

    bits: tuple[int, ...]
    flips: int


def _distinct_links(codes: CodePairs, radius: int) -> tuple[Rows, Rows, Distances]:
    parts = list(_search(codes, radius)) if codes.codes.size > 1 and radius > 0 else []
    return _sorted(*_joined(parts), codes.codes.size)


def _sorted(a: Rows, b: Rows, distance: Distances, n: int) -> tuple[Rows, Rows, Distances]:
    order = np.argsort(a * np.int64(n) + b)
    return a[order], b[order], distance[order]


def cross_links(kings: CodePairs, rows: CodePairs, radius: int) -> tuple[Rows, Rows, Distances]:
    """Find every pair of a king and a row, two sets of codes, within ``radius`` bits.

    Returns:
        k, r: (L,) int64 places in ``kings`` and in ``rows``, in no particular order. distance: (L,) uint8.
    """
    pairs = kings.codes.size * rows.codes.size
    if pairs > _FEW:
        return _joined(list(_search(kings, radius, rows)))
    step = max(_TABLE // max(kings.codes.size, 1), 1)
    parts = [slice(begin, begin + step) for begin in range(0, rows.codes.size, step)] if pairs else []
    with ThreadPoolExecutor(thread_count()) as pool:
        return _joined(list(pool.map(lambda part: _compare(kings, rows, part, radius), parts)))


def _compare(kings: CodePairs, rows: CodePairs, part: slice, radius: int) -> tuple[Rows, Rows, Distances]:
    """Pairs of all kings with some rows."""
    distance = np.bitwise_count(rows.codes[part, None] ^ kings.codes)
    r, k = np.divmod(np.flatnonzero(distance.ravel() <= radius), kings.codes.size)
    if rows.also is not None and kings.also is not None:
        near = np.bitwise_count(rows.also[part][r] ^ kings.also[k]) <= radius
        r, k = r[near], k[near]
    return k, r + part.start, distance[r, k]


def _search(codes: CodePairs, radius: int, others: CodePairs | None = None) -> Iterator[tuple[Rows, Rows, Distances]]:
    """Pairs within ``codes``, or between ``codes`` and ``others``; each once, unsorted."""
    tables = _plan(codes.codes if others is None else np.concatenate([codes.codes, others.codes]), radius)
    with ThreadPoolExecutor(thread_count()) as pool:
        for number, table in enumerate(tables):
            if table.flips < 0:
                continue
            index = _Index.make(codes, table.bits)
            other = index if others is None else _Index.make(others, table.bits)
            masks = [
                sum(1 << bit for bit in chosen)
                for count in range(table.flips + 1)
                for chosen in itertools.combinations(range(len(table.bits)), count)
            ]
            jobs = [pool.submit(_scan, index, other, mask, tables[: number + 1], radius) for mask in masks]
            for job in jobs:
                yield job.result()


@dataclass(frozen=True)
class _Index:
    """Codes sorted by key. ``starts[k]`` is where key k begins, ``order`` where each code came from."""

    codes: Codes
    also: Codes | None
    order: npt.NDArray[np.int32]
    keys: npt.NDArray[np.uint32]
    starts: Rows

    @classmethod
    def make(cls, pairs: CodePairs, bits: tuple[int, ...]) -> _Index:
        keys = _keys(pairs.codes, bits)
        order = np.argsort(keys, kind="stable").astype(np.int32)
        starts = np.zeros((1 << len(bits)) + 1, dtype=np.int64)
        np.cumsum(np.bincount(keys, minlength=1 << len(bits)), out=starts[1:])
        ordered = pairs.take(order)
        return cls(ordered.codes, ordered.also, order, keys[order], starts)


def _scan(index: _Index, other: _Index, mask: int, tables: list[_Table], radius: int) -> tuple[Rows, Rows, Distances]:
    """Compare all codes with those whose key differs in exactly the bits of ``mask``."""
    same = index is other
    top = 1 << (mask.bit_length() - 1) if mask else 0
    found: list[tuple[Rows, Rows, Distances]] = []
    for begin in range(0, index.codes.size, _CANDIDATES):
        rows = np.arange(begin, min(begin + _CANDIDATES, index.codes.size))
        keys = index.keys[begin : begin + _CANDIDATES]
        if same and mask:
            # each pair of buckets is visited from the side whose highest flipped bit is 0
            low = (keys & np.uint32(top)) == 0
            rows, keys = rows[low], keys[low]
        partner = (keys ^ np.uint32(mask)).astype(np.int64)
        to = other.starts[partner + 1]
        since = rows + 1 if same and not mask else other.starts[partner]
        sizes = to - since
        some = sizes > 0
        rows, since, sizes = rows[some], since[some], sizes[some]
        for chunk in _slices(sizes):
            owner, i = _ragged(sizes[chunk])
            left = rows[chunk][owner]
            right = since[chunk][owner] + i
            difference = index.codes[left] ^ other.codes[right]
            distance = np.bitwise_count(difference)
            near = np.flatnonzero(distance <= radius)
            if index.also is not None and other.also is not None:
                second = np.bitwise_count(index.also[left[near]] ^ other.also[right[near]])
                near = near[second <= radius]
            near = near[_first_seen(difference[near], tables[:-1])]
            if near.size == 0:
                continue
            one = index.order[left[near]].astype(np.int64)
            two = other.order[right[near]].astype(np.int64)
            if same:
                one, two = np.minimum(one, two), np.maximum(one, two)
            found.append((one, two, distance[near]))
    return _joined(found)


def _joined(parts: list[tuple[Rows, Rows, Distances]]) -> tuple[Rows, Rows, Distances]:
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8)
    a, b, distance = (np.concatenate([part[i] for part in parts]) for i in range(3))
    return a, b, distance


def _first_seen(difference: Codes, earlier: list[_Table]) -> npt.NDArray[np.bool_]:
    """Mask of pairs that no earlier table has found, so that each is reported once."""
    fresh = np.ones(difference.size, dtype=bool)
    for table in earlier:
        part = np.uint64(sum(1 << bit for bit in table.bits))
        fresh &= np.bitwise_count(difference & part).astype(np.int16) > table.flips
    return fresh


def _slices(sizes: Rows) -> Iterator[slice]:
    """Cut rows into runs of about ``_CANDIDATES`` pairs. A single row may exceed it."""
    total = np.cumsum(sizes)
    begin = 0
    while begin < sizes.size:
        done = total[begin - 1] if begin else 0
        end = max(int(np.searchsorted(total, done + _CANDIDATES, side="right")), begin + 1)
        yield slice(begin, end)
        begin = end


def _ragged(sizes: Rows) -> tuple[Rows, Rows]:
    """For rows of the given sizes: the row of each element, and its place within the row."""
    owner = np.repeat(np.arange(sizes.size), sizes)
    ends = np.cumsum(sizes)
    return owner, np.arange(owner.size) - np.repeat(ends - sizes, sizes)


def _keys(codes: Codes, bits: tuple[int, ...]) -> npt.NDArray[np.uint32]:
    keys = np.zeros(codes.size, dtype=np.uint32)
    for place, bit in enumerate(bits):
        keys |= (((codes >> np.uint64(bit)) & np.uint64(1)) << np.uint64(place)).astype(np.uint32)
    return keys


def _plan(codes: Codes, radius: int) -> list[_Table]:
    """Choose the number of tables, and the flips of each, that compare the fewest pairs.

    Neighbouring bits of image hashes are alike, so tables take every m-th bit. The number of pairs that a
    flipped key compares is at most that of the unflipped key (Cauchy-Schwarz over the bucket sizes), which is
    estimated from a sample.
    """
    if codes.size < _SMALL:
        return [_Table((), 0)]
    step = max(codes.size // _SAMPLE, 1)
    sample = codes[::step]
    best: tuple[float, list[_Table]] = (codes.size**2 / 2.0, [_Table((), 0)])
    for count in _TABLES:
        parts = [tuple(range(first, _BITS, count)) for first in range(count)]
        pairs = [_same_key_pairs(sample, part) * step * step for part in parts]
        flips = [-1] * count
        cost = 0.0
        for _ in range(radius + 1):
            added = [
                _ways(len(part), flip + 1) * (_PROBE_COST * codes.size / 2 + load) if flip < len(part) else np.inf
                for part, flip, load in zip(parts, flips, pairs, strict=True)
            ]
            cheapest = int(np.argmin(added))
            flips[cheapest] += 1
            cost += added[cheapest]
        cost += sum(2.0 ** len(part) for part, flip in zip(parts, flips, strict=True) if flip >= 0)
        if cost < best[0]:
            best = (cost, [_Table(part, flip) for part, flip in zip(parts, flips, strict=True)])
    return best[1]


def _same_key_pairs(codes: Codes, bits: tuple[int, ...]) -> float:
    counts = np.unique(_keys(codes, bits), return_counts=True)[1].astype(np.float64)
    return float((counts * (counts - 1)).sum() / 2)


def _ways(bits: int, flips: int) -> float:
    ways = 1.0
    for i in range(flips):
        ways *= (bits - i) / (i + 1)
    return ways
