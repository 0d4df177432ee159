"""What each pass may do to a file: one read, one decode, and no pixels but through shared memory."""

from __future__ import annotations

import pickle
import shutil
import time
import weakref
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import simplejpeg
from PIL import Image, ImageOps

import rfdedup
from image_samples import saved, scene
from in_process import small_set, without_workers
from rfdedup.demo.planting import shipped_photos
from rfdedup.encoders import load_encoder
from rfdedup.encoders.base import cache_key
from rfdedup.encoders.model_encoder import ModelEncoder
from rfdedup.encoders.preprocess import InputSpec
from rfdedup.executors.in_process import InProcessExecutor
from rfdedup.features.file_tasks import MeasureTask, PrepareTask
from rfdedup.features.settings import feature_key
from rfdedup.imaging import DecodeLimits
from rfdedup.metric import whitening
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import EncoderError
from rfdedup.pipeline import embedding, measuring, semantic
from rfdedup.pipeline import run as funnel
from rfdedup.pipeline.early_embedding import SampleInputs
from rfdedup.pipeline.edited_copies import KINDS, CopyTask
from rfdedup.sources import plan, reading
from rfdedup.sources.folder import scan
from rfdedup.storage.feature_store import FeatureStore
from rfdedup.storage.files import open_regular

SIDE = 640


