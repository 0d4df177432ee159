"""Verdicts: which link proves a drop, what the table says, and that nothing unproven is let through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rfdedup.features.quality import QualityChecks
from rfdedup.model.image_set import ImageSet
from rfdedup.model.items import Item
from rfdedup.model.links import TIER_ORDER, Links
from rfdedup.model.schemas import FEATURES, LINKS, VERDICTS, Tier
from rfdedup.stages.verdicts import Duplicates, link_table, observed_flags, settle, verdict_table

THRESHOLDS = {Tier.PERCEPTUAL: 8.0, Tier.SEMANTIC: 0.6}


def features(n: int) -> pa.Table:
    rows = [
        dict.fromkeys(FEATURES.names)
        | {"root": "/r", "path": f"{i}.jpg", "path_bytes": b"%d.jpg" % i, "mtime_ns": i, "inode": i, "device": 1}
        | {"flags": [], "dhash": i, "phash": None, "thumb": bytes(768)}
        for i in range(n)
    ]
    return pa.Table.from_pylist(rows, schema=FEATURES)


def judged(n: int, **reasons: str) -> QualityChecks:
    """No reasons but those given, as ``r3="blurry"``."""
    reason = np.full(n, None, object)
    for row, name in reasons.items():
        reason[int(row[1:])] = name
    dropped = np.array([name is not None for name in reason])
    score = np.where(dropped, 12.5, np.nan)
    return QualityChecks(dropped, reason, score, np.where(dropped, 50.0, np.nan), {})


def table(duplicates: Duplicates, quality: QualityChecks | None = None, faults: Any = None) -> list[dict[str, Any]]:
    n = len(duplicates.king)
    made = verdict_table(features(n), faults or [None] * n, quality or judged(n), pa.array([["tiny"]] * n), duplicates)
    assert made.schema.equals(VERDICTS)
    rows: list[dict[str, Any]] = made.to_pylist()
    return rows


def settled(king: list[int], links: Links, representative: list[int] | None = None, protected: Any = ()) -> Duplicates:
    n = len(king)
    mask = np.zeros(n, np.bool_)
    mask[list(protected)] = True
    stands = np.arange(n) if representative is None else np.array(representative)
    return settle(np.array(king), stands, links, mask, THRESHOLDS)


def test_the_cheapest_tier_proves_a_drop() -> None:
    links = Links.join(
        Links.make([0], [1], Tier.SEMANTIC, [0.9]),
        Links.make([1], [0], Tier.PERCEPTUAL, [3]),
        Links.make([0], [2], Tier.SEMANTIC, [0.7]),
    )
    found = settled([0, 0, 0], links)
    assert [TIER_ORDER[t] for t in found.tier[1:]] == [Tier.PERCEPTUAL, Tier.SEMANTIC]
    assert found.score[1:].tolist() == [3.0, 0.7]
    assert found.tier[0] == -1
    assert np.isnan(found.score[0])


def test_equal_bytes_are_proved_by_sha256_or_by_the_link_of_their_representative() -> None:
    # 1 and 3 hold the bytes of 0 and 2; 2 falls to 0
    found = settled([0, 1, 0, 3], Links.make([0], [2], Tier.PERCEPTUAL, [4]), [0, 0, 2, 2])
    assert found.king.tolist() == [0, 0, 0, 0]
    assert [TIER_ORDER[t] for t in found.tier[1:]] == [Tier.EXACT, Tier.PERCEPTUAL, Tier.PERCEPTUAL]
    assert found.score[1:].tolist() == [1.0, 4.0, 4.0]


def test_a_protected_copy_is_its_own_king() -> None:
    found = settled([0, 1], Links.none(), [0, 0], protected=[1])
    assert found.king.tolist() == [0, 1]
    assert found.tier.tolist() == [-1, -1]


@pytest.mark.parametrize("links", [Links.none(), Links.make([0, 1], [2, 2], Tier.SEMANTIC, [0.9, 0.9])])
def test_a_king_without_a_measured_link_is_refused(links: Links) -> None:
    with pytest.raises(AssertionError, match="no measured link"):
        settled([0, 0, 2], links)


def test_the_table_names_king_reason_score_and_bound() -> None:
    links = Links.join(Links.make([0], [1], Tier.PERCEPTUAL, [3]), Links.make([2], [3], Tier.SEMANTIC, [0.75]))
    rows = table(settled([0, 0, 2, 2, 4], links), judged(5, r4="blurry"))
    names = ("verdict", "tier", "reason", "king", "score", "threshold", "group")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("keep", None, None, None, None, None, 0),
        ("drop", "perceptual", "dhash+phash", "0.jpg", 3.0, 8.0, 0),
        ("keep", None, None, None, None, None, 1),
        ("drop", "semantic", "cosine", "2.jpg", 0.75, 0.6, 1),
        ("drop", "quality", "blurry", None, 12.5, 50.0, None),
    ]
    assert (rows[1]["king_root"], rows[1]["king_path_bytes"], rows[1]["dhash"]) == ("/r", b"0.jpg", f"{1:016x}")
    assert rows[1]["flags"] == ["tiny"]


def test_a_fault_is_an_error_with_its_kind() -> None:
    rows = table(settled([0, 1], Links.none()), faults=[("truncated", "ends early"), None])
    assert (rows[0]["verdict"], rows[0]["reason"], rows[0]["error_detail"]) == ("error", "truncated", "ends early")
    assert (rows[0]["tier"], rows[0]["group"], rows[1]["verdict"]) == (None, None, "keep")


def duplicates(king: list[int], tier: list[int], score: list[float]) -> Duplicates:
    same, compared = np.full(len(king), None, object), np.full(len(king), -1)
    bounds = {Tier.EXACT: 1.0, **THRESHOLDS}
    none = np.zeros(len(king), np.uint8)
    return Duplicates(np.array(king), np.array(tier, np.int8), np.array(score), bounds, same, compared, none)


@pytest.mark.parametrize(
    ("found", "faults", "words"),
    [
        (duplicates([0, 0], [-1, 2], [np.nan, 0.59]), None, "misses its threshold"),
        (duplicates([0, 0], [-1, 2], [np.nan, np.nan]), None, "misses its threshold"),
        (duplicates([0, 0], [-1, 1], [np.nan, 9.0]), None, "misses its threshold"),
        (duplicates([0, 0], [-1, 0], [np.nan, 0.9]), None, "misses its threshold"),
        (duplicates([0, 0], [-1, -1], [np.nan, 0.9]), None, "no tier"),
        (duplicates([0, 0, 1], [-1, 2, 2], [np.nan, 0.9, 0.9]), None, "king is not kept"),
        (duplicates([0, 0], [-1, 2], [np.nan, 0.9]), [("truncated", ""), None], "king is not kept"),
        (duplicates([0, 0], [-1, 2], [np.nan, 0.9]), [None, ("truncated", "")], "failed an earlier tier"),
    ],
)
def test_nothing_unproven_becomes_a_verdict(found: Duplicates, faults: Any, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        table(found, faults=faults)


def test_a_king_that_is_junk_is_no_king() -> None:
    with pytest.raises(AssertionError, match="king is not kept"):
        table(duplicates([0, 0], [-1, 2], [np.nan, 0.9]), judged(2, r0="dark"))


def test_links_are_written_by_the_names_of_tiers() -> None:
    written = link_table(Links.join(Links.make([1], [0], Tier.EXACT, [1]), Links.make([3], [2], Tier.SEMANTIC, [0.5])))
    assert written.schema.equals(LINKS)
    assert written.to_pylist() == [
        {"a": 0, "b": 1, "tier": "exact", "score": 1.0, "same": "copy"},
        {"a": 2, "b": 3, "tier": "semantic", "score": 0.5, "same": "meaning"},
    ]


def test_flags_come_from_decoder_checks_name_and_file_system() -> None:
    names = ["a.jpg", "b.PNG", "sub.d/none", "c.tar.gif", "d.", "e.xyz"]
    formats = ["jpeg", "jpeg", "png", "png", "png", None]
    seen = pa.chunked_array([[["cmyk", "alpha"], []], [[], [], ["alpha"], []]])
    table = pa.table({"path": names, "format": formats, "flags": seen})
    files = [Item("/r", name, 1, 0, i, 1, 1 + (i in (0, 4))) for i, name in enumerate(names)]
    masks = {"tiny": np.arange(6) < 2, "alpha": np.arange(6) == 0}
    found = observed_flags(ImageSet(files, table), masks, np.arange(6) == 2)
    assert found.to_pylist() == [
        ["alpha", "cmyk", "hardlink", "tiny"],
        ["suffix_mismatch", "tiny"],
        ["protected"],
        ["suffix_mismatch"],
        ["alpha", "hardlink"],
        [],
    ]


def test_hashes_are_sixteen_digits() -> None:
    made = features(3).set_column(
        FEATURES.get_field_index("dhash"), FEATURES.field("dhash"), pa.array([2**64 - 1, None, 10], pa.uint64())
    )
    alone = duplicates([0, 1, 2], [-1, -1, -1], [np.nan] * 3)
    flags = pa.array([[]] * 3, pa.list_(pa.string()))
    assert verdict_table(made, [None] * 3, judged(3), flags, alone)["dhash"].to_pylist() == [
        "f" * 16,
        None,
        "000000000000000a",
    ]
