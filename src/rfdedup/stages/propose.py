"""Proposals: which pairs of images are worth comparing, by hashes and by embeddings. Pure functions over arrays.

A proposal decides nothing. Each image gets a bounded number of them, the nearest first, so that there are O(N) also
where everything resembles everything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt

from rfdedup.keepers.greedy_cover_codes import cover_codes
from rfdedup.keepers.selection import few_pairs, most_links
from rfdedup.model.constants import PANEL_BYTES, THUMB_SIDE
from rfdedup.model.proposals import Proposals, pair_places
from rfdedup.neighbors.cosine import sparse_links
from rfdedup.neighbors.hamming import CodePairs, cross_links
from rfdedup.neighbors.local_match import LEAST_AGREEING, agreeing, in_mirror, unpacked
from rfdedup.neighbors.sparse_codes import sparse_code_links
from rfdedup.neighbors.vectors import normalise
from rfdedup.neighbors.visual_words import sharing_parts, words_of
from rfdedup.runtime.cpus import thread_count

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
U8 = npt.NDArray[np.uint8]

_BLOCK: Final = 4096
"""Rows whose products with all others are in memory at a time."""
_LOW: Final = 8
"""Frequencies of the hash of a turned picture, in each direction."""


def by_hashes(
    rows: Rows,
    dhash: npt.NDArray[np.uint64],
    phash: npt.NDArray[np.uint64],
    distance: Callable[[Rows, Rows], Floats],
    radius: int,
    most: int,
) -> Proposals:
    """The nearest images of each by dHash and pHash.

    Args:
        rows: row numbers of images whose hashes say something.
        dhash, phash: (n,) codes of all rows.
        distance: of the thumbnails of pairs, (L,) and (L,) rows; it tells the nearest among equal hashes.
        radius: bits up to which both hashes may differ.
        most: proposals of each image.
    """
    found = sparse_code_links(dhash[rows], phash[rows], radius, most_links(len(rows)))
    a, b = rows[found.a], rows[found.b]
    dense = np.flatnonzero(found.dense)
    if len(dense):
        king = cover_codes(dhash[rows[dense]], radius, np.arange(len(dense)), also=phash[rows[dense]])
        one, other = few_pairs(np.arange(len(dense)), king)
        a, b = np.concatenate([a, rows[dense[one]]]), np.concatenate([b, rows[dense[other]]])
    bits = np.maximum(np.bitwise_count(dhash[a] ^ dhash[b]), np.bitwise_count(phash[a] ^ phash[b]))
    near = bits <= radius
    a, b, bits = a[near], b[near], bits[near]
    chosen = _nearest(a, b, bits + distance(a, b) / 256.0, most)
    return Proposals.make(a[chosen], b[chosen], bits=bits[chosen])


FORMS: Final = tuple(product((False, True), repeat=3))
"""Mirrored and turned forms of a picture: rows and columns exchanged, then mirrored left to right, then upside down."""


def turned_codes(thumbs: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Codes of the eight ``FORMS`` of grey thumbnails.

    The cosine transform of a mirrored picture is that of the picture with the odd frequencies negated, and that of a
    transposed one is transposed: so one transform tells all eight. A code is which of the 8 x 8 lowest coefficients
    exceed their median, as in pHash.

    Args:
        thumbs: (n, side, side) uint8.

    Returns:
        (8, n) uint64.
    """
    side = thumbs.shape[1]
    angles = np.pi * np.outer(np.arange(_LOW), np.arange(side) + 0.5) / side
    basis = np.cos(angles)
    low = np.round(basis @ thumbs.astype(np.float64) @ basis.T, 6)
    odd = np.where(np.arange(_LOW) % 2, -1.0, 1.0)
    codes = np.empty((len(FORMS), len(thumbs)), np.uint64)
    for number, (transposed, mirrored, flipped) in enumerate(FORMS):
        turned = low.transpose(0, 2, 1) if transposed else low
        if mirrored:
            turned = turned * odd
        if flipped:
            turned = turned * odd[:, None]
        flat = turned.reshape(len(thumbs), -1)
        bits = flat > np.median(flat, axis=1, keepdims=True) if len(flat) else flat > 0
        codes[number] = np.packbits(bits, axis=1).view(">u8").ravel()
    return codes


