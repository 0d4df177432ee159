"""Components against a breadth-first walk."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rfdedup.keepers.components import components


@settings(max_examples=150)
@given(data=st.data(), n=st.integers(1, 30))
def test_label_is_the_smallest_reachable_member(data: st.DataObject, n: int) -> None:
    links = data.draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40))
    near: dict[int, set[int]] = {i: {i} for i in range(n)}
    for a, b in links:
        near[a].add(b)
        near[b].add(a)
    expected = []
    for start in range(n):
        seen, todo = {start}, [start]
        while todo:
            for node in near[todo.pop()] - seen:
                seen.add(node)
                todo.append(node)
        expected.append(min(seen))
    ends = np.array(links, dtype=np.int64).reshape(-1, 2)
    label = components(n, ends[:, 0], ends[:, 1])
    assert label.dtype == np.int64
    assert label.tolist() == expected
