"""What hashes and embeddings propose: the nearest, each pair once, bounded also in crowds."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from rfdedup.model.proposals import UNKNOWN_BITS, Proposals
from rfdedup.stages.propose import (
    FORMS,
    along_cameras,
    between,
    by_embeddings,
    by_hashes,
    by_turned_hashes,
    turned_codes,
)


def scenes(count: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Smooth grey pictures, (count, 16, 16), unlike each other."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (count, 6, 6)).astype(np.uint8)
    return np.stack([cv2.resize(one, (16, 16), interpolation=cv2.INTER_CUBIC) for one in small])


def formed(picture: npt.NDArray[np.uint8], form: tuple[bool, bool, bool]) -> npt.NDArray[np.uint8]:
    transposed, mirrored, flipped = form
    out = picture.T if transposed else picture
    out = out[:, ::-1] if mirrored else out
    return np.ascontiguousarray(out[::-1] if flipped else out)


def pairs(found: Proposals) -> set[tuple[int, int]]:
    return set(zip(found.a.tolist(), found.b.tolist(), strict=True))


def test_frames_are_proposed_with_the_one_before_them_in_their_film_alone() -> None:
    camera, frame = np.array([1, 0, 1, -1, 0, 1, 0, -1]), np.array([30, 5, 10, 0, 1, 20, 9, 0])
    before, after = along_cameras(np.array([0, 1, 2, 3, 4, 5, 7]), camera, frame)
    assert list(zip(before.tolist(), after.tolist(), strict=True)) == [(4, 1), (2, 5), (5, 0)]
    for rows in ([], [3, 7], [6]):
        assert len(along_cameras(np.array(rows, np.int64), camera, frame)[0]) == 0


@pytest.mark.parametrize("form", FORMS[1:])
def test_each_mirrored_or_turned_form_is_proposed_to_its_picture_alone(form: tuple[bool, bool, bool]) -> None:
    upright = scenes(20)
    thumbs = np.concatenate([upright, np.stack([formed(one, form) for one in upright])])
    found = by_turned_hashes(np.arange(40), turned_codes(thumbs), 4, 8)
    assert pairs(found) == {(i, 20 + i) for i in range(20)}
    assert found.turned.all()


def test_codes_of_a_turned_picture_are_those_of_the_turned_form() -> None:
    picture = scenes(1)[0]
    codes = turned_codes(picture[None])[:, 0]
    for number, form in enumerate(FORMS):
        assert turned_codes(formed(picture, form)[None])[0, 0] == codes[number]


def test_a_pair_that_two_ways_propose_is_one_with_what_both_know() -> None:
    joined = Proposals.join(
        Proposals.make([5, 1], [2, 9], cosine=[0.5, 0.7]),
        Proposals.make([2], [5], bits=[3]),
        Proposals.make([2], [5], bits=[2], turned=True),
    )
    assert joined.a.tolist() == [1, 2]
    assert joined.b.tolist() == [9, 5]
    assert joined.bits.tolist() == [UNKNOWN_BITS, 2]
    assert joined.cosine.tolist() == [0.7, 0.5]


def test_the_nearest_of_each_image_are_proposed_and_no_more() -> None:
    rng = np.random.default_rng(1)
    centre = rng.standard_normal(64)
    vectors = (centre + 0.3 * rng.standard_normal((40, 64))).astype(np.float32)
    found = by_embeddings(np.arange(100, 140), vectors, 0.3, 3)
    assert len(found) <= 3 * 40
    score = vectors @ vectors.T / np.outer(*[np.linalg.norm(vectors, axis=1)] * 2)
    np.fill_diagonal(score, -1)
    nearest = {(100 + min(i, j), 100 + max(i, j)) for i, j in enumerate(score.argmax(axis=1).tolist())}
    assert nearest <= pairs(found)


def test_a_crowd_of_embeddings_has_proposals_that_grow_with_its_size_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rfdedup.stages.propose.most_links", lambda _: 8)
    rng = np.random.default_rng(2)
    vectors = (rng.standard_normal(64) + 0.1 * rng.standard_normal((300, 64))).astype(np.float32)
    found = by_embeddings(np.arange(300), vectors, 0.5, 4)
    ends = np.bincount(np.concatenate([found.a, found.b]), minlength=300)
    assert len(found) <= 4 * 300
    assert ends.min() >= 4
    score = vectors.astype(np.float64) @ vectors.astype(np.float64).T / np.outer(*[np.linalg.norm(vectors, axis=1)] * 2)
    np.fill_diagonal(score, -1)
    assert {(min(i, j), max(i, j)) for i, j in enumerate(score.argmax(axis=1).tolist())} <= pairs(found)


def test_a_crowd_of_equal_hashes_has_proposals_that_grow_with_its_size_alone() -> None:
    n = 3000
    code = np.full(n, 0x0F0F33335555AAAA, np.uint64)
    found = by_hashes(np.arange(n), code, code, lambda a, b: np.abs(a - b).astype(np.float64) / n, 8, 4)
    assert 0 < len(found) <= 8 * n
    assert np.bincount(np.concatenate([found.a, found.b]), minlength=n).min() >= 1


def test_nearness_puts_the_closest_of_each_end_first() -> None:
    found = Proposals.make([0, 0, 1], [1, 2, 2], cosine=[0.9, 0.5, 0.4])
    assert found.nearness().tolist() == [0, 0, 1]


def test_distances_of_given_pairs_are_those_of_the_proposals() -> None:
    thumbs = np.concatenate([scenes(3), scenes(3)[:, :, ::-1]])
    forms = turned_codes(np.ascontiguousarray(thumbs))
    none = np.array([0, 0, 0, 2**64 - 1, 2**64 - 1, 2**64 - 1], np.uint64)
    bits, turned = between((np.array([0, 0]), np.array([3, 1])), none, none, forms, 8)
    assert turned.tolist() == [True, False]
    assert bits.tolist() == [0, 0]
