"""The index file against faiss itself: the same bytes that faiss writes, and the same answers when faiss reads it."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt
import pytest

from rfdedup.neighbors.index import INDEX_FILE, open_index, write_index

Matrix = npt.NDArray[np.float32]


def unit_vectors(rows: int, dim: int) -> Matrix:
    made = np.random.default_rng(dim).standard_normal((rows, dim)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    # as they are held: faiss rounds a half up where numpy, and so the run, rounds it to even
    return made.astype(np.float16).astype(np.float32)


def written_by_faiss(vectors: Matrix, rows: npt.NDArray[np.int64]) -> bytes:
    codes = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index = faiss.IndexIDMap(codes)
    index.add_with_ids(vectors, rows)
    return faiss.serialize_index(index).tobytes()  # type: ignore[no-any-return]


@pytest.mark.parametrize(("rows", "dim"), [(1, 1), (7, 8), (300, 512), (33, 1280)])
def test_the_file_is_what_faiss_writes_for_the_same_vectors(tmp_path: Path, rows: int, dim: int) -> None:
    vectors, numbers = unit_vectors(rows, dim), np.arange(rows) * 3 + 1
    write_index(tmp_path, "key", numbers, iter([vectors[: rows // 2], vectors[rows // 2 :]]))
    assert (tmp_path / INDEX_FILE).read_bytes() == written_by_faiss(vectors, numbers)


def test_faiss_opens_the_file_and_answers_as_we_do(tmp_path: Path) -> None:
    vectors, numbers = unit_vectors(500, 64), np.arange(500) * 2
    write_index(tmp_path, "key", numbers, iter([vectors]))
    score, row = faiss.read_index(str(tmp_path / INDEX_FILE)).search(vectors[:9], 12)
    ours = open_index(tmp_path, "key", 1000)
    assert ours is not None
    found = ours.search(vectors[:9], 12)
    np.testing.assert_array_equal(found[0], score)
    np.testing.assert_array_equal(found[1], row)
    np.testing.assert_array_equal(found[1][:, 0], numbers[:9])
