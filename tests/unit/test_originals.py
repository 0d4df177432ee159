"""What tells an original from its copies beside the pixels: names, and what files say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from image_samples import saved, scene
from rfdedup.imaging.metadata import Metadata, said
from rfdedup.keepers.originals import copy_marks, facts_of, name_marks
from rfdedup.keepers.precedence import demoted, gathered

COPIES = [
    *("a (1).jpg", "a(2).jpg", "a - Copy.jpg", "a - Copy (3).jpg", "Copy of a.jpg", "Copy (2) of a.jpg", "a copy.jpg"),
    *(
        "a copy 2.jpg",
        "a-edited.jpg",
        "a_edited.jpg",
        "a - Kopie.png",
        "Kopie von a.png",
        "a_rotated.jpg",
        "a-copy.jpg",
    ),
    *("A - COPY.JPG", "a-edited(1).jpg", "a_thumb.jpg", "a - copie.jpg", "a 副本.jpg"),
]
PLAIN = [
    "a.jpg",
    "copy.jpg",
    "IMG_2024.jpg",
    "photocopy.jpg",
    "edit.png",
    "2 (1)",
    "holiday 2024.jpg",
    ".jpg",
    "(1).jpg",
]


@pytest.mark.parametrize("name", COPIES)
def test_names_of_copies(name: str) -> None:
    marks, stem = copy_marks(name)
    assert marks >= 1
    assert stem == "a"
    assert name_marks(pa.chunked_array([[f"folder 1/{name}"]])).tolist() == [marks]


@pytest.mark.parametrize("name", [name for name in PLAIN if name != "2 (1)"])
def test_plain_names(name: str) -> None:
    assert name_marks(pa.chunked_array([[name]])).tolist() == [0]


def test_a_number_is_a_mark_beside_the_plain_name_only() -> None:
    paths = pa.chunked_array(
        [["IMG_7 2.jpg", "IMG_7.jpg"], ["b/IMG_7 2.jpg", "frame 1.png", "frame 2.png", "b/IMG_8.jpg"]]
    )
    assert name_marks(paths).tolist() == [1, 0, 0, 0, 0, 0]


@given(st.lists(st.text("ab (1)-_.copyé/2", max_size=12), max_size=8))
def test_any_name_is_judged_alike_alone_and_among_others(names: list[str]) -> None:
    marks = name_marks(pa.chunked_array([names], pa.string()))
    alone = [int(name_marks(pa.chunked_array([[name]]))[0]) for name in names]
    assert all(0 <= together - one <= 1 for together, one in zip(marks.tolist(), alone, strict=True))


def with_exif(gps: bool = True, orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x4746] = 5
    inner = exif.get_ifd(0x8769)
    inner[0x9003] = "2024:01:02 03:04:05"
    inner[0x927C] = b"maker"
    if gps:
        exif.get_ifd(0x8825).update({1: "N", 2: (1.0, 2.0, 3.0)})
    return exif.tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_exif_says(kind: str) -> None:
    found = said(saved(scene(), kind, exif=with_exif()), kind.lower())
    assert found.says == Metadata.EXIF | Metadata.GPS | Metadata.TAKEN | Metadata.RATING | Metadata.MAKER_NOTE
    assert found.orientation == 6
    assert Metadata.GPS not in said(saved(scene(), kind, exif=with_exif(gps=False)), kind.lower()).says
    assert said(saved(scene(), kind), kind.lower()).says == Metadata(0)


def test_what_xmp_profiles_and_videos_say() -> None:
    xmp = b'<x:xmpmeta><rdf:Description xmp:Rating="4"/></x:xmpmeta>'
    profile = b"\0" * 128
    assert said(saved(scene(), "JPEG", xmp=xmp), "jpeg").says == Metadata.XMP | Metadata.RATING
    assert said(saved(scene(), "WEBP", xmp=xmp), "webp").says == Metadata.XMP | Metadata.RATING
    assert said(saved(scene(), "JPEG", icc_profile=profile), "jpeg").says == Metadata.PROFILE
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", xmp.decode().replace('"4"', '"0"'))
    assert said(saved(scene(), "PNG", pnginfo=text), "png").says == Metadata.XMP
    video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 50
    assert said(saved(scene(), "JPEG") + video, "jpeg").says == Metadata.MOTION
    assert said(saved(scene(), "JPEG") + b"ftyp is a word", "jpeg").says == Metadata(0)


def test_a_tiff_says_what_its_camera_says() -> None:
    assert said(saved(scene(), "TIFF"), "tiff").says == Metadata(0)
    assert Metadata.TAKEN in said(saved(scene(), "TIFF", exif=with_exif()), "tiff").says


@given(st.binary(max_size=60), st.integers(0, 200))
def test_broken_metadata_says_nothing_and_does_no_harm(junk: bytes, at: int) -> None:
    for kind in ("jpeg", "png", "webp", "tiff", "heif", "bmp", "ppm", "gif"):
        whole = saved(scene(16, 16), "JPEG", exif=with_exif()) if kind == "jpeg" else junk
        said(whole[:at] + junk + whole[at:], kind)


@pytest.mark.parametrize(
    ("mode", "kind", "single"),
    [
        *(("L", "PNG", True), ("P", "PNG", True), ("RGB", "PNG", False), ("L", "TIFF", True), ("RGB", "TIFF", False)),
        *(("L", "BMP", True), ("RGB", "BMP", False), ("P", "GIF", True), ("L", "PPM", True), ("RGB", "PPM", False)),
    ],
)
def test_files_of_one_channel(mode: str, kind: str, single: bool) -> None:
    found = said(saved(scene().convert(mode), kind), kind.lower())
    assert found.single_channel == single
    assert found.lossless


def test_facts_are_counted_without_the_colour_profile() -> None:
    assert facts_of(np.array([0, int(Metadata.PROFILE), int(Metadata.EXIF | Metadata.MOTION)])).tolist() == [0, 0, 2]


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(st.permutations(range(n)), pair_lists(n))))
def test_demotion_honours_every_pair_that_is_not_contradicted(case: tuple[list[int], list[tuple[int, int]]]) -> None:
    order, found = case
    place = np.array(order)
    better, worse = np.array(found, np.int64).reshape(-1, 2).T
    after = demoted(place, better, worse)
    assert sorted(after.tolist()) == sorted(order)
    reach = np.zeros((len(order), len(order)), bool)
    reach[better, worse] = True
    for middle in range(len(order)):
        reach |= np.outer(reach[:, middle], reach[middle])
    for one, other in found:
        if not reach[other, one]:
            assert after[one] < after[other]
    free = [row for row in range(len(order)) if not reach[:, row].any()]
    assert sorted(free, key=lambda row: place[row]) == sorted(free, key=lambda row: after[row])


def pair_lists(n: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    return st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=15)


def test_groups_stand_where_their_best_row_stood() -> None:
    place, group = np.array([0, 1, 2, 3]), np.array([8, 5, 5, 8])
    assert gathered(place, group, [np.array([1, 0, 1, 0])]).tolist() == [1, 2, 3, 0]
    assert gathered(np.array([], np.int64), np.array([], np.int64), []).tolist() == []


@pytest.mark.parametrize("case", ["in", "motion"])
def test_the_shared_case_of_lost_metadata(case: str) -> None:
    folder = Path(__file__).parents[3] / "shared" / "cases" / "metadata-lost-king" / case
    if not folder.is_dir():
        pytest.skip("shared case metadata-lost-king is not here")
    told = {
        file.name: int(facts_of(np.array([int(said(file.read_bytes(), "jpeg").says)]))[0]) for file in folder.iterdir()
    }
    stripped = next(name for name in told if "stripped" in name or "still" in name)
    assert told.pop(stripped) == 0 < min(told.values())
