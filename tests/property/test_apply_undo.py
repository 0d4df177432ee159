"""Apply followed by undo is the identity, and apply loses nothing, on random trees."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from apply_helpers import FaultyFs, Tree, contents, make_tree, other_device, snapshot
from rfdedup.outputs.apply import Action, OnConflict, Pairs, Request, apply_run, undo_run

_ANY_BYTES = sys.platform == "linux"
_plain = st.sampled_from(["a", "b", "A", "x y", "images", "labels", "masks", "é", "e\u0301", "-n", "~", "n.n"])
_wild = st.binary(min_size=1, max_size=6).filter(
    lambda raw: not {0, 47} & set(raw) and raw.strip(b".") and not raw.startswith(b".rfdedup")
)
_component = st.one_of(_plain, _wild.map(os.fsdecode)) if _ANY_BYTES else _plain
_suffix = st.sampled_from([".jpg", ".JPG", ".png", ".jpeg", ".mask.png", ".NEF", ".thm", ".txt", "(1).jpg", ""])
_name = st.builds(
    lambda folders, leaf, suffix: "/".join([*folders, leaf + suffix]),
    st.lists(_component, max_size=3),
    _component,
    _suffix,
)
_bytes = st.binary(max_size=12)
_sidecar = st.sampled_from([".txt", ".xml", ".json", ".xmp", ".mask.png", ".mov", ".jpg.json", ".jpg(1).json", ".x3f"])


@st.composite
def _trees(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Files with their verdicts: kings first, since subjects name them."""
    names = draw(st.lists(_name, min_size=1, max_size=12, unique=True))
    entries: list[dict[str, Any]] = []
    kings: list[int] = []
    for number, name in enumerate(names):
        entry: dict[str, Any] = {
            "name": name,
            "root": draw(st.integers(0, 1)),
            "data": draw(_bytes),
            "mode": draw(st.sampled_from([0o644, 0o600, 0o444, 0o755])),
            "mtime_ns": draw(st.integers(0, 4_000_000_000_000_000_000)),
            "sidecars": draw(st.lists(st.tuples(_sidecar, _bytes), max_size=2)),
            "link_to": draw(st.none() | st.integers(0, number - 1)) if number else None,
            "fate": draw(st.sampled_from(["keep", "quality", "error", "unlisted"] + ["duplicate"] * (3 * bool(kings)))),
        }
        if entry["fate"] == "keep":
            kings.append(number)
        if entry["fate"] == "duplicate":
            entry["king"] = draw(st.sampled_from(kings))
            entry["tier"] = draw(st.sampled_from(["exact", "perceptual", "semantic"]))
        entries.append(entry)
    return entries


def _plant(entries: list[dict[str, Any]], folder: Path) -> Tree:
    """Write the files that can stand beside each other and judge those that are left."""
    tree = make_tree(folder)
    roots = [tree.root, folder / "second"]
    roots[1].mkdir()
    standing: dict[int, str] = {}
    for number, entry in enumerate(entries):
        path = os.path.join(roots[entry["root"]], entry["name"])
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if entry["link_to"] in standing:
                os.link(standing[entry["link_to"]], path)
            else:
                with open(path, "xb") as stream:
                    stream.write(entry["data"])
                os.chmod(path, entry["mode"])
                os.utime(path, ns=(entry["mtime_ns"], entry["mtime_ns"]))
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue
        standing[number] = path
        for ending, data in entry["sidecars"]:
            stem = entry["name"].rpartition(".")[0] or entry["name"]
            try:
                with open(os.path.join(roots[entry["root"]], stem + ending), "xb") as stream:
                    stream.write(data)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                continue
    for number in standing:
        entry = entries[number]
        root = roots[entry["root"]]
        judge = Tree(root, tree.run, tree.rows)
        if entry["fate"] == "keep":
            judge.keep(entry["name"])
        elif entry["fate"] == "error":
            judge.error(entry["name"])
        elif entry["fate"] == "quality":
            judge.drop(entry["name"])
        elif entry["fate"] == "duplicate" and entry["king"] in standing:
            king = entries[entry["king"]]
            # exact where the bytes are the same, as in a run
            tier = None if entry["tier"] == "exact" else entry["tier"]
            judge.drop(entry["name"], king["name"], tier=tier, king_root=roots[king["root"]])
    tree.save()
    return tree


