"""A run as Python and notebooks see it, a function as encoder, and images compared without a run."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw, ImageOps

import rfdedup
from rfdedup.demo.planting import plant, shipped_photos
from rfdedup.model.errors import ConfigError, EncoderError, ImageError, InputError, MissingExtraError, RunFolderError
from rfdedup.outputs.run_features import RunFeatures


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(shipped_photos()[3:7], tmp_path_factory.mktemp("set"), kinds=("half", "grey"), junk_every=2).images


@pytest.fixture(scope="module")
def run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> rfdedup.Run:
    return rfdedup.refine(photos, tmp_path_factory.mktemp("run") / "a<b>run")


def mean_colours(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return images.reshape(len(images), 4, 56, 4, 56, 3).mean(axis=(2, 4)).reshape(len(images), -1) / 255 - 0.5


def test_a_run_is_as_long_as_its_verdicts_and_says_so(run: rfdedup.Run, photos: Path) -> None:
    assert len(run) == run.verdicts.num_rows == len(list(photos.iterdir()))
    assert run
    assert repr(run).startswith(f"Run({str(run.path)!r}: {len(run)} images: {len(run.kept)} kept")
    assert Path(run) == run.path
    assert sorted(run.kept_paths) == sorted(str(photos / name) for name in run.kept["path"].to_pylist())
    assert all(Path(path).is_file() for path in run.kept_paths)


def test_kept_images_are_a_table_and_pictures(run: rfdedup.Run, tmp_path: Path) -> None:
    table = pa.table(run.kept)
    assert table == run.kept.table
    assert run.kept == run.kept.table
    assert copy.deepcopy(run.kept) == run.kept
    pq.write_table(table, tmp_path / "kept.parquet")
    assert run.kept.num_rows == len(run.kept) == len(run.kept.to_pylist())
    assert run.verdicts.take(pa.array(run.kept.rows)) == table
    assert "kept images of" in repr(run.kept)
    html = run.dropped._repr_html_()
    assert html.count("data:image/jpeg;base64,") == len(run.dropped) <= 12
    assert "<script" not in html


def test_a_group_shows_its_pictures_and_escapes_names(run: rfdedup.Run) -> None:
    group = next(iter(run.groups()))
    assert run.verdicts["path"][group.king["row"]].as_py() == group.king["path"]
    assert all(subject["king_row"] == group.king["row"] for subject in group.subjects)
    assert repr(group.king["path"]) in repr(group)
    html = group._repr_html_()
    assert html.count("data:image/jpeg;base64,") == len(group)
    assert "the same picture" in html
    hostile = type(group)(1, {**group.king, "path": "<img src=x onerror=alert(1)>"}, group.subjects, run.path)
    assert "<img src=x" not in hostile._repr_html_()
    assert "&lt;img src=x" in hostile._repr_html_()


def test_an_explanation_is_its_lines_and_pictures(run: rfdedup.Run) -> None:
    group = next(iter(run.groups()))
    told = rfdedup.explain(run, group.subjects[0]["path"])
    assert repr(told) == "\n".join(told.lines)
    assert "dropped" in repr(told)
    assert told._repr_html_().count("data:image/jpeg;base64,") == 2
    pair = rfdedup.explain(run.path, [group.subjects[0]["path"], group.king["path"]])
    assert pair._repr_html_().count("data:image/jpeg;base64,") == 2
    told.lines.append("<b>")
    assert "<b>" not in told._repr_html_()


def test_embeddings_are_told_with_names_and_rows(run: rfdedup.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ids, rows, vectors = run.embeddings()
    features = RunFeatures.of(run.path, run.info, len(run))
    assert rows.tolist() == features.embedded().tolist()
    assert vectors.shape == (len(rows), run.info["encoder"]["dim"])
    assert (vectors == features.embeddings(rows)).all()
    assert [Path(name).name for name in ids] == [run.verdicts["path"][row].as_py() for row in rows.tolist()]
    assert not vectors.flags.writeable
    monkeypatch.setattr("rfdedup.storage.half_precision._IN_MEMORY", 1)
    mapped = run.embeddings().vectors
    assert isinstance(mapped, np.memmap)
    assert (mapped == vectors).all()


def test_a_run_without_embeddings_says_so(photos: Path, tmp_path: Path) -> None:
    hashes = rfdedup.refine(photos, tmp_path / "run", tiers=("hash",), sample=3)
    with pytest.raises(RunFolderError, match="no embeddings"):
        hashes.embeddings()


def test_verdicts_become_a_data_frame(run: rfdedup.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas")
    assert list(run.to_pandas()["path"]) == run.verdicts["path"].to_pylist()
    assert len(run.kept.to_pandas()) == len(run.kept)

    def missing() -> None:
        raise ImportError

    class Without:
        to_pandas = staticmethod(missing)

    from rfdedup.pipeline.run_images import to_pandas

    with pytest.raises(MissingExtraError, match=r"pip install 'resnet-faiss-dedup\[pandas\]'"):
        to_pandas(Without())


def test_alike_takes_what_refine_takes(run: rfdedup.Run) -> None:
    photo = shipped_photos()[4]
    expected = run.find_alike(photo, 3)
    assert run.find_alike(photo.read_bytes(), 3) == expected
    picture = Image.open(photo).convert("RGB")
    for image in (picture, np.asarray(picture)):
        found = run.find_alike(image, 3)
        assert found["path"] == expected["path"]
        assert np.allclose(found["similarity"].to_numpy(), expected["similarity"].to_numpy(), atol=2e-3)


def test_progress_is_drawn_when_asked_for(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr("rfdedup.runtime.drawn_progress.FIRST_SECONDS", 0.0)
    rfdedup.refine(photos, tmp_path / "run", tiers=("quality",), progress=True)
    monkeypatch.undo()
    assert "tier 1+2 of 3" in capsys.readouterr().err
    rfdedup.refine(photos, tmp_path / "other", tiers=("quality",), progress=False)
    assert capsys.readouterr().err == ""


# ---- a function as encoder


def test_a_function_proposes_pairs(photos: Path, tmp_path: Path) -> None:
    seen: list[int] = []

    def colours(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        seen.append(len(images))
        assert (images.dtype, images.shape[1:]) == (np.uint8, (224, 224, 3))
        result = mean_colours(images)
        images[:] = 0
        return result

    found = rfdedup.refine(photos, tmp_path / "run", encoder=colours)
    assert found.info["encoder"]["dim"] == 48
    assert found.info["encoder"]["name"] == "python:colours"
    assert found.info["config"]["semantic"]["encoder"] == "python:colours"
    assert sum(seen) > len(found.embeddings().rows) >= 4
    photo = shipped_photos()[4]
    alike = found.find_alike(photo, 2)
    assert alike["similarity"][0].as_py() > 0.99
    # the folder alone holds no function, and no other encoder takes its place unnoticed
    opened = rfdedup.Run.open(tmp_path / "run")
    with pytest.raises(ConfigError, match="which Python handed over"):
        opened.find_alike(photo, 2)
    with pytest.raises(EncoderError, match="the run was made with"):
        opened.find_alike(photo, 2, encoder=colours)
    # nothing tells that it is still the same function
    seen.clear()
    rfdedup.refine(photos, tmp_path / "run", encoder=colours)
    assert sum(seen) > 2


def test_a_function_with_a_key_is_not_called_again(photos: Path, tmp_path: Path) -> None:
    calls: list[int] = []

    def colours(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        calls.append(len(images))
        return mean_colours(images)

    def encoder() -> Any:
        return rfdedup.as_encoder(colours, key="colours 1")

    first = rfdedup.refine(photos, tmp_path / "run", encoder=encoder())
    calls.clear()
    again = rfdedup.refine(photos, tmp_path / "run", encoder=encoder(), keep={"rule": "largest"})
    assert calls == [1]
    assert again.info["encoder"]["key"] == first.info["encoder"]["key"]
    opened = rfdedup.Run.open(tmp_path / "run")
    assert opened.find_alike(shipped_photos()[4], 1, encoder=encoder())["similarity"][0].as_py() > 0.99


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda images: None, "returned"),
        (lambda images: np.zeros(3), "expected"),
        (lambda images: np.zeros((len(images), 0)), "expected"),
        (lambda images: "text", "returned a str"),
    ],
    ids=["nothing", "flat", "empty", "text"],
)
def test_what_a_function_returns_is_looked_at(function: Callable[..., Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=said):
        rfdedup.refine([b"x"], tmp_path / "run", encoder=function)
    assert not (tmp_path / "run").exists()


def test_numbers_that_are_none_end_the_run(photos: Path, tmp_path: Path) -> None:
    def broken(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return mean_colours(images) / (images.max() > 0)

    with pytest.raises(EncoderError, match="not finite"):
        rfdedup.as_encoder(lambda images: mean_colours(images) * np.nan).embed(np.zeros((1, 224, 224, 3), np.uint8))
    with pytest.raises(EncoderError, match="size"):
        rfdedup.as_encoder(broken, size=0)
    assert rfdedup.as_encoder(lambda images: images.mean((1, 2)), size=(8, 16)).card.input.shape == (8, 16, 3)


# ---- images without a run


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return Image.open(shipped_photos()[4]).convert("RGB")


def test_hashes_are_those_of_a_run(run: rfdedup.Run) -> None:
    for row in run.kept.to_pylist()[:3]:
        path = Path(row["root"]) / row["path"]
        assert rfdedup.hashes(path) == (row["sha256"], row["dhash"], row["phash"])
        assert rfdedup.hashes(path.read_bytes())[1:] == (row["dhash"], row["phash"])


def test_a_copy_is_told_with_its_transform(photo: Image.Image) -> None:
    width, height = photo.size
    half = ImageOps.mirror(photo).resize((width // 2, height // 2))
    found = rfdedup.compare(half, photo)
    assert found.kind == "copy"
    assert found.mirrored
    assert found.transform[0] == pytest.approx(-2, abs=0.01)
    assert found.overlap > 0.95
    assert found.matched == 1.0
    assert found.change_map.dtype == np.uint8
    assert not found.change_map.any()
    assert found.laid_over[0].shape == (*found.change_map.shape, 3)
    assert "mirrored" in found.sentence
    assert "copy" in repr(found)
    assert rfdedup.compare(photo, photo.copy()).kind == "identical"


def test_a_change_is_drawn_where_it_is(photo: Image.Image) -> None:
    changed = photo.copy()
    width, height = photo.size
    box = (width // 2, height // 2, width // 2 + width // 6, height // 2 + height // 6)
    ImageDraw.Draw(changed).ellipse(box, fill=(250, 20, 200))
    found = rfdedup.compare(changed, photo)
    rows, columns = np.nonzero(found.change_map)
    map_height, map_width = found.change_map.shape
    assert 0.45 < columns.mean() / map_width < 0.75
    assert 0.45 < rows.mean() / map_height < 0.75
    html = found._repr_html_()
    assert html.count("data:image/jpeg;base64,") == 4
    assert max(map(len, re.findall(r"base64,[^\"]+", html))) < 60_000


def test_different_pictures_and_bad_ones() -> None:
    found = rfdedup.compare(shipped_photos()[0], shipped_photos()[1].read_bytes())
    assert found.kind == "different"
    assert found.change_map.all()
    for image, error in (
        (b"no picture", ImageError),
        ("/nowhere.jpg", ImageError),
        (None, InputError),
        (3, InputError),
    ):
        with pytest.raises(error):
            rfdedup.compare(image, shipped_photos()[0])
    with pytest.raises(ConfigError, match="max_change"):
        rfdedup.compare(shipped_photos()[0], shipped_photos()[1], max_change=0)
