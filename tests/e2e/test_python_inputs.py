"""Images that Python hands over get the verdicts of the same files in a folder, and are read back later."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import rfdedup
from containers import PLACES, content_of, facts, write_parquet
from rfdedup.demo.planting import plant, shipped_photos
from rfdedup.model.errors import InputError
from rfdedup.outputs.verification.verify import verify_run
from rfdedup.pipeline.inputs import inputs_of

KINDS = ("exact", "half", "q30", "crop10")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("planted")
    return plant(shipped_photos()[:4], base / "set", kinds=KINDS, junk_every=2).images


@pytest.fixture(scope="module")
def members(photos: Path) -> dict[str, bytes]:
    return content_of(photos)


@pytest.fixture(scope="module")
def of_folder(photos: Path, members: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> rfdedup.Run:
    assert len(members) > 18
    return rfdedup.refine(photos, tmp_path_factory.mktemp("run") / "folder")


def shuffled(members: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Pairs as a stream that can be gone through once, not in the order of names."""
    yield from sorted(members.items(), key=lambda entry: entry[1][-99:])


def test_pairs_of_bytes_give_the_verdicts_of_the_folder(
    of_folder: rfdedup.Run, members: dict[str, bytes], tmp_path: Path
) -> None:
    run = rfdedup.refine(shuffled(members), tmp_path / "run")
    assert facts(run) == facts(of_folder)
    assert set(run.verdicts["root"].to_pylist()) == {str(tmp_path / "run" / "images" / "part_00000.parquet")}
    found = verify_run(run.path)
    assert sum(found.checked.values()) == run.dropped.num_rows > 10
    assert found.failed == []
    # the review page makes the run again from what it kept
    assert len(inputs_of(run.info).scan().files) == len(members)


def test_the_same_images_again_are_not_measured_again(members: dict[str, bytes], tmp_path: Path) -> None:
    some = dict(list(members.items())[:8])
    rfdedup.refine(some, tmp_path / "run", tiers=("quality", "hash"))
    again = rfdedup.refine(iter(some.items()), tmp_path / "run", tiers=("quality", "hash"), keep={"rule": "largest"})
    assert not any(stage["name"].startswith("quality") for stage in again.info["stages"])


def test_a_run_that_was_cut_off_while_images_came_goes_on(members: dict[str, bytes], tmp_path: Path) -> None:
    def breaking() -> Iterator[tuple[str, bytes]]:
        yield from list(members.items())[:3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rfdedup.refine(breaking(), tmp_path / "run")
    assert rfdedup.refine(members, tmp_path / "run", tiers=("quality", "hash")).verdicts.num_rows == len(members)


def test_arrays_and_pictures_are_judged_by_their_pixels(photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pixels"
    folder.mkdir()
    arrays = {}
    for path in sorted(photos.iterdir()):
        try:
            picture = Image.open(path).convert("RGB")
        except OSError:
            continue
        arrays[f"{path.stem}.png"] = np.asarray(picture)
        picture.save(folder / f"{path.stem}.png", compress_level=1)
    content_of(folder)
    expected = rfdedup.refine(folder, tmp_path / "folder")
    # other encoders of PNG: other bytes, by which it is told from which end a transform is measured and rounded
    away = {*PLACES, "bytes", "sha256", "transform"}
    of_arrays = rfdedup.refine(arrays, tmp_path / "arrays")
    assert facts(of_arrays, away) == facts(expected, away)
    pictures = ((name, Image.fromarray(pixels)) for name, pixels in arrays.items())
    assert facts(rfdedup.refine(pictures, tmp_path / "pictures"), away) == facts(expected, away)


def test_columns_of_paths_and_bytes(
    photos: Path, members: dict[str, bytes], of_folder: rfdedup.Run, tmp_path: Path
) -> None:
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    names = [str(photos / name) for name in members]
    assert facts(rfdedup.refine(pd.Series(names), tmp_path / "paths")) == facts(of_folder)
    table = pd.DataFrame({"key": list(members), "image": list(members.values())}).set_index("key")
    assert facts(rfdedup.refine(table["image"], tmp_path / "pandas")) == facts(of_folder)
    run = rfdedup.refine(pl.Series(list(members.values())), tmp_path / "polars", tiers=("quality", "hash"))
    names = list(members)
    by_place = {names[int(row["path"])]: row["verdict"] for row in run.verdicts.to_pylist()}
    assert sum(verdict == "error" for verdict in by_place.values()) == of_folder.errors.num_rows


def test_a_dataset_is_read_as_its_images_are_stored(members: dict[str, bytes], photos: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    good = {name: data for name, data in members.items() if Image.registered_extensions().get(Path(name).suffix)}
    write_parquet(tmp_path / "set.parquet", good)
    stored = datasets.Dataset.from_parquet(str(tmp_path / "set.parquet"), cache_dir=str(tmp_path / "cache"))
    stored = stored.cast_column("image", datasets.Image())
    expected = list(good.values())
    chosen = list(range(0, len(good), 2))
    run = rfdedup.refine(stored.select(chosen), tmp_path / "run", tiers=("quality", "hash"))
    kept = pq.read_table(tmp_path / "run" / "images" / "part_00000.parquet")["image"].to_pylist()
    assert [row["bytes"] for row in kept] == [expected[i] for i in chosen]
    assert run.verdicts["path"].to_pylist() == [f"{i:09d}" for i in range(len(chosen))]
    assert {int(key) for key in run.kept_paths} <= set(range(len(chosen)))
    # a stream has no length and no places to choose
    streamed = rfdedup.refine(stored.to_iterable_dataset(), tmp_path / "stream", tiers=("quality", "hash"))
    assert len(streamed) == len(good)
    assert isinstance(stored.features["image"], datasets.Image)
    assert stored.features["image"].decode
    # what only names files is read where they are
    paths = datasets.Dataset.from_dict({"image": [str(photos / name) for name in good]}).cast_column(
        "image", datasets.Image()
    )
    run = rfdedup.refine(paths, tmp_path / "paths", tiers=("quality", "hash"))
    assert set(run.verdicts["root"].to_pylist()) == {str(photos)}
    with pytest.raises(InputError, match="one of them, 'train'"):
        rfdedup.refine(datasets.DatasetDict({"train": stored}), tmp_path / "none")
    with pytest.raises(InputError, match="image_column"):
        rfdedup.refine(stored.add_column("second", [None] * len(good)).remove_columns("image"), tmp_path / "none")


def test_a_foreign_folder_is_not_written_to(members: dict[str, bytes], tmp_path: Path) -> None:
    shutil.copytree(shipped_photos()[0].parent, tmp_path / "mine" / "images", ignore=lambda _, names: names[2:])
    with pytest.raises(rfdedup.RfdedupError, match="holds files that no run wrote"):
        rfdedup.refine(members, tmp_path / "mine")
    with pytest.raises(InputError, match="no image"):
        rfdedup.refine({}, tmp_path / "empty")


def test_a_picture_is_never_changed(tmp_path: Path) -> None:
    stream = io.BytesIO(shipped_photos()[0].read_bytes())
    picture, array = Image.open(stream), np.asarray(Image.open(shipped_photos()[1])).copy()
    array.flags.writeable = False
    before = picture.mode, picture.size, array.tobytes()
    rfdedup.refine([picture, array], tmp_path / "run", tiers=("quality",))
    assert (picture.mode, picture.size, array.tobytes()) == before
