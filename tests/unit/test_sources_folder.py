"""Scan: what is listed, in which order, and what is passed over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rfdedup.model.errors import InputError
from rfdedup.sources import folder
from rfdedup.sources.folder import sample, scan

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX file names and links")


def _tree(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def _paths(root: Path, **options: object) -> list[str]:
    return [file.key for file in scan([root], **options).files]  # type: ignore[arg-type]


def test_lists_every_depth_in_byte_order(tmp_path: Path) -> None:
    _tree(tmp_path, "b.jpg", "a/z.png", "a-/y.png", "a.png", "deep/1/2/3/4/5/x.txt")
    assert _paths(tmp_path) == ["a-/y.png", "a.png", "a/z.png", "b.jpg", "deep/1/2/3/4/5/x.txt"]


def test_hidden_files_and_symlinks_are_counted_not_followed(tmp_path: Path) -> None:
    _tree(tmp_path, "in/a.jpg", "in/.hidden.jpg", "in/.git/b.jpg", "outside/c.jpg")
    (tmp_path / "in/loop").symlink_to(tmp_path / "in", target_is_directory=True)
    (tmp_path / "in/link.jpg").symlink_to(tmp_path / "outside/c.jpg")
    found = scan([tmp_path / "in"])
    assert [file.key for file in found.files] == ["a.jpg"]
    assert (found.hidden, found.symlinks) == (2, 2)


def test_run_folder_inside_the_input_is_left_out(tmp_path: Path) -> None:
    _tree(tmp_path, "a.jpg", "run/preview.jpg", "run/features/x.jpg")
    assert _paths(tmp_path, exclude=tmp_path / "run") == ["a.jpg"]


def test_overlapping_inputs_list_a_file_once_whatever_their_order(tmp_path: Path) -> None:
    _tree(tmp_path, "a/b/x.jpg", "a/y.jpg")
    one = scan([tmp_path / "a", tmp_path / "a/b"])
    other = scan([tmp_path / "a/b", tmp_path / "a"])
    assert one.files == other.files
    assert [(Path(f.root).name, f.key) for f in one.files] == [("a", "b/x.jpg"), ("a", "y.jpg")]
    assert one.overlapping == 1


def test_hard_links_stay_separate(tmp_path: Path) -> None:
    _tree(tmp_path, "a.jpg")
    os.link(tmp_path / "a.jpg", tmp_path / "b.jpg")
    found = scan([tmp_path])
    assert [file.key for file in found.files] == ["a.jpg", "b.jpg"]
    assert {file.links for file in found.files} == {2}


def test_splitting_the_input_keeps_the_order(tmp_path: Path) -> None:
    _tree(tmp_path, "d/x.jpg", "d-1/y.jpg", "d.e/z.jpg")
    whole = [Path(f.absolute) for f in scan([tmp_path]).files]
    parts = [Path(f.absolute) for f in scan([tmp_path / "d.e", tmp_path / "d", tmp_path / "d-1"]).files]
    assert whole == parts


@posix
def test_names_may_hold_any_bytes(tmp_path: Path) -> None:
    names = [b"caf\xe9.jpg", "caf\u00e9.jpg".encode(), "cafe\u0301.jpg".encode(), b"-dash.jpg", b"q\"\n'.jpg"]
    for name in names:
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))).write_bytes(name)
    found = scan([tmp_path]).files
    assert sorted(os.fsencode(file.key) for file in found) == sorted(names)
    assert all(Path(file.absolute).read_bytes() == os.fsencode(file.key) for file in found)


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _tree(tmp_path, "a.jpg", "secret/b.jpg")
    listing = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "secret":
            raise PermissionError(13, "Permission denied", path)
        return listing(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = scan([tmp_path])
    assert [file.key for file in found.files] == ["a.jpg"]
    assert [(Path(folder).name, why) for folder, why in found.unreadable] == [("secret", "Permission denied")]


@pytest.mark.parametrize("name", ["missing", "file.jpg"])
def test_input_that_is_no_folder_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    _tree(tmp_path, "file.jpg")
    with pytest.raises(InputError, match=name):
        scan([tmp_path / name])


def test_a_larger_sample_contains_a_smaller_one(tmp_path: Path) -> None:
    _tree(tmp_path, *(f"{i:03}.jpg" for i in range(200)))
    files = scan([tmp_path]).files
    small, large = sample(files, 20), sample(files, 60)
    assert len(small) == 20
    assert set(small) < set(large) < set(files)
    assert sample(files, 500) == files
    assert [f.key for f in small] != [f.key for f in files[:20]]


def test_progress_is_told_inside_a_folder_and_adds_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "TELL_FILES", 10)
    _tree(tmp_path, *(f"one/{i:03}.jpg" for i in range(95)), *(f"{i:03}/a.jpg" for i in range(7)))
    told: list[int] = []
    assert len(scan([tmp_path], progress=told.append).files) == sum(told) == 102
    assert told[:-1] == [10] * 10


@pytest.mark.long
@pytest.mark.parametrize("folders", [1, 20_000])
def test_two_hundred_thousand_files(tmp_path: Path, folders: int) -> None:
    for number in range(folders):
        below = tmp_path / f"{number:05}"
        below.mkdir()
        for i in range(200_000 // folders):
            (below / f"{i:06}.jpg").touch()
    told: list[int] = []
    found = scan([tmp_path], progress=told.append)
    assert [file.key for file in found.files] == [
        f"{number:05}/{i:06}.jpg" for number in range(folders) for i in range(200_000 // folders)
    ]
    assert sum(told) == 200_000
    assert max(told) <= folder.TELL_FILES
