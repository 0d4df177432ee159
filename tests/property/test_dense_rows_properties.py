"""Kings of the funnel where dense sets have more links than are held: those of ``crown`` on all links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfdedup.keepers import selection as selection_module
from rfdedup.keepers.constraints import Constraints, permitted
from rfdedup.keepers.crown import crown
from rfdedup.keepers.selection import KingSelection, few_pairs
from rfdedup.metric.descriptor import unit
from rfdedup.metric.margins import Bounds
from rfdedup.model.config import KeepConfig
from rfdedup.model.constants import THUMB_SIDE
from rfdedup.model.links import Links
from rfdedup.model.schemas import FEATURES, Tier
from rfdedup.neighbors.hamming import hamming_links
from rfdedup.neighbors.vectors import pair_scores
from rfdedup.pipeline.semantic import SemanticKings, SemanticTier
from rfdedup.stages.cosine_links import CosineLinks
from rfdedup.stages.perceptual import find_perceptual_links
from rfdedup.stages.verdicts import settle

Rows = npt.NDArray[np.int64]
BOUNDS = Bounds(threshold=0.8, floor=0.6, margin=0.03)
RADIUS = 8


@dataclass(frozen=True)
class World:
    """n images: hashes and thumbnails of a few kinds, descriptors of a few others, demands, and better descriptors."""

    selection: KingSelection
    dhash: npt.NDArray[np.uint64]
    phash: npt.NDArray[np.uint64]
    vectors: npt.NDArray[np.float16]
    exact: npt.NDArray[np.float32]

    @property
    def n(self) -> int:
        return len(self.dhash)


def world(seed: int, n: int, kinds: int, demanding: bool) -> World:
    rng = np.random.default_rng(seed)
    rows = [
        dict.fromkeys(FEATURES.names)
        | {"root": "/r", "path": f"{i:03d}", "path_bytes": b"%03d" % i, "inode": i, "device": 0, "flags": []}
        | {"mtime_ns": int(rng.integers(0, 5)), "bytes": int(rng.integers(1, 9)), "fineness": float(rng.normal())}
        | {"width": int(rng.integers(1, 4)) * 100, "height": 100, "content": 1.0, "colorfulness": 9.0}
        for i in range(n)
    ]
    lot, picture = rng.integers(0, kinds, n), rng.integers(0, 2, n)
    codes = rng.integers(0, 2**64, (2, kinds), dtype=np.uint64)[:, lot]
    for _ in range(int(rng.integers(0, 6))):
        codes = codes ^ (
            rng.integers(0, 2, codes.shape).astype(np.uint64) << rng.integers(0, 64, codes.shape, np.uint64)
        )
    thumbs = rng.integers(0, 255, (2, THUMB_SIDE**2 * 3)).astype(np.uint8)[picture]
    centres = rng.standard_normal((kinds, 12))
    x = unit(centres[rng.integers(0, kinds, n)] + rng.choice([0.1, 0.4, 0.7]) * rng.standard_normal((n, 12)))
    better = unit(x + 0.01 * rng.standard_normal((n, 12)))
    nobody = np.zeros(n, np.bool_)
    apart = rng.integers(0, n, (n // 4 if demanding else 0, 2))
    apart = np.unique(np.sort(apart[apart[:, 0] != apart[:, 1]]), axis=0).reshape(-1, 2)
    keep = rng.random(n) < 0.1 if demanding else nobody
    demands = Constraints(keep, nobody, apart, np.zeros(n, np.int64))
    globs = tuple(f"{i:03d}" for i in np.flatnonzero(rng.random(n) < 0.1)) if demanding else ()
    selection = KingSelection(
        pa.Table.from_pylist(rows, schema=pa.schema([f.with_nullable(True) for f in FEATURES])),
        KeepConfig(protect=globs, prefer=("*7",)),
        lambda some: thumbs[some],
        np.array([f"{i:03d}" in globs for i in range(n)], np.bool_),
        demands,
    )
    return World(selection, codes[0], codes[1], x.astype(np.float16), better)


class Tier3(SemanticTier):
    """The tier over given descriptors instead of files."""

    def __init__(self, given_world: World) -> None:
        self.world = given_world
        self.embedded: Rows = np.empty(0, np.int64)
        self._metric: Any = "settled"
        self._lost = {}

    def _have(self, rows: Rows) -> Rows:
        return rows

    def _embed(self, rows: Rows) -> None:
        self.embedded = np.union1d(self.embedded, rows)

    def _compare(self, rows: Rows, n: int, before: CosineLinks | None) -> CosineLinks:
        return CosineLinks.make(rows, n, self.world.vectors[rows], BOUNDS, lambda some: self.world.exact[some], before)


def run(case: World) -> tuple[SemanticKings, Rows]:
    """The funnel's tiers 2 and 3 over all rows: what it says, and which rows were embedded."""
    every = np.arange(case.n)
    most = selection_module.most_links(case.n)
    tier2 = find_perceptual_links(
        every, case.dhash, case.phash, np.full(case.n, 50.0), case.selection.thumbs, RADIUS, most
    )  # fmt: skip
    king = tier2.kings(case.selection, case.selection.place(tier2.evidence(case.selection, every), every))
    tier3 = Tier3(case)
    found = tier3._crown(every, tier2, king, case.selection)
    return found, tier3.embedded


