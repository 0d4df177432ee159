"""What each pass may do to a file: one read, one decode, and no pixels but through shared memory."""

from __future__ import annotations

import builtins
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg

import rfdedup
from image_samples import saved, scene
from in_process import InProcessPool
from rfdedup import execution, passes
from rfdedup.copies import KINDS, CopyTask
from rfdedup.encoders.preprocess import InputSpec
from rfdedup.imaging import Limits
from rfdedup.passes import MeasureTask, PrepareTask
from rfdedup.sources.folder import scan

SIDE = 640


class Meter:
    """Counts reads of files and sizes of decoded pictures."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.reads: Counter[str] = Counter()
        self.decoded: list[tuple[int, int]] = []
        decode = simplejpeg.decode_jpeg

        def counted_open(path: Any, *args: Any, **options: Any) -> Any:
            self.reads[Path(path).name] += 1
            return builtins.open(path, *args, **options)  # noqa: PTH123

        def counted_decode(*args: Any, **options: Any) -> Any:
            pixels = decode(*args, **options)
            self.decoded.append(pixels.shape[:2])
            return pixels

        patch.setattr(passes, "open", counted_open, raising=False)
        patch.setattr(simplejpeg, "decode_jpeg", counted_decode)


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Meter:
    return Meter(monkeypatch)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(saved(scene(SIDE, SIDE), "JPEG", quality=90))
    return folder


def test_pass_1_reads_once_and_decodes_once(photo: Path, meter: Meter) -> None:
    (file,) = scan([photo]).files
    found = MeasureTask(Limits(), "640")(file)
    assert isinstance(found, dict)
    assert meter.reads == {"a.jpg": 1}
    assert meter.decoded == [(SIDE, SIDE)]


@pytest.mark.parametrize(
    ("size", "decoded"), [((4000, 3000), (750, 1000)), ((3456, 5184), (648, 432)), ((6000, 4000), (500, 750))]
)
def test_photos_of_cameras_are_decoded_to_a_quarter_or_an_eighth(
    size: tuple[int, int], decoded: tuple[int, int], tmp_path: Path, meter: Meter
) -> None:
    (tmp_path / "a.jpg").write_bytes(saved(scene(200, 150).resize(size), "JPEG", quality=92))
    (file,) = scan([tmp_path]).files
    found = MeasureTask(Limits(), "640")(file)
    assert isinstance(found, dict)
    assert (found["width"], found["height"]) == size
    assert meter.decoded == [decoded]


def test_copies_of_a_file_are_made_from_one_read_and_one_decode(photo: Path, meter: Meter) -> None:
    (file,) = scan([photo]).files
    task, out = CopyTask(Limits(), InputSpec(224, 224)), np.zeros((224, 224, 3), np.uint8)
    assert [task((file, kind), out) for kind in KINDS] == [None] * len(KINDS)
    assert meter.reads == {"a.jpg": 1}
    # the other decodes are of the copies
    assert len(meter.decoded) <= 1 + len(KINDS)


def test_pass_1_sends_measurements_and_no_pixels(photo: Path) -> None:
    (file,) = scan([photo]).files
    found = MeasureTask(Limits(), "640")(file)
    assert isinstance(found, dict)
    assert not any(isinstance(value, np.ndarray) for value in found.values())
    # the thumbnail, the preview of 160 pixels, and numbers
    assert len(pickle.dumps(found)) < 768 + len(found["preview"]) + 1500
    assert len(found["preview"]) < 160 * 160


def test_pass_2_reads_once_decodes_reduced_and_writes_into_shared_memory(photo: Path, meter: Meter) -> None:
    (file,) = scan([photo]).files
    out = np.zeros((224, 224, 3), np.uint8)
    assert PrepareTask(Limits(), InputSpec(224, 224))(file, out) is None
    assert meter.reads == {"a.jpg": 1}
    assert meter.decoded == [(SIDE // 2, SIDE // 2)]
    assert out.any()


def test_pass_2_sees_survivors_only(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meter: Meter) -> None:
    first = photo / "a.jpg"
    (photo / "b.jpg").write_bytes(first.read_bytes())
    (photo / "c.jpg").write_bytes(saved(scene(SIDE, SIDE), "JPEG", quality=60))
    (photo / "dark.jpg").write_bytes(saved(scene(SIDE, SIDE).point(lambda level: level // 32), "JPEG"))
    monkeypatch.setattr(execution, "file_pool", InProcessPool)
    run = rfdedup.refine(photo, out=tmp_path / "run")
    reasons = {row["path"]: row["reason"] for row in run.verdicts.to_pylist()}
    assert reasons == {"a.jpg": None, "b.jpg": "sha256", "c.jpg": "dhash+phash", "dark.jpg": "dark"}
    assert meter.reads == {"a.jpg": 2, "b.jpg": 1, "c.jpg": 1, "dark.jpg": 1}
    assert sorted(meter.decoded) == [(SIDE // 2, SIDE // 2)] + [(SIDE, SIDE)] * 4
