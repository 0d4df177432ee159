"""A JPEG that shows whole in every viewer is used and says what was amended; what is cut stays an error."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from image_samples import saved, scene
from rfdedup.imaging import FLAGS, decode, probe
from rfdedup.model.errors import ImageError

SHAPES = {
    "sequential": {},
    "progressive": {"progressive": True},
    "fine colours": {"subsampling": 0},
    "restarts": {"restart_marker_blocks": 7},
    "grey": {},
}


def jpeg(shape: str) -> bytes:
    image = scene(320, 240)
    return saved(image.convert("L") if shape == "grey" else image, "JPEG", quality=88, **SHAPES[shape])


def kind_of(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        decode(data)
    return caught.value.kind


@pytest.mark.parametrize("shape", SHAPES)
def test_without_its_end_marker_a_jpeg_is_whole(shape: str) -> None:
    data = jpeg(shape)
    for cut in (1, 2):
        picture = decode(data[:-cut])
        np.testing.assert_array_equal(picture.rgb, decode(data).rgb)
        assert picture.flags == ("repaired", "no_end_marker")
    reduced = decode(data[:-2], at_least=100)
    np.testing.assert_array_equal(reduced.rgb, decode(data, at_least=100).rgb)


@pytest.mark.parametrize("shape", SHAPES)
def test_without_its_last_bytes_a_jpeg_is_used(shape: str) -> None:
    data = jpeg(shape)
    picture = decode(data[:-8])
    assert picture.flags == ("repaired", "no_end_marker", "tail_lost")
    assert set(picture.flags) <= set(FLAGS)
    differing = (picture.rgb != decode(data).rgb).any(axis=2)
    assert differing.mean() < 0.03
    assert not differing[:200].any()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.9])
def test_what_is_cut_stays_an_error(shape: str, share: float) -> None:
    data = jpeg(shape)
    for tail in (b"", b"\xff\xd9"):
        assert kind_of(data[: int(len(data) * share)] + tail) in ("truncated", "corrupt")


def test_a_progressive_jpeg_that_lacks_scans_is_cut() -> None:
    """It would show whole, and blurred."""
    data = jpeg("progressive")
    scans = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    tables = [data.rindex(b"\xff\xc4", 0, at) for at in scans[2:]]
    for at in (*scans[2:], *tables):
        assert kind_of(data[:at]) == "truncated"


def test_damage_further_up_is_no_cut() -> None:
    """A picture that lost its place lacks blocks at the end, before an end marker."""
    for share in (30, 50, 70, 85):
        for lost in (400, 1000):
            data = bytearray(jpeg("sequential"))
            at = len(data) * share // 100
            del data[at : at + lost]
            with contextlib.suppress(ImageError):
                # damage that libjpeg does not notice is no repair either
                assert decode(bytes(data)).flags == ()
    data = jpeg("sequential")
    assert kind_of(data[:10_000] + data[11_000:]) == "truncated"


def test_a_wrong_restart_marker_is_set_right() -> None:
    data = bytearray(jpeg("restarts"))
    markers = [at for at in range(len(data) - 1) if data[at] == 0xFF and 0xD0 <= data[at + 1] <= 0xD7]
    assert len(markers) > 20
    wanted = decode(bytes(data)).rgb
    for number, wrong in ((3, 0xD5), (4, 0xD0), (10, 0xD1)):
        broken = bytearray(data)
        assert broken[markers[number] + 1] != wrong
        broken[markers[number] + 1] = wrong
        picture = decode(bytes(broken))
        np.testing.assert_array_equal(picture.rgb, wanted)
        assert picture.flags == ("repaired", "restart_marker")
        assert decode(bytes(broken[:-2])).flags == ("repaired", "restart_marker", "no_end_marker")
    lost = data[: markers[5]] + data[markers[12] :]
    assert kind_of(bytes(lost)) in ("corrupt", "truncated")


@pytest.mark.parametrize("before", [b"\n", b"\r\n\r\n", b"\0" * 16, b"\xef\xbb\xbf", b" \n" * 32])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_blanks_before_a_picture_are_passed_over(before: bytes, kind: str) -> None:
    data = saved(scene(), kind)
    picture = decode(before + data)
    np.testing.assert_array_equal(picture.rgb, decode(data).rgb)
    assert picture.flags == ("repaired", "leading_bytes")
    assert probe(before + data) == probe(data)


@pytest.mark.parametrize("before", [b"x", b"ID3\3" + bytes(30), b"\n" * 65])
def test_other_bytes_before_a_picture_make_it_none(before: bytes) -> None:
    assert kind_of(before + saved(scene(), "JPEG")) == "not-an-image"


def test_whole_jpegs_are_decoded_once_and_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    from rfdedup.imaging import jpeg as module

    monkeypatch.setattr(module, "mend", lambda *_: pytest.fail("a whole JPEG was mended"))
    for shape in SHAPES:
        assert decode(jpeg(shape)).flags == ()
