"""How the files of a plan are cut into shards: by their place alone, so that every machine cuts them alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from rfdedup.model.items import Item

SHARD_ROWS = 1024
"""Items of a shard at most: about 3 s of work with the embedded encoder on two cores, 20 s with a large network."""
SHARD_BYTES = 128 << 20
"""Bytes of the items of a shard at most, unless one alone has more: large pictures take long, and a shard is what a
crash costs."""


def cut(items: Sequence[Item], wanted: npt.NDArray[np.bool_]) -> list[list[Item]]:
    """Shards of the ``wanted`` items, in order.

    The whole plan is cut, and shards of which all items are wanted stay as they are: so a run that goes on after a
    crash has the shards of the run that was cut off. What is wanted of the others is cut by itself.

    Args:
        items: the plan, n items in their order.
        wanted: (n,) bool.
    """
    shards: list[list[Item]] = []
    loose: list[Item] = []
    for begin, end in _bounds(items):
        some = [item for item, here in zip(items[begin:end], wanted[begin:end].tolist(), strict=True) if here]
        if len(some) == end - begin:
            shards.append(some)
        else:
            loose += some
    return shards + [loose[begin:end] for begin, end in _bounds(loose)]


_FRAME_SHARE = 10
"""A frame of a film counts for a tenth of its pixels: about what it would take as an image."""


def _weight(item: Item) -> int:
    return item.size // _FRAME_SHARE if item.frame is not None else item.size


def _bounds(items: Sequence[Item]) -> Iterator[tuple[int, int]]:
    begin = weight = 0
    for place, item in enumerate(items):
        if place > begin and (place - begin >= SHARD_ROWS or weight + _weight(item) > SHARD_BYTES):
            yield begin, place
            begin, weight = place, 0
        weight += _weight(item)
    if begin < len(items):
        yield begin, len(items)