def by_turned_hashes(rows: Rows, codes: npt.NDArray[np.uint64], radius: int, most: int) -> Proposals:
    """Images of which one resembles a mirrored or turned form of the other.

    Pictures that resemble their own turned form are left out for that form: their copies are proposed upright.

    Args:
        rows: (m,) row numbers.
        codes: (8, m), from ``turned_codes``.
        radius: bits. most: proposals of each image.
    """
    upright, first = np.unique(codes[0], return_index=True)
    parts = [Proposals.none()]
    for number, form in enumerate(FORMS[1:], start=1):
        if form == (True, False, True):
            # the inverse of another form: the same pairs
            continue
        other_than_itself = np.flatnonzero(np.bitwise_count(codes[number] ^ codes[0]) > radius)
        turned, member = np.unique(codes[number][other_than_itself], return_inverse=True)
        one, other, bits = cross_links(CodePairs(turned), CodePairs(upright), radius)
        if not len(one):
            continue
        order = np.argsort(member, kind="stable")
        starts = np.searchsorted(member[order], np.arange(len(turned) + 1))
        counts = np.diff(starts)[one]
        pair = np.repeat(np.arange(len(one)), counts)
        within = np.arange(len(pair)) - np.repeat(np.cumsum(counts) - counts, counts)
        mine = other_than_itself[order[starts[one[pair]] + within]]
        theirs = first[other[pair]]
        apart = mine != theirs
        parts.append(Proposals.make(rows[mine[apart]], rows[theirs[apart]], bits=bits[pair][apart], turned=True))
    found = Proposals.join(*parts)
    return found.take(_nearest(found.a, found.b, found.bits.astype(np.float64), most))


def by_embeddings(rows: Rows, vectors: npt.NDArray[np.floating], floor: float, most: int) -> Proposals:
    """The nearest images of each by the cosine similarity of their descriptors.

    Args:
        rows: (m,) row numbers. vectors: (m, k) their descriptors, or a memory map of them.
        floor: least similarity of a proposal, above 0.
        most: proposals of each image.
    """
    if len(rows) < 2:
        return Proposals.none()
    found = sparse_links(vectors, floor, most_links(len(rows)))
    a, b, score = found.a, found.b, found.score.astype(np.float64)
    dense = np.flatnonzero(found.dense)
    if len(dense):
        one, other, near = _nearest_within(vectors, dense, floor, most)
        a, b, score = np.concatenate([a, one]), np.concatenate([b, other]), np.concatenate([score, near])
    proposed = Proposals.make(rows[a], rows[b], cosine=score)
    return proposed.take(_nearest(proposed.a, proposed.b, -proposed.cosine, most))


def _nearest_within(
    vectors: npt.NDArray[np.floating], dense: Rows, floor: float, most: int
) -> tuple[Rows, Rows, Floats]:
    """The nearest of each row of a dense within the dense: places, the smaller first, and similarities."""
    unit = normalise(np.asarray(vectors[dense]), dense)
    most = min(most, len(dense) - 1)
    one, other, near = [], [], []
    for begin in range(0, len(dense), _BLOCK):
        score = unit[begin : begin + _BLOCK] @ unit.T
        at = np.arange(len(score))
        score[at, begin + at] = -1.0
        best = np.argpartition(-score, most - 1, axis=1)[:, :most]
        value = np.take_along_axis(score, best, axis=1)
        i, j = np.nonzero(value >= floor)
        one.append(begin + i)
        other.append(best[i, j])
        near.append(value[i, j].astype(np.float64))
    a, b = dense[np.concatenate(one)], dense[np.concatenate(other)]
    return np.minimum(a, b), np.maximum(a, b), np.concatenate(near)


LEAST_FEATURES: Final = 24
"""Local features of both pictures from which on their disagreement says that one does not show a part of the other."""


def by_parts(rows: Rows, octets: Callable[[Rows], list[bytes]], most: int) -> Proposals:
    """Images that share a part, whatever else they show: crops, and pictures in a collage.

    Args:
        rows: (m,) row numbers. octets: local features at some places of ``rows``.
        most: images that each is looked at with.
    """
    if len(rows) < 2:
        return Proposals.none()
    blocks = (octets(np.arange(begin, min(begin + _BLOCK, len(rows)))) for begin in range(0, len(rows), _BLOCK))
    words = (words_of(unpacked(packed)[:, 4:]) for block in blocks for packed in block)
    a, b = sharing_parts(words, len(rows), most)
    count, _ = _agreements(a, b, octets, ())
    enough = count >= LEAST_AGREEING
    return Proposals.make(rows[a[enough]], rows[b[enough]], agreeing=count[enough])


PANEL_RADIUS: Final = 8
"""Bits of the hash of a thumbnail in which a panel and the picture that it shows may differ."""
PANEL_CORRELATION: Final = 0.9
"""Least correlation of both thumbnails."""


