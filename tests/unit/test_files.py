"""Files that others wrote: regular ones are read, everything else is refused without waiting."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rfdedup.imaging import DecodeLimits
from rfdedup.model.errors import ConfigError, ImageError, RunFolderError
from rfdedup.outputs.export import Export, Format, export_run
from rfdedup.outputs.report import write_report
from rfdedup.outputs.review.pictures import read_file
from rfdedup.outputs.review.snapshot import Snapshot
from rfdedup.outputs.verification.verify import verify_run
from rfdedup.sources.folder import scan
from rfdedup.sources.reading import read_stable
from rfdedup.storage.decision_log import DecisionLog
from rfdedup.storage.feature_store import previews_of
from rfdedup.storage.files import NotRegularError, atomic_write, check_regular, open_regular, parse_json, read_regular
from rfdedup.storage.run_folder import LINKS_FILE, LOCK_FILE, REVIEWS_FILE, RUN_JSON, VERDICTS_FILE, RunFolder
from rfdedup.storage.tables import map_array
from synthetic_run import make_run

pytestmark = pytest.mark.timeout(60)
on_unix = pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes, devices or links in folders like these")


def _link(path: Path) -> None:
    other = path.with_name(path.name + ".real")
    other.write_bytes(path.read_bytes() if path.exists() else b"")
    path.unlink(missing_ok=True)
    path.symlink_to(other)


def _pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def _device(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


KINDS: dict[str, Callable[[Path], None]] = {"link": _link, "pipe": _pipe, "folder": _folder, "device": _device}


@on_unix
@pytest.mark.parametrize("kind", KINDS)
def test_only_regular_files_are_opened(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"text")
    assert read_regular(file) == b"text"
    KINDS[kind](file)
    for look in (open_regular, check_regular, read_regular):
        with pytest.raises(NotRegularError, match="it is a "):
            look(file)


@on_unix
def test_a_file_that_the_user_names_may_be_a_link_and_no_pipe_or_device(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"text")
    (tmp_path / "link").symlink_to("real")
    assert read_regular(tmp_path / "link", follow=True) == b"text"
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(NotRegularError):
            open_regular(path, follow=True)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a name that a socket can have."""
    with tempfile.TemporaryDirectory(prefix="rf") as folder:
        yield Path(folder)


@on_unix
def test_a_socket_is_no_file(short: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(short / "s"))
        with pytest.raises(NotRegularError, match="it is a socket"):
            open_regular(short / "s")


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "nothing")


READERS: dict[str, Callable[[Path], object]] = {
    "open": RunFolder.open,
    "info": lambda run: RunFolder(run).info() and RunFolder.open(run),
    "verify": verify_run,
    "report": lambda run: write_report(RunFolder.open(run), lambda rows: [None] * len(rows)),
    "export": lambda run: export_run(run, Export(Format.JSON), run.parent / "out.json"),
    "review": Snapshot,
}


@on_unix
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [RUN_JSON, VERDICTS_FILE, LINKS_FILE, LOCK_FILE, REVIEWS_FILE, REVIEWS_FILE + "-wal"])
def test_no_file_of_a_run_is_anything_but_a_file(name: str, kind: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", features=True).path
    KINDS[kind](run / name)
    for what, read in READERS.items():
        with pytest.raises(RunFolderError, match=r"it is a [a-z ]*, not a file") as told:
            read(run)
        assert "\n" not in str(told.value), what
    with pytest.raises(RunFolderError, match="it is a "):
        RunFolder.create(run)


@on_unix
@pytest.mark.parametrize("kind", KINDS)
def test_features_that_are_no_files_are_damaged(kind: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", features=True).path
    features = Snapshot(run).features
    names = [file.name for file in (run / "features").iterdir()]
    assert any(name.startswith("preview") for name in names)
    for name in names:
        KINDS[kind](run / "features" / name)
    for look in (
        lambda: previews_of(run, [0]),
        lambda: features.preview(0),
        lambda: features.embedded(),
        lambda: Snapshot(run).features,
    ):
        with pytest.raises(RunFolderError, match="damaged"):
            look()


@on_unix
def test_a_features_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", features=True).path
    (run / "features").rename(tmp_path / "elsewhere")
    (run / "features").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunFolderError, match="symbolic link"):
        RunFolder.open(run)


@on_unix
@pytest.mark.parametrize("name", [REVIEWS_FILE, REVIEWS_FILE + "-journal"])
@pytest.mark.parametrize("kind", KINDS)
def test_decisions_are_neither_read_from_nor_written_to_anything_but_a_file(
    kind: str, name: str, tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run").path
    victim = tmp_path / "victim"
    KINDS[kind](run / name)
    log = DecisionLog(run)
    for use in (log.decisions, log.undo, log.steps, lambda: log.add([])):
        with pytest.raises(RunFolderError, match="it is a "):
            use()
    assert not victim.exists()


@on_unix
def test_a_lock_that_is_a_link_is_not_written_to(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run").path
    (tmp_path / "notes.txt").write_text("precious")
    (run / LOCK_FILE).symlink_to(tmp_path / "notes.txt")
    with pytest.raises(RunFolderError, match="symbolic link"), RunFolder(run).lock():
        pass
    assert (tmp_path / "notes.txt").read_text() == "precious"


@on_unix
@pytest.mark.parametrize("kind", KINDS)
def test_what_takes_the_place_of_a_picture_is_not_waited_for(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"picture")
    (found,) = scan([tmp_path]).files
    KINDS[kind](file)
    with pytest.raises(ImageError) as told:
        read_stable(found, DecodeLimits())
    assert told.value.kind == "unstable"
    if kind in ("pipe", "folder"):
        with pytest.raises(ImageError, match="it is a "):
            read_file(os.fspath(tmp_path), b"a.jpg")


@on_unix
def test_a_configuration_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    from rfdedup.storage.config_file import load_config

    os.mkfifo(tmp_path / "c.toml")
    with pytest.raises(ConfigError, match="it is a pipe"):
        load_config(tmp_path / "c.toml", {})


def test_deep_json_and_toml_are_errors_in_one_line(tmp_path: Path) -> None:
    from rfdedup.storage.config_file import load_config

    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json("[" * 200_000)
    (tmp_path / "c.toml").write_text("a = " + "[" * 200_000)
    with pytest.raises(ConfigError, match="nested too deeply"):
        load_config(tmp_path / "c.toml", {})
    run = make_run(tmp_path / "run").path
    (run / RUN_JSON).write_text("[" * 200_000)
    with pytest.raises(RunFolderError, match="nested too deeply"):
        RunFolder.open(run)


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="name is too long"), atomic_write(tmp_path / ("x" * 300)):
        pass
    with pytest.raises(RunFolderError, match="name is too long"):
        RunFolder.create(tmp_path / ("x" * 300))


def test_mapped_arrays_are_what_was_saved(tmp_path: Path) -> None:
    for array in (
        np.arange(12, dtype=np.float16).reshape(3, 4),
        np.zeros((0, 3), np.int32),
        np.asfortranarray(np.eye(3)),
    ):
        np.save(tmp_path / "a.npy", array)
        found = map_array(tmp_path / "a.npy")
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)
    np.save(tmp_path / "a.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match="objects"):
        map_array(tmp_path / "a.npy")
