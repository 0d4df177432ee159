"""Find images of a run that are alike: all that have an embedding are searched, dropped ones too."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import rfdedup
from rfdedup.demo.planting import plant, shipped_photos
from rfdedup.model.errors import DataError, ImageError, RunFolderError
from rfdedup.neighbors.index import INDEX_FILE, INDEX_MARKER
from rfdedup.outputs.review.session import ReviewSession
from rfdedup.outputs.run_features import RunFeatures


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> rfdedup.Run:
    folder = tmp_path_factory.mktemp("alike")
    planted = plant(shipped_photos()[3:9], folder, seed=5, kinds=("exact", "half", "grey"), junk_every=2)
    return rfdedup.refine(planted.images, folder / "run")


def session_of(run: rfdedup.Run) -> ReviewSession:
    return ReviewSession(run.path, lambda *_: None)


def embedded(run: rfdedup.Run) -> list[int]:
    rows: list[int] = RunFeatures.of(run.path, run.info, run.verdicts.num_rows).embedded().tolist()
    return rows


def test_a_picture_finds_itself_and_its_copies_first(run: rfdedup.Run) -> None:
    king = next(group.king for group in run.groups() if len(group.subjects) >= 2)
    path = Path(king["root"]) / king["path"]
    found = run.find_alike(path, 3)
    assert found.column_names[-2:] == ["row", "similarity"]
    assert found["path"][0].as_py() == king["path"] or found["similarity"][0].as_py() > 0.99
    assert found["similarity"].to_pylist() == sorted(found["similarity"].to_pylist(), reverse=True)
    assert found.equals(run.find_alike(path.read_bytes(), 3))


def test_all_that_have_an_embedding_are_searched_whatever_dropped_them(run: rfdedup.Run) -> None:
    rows = embedded(run)
    photo = shipped_photos()[0]
    everything = run.find_alike(photo, 1000)
    assert sorted(everything["row"].to_pylist()) == rows
    # those that fell to hashes are embedded with the others in pass 1
    tiers = {run.verdicts["tier"][row].as_py() for row in rows if run.verdicts["verdict"][row].as_py() == "drop"}
    assert tiers & {"exact", "perceptual"}
    session = session_of(run)
    answer = session.like_picture(photo.read_bytes(), 5)
    assert (answer["searched"], answer["images"]) == (len(rows), run.verdicts.num_rows)
    assert [item["score"] for item in answer["items"]] == everything["similarity"].to_pylist()[:5]
    session.close()


def test_an_image_of_the_run_is_not_like_itself(run: rfdedup.Run) -> None:
    session = session_of(run)
    for row in embedded(run)[:3]:
        items = session.like_row(row, 4)["items"]
        assert len(items) == 4
        assert row not in [item["image"]["row"] for item in items]
    session.close()


def test_the_index_stays_until_the_embeddings_change(run: rfdedup.Run) -> None:
    photo = shipped_photos()[0]

    def asked() -> pa.Table:
        return rfdedup.Run.open(run.path).find_alike(photo, 5)

    expected = asked()
    marker = run.path / "features" / INDEX_MARKER
    before = (marker.read_bytes(), (run.path / "features" / INDEX_FILE).stat().st_mtime_ns)
    assert asked().equals(expected)
    assert (marker.read_bytes(), (run.path / "features" / INDEX_FILE).stat().st_mtime_ns) == before
    # one picture's embedding is another one's now
    shard = next((run.path / "features").glob("shard_*.json"))
    vectors = shard.with_name(shard.name.replace("shard", "img_emb").replace("json", "npy"))
    saved = (shard.read_bytes(), vectors.read_bytes())
    values = np.load(vectors)
    values[np.flatnonzero(values.any(axis=1))[0]] *= -1
    np.save(vectors, values)
    about = json.loads(saved[0])
    shard.write_text(json.dumps({**about, "img_emb": "of other bytes"}))
    asked()
    assert marker.read_bytes() != before[0]
    shard.write_bytes(saved[0])
    vectors.write_bytes(saved[1])
    assert asked().equals(expected)


def test_bad_questions_are_told_in_a_line(run: rfdedup.Run, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least 1"):
        run.find_alike(shipped_photos()[0], 0)
    with pytest.raises(ImageError, match="unreadable"):
        run.find_alike(tmp_path / "nothing.jpg")
    with pytest.raises(ImageError):
        run.find_alike(b"no picture")
    hashes = rfdedup.refine(shipped_photos()[0].parent, tmp_path / "run", tiers=("quality", "hash"), sample=4)
    with pytest.raises(RunFolderError, match="no embeddings"):
        hashes.find_alike(shipped_photos()[0])


def test_what_is_no_number_is_not_found(run: rfdedup.Run) -> None:
    features = run.path / "features"
    shard = next(features.glob("shard_*.json"))
    vectors = shard.with_name(shard.name.replace("shard", "img_emb").replace("json", "npy"))
    saved = (shard.read_bytes(), vectors.read_bytes())
    values = np.load(vectors)
    at = np.flatnonzero(values.any(axis=1))
    values[at[:2]] = np.nan
    np.save(vectors, values)
    shard.write_text(json.dumps({**json.loads(saved[0]), "img_emb": "of others"}))
    session = session_of(run)
    found = session.like_picture(shipped_photos()[0].read_bytes(), 1000)
    assert len(found["items"]) == found["searched"] - 2
    json.dumps(found, allow_nan=False)
    session.close()
    shard.write_bytes(saved[0])
    vectors.write_bytes(saved[1])