_actions = st.sampled_from([Action.MOVE, Action.COPY, Action.LINK])


@settings(max_examples=40)
@given(_trees(), st.lists(_actions, min_size=1, max_size=2, unique=True), st.sampled_from(OnConflict), st.booleans())
def test_apply_then_undo_is_the_identity(
    entries: list[dict[str, Any]], actions: list[Action], on_conflict: OnConflict, across: bool
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        tree = _plant(entries, folder)
        inputs = (tree.root, folder / "second")
        before = snapshot(*inputs)
        bytes_before = Counter(contents(*inputs))
        if on_conflict == OnConflict.REPORT:
            on_conflict = OnConflict.DROP
        fs = FaultyFs()
        if across:
            fs = other_device(fs, folder / "out")
        for number, action in enumerate(actions):
            target = folder / "out" / str(number)
            summary = apply_run(tree.run, Request(action, target, on_conflict=on_conflict), fs=fs)
            done = summary.done_total.files + summary.sidecars.files
            assert not bytes_before - Counter(contents(*inputs, folder / "out"))
            if action == Action.MOVE:
                assert Counter(contents(*inputs, target)) == bytes_before
                assert len(contents(target)) == done
            again = apply_run(tree.run, Request(action, target, on_conflict=on_conflict), fs=fs)
            assert again.done_total.files == 0
        assert undo_run(tree.run, everything=True, fs=fs).complete
        assert snapshot(*inputs) == before
        assert not (folder / "out").exists()
    finally:
        shutil.rmtree(folder)


@settings(max_examples=15)
@given(_trees())
def test_delete_leaves_every_king_and_everything_unjudged(entries: list[dict[str, Any]]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        tree = _plant(entries, folder)
        inputs = (tree.root, folder / "second")
        before = snapshot(*inputs)
        dropped = {
            os.path.join(row["root"], os.fsdecode(row["path_bytes"])) for row in tree.rows if row["verdict"] == "drop"
        }
        summary = apply_run(tree.run, Request(Action.DELETE, sidecars=()))
        after = snapshot(*inputs)
        gone = before.keys() - after.keys()
        assert gone <= dropped
        assert len(gone) == summary.done_total.files
        for path in after:
            assert after[path].content == before[path].content
    finally:
        shutil.rmtree(folder)


@settings(max_examples=25)
@given(_trees(), st.sampled_from(Pairs), st.sampled_from([OnConflict.KEEP, OnConflict.DROP]))
def test_what_is_kept_or_unread_never_leaves(
    entries: list[dict[str, Any]], pairs: Pairs, on_conflict: OnConflict
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        tree = _plant(entries, folder)
        apply_run(tree.run, Request(Action.MOVE, folder / "out", pairs=pairs, on_conflict=on_conflict))
        stays = ("keep",) if pairs == Pairs.FOLLOW else ("keep", "error")
        for row in tree.rows:
            if row["verdict"] in stays:
                assert os.path.lexists(os.path.join(row["root"], os.fsdecode(row["path_bytes"])))
        clean = Request(Action.COPY, folder / "clean", pairs=pairs, on_conflict=on_conflict)
        apply_run(tree.run, clean)
        kept = Counter(row["sha256"] for row in tree.rows if row["verdict"] == "keep")
        copied = Counter(hashlib.sha256(data).hexdigest() for data in contents(folder / "clean"))
        assert not kept - copied, "the clean tree has every kept image"
    finally:
        shutil.rmtree(folder)


@settings(max_examples=15)
@given(_trees())
def test_a_dry_run_is_the_plan_and_touches_nothing(entries: list[dict[str, Any]]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        tree = _plant(entries, folder)
        before = snapshot(folder)
        request = Request(Action.MOVE, folder / "out")
        planned: list[Any] = []
        dry = apply_run(tree.run, request, dry_run=True, show=planned.append)
        assert {k: v for k, v in snapshot(folder).items() if "/run" not in k} == {
            k: v for k, v in before.items() if "/run" not in k
        }
        done: list[Any] = []
        apply_run(tree.run, request, show=done.append)
        assert done == planned
        assert dry.planned_total.files == sum(hasattr(item, "image") for item in planned)
    finally:
        shutil.rmtree(folder)
