"""Names of two inputs that cannot stand beside each other below one target."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from apply_helpers import Tree, contents, make_tree
from rfdedup.outputs.apply import Action, Request, apply_run, undo_run


@pytest.mark.parametrize("file_first", [True, False])
def test_a_file_of_one_input_makes_way_for_a_folder_of_another(tmp_path: Path, file_first: bool) -> None:
    tree = make_tree(tmp_path)
    second = tmp_path / "second"
    second.mkdir()
    roots = (tree.root, second) if file_first else (second, tree.root)
    for root, name in zip(roots, ("cat", "cat/one.jpg"), strict=True):
        judge = Tree(root, tree.run, tree.rows)
        judge.put(name, name.encode())
        judge.keep(name)
    tree.save()
    target = tmp_path / "out"

    summary = apply_run(tree.run, Request(Action.COPY, target))
    assert (summary.failures, summary.done_total.files) == (0, 2)
    assert sorted(contents(target)) == [b"cat", b"cat/one.jpg"]
    assert (target / "cat" / "one.jpg").read_bytes() == b"cat/one.jpg"
    assert apply_run(tree.run, Request(Action.COPY, target)).done_total.files == 0
    assert undo_run(tree.run, everything=True).complete
    assert not os.path.lexists(target)
