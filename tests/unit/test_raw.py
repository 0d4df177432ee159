"""RAW masters are told by their tags, developed where LibRaw is there, and never judged by their preview."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from image_samples import saved, scene
from rfdedup.features.file_tasks import MeasureTask
from rfdedup.imaging import DecodeLimits, decode, probe, sniff
from rfdedup.imaging.suffix import suffix_fits
from rfdedup.model.errors import ImageError
from rfdedup.sources.folder import scan
from tiff_samples import ASCII, LONG, SHORT, Page, master, tiff

PICTURE = np.asarray(scene(256, 192))
PREVIEW = np.asarray(scene(80, 60, seed=7))
NO_LIBRAW = r"pip install 'resnet-faiss-dedup\[raw\]'"


RAWS = {
    "nef": master(PICTURE, PREVIEW),
    "dng": master(PICTURE, PREVIEW, dng=True, make=b"Adobe\0"),
    "arw": master(PICTURE, PREVIEW, make=b"SONY\0"),
    "no maker but sensor data": tiff(Page(PREVIEW, below=[Page(PICTURE[..., 1].copy(), 32803)])),
    "linear": tiff(Page(PREVIEW, below=[Page(PICTURE, 34892)])),
    "sensor data on the second page": tiff(Page(PREVIEW), Page(PICTURE[..., 1].copy(), 32803)),
    "pentax": tiff(Page(PREVIEW, tags={259: (SHORT, (65535,))})),
    "iiq": b"II*\0\x10\0\0\0IIIITwaR" + bytes(100),
    "cr2": b"II*\0\x10\0\0\0CR\2\0" + bytes(100),
    "raf": b"FUJIFILMCCD-RAW " + bytes(100),
    "cr3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(100),
    "rw2": b"IIU\0" + bytes(100),
    "orf": b"IIRO" + bytes(100),
    "mrw": b"\0MRM" + bytes(100),
}
PICTURES = {
    "plain": tiff(Page(PICTURE)),
    "photo of a camera": tiff(Page(PICTURE, tags={271: (ASCII, b"NIKON CORPORATION\0")})),
    "pyramid": tiff(Page(PICTURE, tags={271: (ASCII, b"Leica\0")}, below=[Page(PREVIEW, tags={254: (LONG, (1,))})])),
    "thumbnail behind": tiff(Page(PICTURE), Page(PREVIEW, tags={254: (LONG, (1,))})),
}


@pytest.mark.parametrize("name", RAWS)
def test_raw_masters_without_libraw_say_how_to_get_them_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    for look in (decode, probe):
        with pytest.raises(ImageError, match=NO_LIBRAW) as caught:
            look(RAWS[name])
        assert caught.value.kind == "unsupported-format"


@pytest.mark.parametrize("name", PICTURES)
def test_tiff_photos_are_no_raw_masters(name: str) -> None:
    picture = decode(PICTURES[name])
    assert (picture.format, picture.width, picture.height) == ("tiff", 256, 192)
    np.testing.assert_array_equal(picture.rgb, PICTURE)
    assert picture.frames.count == 1
    assert picture.flags == ()


@pytest.mark.parametrize("name", ["nef", "dng"])
def test_raw_masters_are_developed_and_not_judged_by_their_preview(name: str) -> None:
    pytest.importorskip("rawpy", reason="needs rawpy, of the extra raw")
    picture = decode(RAWS[name])
    assert (picture.format, picture.width, picture.height) == ("raw", 256, 192)
    assert picture.rgb.shape == (192, 256, 3)

    def likeness(other: np.ndarray) -> float:
        mine = decode(RAWS[name], longest=64).grey().astype(float).ravel()
        theirs = decode(saved_png(other), longest=64).grey().astype(float).ravel()
        return float(np.corrcoef(mine, theirs)[0, 1])

    assert likeness(PICTURE) > 0.8
    assert likeness(PREVIEW) < 0.5
    small = decode(RAWS[name], at_least=100)
    assert (small.factor, small.rgb.shape) == (2, (96, 128, 3))


def saved_png(rgb: np.ndarray) -> bytes:
    from PIL import Image

    return saved(Image.fromarray(rgb), "PNG")


@pytest.mark.parametrize("name", ["nef", "dng", "iiq", "cr2", "raf", "cr3", "rw2", "orf", "mrw"])
@pytest.mark.parametrize("cut", [30, 2000, 40_000])
def test_broken_raw_masters_are_errors_and_never_pictures(name: str, cut: int) -> None:
    pytest.importorskip("rawpy", reason="needs rawpy, of the extra raw")
    with pytest.raises(ImageError) as caught:
        decode(RAWS[name][:cut])
    assert "\n" not in caught.value.detail
    assert "b'" not in caught.value.detail


def test_raw_masters_keep_to_the_limits() -> None:
    pytest.importorskip("rawpy", reason="needs rawpy, of the extra raw")
    with pytest.raises(ImageError) as caught:
        decode(RAWS["dng"], limits=DecodeLimits(max_pixels=256 * 192 - 1))
    assert caught.value.kind == "too-large"


def test_a_name_decides_where_tags_leave_it_open(tmp_path: Path) -> None:
    """A TIFF of a camera's maker that is named as a master may be one; a plain one that is misnamed is a picture."""
    for name, data in (
        ("a.nef", PICTURES["photo of a camera"]),
        ("b.NEF", PICTURES["plain"]),
        ("c.tif", PICTURES["photo of a camera"]),
    ):
        (tmp_path / name).write_bytes(data)
    task = MeasureTask(DecodeLimits(), "640")
    found = [task(file) for file in scan([tmp_path]).files]
    assert isinstance(found[0], tuple)
    assert found[0][0] == "unsupported-format"
    assert [each["format"] for each in found[1:] if isinstance(each, dict)] == ["tiff", "tiff"]


def test_names_of_raw_masters_fit() -> None:
    assert suffix_fits("a/DSC_0.NEF", "raw")
    assert not suffix_fits("a/DSC_0.jpg", "raw")
    assert sniff(RAWS["cr3"]) == "raw"


def test_hostile_directories_cost_little_time() -> None:
    """Directories that name each other, and more entries than a file can hold."""
    loop = bytearray(PICTURES["plain"])
    loop[-4:] = loop[4:8]
    assert decode(bytes(loop)).frames.count == 1
    crowd = b"II*\0\x08\0\0\0" + b"\xff\xff" + bytes(65535 * 12)
    with pytest.raises(ImageError):
        decode(crowd + b"\x08\0\0\0")


def test_what_was_an_error_without_libraw_is_read_again_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from rfdedup.features import settings
    from rfdedup.model.config import RunConfig

    config = RunConfig()
    keys = set()
    for found in (None, "0.27.0", "0.28.0"):
        monkeypatch.setattr(settings, "_installed", lambda name, found=found: found if name == "rawpy" else "1")
        keys.add(settings.feature_key(config))
    assert len(keys) == 3


def test_masters_are_rows_whatever_they_hold(tmp_path: Path) -> None:
    for name in ("a.pef", "b.SRW", "c.iiq", "d.3FR", "e.txt"):
        (tmp_path / name).write_bytes(b"no picture")
    assert [file.named_as_image for file in scan([tmp_path]).files] == [True, True, True, True, False]
