"""RAW and JPEG of one shot, and files that travel with an image: told by their names."""

from __future__ import annotations

import numpy as np
import pytest

from rfdedup.model.errors import DataError
from rfdedup.sources.assets import paired_assets
from rfdedup.sources.companions import Companion, Siblings, companion_counts, renamed


def test_raw_and_jpeg_of_one_shot_are_one_asset() -> None:
    rows: list[tuple[bytes, str | None]] = [
        (b"/in/DSC_0.JPG", "jpeg"),
        (b"/in/DSC_0.NEF", None),
        (b"/in/dsc_0.heic", None),
        (b"/in/DSC_1.dng", "tiff"),
        (b"/in/DSC_2.jpg", "jpeg"),
        (b"/in/b/DSC_2.ARW", None),
        (b"/in/DSC_3.tif", "raw"),
        (b"/in/DSC_3.jpeg", None),
        (b"/in/x\xff.cr2", None),
        (b"/in/x\xff.jpg", "jpeg"),
        (b"/in/.nef", None),
        (b"/in/.jpg", "jpeg"),
        (b"/in/DSC_0.png", "png"),
    ]
    asset = paired_assets([name for name, _ in rows], [kind for _, kind in rows])
    assert asset.tolist() == [0, 0, 0, 3, 4, 5, 6, 6, 8, 8, 10, 11, 12]
    assert paired_assets([], []).tolist() == []


def test_paired_assets_wants_a_format_for_each_path() -> None:
    with pytest.raises(DataError, match="1 paths and 0 formats"):
        paired_assets([b"a"], [])


def test_a_million_rows_are_paired_in_bulk() -> None:
    names = [b"/p/%d.%s" % (i // 2, (b"NEF", b"jpg")[i % 2]) for i in range(200_000)]
    assert np.array_equal(paired_assets(names, [None] * len(names)), np.arange(len(names)) // 2 * 2)


FOLDER = [
    *(b"IMG_1.HEIC", b"IMG_1.MOV", b"IMG_1.aae", b"IMG_1.JPG", b"img_1.jpg.xmp"),
    *(b"T.jpg", b"T.jpg.json", b"T(1).jpg", b"T.jpg(1).json"),
    *(b"S.jpg", b"S.jpg.supplemental-metadata.json", b"S(2).jpg", b"S.jpg.supplemental-metadata(2).json"),
    *(b"U.png", b"U.png.supplemental-me.json", b"V(3).jpg", b"V(3).jpg.json"),
    *(b"a" * 44 + b".jpg", b"a" * 44 + b".j.json"),
    *(b"alone.jpg", b"unrelated.json", b"other.mp4", b"T.jpgx.json"),
]


def test_companions_of_each_kind_are_found() -> None:
    found = Siblings.of(FOLDER)

    def names(image: bytes) -> list[bytes]:
        return [name for _, name in found.companions(image)]

    assert names(b"IMG_1.HEIC") == [b"IMG_1.MOV", b"IMG_1.aae"]
    assert names(b"IMG_1.JPG") == [b"IMG_1.MOV", b"IMG_1.aae", b"img_1.jpg.xmp"]
    assert found.owners(b"IMG_1.MOV") == [b"IMG_1.HEIC", b"IMG_1.JPG"]
    assert found.owners(b"img_1.jpg.xmp") == [b"IMG_1.JPG"]
    assert names(b"T.jpg") == [b"T.jpg.json"]
    assert names(b"T(1).jpg") == [b"T.jpg(1).json"]
    assert names(b"S.jpg") == [b"S.jpg.supplemental-metadata.json"]
    assert names(b"S(2).jpg") == [b"S.jpg.supplemental-metadata(2).json"]
    assert names(b"U.png") == [b"U.png.supplemental-me.json"]
    assert names(b"V(3).jpg") == [b"V(3).jpg.json"]
    assert names(b"a" * 44 + b".jpg") == [b"a" * 44 + b".j.json"]
    assert names(b"alone.jpg") == []
    assert found.owners(b"unrelated.json") == found.owners(b"other.mp4") == []
    assert found.companions(b"IMG_1.HEIC")[0][0] == Companion.MOTION


def test_raw_files_beside_a_picture() -> None:
    found = Siblings.of([b"A.NEF", b"a.jpg", b"A.png", b"B.CR2", b"C.jpg"])
    assert found.raws(b"a.jpg") == [b"A.NEF"]
    assert found.raws(b"A.NEF") == [b"a.jpg"]
    assert found.raws(b"B.CR2") == found.raws(b"C.jpg") == []


def test_a_companion_takes_the_new_name_of_its_image() -> None:
    assert renamed(b"IMG.MOV", b"img.jpg", b"img.jpg") == b"IMG.MOV"
    assert renamed(b"IMG.MOV", b"img.jpg", b"img~1.jpg") == b"img~1.MOV"
    assert renamed(b"img.jpg.json", b"img.jpg", b"img~1.jpg") == b"img~1.jpg.json"
    assert renamed(b"img.jpg(1).json", b"img(1).jpg", b"img(1)~1.jpg") == b"img(1)~1.jpg.json"


def test_companions_are_counted_over_all_folders() -> None:
    paths = [b"/a/x.jpg", b"/a/x.mov", b"/b/x.jpg", b"/a/x.jpg.json", b"/c/x.heic", b"/c/X.AAE"]
    assert companion_counts(paths).tolist() == [2, 0, 0, 0, 1, 0]
    assert companion_counts([b"/a/x.jpg"]).tolist() == [0]