def hash_pairs(case: World) -> Links:
    a, b, distance = hamming_links(case.dhash, RADIUS)
    distance = np.maximum(distance, np.bitwise_count(case.phash[a] ^ case.phash[b]))
    one, other = (case.selection.thumbs(some).astype(np.float32).reshape(len(a), THUMB_SIDE**2, 3) for some in (a, b))
    grey = (one - other) @ np.array([0.299, 0.587, 0.114], np.float32)
    grey -= grey.mean(axis=1, keepdims=True)
    bits = np.bitwise_count(case.dhash)
    held = (distance <= RADIUS) & (np.sqrt((grey**2).mean(axis=1)) <= 16)
    for end in (a, b):
        held &= (bits[end] >= 6) & (bits[end] <= 58)
    return Links.make(a[held], b[held], Tier.PERCEPTUAL, distance[held])


def cosine_pairs(case: World, rows: Rows) -> Links:
    i, j = np.triu_indices(len(rows), 1)
    a, b = rows[i], rows[j]
    score = pair_scores(case.vectors, a, b).astype(np.float64)
    close = (np.abs(score - BOUNDS.threshold) <= BOUNDS.margin) & (score >= BOUNDS.floor)
    score[close] = np.einsum("ij,ij->i", case.exact[a[close]], case.exact[b[close]], dtype=np.float64)
    held = score >= BOUNDS.threshold
    return Links.make(a[held], b[held], Tier.SEMANTIC, score[held])


CASES: dict[str, Any] = {
    "seed": st.integers(0, 2**32),
    "n": st.integers(1, 70),
    "kinds": st.integers(1, 12),
    "demanding": st.booleans(),
}


@settings(max_examples=40)
@given(**CASES, most=st.sampled_from([0, 2, 5]))
def test_kings_are_those_of_all_links(seed: int, n: int, kinds: int, demanding: bool, most: int) -> None:
    case = world(seed, n, kinds, demanding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection_module, "LEAST_DENSE", most)
        patch.setattr(selection_module, "FREE_LINKS", 0)
        found, embedded = run(case)
    every = Links.join(hash_pairs(case), cosine_pairs(case, embedded))
    demands, forced = case.selection.demands, case.selection.protected
    every = every.take(permitted(every.a, every.b, found.place, demands.keep, demands.apart))
    king = crown(n, every.a, every.b, every.score, found.place, forced=forced)
    assert found.king.tolist() == king.tolist()
    # every subject has its proof, and only some of the links are there
    thresholds = {Tier.PERCEPTUAL: float(RADIUS), Tier.SEMANTIC: BOUNDS.threshold}
    settled = settle(found.king, np.arange(n), found.links, forced | demands.keep, thresholds)
    proved = settled.tier == 2
    assert (settled.score[proved] >= BOUNDS.threshold).all()
    assert len(found.links) <= 2 * n * (most + 1 + 2 * len(selection_module.STRIDES)) + n * n * (n <= 30)


@settings(max_examples=25)
@given(**CASES)
def test_without_crowds_it_is_the_plain_rule_on_all_links(seed: int, n: int, kinds: int, demanding: bool) -> None:
    case = world(seed, n, kinds, demanding)
    found, embedded = run(case)
    selection = case.selection
    every = np.arange(n)

    def plain(links: Links, compared: Rows) -> tuple[Rows, Rows]:
        place = selection.place(links, compared)
        some = links.take(permitted(links.a, links.b, place, selection.demands.keep, selection.demands.apart))
        return crown(n, some.a, some.b, some.score, place, forced=selection.protected), place

    cheaper = hash_pairs(case)
    king, place = plain(cheaper, every)
    rows = every[king == every]
    while True:
        king, place = plain(Links.join(cheaper, cosine_pairs(case, rows)), rows)
        late = np.setdiff1d(every[king == every], rows)
        if not len(late):
            break
        rows = np.union1d(rows, late)
    assert embedded.tolist() == rows.tolist()
    assert found.place.tolist() == place.tolist()
    assert found.king.tolist() == king.tolist()


def test_a_file_that_is_lost_on_the_way_ends_the_round() -> None:
    case = world(1, 20, 2, False)

    class Lost(Tier3):
        def _embed(self, rows: Rows) -> None:
            self._lost |= {3: ("truncated", "gone")}

    every = np.arange(case.n)
    tier2 = find_perceptual_links(every, case.dhash, case.phash, np.full(20, 50.0), case.selection.thumbs, RADIUS, 99)
    found = Lost(case)._crown(every, tier2, every, case.selection)
    assert found.lost == {3: ("truncated", "gone")}


def test_pairs_of_a_crowd_are_few_and_reach_its_king() -> None:
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(9000, 4000, replace=False))
    king = rows[rng.integers(0, 3, 4000)]
    a, b = few_pairs(rows, king)
    pairs = set(zip(a.tolist(), b.tolist(), strict=True))
    assert len(pairs) == len(a) <= 4000 * (1 + len(selection_module.STRIDES))
    assert (a < b).all()
    assert all(
        (min(row, its_king), max(row, its_king)) in pairs
        for row, its_king in zip(rows, king, strict=True)
        if row != its_king
    )
    degree = np.bincount(np.concatenate([a, b]), minlength=9000)[rows]
    assert degree.min() >= 2 * len(selection_module.STRIDES) - 1
