"""What a king must show of a picture before this may go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from rfdedup.keepers.confirmed import Compared
from rfdedup.keepers.coverage import Coverage, shown_together
from rfdedup.model.constants import THUMB_SIDE
from rfdedup.model.evidence import Evidence, Kind, Side
from rfdedup.model.proposals import Proposals

ALIKE = Evidence(
    Kind.COPY, Kind.COPY, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), False, 50, 1.0, 1.0, 0, 0.0, Side.NONE, False, 640, "edited"
)
Transform = tuple[float, float, float, float, float, float]


def noise(seed: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (THUMB_SIDE, THUMB_SIDE, 3)).astype(np.uint8)


def setting(
    sizes: list[tuple[int, int]],
    pairs: dict[tuple[int, int], tuple[Transform, Side]],
    thumbs: dict[int, npt.NDArray[np.uint8]] | None = None,
) -> tuple[Coverage, Compared]:
    compared = Compared(len(sizes), "copy")
    proposed = Proposals.make([a for a, _ in pairs], [b for _, b in pairs], bits=[1] * len(pairs))
    compared.add(
        proposed,
        [
            replace(ALIKE, transform=pairs[a, b][0], pasted=pairs[a, b][1])
            for a, b in zip(proposed.a.tolist(), proposed.b.tolist(), strict=True)
        ],
    )
    table = pa.table({"width": [w for w, _ in sizes], "height": [h for _, h in sizes]})
    pictures = np.stack([(thumbs or {}).get(i, noise(i)).reshape(-1) for i in range(len(sizes))])
    return Coverage(table, lambda rows: pictures[rows]), compared


def asked(coverage: Coverage, compared: Compared, subject: int, king: int) -> bool:
    return bool(coverage.enough(compared, np.array([subject]), np.array([king]))[0])


def test_a_crop_goes_for_its_whole_and_the_whole_does_not_go_for_its_crop() -> None:
    crop: Transform = (1.0, 0.0, 100.0, 0.0, 1.0, 75.0)
    coverage, compared = setting([(200, 150), (400, 300)], {(0, 1): (crop, Side.NONE)})
    assert asked(coverage, compared, 0, 1)
    assert not asked(coverage, compared, 1, 0)


def test_little_that_is_cut_off_is_little_lost() -> None:
    coverage, compared = setting([(360, 270), (400, 300)], {(0, 1): ((1.0, 0.0, 20.0, 0.0, 1.0, 15.0), Side.NONE)})
    assert asked(coverage, compared, 1, 0)


@pytest.mark.parametrize(("plain", "goes"), [(True, True), (False, False)])
def test_a_frame_may_go_if_it_is_plain(plain: bool, goes: bool) -> None:
    # the second picture is the first within a wide frame
    thumb = noise(1)
    if plain:
        thumb[:] = 250
        thumb[4:12, 4:12] = noise(0)[4:12, 4:12]
    placed: Transform = (1.0, 0.0, 100.0, 0.0, 1.0, 100.0)
    coverage, compared = setting([(200, 200), (400, 400)], {(0, 1): (placed, Side.KING)}, {1: thumb})
    assert asked(coverage, compared, 1, 0) is goes


def panel(column: int, row: int) -> Transform:
    return (0.5, 0.0, 200.0 * column, 0.0, 0.5, 150.0 * row)


def test_a_collage_goes_where_kept_pictures_show_all_of_it() -> None:
    parts = {(i, 4): (panel(i % 2, i // 2), Side.KING) for i in range(4)}
    coverage, compared = setting([(400, 300)] * 5, parts)
    assert coverage.collages(compared).tolist() == [False] * 4 + [True]
    nobody, anybody = np.arange(5), np.ones(5, np.bool_)
    assert shown_together(coverage, compared, nobody, anybody) == {4: [0, 1, 2, 3]}
    # a protected one stays, and so does one of which a part is nowhere else
    assert shown_together(coverage, compared, nobody, anybody & (np.arange(5) < 4)) == {}
    coverage, compared = setting([(400, 300)] * 5, {pair: parts[pair] for pair in list(parts)[:3]})
    assert shown_together(coverage, compared, nobody, anybody) == {}


def test_what_was_not_compared_is_not_judged() -> None:
    coverage, compared = setting([(400, 300)] * 3, {(0, 1): ((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), Side.NONE)})
    assert asked(coverage, compared, 2, 0)
