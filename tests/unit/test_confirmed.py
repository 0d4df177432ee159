"""Pairs that comparisons confirmed: what counts, what a crowd changes, and what is compared next."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rfdedup.keepers.confirmed import MOST_FAILED, Compared, further_kings
from rfdedup.keepers.crown import crown
from rfdedup.model.evidence import Evidence, Kind, Side, swapped
from rfdedup.model.proposals import Proposals

COPY = Evidence(
    Kind.COPY,
    Kind.COPY,
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    False,
    50,
    1.0,
    1.0,
    0,
    0.0,
    Side.NONE,
    False,
    640,
    "unchanged",
)
MOMENT = replace(COPY, kind=Kind.MOMENT, kind_in_series=Kind.MOMENT)
OVERLAY = replace(COPY, kind_in_series=Kind.DIFFERENT, changed_area=900, side=Side.SUBJECT, reason="overlay")
CHANGED = replace(OVERLAY, kind=Kind.DIFFERENT, side=Side.BOTH, reason="changed")
UNLIKE = replace(CHANGED, overlap=0.0, changed_area=0, reason="not-aligned")


def compared(same: str, found: dict[tuple[int, int], Evidence | None], n: int = 12) -> Compared:
    out = Compared(n, same)  # type: ignore[arg-type]
    a, b = np.array(list(found), np.int64).reshape(-1, 2).T
    pairs = Proposals.make(a, b, bits=np.ones(len(a)))
    out.add(pairs, [found[i, j] for i, j in zip(pairs.a.tolist(), pairs.b.tolist(), strict=True)])
    return out


@pytest.mark.parametrize(("same", "links"), [("copy", [(0, 1)]), ("moment", [(0, 1), (1, 2)])])
def test_a_moment_counts_where_moments_are_asked_for(same: str, links: list[tuple[int, int]]) -> None:
    found = compared(same, {(0, 1): COPY, (1, 2): MOMENT, (2, 3): CHANGED, (3, 4): None}).links()
    assert list(zip(found.a.tolist(), found.b.tolist(), strict=True)) == links


def test_a_patch_is_an_overlay_on_a_pair_and_content_in_a_crowd() -> None:
    alone = compared("moment", {(0, 1): OVERLAY})
    assert len(alone.links()) == 1
    camera = compared("moment", {(0, 1): OVERLAY, (0, 2): OVERLAY, (0, 3): OVERLAY, (1, 2): CHANGED, (2, 3): CHANGED})
    assert len(camera.links()) == 0


def test_pictures_that_are_certainly_copies_make_no_crowd() -> None:
    # an original with a marked, a captioned and a banner copy, of which the last looks doubtful
    found = compared("moment", {(0, 1): COPY, (0, 2): COPY, (0, 3): OVERLAY, (1, 3): CHANGED, (2, 3): CHANGED})
    assert len(found.links()) == 3


def test_pictures_that_do_not_line_up_make_no_crowd() -> None:
    found = compared("moment", {(0, 1): OVERLAY, (0, 2): UNLIKE, (0, 3): UNLIKE, (1, 3): UNLIKE})
    assert len(found.links()) == 1


def test_what_the_kings_of_neighbours_and_the_best_of_the_component_are_is_compared_next() -> None:
    found = compared("moment", {(0, 1): COPY, (1, 2): COPY, (2, 3): COPY})
    links = found.links()
    place = np.arange(12)
    king = crown(12, links.a, links.b, links.score, place)
    assert king[:4].tolist() == [0, 0, 2, 2]
    one, other = further_kings(found, links, king, place, np.zeros(12, np.int64))
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == [(2, 0)]
    tired = np.full(12, MOST_FAILED)
    assert len(further_kings(found, links, king, place, tired)[0]) == 0


def test_rows_that_turn_out_unreadable_leave_with_their_pairs() -> None:
    found = compared("moment", {(0, 1): COPY, (1, 2): COPY})
    found.rename(np.array([-1, *range(1, found.n)]))
    assert found.find(np.array([1, 2]), np.array([0, 1])).tolist() == [-1, 0]
    assert len(found.links()) == 1


def test_another_file_with_the_same_bytes_takes_the_place_of_one_that_is_lost() -> None:
    shifted = replace(COPY, transform=(1.0, 0.0, 5.0, 0.0, 1.0, 0.0))
    found = compared("moment", {(0, 1): shifted, (0, 2): None, (1, 2): MOMENT})
    found.rename(np.array([7, *range(1, found.n)]))
    assert list(zip(found.pairs.a.tolist(), found.pairs.b.tolist(), strict=True)) == [(1, 2), (1, 7)]
    # row 1 is the subject now, and what could not be compared may be tried with the other file
    assert found.evidence == [MOMENT, swapped(shifted)]


def test_swapping_twice_is_the_evidence_itself() -> None:
    one = replace(OVERLAY, transform=(0.5, -0.1, 12.0, 0.1, 0.5, -3.0))
    turned = swapped(one)
    assert turned.side == Side.KING
    x = np.array([30.0, 40.0, 1.0])
    there = np.reshape(one.transform, (2, 3)) @ x
    assert np.allclose(np.reshape(turned.transform, (2, 3)) @ [*there, 1.0], x[:2])
    assert np.allclose(swapped(turned).transform, one.transform)