def by_panels(
    rows: Rows, panels: Callable[[Rows], list[bytes | None]], thumbs: Callable[[Rows], U8], most: int
) -> Proposals:
    """Pictures that look like a panel of another: a collage and what it is made of.

    Args:
        rows: (m,) row numbers. panels: thumbnails of the panels of some rows, see ``features.panels``.
        thumbs: grey thumbnails of some rows, (k, 256) uint8.
        most: proposals of each image. A collage of more pictures stays a collage of the others.
    """
    blocks = [rows[begin : begin + _BLOCK] for begin in range(0, len(rows), _BLOCK)]
    square = (-1, THUMB_SIDE, THUMB_SIDE)
    codes = [turned_codes(thumbs(block).reshape(square))[0] for block in blocks]
    known = CodePairs(np.concatenate(codes)) if codes else None
    parts = [Proposals.none()]
    for block in blocks:
        packed = panels(block)
        owner = np.repeat(block, [len(octets or b"") // PANEL_BYTES for octets in packed])
        if known is None or not len(owner):
            continue
        shown = np.frombuffer(b"".join(octets or b"" for octets in packed), np.uint8).reshape(-1, PANEL_BYTES)
        at, place, bits = cross_links(CodePairs(turned_codes(shown.reshape(square))[0]), known, PANEL_RADIUS)
        one, other = owner[at], rows[place]
        seen, back = np.unique(other, return_inverse=True)
        alike = (one != other) & (_correlations(shown[at], thumbs(seen)[back]) >= PANEL_CORRELATION)
        parts.append(Proposals.make(one[alike], other[alike], agreeing=64 - bits[alike].astype(np.int64)))
    found = Proposals.join(*parts)
    return found.take(_nearest(found.a, found.b, -found.agreeing.astype(np.float64), most))


def _correlations(one: U8, other: U8) -> Floats:
    """Of rows of grey levels, (n, k) each; 0 where one of them is plain. Whole numbers until the end: (n,) float64."""
    a, b = (levels.astype(np.int64) for levels in (one, other))
    k = a.shape[1]
    products = k * (a * b).sum(axis=1) - a.sum(axis=1) * b.sum(axis=1)
    spreads = [k * (levels**2).sum(axis=1) - levels.sum(axis=1) ** 2 for levels in (a, b)]
    return np.asarray(products / np.sqrt(np.maximum(spreads[0], 1).astype(np.float64) * np.maximum(spreads[1], 1)))


def unlike_in_detail(a: Rows, b: Rows, octets: Callable[[Rows], list[bytes]]) -> Mask:
    """Pairs whose local features say that neither shows a part of the other, upright or mirrored; (L,) bool.

    Pictures with few local features say nothing.

    Args:
        a, b: (L,) places. octets: local features at some places.
    """
    count, told = _agreements(a, b, octets, (in_mirror,))
    return told & (count < LEAST_AGREEING)


def _agreements(
    a: Rows, b: Rows, octets: Callable[[Rows], list[bytes]], forms: Sequence[Callable[[U8], U8]]
) -> tuple[Rows, Mask]:
    """Local features of each pair that agree, upright or in the best of ``forms``; and whether both have some.

    Pairs are sorted by ``a``.
    """
    count, told = np.zeros(len(a), np.int64), np.zeros(len(a), np.bool_)
    ones, starts = np.unique(a, return_index=True)
    ends = np.append(starts[1:], len(a))

    def look(at: int, packed: bytes) -> None:
        pairs = slice(int(starts[at]), int(ends[at]))
        one, others = unpacked(packed), [unpacked(other) for other in octets(b[pairs])]
        found = agreeing(one, others)
        for form in forms:
            found = np.maximum(found, agreeing(form(one), others))
        count[pairs] = found
        told[pairs] = [min(len(one), len(other)) >= LEAST_FEATURES for other in others]

    with ThreadPoolExecutor(thread_count()) as pool:
        for begin in range(0, len(ones), _BLOCK):
            block = range(begin, min(begin + _BLOCK, len(ones)))
            for _ in pool.map(look, block, octets(ones[block.start : block.stop])):
                pass
    return count, told


def _nearest(a: Rows, b: Rows, distance: npt.NDArray[np.floating], most: int) -> Mask:
    """Which pairs are among the ``most`` nearest of either end, (L,) bool."""
    return pair_places(a, b, distance) < most


def between(
    pairs: Sequence[Rows],
    dhash: npt.NDArray[np.uint64],
    phash: npt.NDArray[np.uint64],
    forms: npt.NDArray[np.uint64],
    radius: int,
) -> tuple[npt.NDArray[np.uint8], Mask]:
    """Distances of hashes of given pairs, as the proposals have them: bits and whether a turned form is the nearer.

    Args:
        pairs: (L,) and (L,) row numbers.
        dhash, phash: (n,) codes of all rows. forms: (8, n) from ``turned_codes``, zeros where there are none.
        radius: bits up to which the upright pair counts.
    """
    a, b = pairs
    upright = np.maximum(np.bitwise_count(dhash[a] ^ dhash[b]), np.bitwise_count(phash[a] ^ phash[b]))
    turned = np.bitwise_count(forms[1:, a] ^ forms[0, b]).min(axis=0) if len(a) else upright
    use = (upright > radius) & (turned < upright)
    return np.where(use, turned, upright).astype(np.uint8), use
