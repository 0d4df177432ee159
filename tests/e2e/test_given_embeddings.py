"""Vectors in place of an encoder: the verdicts of the encoder that made them, from Python and from the command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfdedup
from rfdedup.demo.planting import plant, shipped_photos
from rfdedup.model.config import make_config
from rfdedup.model.errors import ConfigError, EncoderError, InputError
from rfdedup.outputs.verification.verify import verify_run
from rfdedup.pipeline import rerun


def mean_colours(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return images.reshape(len(images), 8, 28, 8, 28, 3).mean(axis=(2, 4)).reshape(len(images), -1) / 255 - 0.5


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("set")
    return plant(shipped_photos()[3:8], folder, kinds=("exact", "half", "crop10", "grey"), junk_every=3).images


@pytest.fixture(scope="module")
def by_encoder(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> rfdedup.Run:
    return rfdedup.refine(photos, tmp_path_factory.mktemp("run") / "run", encoder=mean_colours)


@pytest.fixture(scope="module")
def vectors(by_encoder: rfdedup.Run) -> tuple[list[str], np.ndarray[Any, Any]]:
    found = by_encoder.embeddings()
    # another order than that of the images, and other lengths
    order = np.random.default_rng(1).permutation(len(found.ids))
    return [Path(found.ids[i]).name for i in order], found.vectors[order].astype(np.float32) * 7


def decided(run: rfdedup.Run) -> list[tuple[Any, ...]]:
    names = ("path", "verdict", "tier", "reason", "king", "same", "group")
    return list(zip(*(run.verdicts[name].to_pylist() for name in names), strict=True))


def test_vectors_decide_as_their_encoder(
    by_encoder: rfdedup.Run, vectors: tuple[list[str], np.ndarray[Any, Any]], photos: Path, tmp_path: Path
) -> None:
    run = rfdedup.refine(photos, tmp_path / "run", embeddings=vectors)
    assert decided(run) == decided(by_encoder)
    assert any(row[2] == "semantic" for row in decided(run))
    assert run.info["encoder"]["name"] == "embeddings"
    assert verify_run(run.path).failed == []
    # exact copies were never embedded
    assert any("have no vector" in warning for warning in run.info["warnings"])
    ids, rows, found = run.embeddings()
    assert len(ids) == len(vectors[0])
    assert np.allclose(np.linalg.norm(found.astype(np.float32), axis=1), 1, atol=2e-3)
    with pytest.raises(EncoderError, match="handed over"):
        run.find_alike(shipped_photos()[0])
    path = photos / run.verdicts["path"][int(rows[0])].as_py()
    alike = run.find_alike(path, 3)
    assert len(alike) == 3
    assert int(rows[0]) not in alike["row"].to_pylist()
    pair = [run.verdicts["path"][row].as_py() for row in rows[:2].tolist()]
    assert isinstance(rfdedup.explain(run, pair).facts["cosine"], float)
    with pytest.raises(ConfigError, match="run it there"):
        rfdedup.refine(photos, tmp_path / "run", config=rfdedup_config(run))


def rfdedup_config(run: rfdedup.Run) -> Any:
    from rfdedup.encoders.run_encoder import config_of_run

    return config_of_run(run.info)


def test_other_content_is_another_encoder(
    vectors: tuple[list[str], np.ndarray[Any, Any]], photos: Path, tmp_path: Path
) -> None:
    one = rfdedup.refine(photos, tmp_path / "run", embeddings=vectors)
    before = one.embeddings().vectors
    same = rfdedup.refine(photos, tmp_path / "run", embeddings=vectors)
    assert same.info["encoder"]["key"] == one.info["encoder"]["key"]
    names, values = vectors
    other = rfdedup.refine(photos, tmp_path / "run", embeddings=(names, -values[::-1]))
    assert other.info["encoder"]["key"] != one.info["encoder"]["key"]
    assert not np.allclose(other.embeddings().vectors, before)
    assert not any(stage["name"].startswith("quality") for stage in other.info["stages"])


def test_similarity_alone_decides_with_a_threshold(
    vectors: tuple[list[str], np.ndarray[Any, Any]], photos: Path, tmp_path: Path
) -> None:
    run = rfdedup.refine(photos, tmp_path / "run", embeddings=vectors, same="meaning", threshold=0.98, descriptor="raw")
    names, values = vectors
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    found = [row for row in run.verdicts.to_pylist() if row["tier"] == "semantic"]
    assert found
    for row in found:
        one, other = names.index(row["path"]), names.index(row["king"])
        assert row["score"] == pytest.approx(float(unit[one] @ unit[other]), abs=2e-3)
        assert row["score"] >= 0.98 - 2e-3


def test_images_without_vectors_are_told_and_left_to_hashes(
    vectors: tuple[list[str], np.ndarray[Any, Any]], photos: Path, tmp_path: Path
) -> None:
    names, values = vectors
    for same in ({}, {"same": "meaning", "threshold": 0.97, "descriptor": "raw"}):
        some = {name: value for name, value in zip(names, values, strict=True) if "crop10" not in name}
        run = rfdedup.refine(photos, tmp_path / f"run{len(same)}", embeddings=some, **same)
        rows = {row["path"]: row for row in run.verdicts.to_pylist()}
        assert not any(row["tier"] == "semantic" for name, row in rows.items() if "crop10" in name)
        assert any(row["tier"] == "perceptual" for row in rows.values())
    with pytest.raises(InputError, match="no key names an image"):
        rfdedup.refine(photos, tmp_path / "none", embeddings=(["x"], values[:1]))


@pytest.mark.parametrize(
    "options", [{}, {"same": "meaning", "threshold": 0.97, "descriptor": "raw"}], ids=["", "meaning"]
)
def test_vectors_of_junk_alone_decide_nothing(options: dict[str, Any], photos: Path, tmp_path: Path) -> None:
    junk = next(path.name for path in sorted(photos.iterdir()) if "blurred" in path.name)
    run = rfdedup.refine(photos, tmp_path / "run", embeddings={junk: [1.0, 2.0]}, **options)
    assert {row[2] for row in decided(run)} <= {"quality", "exact", "perceptual", None}
    assert any(row[2] == "perceptual" for row in decided(run))


def test_images_of_memory_have_their_vectors_by_place(photos: Path, tmp_path: Path) -> None:
    images = [path.read_bytes() for path in sorted(photos.glob("*_original.*"))]
    vectors = np.ones((len(images), 4)) + np.arange(len(images))[:, None]
    run = rfdedup.refine(images, tmp_path / "run", embeddings=(range(len(images)), vectors))
    assert run.embeddings().ids.tolist() == [f"{i:09d}" for i in range(len(images))]


def test_the_command_takes_them_and_the_review_page_runs_it_again(
    by_encoder: rfdedup.Run, vectors: tuple[list[str], np.ndarray[Any, Any]], photos: Path, tmp_path: Path
) -> None:
    names, values = vectors
    pq.write_table(pa.table({"name": names, "clip": values.tolist()}), tmp_path / "v.parquet")
    words = ["run", photos, "--out", tmp_path / "run", "--embeddings", "v.parquet:clip", "--key", "name", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "rfdedup", *map(str, words)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    run = rfdedup.Run.open(tmp_path / "run")
    assert decided(run) == decided(by_encoder)
    assert run.info["config"]["semantic"]["embeddings"] == f"{tmp_path / 'v.parquet'}:clip"
    rerun.recompute(run.path, None, "copy")
    assert rfdedup.Run.open(run.path).info["encoder"]["key"] == run.info["encoder"]["key"]
    np.save(tmp_path / "img_emb_0.npy", values)
    pq.write_table(pa.table({"image_path": [str(photos / name) for name in names]}), tmp_path / "metadata_0.parquet")
    again = rfdedup.refine(photos, tmp_path / "clip", embeddings=tmp_path)
    assert decided(again) == decided(by_encoder)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--out", "run", "--key", "name"], "--key names a column"),
        (["run", "--out", "run", "--embeddings", "v.npy"], "cannot be read"),
        (["run", "--out", "run", "--embeddings", "v.npy", "--tiers", "hash"], "add semantic"),
        (["run", "--out", "run", "--embeddings", "v.npy", "--same", "meaning"], "--threshold"),
        (["plan", "--config", "c.toml"], "leave them out"),
        (["calibrate", "--config", "c.toml"], "leave them out"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_told(words: list[str], said: str, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[semantic]\nembeddings = 'v.npy'\n")
    done = subprocess.run(
        [sys.executable, "-m", "rfdedup", words[0], str(photos), *words[1:]],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_encoder_and_vectors_contradict_each_other(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="one of both"):
        rfdedup.refine(photos, tmp_path / "run", embeddings={"a": [1.0]}, encoder=mean_colours)
    with pytest.raises(ConfigError, match="embeddings has to be set in it"):
        rfdedup.refine(photos, tmp_path / "run", config=make_config({}), embeddings="v.npy")
