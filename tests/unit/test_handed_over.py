"""What Python hands over: names, or images with keys, and the files of the run folder that images become."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from rfdedup.imaging import decode
from rfdedup.model.errors import InputError, RunFolderError
from rfdedup.sources import kept_images
from rfdedup.sources.handed_over import key_text, taken
from rfdedup.sources.kept_images import encoded, is_kept, keep_images
from rfdedup.sources.table import plan_parquet

RNG = np.random.default_rng(5)
COLOURS = RNG.integers(0, 256, (12, 17, 3), np.uint8)


def pairs(given: Any, column: str | None = None) -> list[tuple[str, Any]]:
    found = taken(given, column)
    assert not isinstance(found, list)
    return list(found)


def png(colours: Any = COLOURS) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(colours).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("given", ["a/b.jpg", Path("a/b.jpg"), ["a/b.jpg"], iter([Path("a/b.jpg"), None])], ids=str)
def test_paths_stay_names(given: Any) -> None:
    assert taken(given) == [str(Path("a/b.jpg"))]


def test_a_column_of_paths_is_a_list_of_names() -> None:
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    names = ["a.jpg", None, "s3://bucket/b.jpg"]
    for column in (pd.Series(names, index=[5, 5, 6]), pl.Series(names), pa.array(names), np.array(["a.jpg", names[2]])):
        assert taken(column) == ["a.jpg", "s3://bucket/b.jpg"]


def test_images_without_keys_are_numbered_by_their_places() -> None:
    for given in ([b"x", None, b"y"], iter([b"x", None, b"y"]), pa.chunked_array([[b"x", None], [b"y"]])):
        assert pairs(given) == [("000000000", b"x"), ("000000001", None), ("000000002", b"y")]
    assert [key for key, _ in pairs(np.stack([COLOURS, COLOURS]))] == ["000000000", "000000001"]


def test_pandas_images_have_the_keys_of_the_index() -> None:
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    assert pairs(pd.Series([b"x", b"y"], index=["b", "a"])) == [("b", b"x"), ("a", b"y")]
    assert pairs(pd.Series([b"x", b"y"], index=[7, 3])) == [("000000007", b"x"), ("000000003", b"y")]
    assert pairs(pl.Series([None, b"y"])) == [("000000000", None), ("000000001", b"y")]
    for table in (pd.DataFrame({"a": [b"x"]}), pl.DataFrame({"a": [b"x"]}), pa.table({"a": [b"x"]})):
        with pytest.raises(InputError, match="hand over its column"):
            taken(table)


def test_pairs_and_dicts_bring_their_keys() -> None:
    assert pairs([("a/./b", b"x"), (12, b"y")]) == [("a/b", b"x"), ("000000012", b"y")]
    assert pairs({"one": b"x", "two": COLOURS})[0] == ("one", b"x")
    assert pairs([[np.int64(4), b"x"]]) == [("000000004", b"x")]


def test_keys_never_lead_anywhere() -> None:
    assert key_text("/etc/../x") == "etc/__/x"
    assert (key_text(-3), key_text(1.5)) == ("-3", "1.5")
    for key in ("", "./", None, b"x", True, float("nan")):
        with pytest.raises(InputError):
            key_text(key)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"\xff\xd8", "single image"),
        (Image.new("RGB", (8, 8)), "single image"),
        (COLOURS, "list of images"),
        (7, "no images can be taken"),
        (["a.jpg", b"x"], "the first one is a path"),
        ([("a", b"x"), b"x"], "the first one is"),
        ([None, None], "empty places"),
    ],
    ids=str,
)
def test_what_holds_no_images_is_told_in_one_line(given: Any, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        list(taken(given))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(12, 17), (12, 17, 1), (12, 17, 3), (12, 17, 4)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_an_array_is_written_without_loss(shape: tuple[int, ...], kind: Any) -> None:
    pixels = RNG.integers(0, np.iinfo(kind).max, shape).astype(kind)
    before = pixels.copy()
    data = encoded("k", pixels)
    assert data is not None
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if read.ndim == 3:
        read = cv2.cvtColor(read, cv2.COLOR_BGR2RGB if read.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    assert (read.reshape(shape) == pixels).all()
    assert (pixels == before).all()


def test_a_slice_that_is_turned_round_is_written_as_it_looks() -> None:
    data = encoded("k", COLOURS[::-1, ::2])
    assert data is not None
    assert (decode(data).rgb == COLOURS[::-1, ::2]).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "PA"])
def test_a_picture_is_written_and_stays_as_it_is(mode: str) -> None:
    picture = Image.fromarray(COLOURS)
    picture = Image.fromarray(COLOURS[..., 0].astype(np.uint16) * 99) if mode == "I;16" else picture.convert(mode)
    before = picture.tobytes(), picture.mode, dict(picture.info)
    data = encoded("k", picture)
    assert data is not None
    assert (picture.tobytes(), picture.mode, dict(picture.info)) == before
    written = Image.open(io.BytesIO(data))
    if mode in ("CMYK", "YCbCr"):
        assert written.tobytes() == picture.convert("RGB").tobytes()
    elif mode != "PA":
        assert (written.mode, written.tobytes()) == (mode, picture.tobytes())


def test_a_picture_that_lies_on_its_side_is_written_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    Image.fromarray(COLOURS).save(stream, "JPEG", exif=exif)
    data = encoded("k", Image.open(stream))
    assert data is not None
    assert (decode(data).width, decode(data).height) == (12, 17)


def test_a_file_that_breaks_off_is_a_row_without_bytes(tmp_path: Path) -> None:
    (tmp_path / "cut.png").write_bytes(png()[:-200])
    kept = keep_images(tmp_path, [("a", Image.open(tmp_path / "cut.png")), ("b", png()), ("c", None)])
    assert (kept.images, kept.empty, kept.broken) == (2, 1, 1)
    assert any("'a'" in note for note in kept.notes)


@pytest.mark.parametrize(
    "image", [COLOURS.astype(np.float32), COLOURS[..., :2], np.zeros((2, 2, 2, 3), np.uint8), "x.jpg", 3], ids=str
)
def test_what_is_no_image_is_told_with_its_key(image: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'k'"):
        keep_images(tmp_path, [("k", image)])
    assert list((tmp_path / "images").iterdir()) == []


def test_images_become_parquet_that_is_read_as_any_other(tmp_path: Path) -> None:
    some = {f"{i:03d}.png": png(RNG.integers(0, 256, (9, 9, 3), np.uint8)) for i in range(40)}
    kept = keep_images(tmp_path, some.items())
    assert [is_kept(part, tmp_path) for part in kept.parts] == [True]
    assert not is_kept(str(tmp_path / "images" / "a.parquet"), tmp_path)
    # a file of the user may have such a name as well
    assert not is_kept(kept.parts[0], tmp_path / "other")
    assert pq.read_table(kept.parts[0])["image"].to_pylist() == [{"bytes": d, "path": k} for k, d in some.items()]
    found = plan_parquet(kept.parts[0])
    assert [item.key for item in found.items] == list(some)


def test_a_part_that_comes_out_the_same_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_images, "PART_ROWS", 32)
    some = [(f"{i:03d}", b"x%d" % i) for i in range(100)]
    first = keep_images(tmp_path, some)
    assert len(first.parts) == 4
    states = [Path(part).stat() for part in first.parts]
    again = keep_images(tmp_path, [*some[:99], ("099", b"other")])
    after = [Path(part).stat() for part in again.parts]
    same = [
        one.st_ino == two.st_ino and one.st_mtime_ns == two.st_mtime_ns for one, two in zip(states, after, strict=True)
    ]
    assert same == [True, True, True, False]
    assert len(keep_images(tmp_path, some[:40]).parts) == 2
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == ["part_00000.parquet", "part_00001.parquet"]


def test_no_more_than_a_row_group_is_in_memory(tmp_path: Path) -> None:
    held: list[int] = []
    written = 0

    def images() -> Iterator[tuple[str, bytes]]:
        nonlocal written
        for number in range(200):
            held.append(number)
            yield f"{number:04d}", bytes(1 << 20)

    parts = kept_images._groups(kept_images._encoded(images(), kept_images.Kept()))
    for group in parts:
        written += len(group)
        assert len(held) == written
        assert len(group) <= kept_images.GROUP_ROWS


def test_an_array_that_the_iterable_uses_again_is_written_as_it_was(tmp_path: Path) -> None:
    buffer = np.zeros((90, 90, 3), np.uint8)

    def frames() -> Iterator[tuple[str, Any]]:
        for number in range(40):
            buffer[:] = number
            yield f"{number:02d}", buffer

    kept = keep_images(tmp_path, frames())
    rows = pq.read_table(kept.parts[0])["image"].to_pylist()
    assert [row["path"] for row in rows] == [f"{number:02d}" for number in range(40)]
    assert [int(decode(row["bytes"]).rgb[0, 0, 0]) for row in rows] == list(range(40))


def test_keys_have_to_tell_images_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="comes twice"):
        keep_images(tmp_path, [("a", b"x"), ("a", b"y")])
    with pytest.raises(InputError, match="not UTF-8"):
        keep_images(tmp_path, [("a\udc80", b"x")])


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_a_link_in_the_run_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run" / "images").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunFolderError, match="symbolic link"):
        keep_images(tmp_path / "run", [("a", b"x")])
    assert list((tmp_path / "elsewhere").iterdir()) == []
