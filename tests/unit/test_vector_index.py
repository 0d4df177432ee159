"""The index of a run's vectors: made when needed, made again when stale or damaged, and no stranger's file is read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from rfdedup.neighbors.index import INDEX_FILE, INDEX_MARKER, VectorIndex, index_of, open_index, write_index
from rfdedup.storage.files import sha256_file

ROWS = np.arange(40) * 2
VECTORS = np.random.default_rng(5).standard_normal((40, 16)).astype(np.float32)
LIMIT = 80
HEAD = 118
"""Bytes before the vectors."""


class Source:
    """Counts how often it is asked for vectors."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, rows: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.float32]]:
        self.asked += 1
        yield VECTORS[: len(rows)]


def made(folder: Path, source: Source, key: str = "key") -> VectorIndex:
    return index_of(folder, key, LIMIT, lambda: ROWS, source)


def test_it_is_made_once_and_again_for_another_key(tmp_path: Path) -> None:
    source = Source()
    for expected, key in ((1, "key"), (1, "key"), (2, "other"), (2, "other")):
        index = made(tmp_path, source, key)
        assert source.asked == expected
        assert index.search(VECTORS[3:4], 1)[1].tolist() == [[6]]


def resealed(folder: Path) -> None:
    """A marker that covers the file as it is now, as a stranger would write it."""
    marker = json.loads((folder / INDEX_MARKER).read_text())
    marker["sha256"] = sha256_file(folder / INDEX_FILE)
    (folder / INDEX_MARKER).write_text(json.dumps(marker))


def patched(at: int, data: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = bytearray((folder / INDEX_FILE).read_bytes())
        content[at : at + len(data)] = data
        (folder / INDEX_FILE).write_bytes(content)

    return damage


def shortened(folder: Path) -> None:
    os.truncate(folder / INDEX_FILE, (folder / INDEX_FILE).stat().st_size - 3)


def no_marker(folder: Path) -> None:
    (folder / INDEX_MARKER).unlink()


def odd_marker(folder: Path) -> None:
    (folder / INDEX_MARKER).write_text('{"key": "key", "rows": [], "dim": 16, "sha256": ""}')


def other_kind(folder: Path) -> None:
    """Another kind of index, which faiss would read: the fields of its head lead to what nobody checked."""
    import faiss

    index = faiss.IndexFlatIP(16)
    index.add(VECTORS)
    faiss.write_index(index, str(folder / INDEX_FILE))


DAMAGES = {
    "a flipped byte": patched(HEAD + 5, b"\xff"),
    "torn": shortened,
    "no marker": no_marker,
    "an odd marker": odd_marker,
    "another kind": other_kind,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_damaged_is_made_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    source = Source()
    whole = made(tmp_path, source).search(VECTORS[:2], 3)
    damage(tmp_path)
    assert open_index(tmp_path, "key", LIMIT) is None
    again = made(tmp_path, source)
    assert source.asked == 2
    np.testing.assert_array_equal(again.search(VECTORS[:2], 3)[1], whole[1])


@pytest.mark.parametrize(
    "forge",
    [patched(4, b"\xff\xff\xff\x7f"), patched(8, b"\xff" * 8), patched(HEAD - 8, b"\xff" * 7), shortened, other_kind],
    ids=["dimension", "rows", "size of the codes", "torn", "another kind"],
)
def test_a_forged_file_never_reaches_faiss(
    tmp_path: Path, forge: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    import faiss

    write_index(tmp_path, "key", ROWS, iter([VECTORS]))
    forge(tmp_path)
    resealed(tmp_path)
    monkeypatch.setattr(faiss, "read_index", lambda *_: pytest.fail("faiss was given the file"))
    assert open_index(tmp_path, "key", LIMIT) is None


@pytest.mark.parametrize("rows", [ROWS - 1, ROWS + 2, ROWS[::-1], ROWS // 3], ids=["below", "above", "order", "twice"])
def test_rows_that_no_run_has_are_not_believed(tmp_path: Path, rows: npt.NDArray[np.int64]) -> None:
    write_index(tmp_path, "key", rows, iter([VECTORS]))
    assert open_index(tmp_path, "key", LIMIT) is None
    assert made(tmp_path, Source()).rows.tolist() == ROWS.tolist()


@pytest.mark.skipif(os.name == "nt", reason="a link needs rights on Windows")
def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    write_index(tmp_path, "key", ROWS, iter([VECTORS]))
    (tmp_path / INDEX_FILE).rename(tmp_path / "elsewhere")
    (tmp_path / INDEX_FILE).symlink_to(tmp_path / "elsewhere")
    assert open_index(tmp_path, "key", LIMIT) is None
    made(tmp_path, Source())
    assert not (tmp_path / INDEX_FILE).is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="names of files are text on Windows")
def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/r\xff"))
    folder.mkdir()
    assert made(folder, Source()).path.parent == folder


def test_a_folder_that_cannot_be_written_is_searched_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "features").write_text("a file in the place of the folder")
    index = made(tmp_path / "features", Source())
    assert index.search(VECTORS[3:4], 2)[1][0, 0] == 6
    aside = index.path
    del index
    assert not aside.exists()
