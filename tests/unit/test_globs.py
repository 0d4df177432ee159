"""Globs of --protect and --prefer: what they match, by which names, and in what time."""

from __future__ import annotations

import fnmatch
import time
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rfdedup.keepers.globs import Glob, matches, names_of, without_match
from rfdedup.sources.folder import scan


@given(glob=st.text("ab*?[]!-/^\\", max_size=9), name=st.text("ab]!-/^[\\\n", max_size=7))
@example("[!]a]*b", "xb")
@example("a[", "a[")
@example("", "")
@example("*", "")
def test_a_glob_matches_what_fnmatch_says(glob: str, name: str) -> None:
    assert Glob(glob).matches(name) == fnmatch.fnmatchcase(name, glob)


@pytest.mark.parametrize("glob", ["*a" * 30 + "*b", "*a" * 2000, "*" * 5000 + "b", "*[!b]?" * 200 + "x"])
def test_no_glob_takes_long(glob: str) -> None:
    compiled, began = Glob(glob), time.process_time()
    assert not compiled.matches("a" * 250 + ".png")
    assert time.process_time() - began < 1


def test_an_image_is_matched_below_its_input_with_the_inputs_name_and_by_its_absolute_path() -> None:
    assert names_of("/data/val", "cats/1.jpg") == ("cats/1.jpg", "val/cats/1.jpg", "/data/val/cats/1.jpg")
    assert names_of("/", "a.jpg") == ("a.jpg", "/a.jpg", "/a.jpg")
    table = pa.table({"root": ["/d/train", "/d/train", "/d/val"], "path": ["a.jpg", "sub/B.jpg", "a.jpg"]})
    assert matches(table, ["val/*"]).tolist() == [False, False, True]
    assert matches(table, ["/d/train/*"]).tolist() == [True, True, False]
    assert matches(table, ["sub/*", "x"]).tolist() == [False, True, False]
    assert matches(table, ["sub/b*"]).tolist() == [False, False, False]
    assert matches(table, ["*.jpg"]).tolist() == [True, True, True]
    assert matches(table, []).tolist() == [False, False, False]


def test_globs_without_a_match_are_told(tmp_path: Path) -> None:
    for name in ("train/a.jpg", "val/b.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    files = scan([tmp_path / "train", tmp_path / "val"]).files
    assert without_match(files, ["val/*", "test/*", "b.jpg", "*.png"]) == ["test/*", "*.png"]