class Meter:
    """Counts reads of files and sizes of decoded pictures."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.reads: Counter[str] = Counter()
        self.decoded: list[tuple[int, int]] = []
        decode = simplejpeg.decode_jpeg

        def counted_open(path: str) -> Any:
            self.reads[Path(path).name] += 1
            return open_regular(path)

        def counted_decode(*args: Any, **options: Any) -> Any:
            pixels = decode(*args, **options)
            self.decoded.append(pixels.shape[:2])
            return pixels

        patch.setattr(reading, "open_regular", counted_open)
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
    found = MeasureTask(DecodeLimits(), "640")(file)
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
    found = MeasureTask(DecodeLimits(), "640")(file)
    assert isinstance(found, dict)
    assert (found["width"], found["height"]) == size
    assert meter.decoded == [decoded]


def test_copies_of_a_file_are_made_from_one_read_and_one_decode(photo: Path, meter: Meter) -> None:
    (file,) = scan([photo]).files
    task, out = CopyTask(DecodeLimits(), InputSpec(224, 224)), np.zeros((224, 224, 3), np.uint8)
    assert [task((file, kind), out) for kind in KINDS] == [None] * len(KINDS)
    assert meter.reads == {"a.jpg": 1}
    # the other decodes are of the copies
    assert len(meter.decoded) <= 1 + len(KINDS)


def test_pass_1_sends_measurements_and_no_pixels(photo: Path) -> None:
    (file,) = scan([photo]).files
    found = MeasureTask(DecodeLimits(), "640")(file)
    assert isinstance(found, dict)
    assert not any(isinstance(value, np.ndarray) for value in found.values())
    # the thumbnail, the preview of 160 pixels, and numbers
    assert len(pickle.dumps(found)) < 768 + len(found["preview"]) + 1500
    assert len(found["preview"]) < 160 * 160


def test_pass_1_prepares_for_the_encoder_from_the_same_decode(photo: Path, meter: Meter) -> None:
    (file,) = scan([photo]).files
    out = np.zeros((224, 224, 3), np.uint8)
    found = MeasureTask(DecodeLimits(), "640", InputSpec(224, 224))(file, out)
    assert isinstance(found, dict)
    assert found["prepared"]
    assert meter.reads == {"a.jpg": 1}
    assert meter.decoded == [(SIDE, SIDE)]
    again = np.zeros_like(out)
    assert PrepareTask(DecodeLimits(), InputSpec(224, 224))(file, again) is None
    assert again.any()
    assert np.array_equal(out, again)


@pytest.mark.parametrize("spec", [InputSpec(224, 224), InputSpec(256, 256), InputSpec(700, 300, "bicubic")], ids=str)
@pytest.mark.parametrize("scale", ["640", "native"])
@pytest.mark.parametrize(
    "size", [(640, 640), (639, 421), (1280, 1281), (2001, 1999), (3000, 500), (90, 2400), (50, 40)], ids=str
)
def test_both_passes_show_the_encoder_the_same_pixels_or_pass_1_none(
    tmp_path: Path, size: tuple[int, int], scale: Literal["640", "native"], spec: InputSpec
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    framed = ImageOps.expand(scene(*size), border=(0, 11, 0, 5), fill=(9, 9, 9))
    (tmp_path / "a.jpg").write_bytes(saved(framed, "JPEG", quality=90, exif=exif))
    (file,) = scan([tmp_path]).files
    first, second = np.zeros((2, *spec.shape), np.uint8)
    found = MeasureTask(DecodeLimits(), scale, spec)(file, first)
    assert isinstance(found, dict)
    assert PrepareTask(DecodeLimits(), spec)(file, second) is None
    assert second.any()
    assert np.array_equal(first, second if found["prepared"] else np.zeros_like(second))
    if scale == "640" and spec.height < 640 and min(size) >= 400 and max(size) < 3000:
        assert found["prepared"]


def test_pass_2_reads_once_decodes_reduced_and_writes_into_shared_memory(tmp_path: Path, meter: Meter) -> None:
    (tmp_path / "a.jpg").write_bytes(saved(scene(2 * SIDE, 2 * SIDE), "JPEG", quality=90))
    (file,) = scan([tmp_path]).files
    out = np.zeros((224, 224, 3), np.uint8)
    assert PrepareTask(DecodeLimits(), InputSpec(224, 224))(file, out) is None
    assert meter.reads == {"a.jpg": 1}
    assert meter.decoded == [(SIDE, SIDE)]
    assert out.any()


def count_both_passes(patch: pytest.MonkeyPatch) -> None:
    """What measures and embeds works here, where the meter counts; what compares does not."""
    for module in (measuring, embedding):
        patch.setattr(module, "open_executor", lambda _config: InProcessExecutor())


def test_each_file_is_read_and_decoded_once_and_survivors_are_embedded(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meter: Meter
) -> None:
    first = photo / "a.jpg"
    (photo / "b.jpg").write_bytes(first.read_bytes())
    (photo / "c.jpg").write_bytes(saved(scene(SIDE, SIDE), "JPEG", quality=60))
    (photo / "dark.jpg").write_bytes(saved(scene(SIDE, SIDE).point(lambda level: level // 32), "JPEG"))
    count_both_passes(monkeypatch)
    run = rfdedup.refine(photo, out=tmp_path / "run")
    reasons = {row["path"]: row["reason"] for row in run.verdicts.to_pylist()}
    assert reasons == {"a.jpg": None, "b.jpg": "sha256", "c.jpg": "dhash+phash", "dark.jpg": "dark"}
    assert meter.reads == {"a.jpg": 1, "b.jpg": 1, "c.jpg": 1, "dark.jpg": 1}
    assert meter.decoded == [(SIDE, SIDE)] * 4
    assert run.info["stages"][1]["name"] == "quality + hash + embed"


def test_what_is_embedded_in_pass_1_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_workers(monkeypatch)
    images = small_set(tmp_path / "in", 6)
    once = rfdedup.refine(images, tmp_path / "once", same="meaning")
    measure = funnel.measure_files

    def backwards(files: Any, *arguments: Any) -> Any:
        return measure([[file] for shard in files[::-1] for file in shard[::-1]], *arguments)

    monkeypatch.setattr(funnel, "measure_files", backwards)
    order = rfdedup.refine(images, tmp_path / "order", same="meaning")
    monkeypatch.setattr(funnel, "measure_files", lambda *arguments: measure(*arguments[:4]))
    twice = rfdedup.refine(images, tmp_path / "twice", same="meaning")
    names = [[stage["name"] for stage in run.info["stages"]] for run in (once, twice)]
    assert "embed" in names[1]
    for other in (order, twice):
        assert other.verdicts.equals(once.verdicts)
        assert other.links.equals(once.links)


def test_images_that_the_whitening_adapts_to_are_decoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meter: Meter
) -> None:
    monkeypatch.setattr(whitening, "UNLIKE", -1.0)
    count_both_passes(monkeypatch)
    images = tmp_path / "in"
    images.mkdir()
    for file in shipped_photos()[: whitening.LEAST_POOLED + 5]:
        shutil.copy(file, images)
    held: list[weakref.ref[SampleInputs]] = []
    alive: list[bool] = []
    compare = semantic.SemanticTier._compare

    def made(*arguments: Any) -> SampleInputs:
        held_inputs = SampleInputs(*arguments)
        held.append(weakref.ref(held_inputs))
        return held_inputs

    def noted(*arguments: Any) -> Any:
        alive.append(held[-1]() is not None)
        return compare(*arguments)

    monkeypatch.setattr(funnel, "SampleInputs", made)
    monkeypatch.setattr(semantic.SemanticTier, "_compare", noted)
    once = rfdedup.refine(images, tmp_path / "once", same="meaning")
    assert once.info["encoder"]["whitening"]["source"] == "pooled"
    # they are gone before anything is compared
    assert set(alive) == {False}
    assert set(meter.reads.values()) == {1}
    assert len(meter.reads) == len(meter.decoded) == whitening.LEAST_POOLED + 5
    # as after a crash, when what was held is gone
    measure = funnel.measure_files
    monkeypatch.setattr(funnel, "measure_files", lambda *arguments: measure(*arguments[:5]))
    twice = rfdedup.refine(images, tmp_path / "twice", same="meaning")
    assert set(meter.reads.values()) == {3}
    stages = [{stage["name"]: stage["images"] for stage in run.info["stages"]} for run in (once, twice)]
    assert stages[0]["adapt"] == stages[1]["re-measure"] == len(meter.reads)
    assert "re-measure" not in stages[0]
    assert "adapt" not in stages[1]
    assert twice.info["encoder"] == once.info["encoder"]
    assert twice.verdicts.equals(once.verdicts)
    assert twice.links.equals(once.links)


def test_an_encoder_that_fails_costs_its_embeddings_and_no_measurements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_workers(monkeypatch)
    images = small_set(tmp_path / "in", 6)
    encoder = load_encoder("efficientnet-lite0")
    calls: list[int] = []

    class Failing(ModelEncoder):
        def embed(self, batch: Any) -> Any:
            calls.append(len(batch))
            if len(calls) > 1:
                raise EncoderError("the device is gone")
            return super().embed(batch)

    broken = Failing(encoder.card, encoder._runtime, encoder.key)  # type: ignore[attr-defined]
    with pytest.raises(EncoderError, match="the device is gone"):
        rfdedup.refine(images, tmp_path / "run", encoder=broken)
    store = FeatureStore(tmp_path / "run" / "features", feature_key=feature_key(RunConfig()))
    assert store.metadata().num_rows == len(list(images.iterdir()))
    assert sum(store.embedded(number, cache_key(broken)).sum() for number in store.shards) == calls[0]


def test_an_encoder_that_fails_once_stops_the_run_also_where_a_shard_is_written_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_workers(monkeypatch)
    monkeypatch.setattr(plan, "SHARD_ROWS", 1)
    images = small_set(tmp_path / "in", 6)
    encoder = load_encoder("efficientnet-lite0")
    calls: list[int] = []

    class FailingOnce(ModelEncoder):
        def embed(self, batch: Any) -> Any:
            calls.append(len(batch))
            if len(calls) == 1:
                # the shard is to be written before this is known
                time.sleep(0.2)
                raise EncoderError("the device is gone")
            return super().embed(batch)

    broken = FailingOnce(encoder.card, encoder._runtime, encoder.key)  # type: ignore[attr-defined]
    with pytest.raises(EncoderError, match="the device is gone"):
        rfdedup.refine(images, tmp_path / "run", encoder=broken)


def test_waiting_for_a_disk_is_not_remembered_and_a_costly_file_is() -> None:
    from rfdedup.storage.known_features import TRANSIENT

    assert "stalled" in TRANSIENT
    assert "timeout" not in TRANSIENT
