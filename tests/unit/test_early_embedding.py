"""Views that pass 1 holds for the adaptation of the whitening."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rfdedup.encoders.preprocess import InputSpec
from rfdedup.pipeline.early_embedding import SampleInputs


@given(numbers=st.lists(st.integers(0, 40), max_size=60), wanted=st.integers(0, 12), batch=st.integers(1, 7))
def test_the_views_with_the_smallest_sha256_are_held_whatever_the_order(
    numbers: list[int], wanted: int, batch: int
) -> None:
    held_inputs = SampleInputs(wanted, InputSpec(2, 3))
    digests = [f"{(number * 2654435761) % 2**256:064x}" for number in numbers]
    shape = held_inputs.pixels.shape[1:]
    pixels = np.array(numbers, np.uint8)[:, None, None, None] + np.zeros((1, *shape), np.uint8)
    for begin in range(0, len(numbers), batch):
        held_inputs.offer(digests[begin : begin + batch], pixels[begin : begin + batch])
        # what was offered is no longer there when it is wanted
        pixels[begin : begin + batch] = 255
    smallest = sorted(set(digests))[: SampleInputs.room(wanted)]
    places = held_inputs.places(digests)
    assert [digest for digest, place in zip(digests, places, strict=True) if place >= 0] == [
        digest for digest in digests if digest in smallest
    ]
    for number, place in zip(numbers, places, strict=True):
        if place >= 0:
            assert np.array_equal(held_inputs.pixels[place], np.full(shape, number))
