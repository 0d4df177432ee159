"""Animations and files of pages: all frames count, and one that shows something stands for the file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from image_samples import saved, scene
from rfdedup.features.file_tasks import MeasureTask, PrepareTask
from rfdedup.features.measurement import measure
from rfdedup.imaging import DecodeLimits, decode, probe, same_frames
from rfdedup.model.schemas import FEATURES
from rfdedup.sources.folder import scan
from rfdedup.storage.feature_store import FeatureStore
from tiff_samples import LONG, Page, tiff

KINDS = {"GIF": {}, "WEBP": {"quality": 80}, "PNG": {}, "TIFF": {}, "AVIF": {"quality": 70}}


def moving(count: int = 6, seed: int = 0, size: tuple[int, int] = (160, 120)) -> list[Image.Image]:
    """A square that crosses a scene."""
    frames = []
    for i in range(count):
        frame = scene(*size, seed).copy()
        at = i * (size[0] - 40) // max(1, count - 1)
        ImageDraw.Draw(frame).rectangle((at, 30, at + 38, 70), fill=(255, 255 - i % 100, i % 256))
        frames.append(frame)
    return frames


def file_of(frames: list[Image.Image], kind: str, **options: object) -> bytes:
    frames = [frame.copy() for frame in frames]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], **(KINDS[kind] | options))


def same(one: bytes, other: bytes) -> bool:
    a, b = measure(one), measure(other)
    forth, back = (same_frames(x.frames, x.frame_hashes, y.frames, y.frame_hashes) for x, y in ((a, b), (b, a)))
    assert forth == back
    return forth


@pytest.mark.parametrize("kind", KINDS)
def test_frames_are_counted_and_compared(kind: str) -> None:
    frames = moving()
    data = file_of(frames, kind)
    assert measure(data).frames == 6
    assert probe(data).frames == 6
    assert same(data, data)
    assert same(data, file_of(frames, "PNG"))
    assert same(data, file_of([frame.resize((80, 60), Image.Resampling.BOX) for frame in frames], kind))


@pytest.mark.parametrize("kind", KINDS)
def test_number_order_and_content_of_frames_count(kind: str) -> None:
    frames = moving()
    data = file_of(frames, kind)
    other = [*frames[:3], scene(160, 120, 5), *frames[4:]]
    assert not same(data, file_of(frames[:-1], kind))
    assert not same(data, file_of([*frames[:2], frames[3], frames[2], *frames[4:]], kind))
    assert not same(data, file_of(other, kind))
    assert not same(data, file_of([frames[0], *moving(6, 1)[1:]], kind))
    assert not same(data, saved(frames[0], "PNG"))


def test_one_changed_frame_in_many_is_seen() -> None:
    """The codes grow coarser with the number of frames, and leave none out."""
    for count in (20, 70, 300):
        frames = moving(count, size=(64, 48))
        changed = list(frames)
        changed[count // 2] = scene(64, 48, 9)
        data = file_of(frames, "PNG")
        assert len(measure(data).frame_hashes or b"") <= 1 << 14
        assert same(data, file_of([frame.resize((128, 96)) for frame in frames], "PNG"))
        assert not same(data, file_of(changed, "PNG")), count


def test_stills_have_no_more_to_say() -> None:
    found = measure(saved(scene(), "JPEG"))
    assert (found.frames, found.frame_hashes) == (1, None)
    assert same(saved(scene(), "JPEG"), saved(scene(seed=3), "PNG"))
    assert same_frames(None, None, 1, None)
    assert not same_frames(2, None, 2, None)
    assert not same_frames(2, bytes(2048), 2, bytes(7))


def test_codes_of_a_page_show_a_changed_line() -> None:
    def pages(words: str) -> bytes:
        out = []
        for number in range(3):
            page = Image.new("L", (300, 400), 255)
            draw = ImageDraw.Draw(page)
            for line in range(12):
                draw.text(
                    (30, 30 + 28 * line), f"{words if (number, line) == (2, 7) else 'same'} {line}", 0, font_size=18
                )
            out.append(page)
        return file_of(out, "TIFF", compression="tiff_lzw")

    assert same(pages("one"), pages("one"))
    assert not same(pages("one"), pages("another"))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_a_fade_in_or_a_blank_cover_does_not_stand_for_the_file(kind: str) -> None:
    picture = scene(160, 120)
    for first in (Image.new("RGB", picture.size, 0), Image.new("RGB", picture.size, (255, 255, 255))):
        fade = [first, Image.blend(first, picture, 0.3), picture]
        found, still = measure(file_of(fade, kind)), measure(saved(picture, "PNG"))
        assert abs(found.brightness - still.brightness) < 3
        assert found.sharpness > 0.7 * still.sharpness
        assert (found.width, found.height) == picture.size


def test_the_first_frame_stands_for_an_animation_that_shows_as_much_throughout() -> None:
    frames = moving()
    picture = decode(file_of(frames, "PNG"))
    assert picture.frames.best == 0
    np.testing.assert_array_equal(picture.rgb, np.asarray(frames[0]))


def test_each_reduction_shows_the_same_frame() -> None:
    """Pass 1, the encoder and the look at full size must speak of one frame."""
    picture = scene(1400, 1000)
    data = file_of([Image.new("RGB", picture.size), picture], "PNG")
    whole = decode(data)
    assert whole.frames.best == 1
    np.testing.assert_array_equal(whole.rgb, np.asarray(picture))
    for options in ({"at_least": 640}, {"longest": 320}, {"at_least": 640, "sides": (224, 224)}):
        reduced = decode(data, **options)
        assert reduced.frames == whole.frames
        assert reduced.rgb.mean() == pytest.approx(whole.rgb.mean(), abs=1)


def test_reduced_copies_and_masks_are_no_pages() -> None:
    large, small = np.asarray(scene(160, 120)), np.asarray(scene(80, 60))
    pyramid = tiff(Page(large), Page(small, tags={254: (LONG, (1,))}), Page(small, tags={254: (LONG, (4,))}))
    found = measure(pyramid)
    assert (found.frames, found.frame_hashes, found.flags) == (1, None, ())
    mixed = tiff(Page(large), Page(small, tags={254: (LONG, (1,))}), Page(np.asarray(scene(160, 120, 2))))
    assert measure(mixed).frames == 2
    assert "multi_page" in measure(mixed).flags


def test_pages_of_slightly_different_size_can_stand_for_the_file() -> None:
    blank, text = np.full((120, 160, 3), 255, np.uint8), np.asarray(scene(158, 121))
    found = measure(tiff(Page(blank), Page(text)))
    assert found.brightness < 200
    assert (found.width, found.height) == (160, 120)
    icon = measure(tiff(Page(np.asarray(scene(160, 120))), Page(np.asarray(scene(16, 12)))))
    assert (icon.width, icon.height, icon.frames) == (160, 120, 2)


def test_frames_beyond_the_limits_are_not_looked_at() -> None:
    frames = moving(5)
    data = file_of(frames, "GIF")
    for limits in (DecodeLimits(max_frames=3), DecodeLimits(max_frame_pixels=160 * 120 * 3)):
        found = measure(data, limits=limits)
        assert (found.frames, found.frame_hashes) == (5, None)
    assert not same_frames(5, None, 5, None)
    assert decode(data, limits=DecodeLimits(max_frame_pixels=1)).frames.best == 0


def test_an_animation_that_breaks_later_on_is_the_same_as_nothing() -> None:
    """Its first frames were used before, and still are."""
    whole = file_of(moving(), "WEBP")
    broken = bytearray(whole)
    broken[-40:-8] = bytes(32)
    found = measure(bytes(broken))
    assert found.frames == 6
    assert found.frame_hashes is None or found.frame_hashes != measure(whole).frame_hashes


def test_a_png_that_announces_more_frames_than_it_has() -> None:
    data = file_of(moving(3), "PNG")
    at = data.index(b"acTL")
    import zlib

    body = b"acTL" + (2**31 - 1).to_bytes(4, "big") + data[at + 8 : at + 12]
    lie = data[:at] + body + zlib.crc32(body).to_bytes(4, "big") + data[at + 16 :]
    found = measure(lie)
    assert 1 <= found.frames <= 2**31 - 1
    assert not same_frames(found.frames, found.frame_hashes, 3, measure(data).frame_hashes) or found.frames == 3


def test_frames_reach_the_store(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.gif").write_bytes(file_of(moving(), "GIF"))
    (tmp_path / "in" / "b.png").write_bytes(saved(scene(), "PNG"))
    task = MeasureTask(DecodeLimits(), "640")
    rows = []
    for file in scan([tmp_path / "in"]).files:
        found = task(file)
        assert isinstance(found, dict)
        rows.append({"root": "r", "path": file.key, "path_bytes": b"", "mtime_ns": 0, "inode": 0, "device": 0} | found)
    store = FeatureStore(tmp_path / "features", feature_key="k")
    number = store.append([{k: v for k, v in row.items() if k in FEATURES.names} for row in rows], [None, None])
    assert store.metadata()["frames"].to_pylist() == [6, 1]
    assert "frame_hashes" not in store.metadata().column_names
    codes = store.frame_hashes(np.full(3, number, np.int32), np.array([1, 0, 0], np.int32))
    assert codes[0] is None
    assert codes[1] == codes[2] == rows[0]["frame_hashes"]
    assert store.frame_hashes(np.array([-1], np.int32), np.array([-1], np.int32)) == [None]


def test_what_the_encoder_is_shown_is_the_frame_that_was_measured(tmp_path: Path) -> None:
    from rfdedup.encoders.registry import load_encoder

    spec = load_encoder("efficientnet-lite0").card.input
    picture = scene(300, 220)
    for name, data in (
        ("a.gif", file_of([Image.new("RGB", picture.size), picture], "GIF")),
        ("b.png", saved(Image.open(io.BytesIO(saved(picture, "GIF"))).convert("RGB"), "PNG")),
    ):
        (tmp_path / name).write_bytes(data)
    views = []
    for file in scan([tmp_path]).files:
        out = np.zeros(spec.shape, np.uint8)
        assert PrepareTask(DecodeLimits(), spec)(file, out) is None
        views.append(out.astype(int))
    assert np.abs(views[0] - views[1]).mean() < 4
