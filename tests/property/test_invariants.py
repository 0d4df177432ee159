"""Invariants of kings, proofs and verdicts over random links: what must hold whatever the tiers measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from rfdedup.features.quality import QualityChecks
from rfdedup.keepers.crown import crown
from rfdedup.model.links import TIER_ORDER, Links
from rfdedup.model.schemas import FEATURES, Tier
from rfdedup.stages.stored_links import worth_keeping
from rfdedup.stages.verdicts import Duplicates, settle, verdict_table

THRESHOLDS = {Tier.PERCEPTUAL: 8.0, Tier.SEMANTIC: 0.6}


@dataclass(frozen=True)
class Case:
    """Images with contents (equal numbers are equal bytes), links between contents, ranks and protection."""

    n: int
    content: tuple[int, ...]
    links: tuple[tuple[int, int, str, float], ...]
    rank: tuple[int, ...]
    protected: tuple[bool, ...]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n = draw(st.integers(1, 14))
    content = draw(st.lists(st.integers(0, n - 1), min_size=n, max_size=n))
    image = st.integers(0, n - 1)
    perceptual = st.tuples(image, image, st.just("perceptual"), st.integers(0, 8).map(float))
    semantic = st.tuples(image, image, st.just("semantic"), st.floats(0.45, 1.0))
    links = draw(st.lists(st.one_of(perceptual, semantic), max_size=30))
    rank = draw(st.permutations(range(n)))
    protected = draw(st.lists(st.sampled_from([False, False, False, True]), min_size=n, max_size=n))
    return Case(n, tuple(content), tuple(links), tuple(rank), tuple(protected))


def decide(case: Case, threshold: float = THRESHOLDS[Tier.SEMANTIC]) -> tuple[Duplicates, npt.NDArray[np.int64], Links]:
    """What the funnel does after measuring: representatives, links between them, kings, proofs."""
    rank = np.array(case.rank)
    content = np.array(case.content)
    best = {c: min(np.flatnonzero(content == c), key=lambda row: rank[row]) for c in set(case.content)}
    representative = np.array([best[c] for c in case.content], np.int64)
    unique: dict[tuple[int, int, str], float] = {}
    for a, b, tier, score in case.links:
        one, other = sorted((int(representative[a]), int(representative[b])))
        if one != other:
            unique.setdefault((one, other, tier), score)
    parts = [
        Links.make([a], [b], Tier(tier), [score])
        for (a, b, tier), score in unique.items()
        if tier == "perceptual" or score >= threshold
    ]
    links = Links.join(Links.none(), *parts)
    protected = np.array(case.protected)
    king = crown(case.n, links.a, links.b, links.score, rank, forced=protected)
    thresholds = {**THRESHOLDS, Tier.SEMANTIC: threshold}
    return settle(king, representative, links, protected, thresholds), representative, links


def table_of(case: Case, duplicates: Duplicates) -> pa.Table:
    rows = [
        dict.fromkeys(FEATURES.names)
        | {"root": "/r", "path": f"{i:02d}", "path_bytes": b"%02d" % i, "mtime_ns": 0, "inode": i, "device": 0}
        | {"flags": [], "thumb": bytes(768)}
        for i in range(case.n)
    ]
    nothing = np.full(case.n, np.nan)
    quality = QualityChecks(np.zeros(case.n, np.bool_), np.full(case.n, None, object), nothing, nothing, {})
    flags = pa.array([[]] * case.n, pa.list_(pa.string()))
    return verdict_table(pa.Table.from_pylist(rows, schema=FEATURES), [None] * case.n, quality, flags, duplicates)


@given(cases())
@settings(max_examples=150)
def test_every_drop_links_directly_to_a_kept_image_and_every_group_keeps_one(case: Case) -> None:
    duplicates, representative, links = decide(case)
    rows = table_of(case, duplicates).to_pylist()
    pairs = {(int(a), int(b)): TIER_ORDER[t] for a, b, t in zip(links.a, links.b, links.tier, strict=True)}
    groups: dict[int, list[str]] = {}
    for i, row in enumerate(rows):
        if row["group"] is not None:
            groups.setdefault(row["group"], []).append(row["verdict"])
        if row["verdict"] == "keep":
            assert (row["king"], row["tier"], row["score"], row["threshold"]) == (None, None, None, None)
            continue
        king = int(row["king"])
        assert rows[king]["verdict"] == "keep"
        assert rows[king]["group"] == row["group"]
        if row["tier"] == "exact":
            assert case.content[king] == case.content[i]
            continue
        one, other = sorted((int(representative[i]), king))
        assert (one, other) in pairs
        assert row["score"] <= row["threshold"] if row["tier"] == "perceptual" else row["score"] >= row["threshold"]
    for verdicts in groups.values():
        assert verdicts.count("keep") == 1
        assert len(verdicts) > 1


@given(cases())
@settings(max_examples=100)
def test_protected_images_are_kept(case: Case) -> None:
    duplicates, _, _ = decide(case)
    for i, protected in enumerate(case.protected):
        assert not protected or duplicates.king[i] == i


@given(cases(), st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_the_order_of_images_and_of_links_decides_nothing(case: Case, random: object) -> None:
    order = list(range(case.n))
    random.shuffle(order)  # type: ignore[attr-defined]
    place = {old: new for new, old in enumerate(order)}
    # one score for each pair, or which of several counts would depend on the order of the input
    links = {(min(a, b), max(a, b), tier): score for a, b, tier, score in case.links}
    case = Case(case.n, tuple(range(case.n)), tuple((*key, s) for key, s in links.items()), case.rank, case.protected)
    shuffled = Case(
        case.n,
        case.content,
        tuple((place[a], place[b], tier, score) for a, b, tier, score in reversed(case.links)),
        tuple(case.rank[old] for old in order),
        tuple(case.protected[old] for old in order),
    )
    one, other = decide(case)[0], decide(shuffled)[0]
    assert [place[k] for k in one.king] == [int(other.king[place[i]]) for i in range(case.n)]
    assert np.array_equal(one.tier, other.tier[[place[i] for i in range(case.n)]])
    assert np.array_equal(one.score, other.score[[place[i] for i in range(case.n)]], equal_nan=True)


@given(cases(), st.floats(0.45, 0.8), st.floats(0.0, 0.2))
@settings(max_examples=150)
def test_a_higher_threshold_drops_nothing_that_a_lower_one_would_not_link(case: Case, low: float, more: float) -> None:
    _, _, before = decide(case, low)
    duplicates, representative, _ = decide(case, low + more)
    known = set(zip(before.a.tolist(), before.b.tolist(), strict=True))
    for i, king in enumerate(duplicates.king):
        one, other = sorted((int(representative[i]), int(king)))
        assert i == king or one == other or (one, other) in known


@given(cases())
@settings(max_examples=100)
def test_the_links_that_are_written_hold_every_proof(case: Case) -> None:
    duplicates, representative, links = decide(case)
    kept = worth_keeping(links, duplicates.king, representative)
    written = set(zip(kept.a.tolist(), kept.b.tolist(), strict=True))
    for i, king in enumerate(duplicates.king):
        one, other = sorted((int(representative[i]), int(king)))
        if i != king and one != other:
            assert (one, other) in written
