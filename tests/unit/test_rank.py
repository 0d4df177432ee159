"""Rank: protected, preferred, compared ones first; then the rule; and the original before what was made from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from rfdedup.imaging.metadata import Metadata
from rfdedup.keepers import rank as ranking
from rfdedup.keepers.rank import in_doubt, rank
from rfdedup.model.config import KeepConfig
from rfdedup.model.constants import THUMB_SIDE
from rfdedup.model.links import Links
from rfdedup.model.schemas import FEATURES, Tier

ORIGINAL: dict[str, Any] = {
    "width": 800,
    "height": 600,
    "bytes": 90_000,
    "format": "jpeg",
    "jpeg_quality": 90.0,
    "mtime_ns": 1000,
    "detail": 400.0,
    "fineness": 0.0,
    "seen": 10_000,
    "sharpness": 300.0,
    "colorfulness": 20.0,
    "content": 1.0,
    "contrast": 50.0,
}


def features(*changes: dict[str, Any]) -> pa.Table:
    rows = [
        dict.fromkeys(FEATURES.names)
        | {"root": "/r", "path": f"{i}.jpg", "path_bytes": b"%d.jpg" % i, "inode": i, "device": 1, "flags": []}
        | {"thumb": bytes(THUMB_SIDE * THUMB_SIDE * 3)}
        | ORIGINAL
        | change
        for i, change in enumerate(changes)
    ]
    return pa.Table.from_pylist(rows, schema=FEATURES)


def order(
    table: pa.Table, keep: KeepConfig | None = None, first: Any = None, linked: bool = True, **told: Any
) -> list[int]:
    """Rows from best to worst; every two are near-duplicates of each other."""
    n = table.num_rows
    one, other = np.triu_indices(n, 1) if linked else ([], [])
    links = Links.make(one, other, Tier.PERCEPTUAL, np.ones(len(one)))
    thumbs = np.stack([np.frombuffer(value, np.uint8) for value in table["thumb"].to_pylist()])

    def look(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        return thumbs[rows]

    place = rank(
        table, keep or KeepConfig(), links, look, first=np.arange(n) if first is None else np.array(first), **told
    )
    assert sorted(place.tolist()) == list(range(n))
    return [int(row) for row in np.argsort(place)]


@pytest.mark.parametrize(
    "copy",
    [
        {"width": 400, "height": 300, "bytes": 30_000},
        {"width": 1200, "height": 900, "fineness": -1.5, "bytes": 200_000, "mtime_ns": 2000},
        {"jpeg_quality": 10.0, "bytes": 20_000},
        {"jpeg_quality": 98.0, "bytes": 300_000, "mtime_ns": 2000},
        {"colorfulness": 0.0},
        {"content": 0.9},
    ],
    ids=["half", "enlarged", "squeezed", "inflated", "grey", "framed"],
)
def test_the_original_comes_before_a_copy_whichever_is_listed_first(copy: dict[str, Any]) -> None:
    assert order(features({}, copy)) == [0, 1]
    assert order(features(copy, {})) == [1, 0]


def test_one_that_others_do_not_resemble_was_changed() -> None:
    plain, marked = bytes([100] * 768), bytes([100, 160] * 384)
    table = features({"thumb": marked}, {"thumb": plain}, {"thumb": plain})
    assert order(table)[-1] == 0


def test_equals_are_ordered_by_path() -> None:
    assert order(features({}, {}, {})) == [0, 1, 2]
    assert order(features({}, {}, {}), linked=False) == [0, 1, 2]


@pytest.mark.parametrize(
    ("rule", "best"), [("largest", 1), ("sharpest", 2), ("oldest", 3), ("newest", 4), ("first", 0)]
)
def test_the_rule_decides_before_anything_else(rule: Any, best: int) -> None:
    table = features(
        {"jpeg_quality": 5.0},
        {"width": 8000, "detail": 1.0},
        {"sharpness": 9000.0, "colorfulness": 0.0},
        {"mtime_ns": 1},
        {"mtime_ns": 10**18},
    )
    assert order(table, KeepConfig(rule=rule))[0] == best


def test_protected_before_preferred_before_compared_ones() -> None:
    table = features({}, {"path": "keep/1.jpg"}, {"path": "raw/2.jpg"}, {})
    keep = KeepConfig(protect=("keep/*",), prefer=("*/2.jpg",))
    assert order(table, keep, first=[3]) == [1, 2, 3, 0]


PIXELS: dict[str, Any] = {"dhash": 5, "phash": 9, "brightness": 101.5}


def test_among_equal_pixels_the_file_that_says_most_is_king_whatever_the_time() -> None:
    stripped = PIXELS | {"mtime_ns": 1, "bytes": 99_000, "path": "a.jpg"}
    camera = PIXELS | {"mtime_ns": 2000, "metadata": int(Metadata.EXIF | Metadata.GPS), "path": "b.jpg"}
    motion = PIXELS | {
        "mtime_ns": 3000,
        "metadata": int(Metadata.EXIF | Metadata.GPS | Metadata.MOTION),
        "path": "c.jpg",
    }
    profile = PIXELS | {"mtime_ns": 4000, "metadata": int(Metadata.PROFILE), "path": "d.jpg"}
    for linked in (True, False):
        assert order(features(stripped, camera, motion, profile), linked=linked) == [2, 1, 0, 3]
    # of another picture it tells nothing
    assert order(features(stripped | {"brightness": 101.6}, camera)) == [0, 1]


def test_rows_that_were_not_measured_are_not_of_equal_pixels() -> None:
    broken = {"dhash": None, "phash": None, "metadata": 7, "mtime_ns": 5}
    assert order(features({"dhash": None, "mtime_ns": 1}, broken), linked=False) == [0, 1]


@pytest.mark.parametrize(
    "copy",
    ["IMG_1 (1).jpg", "IMG_1 - Copy.jpg", "Copy of IMG_1.jpg", "IMG_1 2.jpg", "IMG_1-edited.jpg", "IMG_1 copy.jpg"],
)
def test_plain_names_come_before_names_of_copies(copy: str) -> None:
    plain = {"path": "IMG_1.jpg"}
    assert order(features({"path": copy}, plain), linked=False) == [1, 0]
    assert order(features({"path": copy, "jpeg_quality": 91.0}, plain)) == [1, 0]
    # of equal pixels the name decides, whatever the time; of others the time tells more
    assert order(features(PIXELS | {"path": copy, "mtime_ns": 1}, PIXELS | plain)) == [1, 0]
    assert order(features({"path": copy, "mtime_ns": 1}, plain), linked=False) == [0, 1]


def test_companions_and_labels_come_first() -> None:
    table = features(PIXELS | {"path": "A_whatsapp.jpg"}, PIXELS | {"path": "IMG_0001.JPG"})
    assert order(table) == [0, 1]
    assert order(table, companions=np.array([0, 2])) == [1, 0]
    smaller = features({}, {"width": 400, "height": 300})
    assert order(smaller, labelled=np.array([False, True])) == [1, 0]


def pairs(*found: tuple[int, int]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    one, other = np.array(found, np.int64).reshape(-1, 2).T
    return one, other


def test_what_comparing_showed_to_be_worse_comes_right_behind_the_better_one() -> None:
    table = features(*({"mtime_ns": i} for i in range(5)))
    assert order(table, linked=False, worse_than=pairs((3, 0))) == [1, 2, 3, 0, 4]
    assert order(table, linked=False, worse_than=pairs((3, 0), (0, 1), (2, 4))) == [2, 3, 0, 1, 4]
    assert order(table, linked=False, worse_than=pairs((0, 1), (3, 0), (3, 0))) == [2, 3, 0, 1, 4]


def test_contradictions_are_left_out_and_rules_stay_above() -> None:
    table = features(*({"mtime_ns": i} for i in range(4)))
    assert order(table, linked=False, worse_than=pairs((1, 0), (0, 1), (3, 2))) == [0, 1, 3, 2]
    assert order(table, KeepConfig(protect=("0.jpg",)), linked=False, worse_than=pairs((3, 0))) == [0, 1, 2, 3]
    assert order(table, KeepConfig(rule="oldest"), linked=False, worse_than=pairs((3, 0))) == [0, 1, 2, 3]
    assert order(table, KeepConfig(rule="first"), linked=False, worse_than=pairs((3, 0))) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("turned", "upright"),
    [({}, {"orientation": 6}), ({}, {"metadata": 1}), ({"path": "a_rotated.jpg"}, {"path": "z.jpg"})],
    ids=["camera", "metadata", "name"],
)
def test_upright_before_turned_where_something_tells(turned: dict[str, Any], upright: dict[str, Any]) -> None:
    table = features({"mtime_ns": 1} | turned, {"mtime_ns": 2} | upright)
    assert order(table, linked=False) == [0, 1]
    assert order(table, linked=False, turned=pairs((0, 1))) == [1, 0]
    assert order(table, linked=False, turned=pairs((1, 0))) == [1, 0]
    assert order(features({}, {}), linked=False, turned=pairs((1, 0))) == [0, 1]


def test_the_order_of_rows_and_of_pairs_decides_nothing() -> None:
    rng = np.random.default_rng(4)
    times = rng.permutation(40).tolist()
    rows = [
        {"path": f"{i:02d}{rng.choice(['', ' (1)', '-edited'])}.jpg", "mtime_ns": times[i], "brightness": 5.0}
        | {"dhash": int(rng.integers(6)), "metadata": int(rng.integers(8))}
        for i in range(40)
    ]
    better, worse = rng.integers(0, 40, (2, 60))
    found = order(features(*rows), linked=False, worse_than=(better, worse))
    mixed = rng.permutation(40)
    place, turn = np.argsort(mixed), rng.permutation(60)
    told = place[better][turn], place[worse][turn]
    again = order(features(*(rows[i] for i in mixed)), linked=False, worse_than=told)
    assert [int(mixed[i]) for i in again] == found


def test_missing_measurements_are_no_failure() -> None:
    assert order(features({}, {"detail": None, "jpeg_quality": None, "content": None, "fineness": None}))[0] == 0


LARGE: dict[str, Any] = {"width": 1500, "height": 1125, "seen": 750, "mtime_ns": 2000}


def doubtful(*changes: dict[str, Any]) -> list[int]:
    n = len(changes)
    one, other = np.triu_indices(n, 1)
    found = in_doubt(features(*changes), Links.make(one, other, Tier.SEMANTIC, np.ones(len(one))))
    return [int(row) for row in found]


def test_what_a_reduced_decode_hides_is_looked_at_again() -> None:
    assert doubtful({"width": 1000, "height": 750, "seen": 1000}, LARGE) == [1]
    assert doubtful({"width": 1300, "height": 975, "seen": 650}, LARGE) == [0, 1]


@pytest.mark.parametrize(
    "other",
    [
        {"width": 1500, "height": 1125, "seen": 750},
        {"width": 400, "height": 300, "seen": 400},
        {"width": 1600, "height": 1200, "seen": 800, "content": 0.9},
    ],
    ids=["same size", "small enough to compare with the reduction", "framed"],
)
def test_no_second_look_where_sizes_are_clear(other: dict[str, Any]) -> None:
    assert doubtful(other, LARGE) == []


def test_cameras_are_not_taken_for_enlargements() -> None:
    camera = {"width": 4000, "height": 3000, "seen": 1000, "fineness": -2.0}
    half = {"width": 2000, "height": 1500, "seen": 1000}
    assert doubtful(camera, half) == []
    assert order(features(camera, half)) == [0, 1]


def test_an_enlargement_is_not_hidden_by_its_reduced_decode() -> None:
    original = {"width": 1000, "height": 750, "seen": 1000}
    # reduced to 750 pixels it is as fine as the original, at full size it is not
    assert order(features(original, LARGE | {"seen": 1500, "fineness": -0.8})) == [0, 1]
    assert order(features(original, LARGE | {"fineness": 0.0})) == [1, 0]


def test_strong_compression_is_not_enlarging() -> None:
    squeezed = {"width": 1200, "height": 900, "fineness": -2.0, "jpeg_quality": 10.0, "mtime_ns": 2000}
    assert order(features(squeezed, {})) == [0, 1]


def test_a_mark_in_the_margin_makes_no_picture_larger() -> None:
    marked = {"content": 0.87, "bytes": 90_001, "mtime_ns": 2000}
    assert order(features(marked, {"content": 0.79})) == [1, 0]


def test_thumbnails_are_compared_in_parts_where_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    thumbs = rng.integers(0, 255, (40, THUMB_SIDE**2 * 3)).astype(np.uint8)
    links = Links.join(Links.make(*rng.permutation(40).reshape(2, 20), Tier.SEMANTIC, np.ones(20)))
    links = Links.join(links, Links.make(*rng.permutation(40)[:30].reshape(2, 15), Tier.PERCEPTUAL, np.ones(15)))
    looked: list[int] = []

    def given(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        looked.append(len(rows))
        return thumbs[rows]

    whole = ranking._median_distance(40, links, given)
    monkeypatch.setattr(ranking, "_THUMBS", 16)
    assert ranking._median_distance(40, links, given).tolist() == whole.tolist()
    assert looked[0] == 40
    assert max(looked[1:]) <= 8
    every = thumbs[links.a].astype(np.float64) - thumbs[links.b]
    apart = np.sqrt((every**2).mean(axis=1))
    for row in range(40):
        mine = apart[(links.a == row) | (links.b == row)]
        assert whole[row] == pytest.approx(np.median(mine), rel=1e-5)
