"""Parts of pictures through a whole run: crops, and pictures in a collage."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

import rfdedup
import rfdedup.demo
from rfdedup.outputs.verification.verify import verify_run
from rfdedup.pipeline.results import Run
from rfdedup.storage.files import sha256_file
from rfdedup.storage.run_folder import EVIDENCE_FILE, RunFolder

PHOTOS = Path(rfdedup.demo.__file__).parent / "photos"
NAMES = ("astronaut", "china", "coffee", "flower", "crocodile", "dragon", "eiffel_tower", "chelsea")
PANEL = (400, 300)


def laid(folder: Path, panels: int) -> Path:
    """Photos, a quarter of one of them, and a collage of the first four, ``panels`` of which are files of their own."""
    folder.mkdir()
    photos = [Image.open(PHOTOS / f"{name}.jpg").convert("RGB").resize((640, 480)) for name in NAMES]
    collage = Image.new("RGB", (2 * PANEL[0], 2 * PANEL[1]))
    for i, photo in enumerate(photos[:4]):
        collage.paste(photo.resize(PANEL), (PANEL[0] * (i % 2), PANEL[1] * (i // 2)))
    collage.save(folder / "collage.jpg", quality=92)
    for i, photo in enumerate(photos):
        if i >= 4 or i < panels:
            photo.save(folder / f"{NAMES[i]}.jpg", quality=95)
            os.utime(folder / f"{NAMES[i]}.jpg", (1_600_000_000 + i,) * 2)
    photos[7].crop((200, 120, 520, 360)).save(folder / "quarter.jpg", quality=90)
    return folder


def with_copies(folder: Path) -> Path:
    """The same, and smaller and turned copies of the pictures in the collage."""
    for name in NAMES[:4]:
        with Image.open(folder / f"{name}.jpg") as photo:
            photo.resize((320, 240)).save(folder / f"{name}_half.jpg", quality=80)
            photo.rotate(2, Image.Resampling.BICUBIC).save(folder / f"{name}_turned.jpg", quality=95)
    return folder


def kings(run: Run) -> dict[str, str | None]:
    return {row["path"]: row["king"] for row in run.verdicts.select(["path", "king"]).to_pylist()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    base = tmp_path_factory.mktemp("parts")
    return rfdedup.refine(laid(base / "in", 4), base / "run")


def test_a_collage_goes_where_kept_pictures_show_all_of_it(whole: Run) -> None:
    found = kings(whole)
    assert found.pop("quarter.jpg") == "chelsea.jpg"
    shown = {f"{name}.jpg" for name in NAMES[:4]}
    assert found.pop("collage.jpg") in shown
    assert set(found.values()) == {None}
    folder = RunFolder.open(whole.path)
    paths = folder.verdicts()["path"].to_pylist()
    (others,) = [row["others"] for row in folder.evidence().to_pylist() if row["others"]]
    assert {paths[row] for row in others} | {kings(whole)["collage.jpg"]} == shown


def test_the_proof_of_a_collage_is_computed_again(whole: Run, tmp_path: Path) -> None:
    assert verify_run(whole.path).failed == []
    # one of the pictures that show it is another one now
    other = whole.path.parent / "in" / f"{NAMES[3]}.jpg"
    kept = other.read_bytes(), other.stat().st_mtime_ns
    other.write_bytes((whole.path.parent / "in" / f"{NAMES[5]}.jpg").read_bytes())
    try:
        assert {failure.path for failure in verify_run(whole.path).failed} == {"collage.jpg"}
    finally:
        other.write_bytes(kept[0])
        os.utime(other, ns=(kept[1],) * 2)


def test_a_collage_that_names_too_few_is_not_proved(whole: Run) -> None:
    folder = RunFolder.open(whole.path)
    table = folder.evidence()
    proof = whole.path / EVIDENCE_FILE
    before, info = proof.read_bytes(), folder.info()
    lists = [row[:1] if row else row for row in table["others"].to_pylist()]
    column = table.schema.get_field_index("others")
    forged = table.set_column(column, table.schema.field(column), pa.array(lists, table.schema.field(column).type))
    pa.parquet.write_table(forged, proof)
    folder.write_info({**info, "tables": {**info["tables"], EVIDENCE_FILE: sha256_file(proof)}})
    try:
        (failure,) = verify_run(whole.path).failed
        assert "kept pictures show" in failure.detail
    finally:
        proof.write_bytes(before)
        folder.write_info(info)


def test_a_collage_stays_where_one_of_its_pictures_is_nowhere_else(tmp_path: Path) -> None:
    run = rfdedup.refine(laid(tmp_path / "in", 3), tmp_path / "run")
    found = kings(run)
    assert found.pop("quarter.jpg") == "chelsea.jpg"
    assert set(found.values()) == {None}


def test_a_collage_mixes_no_families(tmp_path: Path) -> None:
    """Copies of the pictures in a collage go for their originals, whichever of them the collage was compared with."""
    run = rfdedup.refine(with_copies(laid(tmp_path / "in", 4)), tmp_path / "run")
    found = kings(run)
    for name in NAMES[:4]:
        assert found[f"{name}.jpg"] is None
        assert {found[f"{name}_half.jpg"], found[f"{name}_turned.jpg"]} == {f"{name}.jpg"}
    assert found["collage.jpg"] in {f"{name}.jpg" for name in NAMES[:4]}
