"""A copy that dies at any write, a source that changes, a disk that is full: what comes out is whole or told."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from containers import write_parquet, write_tar, write_zip
from copied_runs import KEPT, copied, manifest, pictures, put, run_of, tree, with_labels
from rfdedup.cli.main import app
from rfdedup.model.errors import CheckFailedError, ConfigError, RunFolderError
from rfdedup.outputs.materialize import remove_copy
from rfdedup.outputs.materialize.log import CopyLog, Entry, log_file, read_log
from rfdedup.outputs.materialize.target import LocalTarget, Sink
from rfdedup.pipeline.results import Run

TESTS = Path(__file__).parents[1]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its victims")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    base = tmp_path_factory.mktemp("faults")
    every = list(with_labels(pictures(), ".json").items())
    write_tar(base / "a.tar", every[:8])
    write_tar(base / "b.tar", every[8:])
    write_zip(base / "c.zip", {f"z/{name}": data for name, data in pictures(9).items()})
    return run_of([base / "a.tar", base / "b.tar", base / "c.zip"], base / "run")


@pytest.fixture
def victims() -> Iterator[Any]:
    path = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])
    server = subprocess.Popen(
        [sys.executable, str(TESTS / "materialize_child.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None

    def killed(run: Path, to: Path, kind: str, at: int) -> bool:
        """Whether it died, and did not finish."""
        order = {"run": str(run), "to": str(to), "kind": kind, "die_at": at}
        server.stdin.write(json.dumps(order) + "\n")
        server.stdin.flush()
        code = os.waitstatus_to_exitcode(int(server.stdout.readline()))
        assert code in (0, -signal.SIGKILL)
        return code != 0

    yield killed
    server.stdin.close()
    server.wait(60)


@needs_fork
@pytest.mark.parametrize(
    ("kind", "step"),
    [
        *(("same", 5), ("files", 5), ("webdataset", 11), ("hf", 31)),
        *(pytest.param(kind, 1, marks=pytest.mark.long) for kind in ("same", "files", "webdataset", "hf", "coco")),
    ],
)
def test_a_copy_that_is_killed_at_any_write_resumes_to_the_same(
    kind: str, step: int, run: Run, victims: Any, tmp_path: Path
) -> None:
    copied(run, tmp_path / "whole", kind, shard_bytes=20_000)
    wanted = tree(tmp_path / "whole")
    remove_copy(run.path, tmp_path / "whole")
    assert not (tmp_path / "whole").exists()
    dest, deaths = tmp_path / "copy", 0
    for at in range(1, 1000, step):
        if not victims(run.path, dest, kind, at):
            break
        deaths += 1
        if deaths % 3 == 0:
            # a second death, in the call that goes on
            victims(run.path, dest, kind, 5)
        assert copied(run, dest, kind, shard_bytes=20_000).complete
        assert tree(dest) == wanted
        # outputs are taken away whatever the deaths were
        removed = remove_copy(run.path, dest)
        assert (removed.refused_count, dest.exists()) == (0, False)
    assert deaths * step > 40


@needs_fork
@pytest.mark.parametrize("kind", ["files", "hf"])
def test_an_undo_that_is_killed_goes_on(kind: str, run: Run, victims: Any, tmp_path: Path) -> None:
    for at in range(1, 1000):
        copied(run, tmp_path / "copy", kind)
        died = victims(run.path, tmp_path / "copy", "undo", at)
        if log_file(run.path, str(tmp_path / "copy")).exists():
            assert remove_copy(run.path, tmp_path / "copy").refused_count == 0
        assert not (tmp_path / "copy").exists()
        if not died:
            break
    assert at > 5


def test_a_line_of_the_log_that_was_cut_off_counts_for_nothing(tmp_path: Path) -> None:
    log = CopyLog(tmp_path / "logs/x.jsonl", {"format": 1, "dest": str(tmp_path)})
    log.begin()
    log.add([Entry("a.jpg", 1, "00")])
    whole = log.file.stat().st_size
    log.add([Entry("b/\udcff.jpg", 2, "11", (7,))])
    data = log.file.read_bytes()
    assert (read_log(log.file) or log).entries == log.entries
    for end in range(whole, len(data)):
        log.file.write_bytes(data[:end])
        found = read_log(log.file)
        assert found is not None
        assert list(found.entries) == ["a.jpg"]
        assert log.file.stat().st_size == whole


@pytest.mark.parametrize("name", ["../a.jpg", "/a.jpg", "a/../../b", ""])
def test_a_log_that_names_something_else_touches_nothing(name: str, run: Run, tmp_path: Path) -> None:
    copied(run, tmp_path / "copy", "files")
    file = log_file(run.path, str(tmp_path / "copy"))
    good = file.read_bytes()
    file.write_bytes(good + json.dumps({"name": name, "size": 1, "sha256": "00"}).encode() + b"\n")
    before = tree(tmp_path)
    with pytest.raises(RunFolderError, match="nothing was touched"):
        remove_copy(run.path, tmp_path / "copy")
    assert tree(tmp_path) == before
    file.write_bytes(good)
    remove_copy(run.path, tmp_path / "copy")


def test_a_copy_that_nobody_here_made_is_not_removed(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "theirs", {"a.jpg": b"theirs"})
    dest = str(tmp_path / "theirs")
    log = CopyLog(log_file(run.path, dest), {"format": 1, "dest": dest, "started": "9"})
    log.begin()
    log.add([Entry("a.jpg", 6, "4f6f4f0f" * 8)])
    with pytest.raises(RunFolderError, match="nothing was touched"):
        remove_copy(run.path, dest)
    assert tree(tmp_path / "theirs") == {"a.jpg": b"theirs"}
    log.file.unlink()


@pytest.mark.parametrize("kind", ["same", "files", "hf"])
def test_an_image_that_changed_is_refused_and_the_others_go(kind: str, tmp_path: Path) -> None:
    folder = put(tmp_path / "set", with_labels(pictures(), ".json"))
    run = run_of(folder, tmp_path / "run")
    path = folder / KEPT[1]
    old, status = path.read_bytes(), path.stat()
    path.write_bytes(old[:-1] + b"\0")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    (folder / KEPT[2]).unlink()
    result = CliRunner().invoke(
        app, ["materialize", str(run.path), "--to", str(tmp_path / "copy"), "--as", kind, "--json"]
    )
    assert result.exit_code == 1
    told = {Path(entry["path"]).name: entry["reason"] for entry in json.loads(result.stdout)["refused"]}
    assert told == {"b.jpg": "changed", "c.jpg": "missing"}
    rows = {row["key"]: row for row in manifest(tmp_path / "copy")}
    assert [name for name in KEPT if rows[name]["target"] is not None] == [KEPT[0], KEPT[3]]
    assert rows[KEPT[1]]["note"].startswith("changed")
    assert not any(name.startswith(("cat/b", "dog/c")) for name in tree(tmp_path / "copy"))
    # as it was: the same command brings what is missing, and the result is that of an undisturbed one
    path.write_bytes(old)
    (folder / KEPT[2]).write_bytes(pictures()[KEPT[2]])
    for name, other in ((KEPT[1], status), (KEPT[2], status)):
        os.utime(folder / name, ns=(other.st_atime_ns, other.st_mtime_ns))
    assert copied(run, tmp_path / "copy", kind).complete
    copied(run, tmp_path / "whole", kind)
    assert tree(tmp_path / "copy") == tree(tmp_path / "whole")


@pytest.mark.parametrize("kind", ["same", "files", "webdataset", "hf"])
def test_a_container_that_changed_is_refused(kind: str, tmp_path: Path) -> None:
    names = {"t": write_tar(tmp_path / "t.tar", pictures())}
    other = {f"p/{name}": data for name, data in pictures(9).items()}
    names["p"] = write_parquet(tmp_path / "p.parquet", other)
    run = run_of(list(names.values()), tmp_path / "run")
    for path in names.values():
        os.utime(path, (1, 1))
        summary = copied(run, tmp_path / f"copy-{path.suffix}", kind)
        assert not summary.complete
        os.utime(names["t"], (1, 1))
    assert summary.refused_count == 2 * len(KEPT)
    assert {reason for _, reason, _ in summary.refused} == {"changed" if kind == "same" else "unstable"}
    assert all(row["target"] is None for row in manifest(tmp_path / "copy-.parquet"))


def test_a_container_that_is_away_is_told(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "t.tar", pictures())
    run = run_of(path, tmp_path / "run")
    shutil.move(path, tmp_path / "away.tar")
    for kind in ("same", "files"):
        summary = copied(run, tmp_path / kind, kind)
        assert summary.refused_count == len(KEPT)
        assert not (tmp_path / kind / "t.tar").exists()


def test_bytes_that_are_not_those_of_the_run_are_never_written(tmp_path: Path) -> None:
    """A tar whose version lies: the same size, time and inode, other bytes."""
    path = write_tar(tmp_path / "t.tar", pictures())
    run = run_of(path, tmp_path / "run")
    status = path.stat()
    with tarfile.open(path) as archive:
        offset = archive.getmember(KEPT[0]).offset_data
    with path.open("r+b") as stream:
        stream.seek(offset + 400)
        stream.write(b"\xff\0\xff\0")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    for kind in ("same", "files", "webdataset", "parquet"):
        summary = copied(run, tmp_path / kind, kind)
        assert [reason for _, reason, _ in summary.refused] == ["changed"]
        assert summary.images == len(KEPT) - 1


def test_a_shard_that_was_written_is_not_lost_when_its_source_goes(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "t.tar", pictures())
    run = run_of(path, tmp_path / "run")
    status = path.stat()
    data = path.read_bytes()
    path.write_bytes(data.replace(pictures()[KEPT[0]][-40:], bytes(40)))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    for kind in ("same", "webdataset"):
        first = copied(run, tmp_path / kind, kind)
        assert (first.images, first.refused_count) == (3, 1)
    os.utime(path, (1, 1))
    for kind in ("same", "webdataset"):
        before = tree(tmp_path / kind)
        again = copied(run, tmp_path / kind, kind)
        assert (again.images, again.refused_count) == (3, 1)
        assert {name: data for name, data in tree(tmp_path / kind).items() if name.endswith(".tar")} == {
            name: data for name, data in before.items() if name.endswith(".tar")
        }
        assert sum(row["target"] is not None for row in manifest(tmp_path / kind)) == 3


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, left = Sink.write, 30_000

    def full(self: Sink, data: Any) -> int:
        nonlocal left
        left -= len(data)
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    with monkeypatch.context() as patched:
        patched.setattr(LocalTarget, "stage", _stage_on(full))
        with pytest.raises(CheckFailedError, match="the disk is full"):
            copied(run, tmp_path / "copy", "files")
    assert copied(run, tmp_path / "copy", "files").complete
    copied(run, tmp_path / "whole", "files")
    assert tree(tmp_path / "copy") == tree(tmp_path / "whole")


def _stage_on(write: Any) -> Any:
    stage = LocalTarget.stage

    def staged(self: LocalTarget, make: Any, mtime_ns: int | None) -> Any:
        def limited(sink: Sink) -> Any:
            sink.write = lambda data: write(sink, data)  # type: ignore[method-assign]
            result = make(sink)
            if result and result[0].kind == "unreadable":
                raise OSError(errno.ENOSPC, "No space left on device")
            return result

        return stage(self, limited, mtime_ns)

    return staged


def test_too_little_room_is_told_before_anything_is_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalTarget, "free", lambda self: 1000)
    with pytest.raises(ConfigError, match="free some space"):
        copied(run, tmp_path / "copy", "same")
    assert not (tmp_path / "copy").exists()


def test_a_link_in_the_target_is_not_followed(run: Run, tmp_path: Path) -> None:
    other = put(tmp_path / "other", {"x.txt": b"x"})
    copied(run, tmp_path / "copy", "coco")
    (other / "z").mkdir()
    shutil.move(tmp_path / "copy/images", tmp_path / "moved")
    (tmp_path / "copy/images").symlink_to(other, target_is_directory=True)
    shutil.move(tmp_path / "copy/annotations/instances.json", tmp_path / "instances.json")
    (tmp_path / "copy/annotations/instances.json").symlink_to(other / "x.txt")
    with pytest.raises(ConfigError, match="not of this copy"):
        copied(run, tmp_path / "copy", "coco")
    result = remove_copy(run.path, tmp_path / "copy")
    assert result.refused_count == 0
    assert tree(other) == {"x.txt": b"x"}
    assert (other / "z").is_dir()
    assert (tmp_path / "copy/annotations/instances.json").is_symlink()
