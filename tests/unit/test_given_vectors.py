"""Vectors that were made elsewhere: the layouts that hold them, and which image a key names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfdedup.encoders.given_vectors import GivenVectors, load_vectors
from rfdedup.model.errors import EncoderError, InputError
from rfdedup.model.item_table import ItemTable
from rfdedup.model.items import Item
from rfdedup.pipeline.given_embeddings import joined

RNG = np.random.default_rng(3)
VECTORS = RNG.normal(size=(7, 5)).astype(np.float32)
KEYS = [f"{letter}.jpg" for letter in "abcdefg"]


def load(given: Any, tmp_path: Path, key: str | None = None) -> GivenVectors:
    return load_vectors(given, key, tmp_path)


def clip_retrieval(folder: Path, column: str = "image_path") -> Path:
    """Two shards as clip-retrieval writes them, the second with float16."""
    for number, (begin, end, kind) in enumerate(((0, 4, np.float32), (4, 7, np.float16))):
        for name in ("img_emb", "metadata"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        np.save(folder / "img_emb" / f"img_emb_{number}.npy", VECTORS[begin:end].astype(kind))
        table = pa.table({column: KEYS[begin:end], "caption": ["x"] * (end - begin)})
        pq.write_table(table, folder / "metadata" / f"metadata_{number}.parquet")
    return folder


def array_beside(folder: Path, suffix: str, names: list[str]) -> Path:
    np.save(folder / "v.npy", VECTORS)
    if suffix == "txt":
        (folder / "v.txt").write_text("\n".join(names))
    elif suffix == "csv":
        (folder / "v.csv").write_text("n,path\n" + "".join(f"{i},{name}\n" for i, name in enumerate(names)))
    else:
        pq.write_table(pa.table({"path": names}), folder / "v.parquet")
    return folder / "v.npy"


def table_of(path: Path, vectors: Any, kind: pa.DataType, keys: Any = KEYS) -> str:
    pq.write_table(pa.table({"id": keys, "vector": pa.array(vectors, kind)}), path, row_group_size=3)
    return f"{path}:vector"


def check(found: GivenVectors, tolerance: float = 2e-3) -> None:
    expected = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    order = np.array([6, 0, 3, 3, 5])
    values, good = found.unit(order)
    assert good.all()
    assert found.ids.to_pylist() == KEYS
    assert found.dim == 5
    assert np.allclose(values, expected[order], atol=tolerance)


@pytest.mark.parametrize("suffix", ["txt", "csv", "parquet"])
def test_an_array_with_keys_beside_it(suffix: str, tmp_path: Path) -> None:
    check(load(array_beside(tmp_path, suffix, KEYS), tmp_path))


def test_the_layout_of_clip_retrieval(tmp_path: Path) -> None:
    check(load(clip_retrieval(tmp_path / "emb"), tmp_path))
    check(load(clip_retrieval(tmp_path / "other", "odd"), tmp_path, "odd"))


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float32()), pa.large_list(pa.float64()), pa.list_(pa.float32(), 5)], ids=str
)
def test_a_column_of_lists(kind: pa.DataType, tmp_path: Path) -> None:
    named = table_of(tmp_path / "v.parquet", VECTORS.tolist(), kind)
    check(load(named, tmp_path))
    check(load(named.removesuffix(":vector"), tmp_path))


def test_vectors_of_memory(tmp_path: Path) -> None:
    check(load((KEYS, VECTORS), tmp_path))
    check(load((np.array(KEYS), VECTORS.astype(np.float64)), tmp_path))
    check(load(dict(zip(KEYS, VECTORS, strict=True)), tmp_path))


def test_what_is_no_vector_is_told_apart(tmp_path: Path) -> None:
    rows: list[Any] = VECTORS.tolist()
    rows[1], rows[2], rows[3], rows[4] = None, [0.0] * 5, [float("nan")] + [1.0] * 4, [1e30] * 5
    for given in (
        table_of(tmp_path / "v.parquet", rows, pa.list_(pa.float32())),
        (KEYS, np.array([row or [0.0] * 5 for row in rows], np.float32)),
    ):
        values, good = load(given, tmp_path).unit(np.arange(7))
        assert good.tolist() == [True, False, False, False, True, True, True]
        assert np.allclose(values[4], 5**-0.5, atol=1e-3)
        assert not values[1:4].any()


def test_the_digest_tells_other_content(tmp_path: Path) -> None:
    seen = {load((KEYS, VECTORS), tmp_path).digest, load((KEYS, VECTORS * 2), tmp_path).digest}
    seen |= {load((KEYS[::-1], VECTORS), tmp_path).digest}
    path = array_beside(tmp_path, "txt", KEYS)
    seen |= {load(path, tmp_path).digest}
    (tmp_path / "v.txt").write_text("\n".join(KEYS[::-1]))
    seen |= {load(path, tmp_path).digest}
    assert len(seen) == 5


def _broken(folder: Path) -> dict[str, tuple[Any, str | None, str]]:
    np.save(folder / "alone.npy", VECTORS)
    np.save(folder / "short.npy", VECTORS)
    (folder / "short.txt").write_text("a\nb")
    np.save(folder / "whole.npy", np.arange(6).reshape(2, 3))
    (folder / "whole.txt").write_text("a\nb")
    (folder / "bad.npy").write_bytes(b"no array")
    (folder / "bad.txt").write_text("a")
    (folder / "bad.parquet").write_bytes(b"no table")
    (folder / "empty").mkdir()
    (clip_retrieval(folder / "half") / "metadata" / "metadata_1.parquet").unlink()
    ragged = table_of(folder / "ragged.parquet", [[1.0]] * 6 + [[1.0, 2.0]], pa.list_(pa.float32()))
    table_of(folder / "v.parquet", VECTORS.tolist(), pa.list_(pa.float32()))
    return {
        "no keys": (folder / "alone.npy", None, "has no keys"),
        "fewer keys": (folder / "short.npy", None, "7 vectors, and 2 keys"),
        "whole numbers": (folder / "whole.npy", None, "of floats"),
        "damaged array": (folder / "bad.npy", None, "damaged"),
        "damaged table": (f"{folder / 'bad.parquet'}:v", None, "damaged"),
        "empty folder": (folder / "empty", None, "there is none"),
        "half a folder": (folder / "half", None, "only one of both"),
        "several lengths": (ragged, None, "several lengths"),
        "missing": (folder / "nothing.npy", None, "cannot be read"),
        "missing table": (f"{folder / 'nothing.parquet'}:v", None, "cannot be read"),
        "another column": (f"{folder / 'v.parquet'}:other", None, "there is vector"),
        "another key": (f"{folder / 'v.parquet'}:vector", "odd", "say --key"),
        "another file": (folder / "v.json", None, "is no folder"),
        "twice": (([*KEYS[:-1], "a.jpg"], VECTORS), None, "'a.jpg' comes twice"),
        "null": (([*KEYS[:-1], None], VECTORS), None, "a key is missing"),
        "other counts": ((KEYS[:3], VECTORS), None, "3 keys"),
        "flat": ((KEYS, VECTORS[:, 0]), None, "floats"),
        "ragged": (dict(zip("ab", ([1.0], [1.0, 2.0]), strict=True)), None, "embeddings"),
        "no vectors": (7, None, "give a path"),
    }


def test_what_cannot_be_used_is_told_in_one_line(tmp_path: Path) -> None:
    for what, (given, key, said) in _broken(tmp_path).items():
        with pytest.raises(InputError) as caught:
            load(given, tmp_path, key)
        assert said in str(caught.value), what
        assert "\n" not in str(caught.value), what


def test_it_embeds_nothing() -> None:
    encoder = GivenVectors("x", pa.array(KEYS), [VECTORS], "d").encoder
    with pytest.raises(EncoderError, match="handed over"):
        encoder.encode([np.zeros((4, 4, 3), np.uint8)])


# ---- which image a key names


def files(*names: str, root: str = "/photos/set") -> ItemTable:
    return ItemTable.of(
        [Item(*name.split("|"), 1, 0, 0, 0, 1) if "|" in name else Item(root, name, 1, 0, 0, 0, 1) for name in names]
    )


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["b.jpg", "a.jpg"], [1, 0]),
        (["./b.jpg", "x"], [-1, 0]),
        (["/photos/set/a.jpg", "set/b.jpg"], [0, 1]),
        (["a", "set/b"], [0, 1]),
        (["c", "d"], [-1, -1]),
    ],
    ids=str,
)
def test_a_key_is_a_path_or_a_name(ids: list[str], expected: list[int]) -> None:
    assert joined(files("a.jpg", "b.jpg"), pa.array(ids)).tolist() == expected


def test_places_count_for_nothing() -> None:
    order = RNG.permutation(7)
    found = joined(files(*KEYS), pa.array([KEYS[i] for i in order]))
    assert order[found].tolist() == list(range(7))


def test_a_name_of_several_images_names_none() -> None:
    assert joined(files("a.jpg", "a.png"), pa.array(["a"])).tolist() == [-1, -1]
    # as webdataset has it: the first suffix is the image's, and further ones are other images of the same row
    assert joined(files("a.jpg", "a.seg.png"), pa.array(["a"])).tolist() == [0, -1]
    two = files("/one/x.tar|a.jpg", "/two/x.tar|a.jpg")
    assert joined(two, pa.array(["a.jpg"])).tolist() == [-1, -1]
    assert joined(two, pa.array(["/two/x.tar/a.jpg", "a.jpg"])).tolist() == [1, 0]


def test_numbers_are_those_of_names() -> None:
    found = files("000000012.jpg", "7.png", "x.png", "d/000000003")
    assert joined(found, pa.array([3, 7, 12])).tolist() == [2, 1, -1, 0]
    assert joined(found, pa.array(["3", "7", "12"])).tolist() == [2, 1, -1, 0]
    assert joined(files("12.jpg", "012.jpg"), pa.array([12])).tolist() == [-1, -1]


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_links_on_the_way_to_a_file_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    root = str((tmp_path / "real").resolve())
    assert joined(files("a.jpg", root=root), pa.array([str(tmp_path / "link" / "a.jpg")])).tolist() == [0]


def test_names_that_are_no_text_are_no_keys() -> None:
    assert joined(files("a\udc80.jpg", "b.jpg"), pa.array(["b.jpg"])).tolist() == [-1, 0]
