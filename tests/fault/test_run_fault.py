"""Fault tests of ``run``: 1, 9-14, 18, 19, 23 and 28. What hostile files, names, disks and run folders do to it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from PIL import Image

import in_process
import rfdedup
from rfdedup.cli.main import main
from rfdedup.metric import margins
from rfdedup.metric.descriptor import Whitening
from rfdedup.model.errors import RfdedupError, RunFolderError
from rfdedup.model.items import Item
from rfdedup.model.schemas import FEATURES
from rfdedup.outputs.apply.plan import Action
from rfdedup.outputs.apply.service import Request, apply_run
from rfdedup.outputs.verification.verify import verify_run
from rfdedup.pipeline import embedding, measuring
from rfdedup.pipeline import run as funnel
from rfdedup.sources import folder as folder_module
from rfdedup.sources import plan
from rfdedup.sources.folder import scan
from rfdedup.stages import propose
from rfdedup.stages.perceptual import find_perceptual_links
from rfdedup.storage import files, run_folder
from rfdedup.storage.feature_store import FeatureStore, previews_of
from rfdedup.storage.run_folder import RunFolder

posix_names = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names may be any bytes on Linux only")
HASHES = ("quality", "hash")


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    in_process.without_workers(monkeypatch)


def picture(seed: int) -> bytes:
    """A PNG with structure at all scales, unlike that of any other seed."""
    import cv2

    rng = np.random.default_rng(seed)
    levels = sum(
        cv2.resize(rng.normal(0, 20, (side, side, 3)).astype(np.float32), (96, 96), interpolation=cv2.INTER_CUBIC)
        for side in (4, 12, 96)
    )
    return cv2.imencode(".png", (levels + 128).clip(0, 255).astype(np.uint8))[1].tobytes()


def rows_of(run: rfdedup.Run) -> dict[bytes, dict[str, Any]]:
    return {row["path_bytes"]: row for row in run.verdicts.to_pylist()}


def write(path: Path | bytes, data: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - names that are no Path
    with open(path, "wb") as stream:  # noqa: PTH123
        stream.write(data)


def test_01_empty_files_and_files_that_are_no_images_are_errors_and_no_group(tmp_path: Path) -> None:
    images = tmp_path / "in"
    for name, data in (("a.jpg", b""), ("b.jpg", b""), ("c.png", b"words"), ("d.png", b"words"), ("e.png", picture(1))):
        write(images / name, data)
    rows = rows_of(rfdedup.refine(images, tmp_path / "run", tiers=HASHES))
    assert [rows[name]["reason"] for name in (b"a.jpg", b"b.jpg", b"c.png", b"d.png")] == ["empty"] * 2 + [
        "not-an-image"
    ] * 2
    for name, row in rows.items():
        assert row["verdict"] == ("keep" if name == b"e.png" else "error")
        assert (row["group"], row["king"]) == (None, None)


def test_09_pictures_of_one_colour_are_no_duplicates_by_hash_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = tmp_path / "in"
    images.mkdir()
    for number in range(300):
        colour = (100 + number % 100, 80 + number // 3, 120)
        Image.new("RGB", (64, 64), colour).save(images / f"{number:05d}.png")
    compared: list[int] = []
    search = propose.sparse_code_links
    monkeypatch.setattr(
        propose, "sparse_code_links", lambda codes, *more: (compared.append(len(codes)), search(codes, *more))[1]
    )
    run = rfdedup.refine(images, tmp_path / "run", tiers=("hash",))
    assert run.kept.num_rows == 300
    assert compared == [0]


def test_09_fifty_thousand_hashes_without_information_are_not_compared() -> None:
    n = 50_000
    zeros = np.zeros(n, np.uint64)
    same = np.full(n, 0x0F0F_0F0F_0F0F_0F0F, np.uint64)

    def refuse(_: object) -> Any:
        return np.zeros((0, 3), np.uint8)

    for dhash, contrast in ((zeros, 40.0), (~zeros, 40.0), (same, 0.5)):
        found = find_perceptual_links(np.arange(n), dhash, same, np.full(n, contrast), refuse, 8, 32)
        assert len(found.links) == 0
        assert not found.dense.any()


def test_10_overlapping_inputs_list_each_file_once(tmp_path: Path) -> None:
    images = tmp_path / "in"
    write(images / "a.png", picture(1))
    write(images / "sub" / "b.png", picture(2))
    run = rfdedup.refine([images / "sub", images, images / "sub" / ".."], tmp_path / "run", tiers=HASHES)
    assert run.verdicts.num_rows == run.kept.num_rows == 2
    assert run.info["scan"]["overlapping"] == 1


def test_10_overlapping_inputs_on_a_volume_without_inodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "sub" / "a.png", b"a")
    write(tmp_path / "sub" / "b.png", b"b")
    monkeypatch.setattr(folder_module, "Item", lambda *values: Item(*values[:4], 0, 0, 1))
    assert [file.sort_key[-5:] for file in scan([tmp_path, tmp_path / "sub"]).files] == [b"a.png", b"b.png"]


def test_10_a_bind_mount_is_one_file_by_device_and_inode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = tmp_path / "in"
    write(images / "real" / "a.png", picture(1))
    write(images / "mounted" / "a.png", picture(1))
    os.utime(images / "real" / "a.png", (1, 1))
    os.utime(images / "mounted" / "a.png", (1, 1))

    def one_inode(*values: Any) -> Item:
        return Item(*values[:4], 77, 5, 1)

    monkeypatch.setattr(folder_module, "Item", one_inode)
    found = scan([images])
    assert [file.key for file in found.files] == ["mounted/a.png"]
    assert found.overlapping == 1


@pytest.mark.skipif(os.name == "nt", reason="hard links by os.link")
def test_11_hard_links_are_reported_and_one_name_stays(tmp_path: Path) -> None:
    images = tmp_path / "in"
    write(images / "a.png", picture(1))
    os.link(images / "a.png", images / "b.png")
    write(images / "c.png", picture(2))
    run = rfdedup.refine(images, tmp_path / "run", tiers=HASHES)
    rows = rows_of(run)
    assert [name for name, row in rows.items() if "hardlink" in row["flags"]] == [b"a.png", b"b.png"]
    assert sorted((rows[b"a.png"]["verdict"], rows[b"b.png"]["verdict"])) == ["drop", "keep"]
    apply_run(run.path, Request(Action.DELETE))
    assert sum((images / name).exists() for name in ("a.png", "b.png")) == 1
    assert (images / "c.png").exists()


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
def test_12_links_are_counted_and_not_followed(tmp_path: Path) -> None:
    images, outside = tmp_path / "in", tmp_path / "outside"
    write(images / "a.png", picture(1))
    write(outside / "secret.png", picture(2))
    (images / "loop").symlink_to(images, target_is_directory=True)
    (images / "up").symlink_to("..", target_is_directory=True)
    (images / "out").symlink_to(outside, target_is_directory=True)
    (images / "file.png").symlink_to(outside / "secret.png")
    (images / "dangling.png").symlink_to("nowhere")
    os.mkfifo(images / "pipe.png")
    run = rfdedup.refine(images, tmp_path / "run", tiers=HASHES)
    assert set(rows_of(run)) == {b"a.png"}
    assert (run.info["scan"]["symlinks"], run.info["scan"]["special"]) == (5, 1)


NOT_UTF8 = [b"caf\xe9.png", b"\xff\xfe.png", b"dir\x80\xff/x.png", b"half \xe2\x82.png"]
ODD = [
    "caf\u00e9.png".encode(),
    "cafe\u0301.png".encode(),
    b"new\nline.png",
    b"quote\"s and 'apostrophes'.png",
    b"-rf.png",
    b"--out=x.png",
    b" leading and trailing .png ",
    b"tab\t\x01\x1b[31m.png",
    b"<img src=x onerror=alert(1)>.png",
    b"back\\slash.png",
    b"\\udcff.png",
    "\U0001f600\u202e.png".encode(),
    b"a" * 251 + b".png",
    b"/".join([b"deep" * 10] * 40) + b"/x.png",
]


def round_trip(images: bytes, names: list[bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every name comes through store, verdicts, report, JSON, verification and apply, byte for byte."""
    for number, name in enumerate(names):
        write(images + b"/" + name, picture(number))
        write(images + b"/" + name + b"_copy.png" if len(name) < 200 else images + b"/copy.png", picture(number))
    expected = sorted(
        os.path.relpath(os.path.join(folder, name), images)  # noqa: PTH118
        for folder, _, found in os.walk(images)
        for name in found
    )
    run = rfdedup.refine(os.fsdecode(images), tmp_path / "run", tiers=HASHES)
    rows = rows_of(run)
    assert sorted(rows) == expected
    assert all(row["verdict"] in ("keep", "drop") for row in rows.values())
    for row in rows.values():
        if row["verdict"] == "drop":
            king = rows[row["king_path_bytes"]]
            assert (king["verdict"], king["sha256"]) == ("keep", row["sha256"])
    assert verify_run(run.path).failed == []
    assert code("report", str(run.path), "--json") == 0
    json.loads(capsys.readouterr().out)
    page = run_folder.RunFolder(run.path).report.read_bytes()
    page.decode("utf-8")
    assert b"<img src=x onerror" not in page
    dropped = {name for name, row in rows.items() if row["verdict"] == "drop"}
    apply_run(run.path, Request(Action.MOVE, tmp_path / "moved"))
    left = {
        os.path.relpath(os.path.join(folder, name), images)  # noqa: PTH118
        for folder, _, found in os.walk(images)
        for name in found
    }
    assert left == set(rows) - dropped
    assert verify_run(run.path).failed == []


def code(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    return int(left.value.code or 0)


@posix_names
def test_13_names_that_are_not_utf8_come_through_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    round_trip(os.fsencode(tmp_path / "in"), NOT_UTF8, tmp_path, capsys)


@posix_names
def test_14_odd_names_are_exact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    round_trip(os.fsencode(tmp_path / "in"), ODD, tmp_path, capsys)


def spoil(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Do something to the files when they are scanned and not yet read."""
    measure = funnel.measure_files

    def late(*arguments: Any) -> Any:
        act()
        return measure(*arguments)

    monkeypatch.setattr(funnel, "measure_files", late)


def append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


def replace_unseen(path: Path) -> None:
    """Another file of the same size and time under the same name."""
    status = path.stat()
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes()[:-12] + b"x" * 12)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize(
    "change",
    [append, lambda path: path.write_bytes(b""), lambda path: os.utime(path, (5, 5)), replace_unseen],
    ids=["grows", "shrinks", "touched", "replaced"],
)
def test_18_a_file_that_changes_during_the_run_is_unstable_and_not_paired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    images = tmp_path / "in"
    for name in ("a.png", "b.png", "c.png"):
        write(images / name, picture(1))
    with monkeypatch.context() as patch:
        spoil(patch, lambda: change(images / "a.png"))
        rows = rows_of(rfdedup.refine(images, tmp_path / "run", tiers=HASHES))
    assert (rows[b"a.png"]["verdict"], rows[b"a.png"]["reason"]) == ("error", "unstable")
    assert (rows[b"a.png"]["group"], rows[b"a.png"]["king"]) == (None, None)
    assert sorted(rows[name]["verdict"] for name in (b"b.png", b"c.png")) == ["drop", "keep"]
    # at rest it is looked at again
    os.utime(images / "a.png", (9, 9))
    write(images / "a.png", picture(2))
    assert rows_of(rfdedup.refine(images, tmp_path / "run", tiers=HASHES))[b"a.png"]["verdict"] == "keep"


def test_18_a_file_that_changes_between_the_passes_is_unstable_and_its_copies_find_another_king(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = tmp_path / "in"
    for name in ("a.png", "b.png", "c.png"):
        write(images / name, picture(1))
        os.utime(images / name, (1, 1))
    write(images / "d.png", picture(4))
    embed, measure = embedding.embed_files, funnel.measure_files
    touched = []

    def late(executor: Any, found: Any, *arguments: Any) -> Any:
        if not touched:
            touched.append(next(file.key for file in found if file.key != "d.png"))
            append(images / touched[0])
        return embed(executor, found, *arguments)

    # as for an encoder that pass 1 has not prepared these pictures for
    monkeypatch.setattr(funnel, "measure_files", lambda *arguments: measure(*arguments[:4]))
    monkeypatch.setattr(embedding, "embed_files", late)
    rows = rows_of(rfdedup.refine(images, tmp_path / "run"))
    assert rows[touched[0].encode()]["reason"] == "unstable"
    others = [rows[name]["verdict"] for name in (b"a.png", b"b.png", b"c.png") if name.decode() != touched[0]]
    assert sorted(others) == ["drop", "keep"]


@pytest.mark.parametrize("seconds", [0, -5, 2**31, 4 * 10**9, 13 * 10**9])
def test_19_any_time_of_a_file_is_normal(tmp_path: Path, seconds: int) -> None:
    images = tmp_path / "in"
    for name in ("a.png", "b.png"):
        write(images / name, picture(1))
    os.utime(images / "a.png", (seconds, seconds))
    run = rfdedup.refine(images, tmp_path / "run", tiers=HASHES)
    assert sorted(run.verdicts["verdict"].to_pylist()) == ["drop", "keep"]
    before = run.verdicts
    assert rfdedup.refine(images, tmp_path / "run", tiers=HASHES).verdicts.equals(before)
    assert verify_run(run.path).failed == []


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return in_process.small_set(tmp_path_factory.mktemp("fault") / "images", photos=4)


def take_all_for_close(patch: pytest.MonkeyPatch) -> None:
    """Measure every link again in full precision, so that the file of such measurements exists."""
    for precision in margins.MARGIN:
        patch.setitem(margins.MARGIN, precision, 2.0)


@pytest.fixture(scope="module")
def finished(images: Path) -> Iterator[rfdedup.Run]:
    with pytest.MonkeyPatch.context() as patch:
        in_process.without_workers(patch)
        take_all_for_close(patch)
        patch.setattr(plan, "SHARD_ROWS", 8)
        patch.setattr(measuring, "CHUNK", 4)
        yield rfdedup.refine(images, images.parent / "run")


@pytest.fixture
def always_close(monkeypatch: pytest.MonkeyPatch) -> None:
    take_all_for_close(monkeypatch)


class FullDisk:
    """Lets a given number of files be written; the next one is cut in the middle, as a full disk does it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int, number: int) -> None:
        self.room = room
        sync = os.fsync

        def full(handle: int) -> None:
            if self.room == 0:
                status = os.fstat(handle)
                if stat.S_ISREG(status.st_mode):
                    os.ftruncate(handle, status.st_size // 2)
                raise OSError(number, os.strerror(number))
            self.room -= 1
            sync(handle)

        monkeypatch.setattr(files.os, "fsync", full)


@pytest.mark.usefixtures("always_close")
@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "choose another --out")])
def test_23_a_full_disk_stops_cleanly_wherever_it_strikes_and_the_run_resumes(
    images: Path, finished: rfdedup.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int, words: str
) -> None:
    out = tmp_path / "run"
    room, stops = 0, 0
    while True:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plan, "SHARD_ROWS", 8)
            patch.setattr(measuring, "CHUNK", 4)
            disk = FullDisk(patch, room, number)
            left = code("run", str(images), "--out", str(out), "--quiet")
        if left == 0:
            assert disk.room > 0
            break
        stops += 1
        lines = capsys.readouterr().err.splitlines()
        assert (left, len(lines)) == (2, 1)
        assert words in lines[0]
        assert not list(out.rglob("*.tmp"))
        room += 7
    assert stops >= 4
    run = rfdedup.Run.open(out)
    assert run.verdicts.equals(finished.verdicts)
    assert run.links.equals(finished.links)


def test_23_a_real_full_disk(images: Path, tmp_path: Path) -> None:
    """The kernel's own refusal in the middle of a write: a limit on the size of files stands for the end of a disk."""
    resource = pytest.importorskip("resource")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))

    words = [sys.executable, "-m", "rfdedup", "run", str(images), "--out", str(tmp_path / "run"), "--tiers", "hash"]
    source = str(Path(__file__).parents[2] / "src")
    ended = subprocess.run(
        [*words, "--quiet"],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.startswith("error: cannot write")
    assert len(ended.stderr.splitlines()) == 1
    assert not list((tmp_path / "run").rglob("*.tmp"))


def test_24_a_run_folder_that_cannot_be_locked_is_one_line(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(FileLock, "acquire", refuse)
    assert code("run", str(images), "--out", str(tmp_path / "run")) == 2
    assert "cannot write" in capsys.readouterr().err


STATE = [
    "run.json",
    "verdicts.parquet",
    "links.parquet",
    "evidence.parquet",
    "features/rows.npy",
    "features/compared_0000.parquet",
    "features/shard_0000.json",
    "features/metadata_0001.parquet",
    "features/preview_0000.parquet",
    "features/img_emb_0001.npy",
]


def damaged(path: Path, how: str, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    if how == "torn":
        data = data[: rng.randrange(len(data))]
    elif how == "flipped":
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif how == "foreign":
        data = bytearray(rng.randbytes(500))
    path.write_bytes(data)
    if how == "gone":
        path.unlink()


def readers(run: Path) -> list[Callable[[], Any]]:
    return [
        lambda: RunFolder.open(run).info()["config"],
        lambda: RunFolder.open(run).verdicts(),
        lambda: RunFolder.open(run).links(),
        lambda: RunFolder.open(run).evidence(),
    ]


# without run.json the folder is a foreign one, see below
CASES = [(name, how) for name in STATE for how in ("torn", "flipped", "foreign", "gone")]
CASES.remove(("run.json", "gone"))


@pytest.mark.usefixtures("always_close")
@pytest.mark.parametrize(("name", "how"), CASES)
def test_28_damaged_state_is_refused_by_readers_and_mended_by_run(
    images: Path, finished: rfdedup.Run, tmp_path: Path, name: str, how: str
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished.path, run)
    damaged(run / name, how, random.Random(f"{name} {how}"))
    truth = [reader() for reader in readers(finished.path)]
    for reader, expected in zip(readers(run), truth, strict=True):
        with contextlib.suppress(RunFolderError):
            assert reader() == expected
    with contextlib.suppress(RunFolderError):
        previews_of(run, np.arange(finished.verdicts.num_rows))
    if name.startswith("features/"):
        (run / "verdicts.parquet").unlink()  # or nothing would be looked at again
    else:
        with pytest.raises(RunFolderError):
            readers(run)[STATE.index(name)]()
    mended = rfdedup.refine(images, run)
    assert mended.verdicts.equals(finished.verdicts)
    assert mended.links.equals(finished.links)


def test_28_a_run_json_that_says_something_else_is_refused(
    images: Path, finished: rfdedup.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_all_for_close(monkeypatch)
    run = tmp_path / "run"
    shutil.copytree(finished.path, run)
    text = (run / "run.json").read_text()
    assert '"radius": 8' in text
    (run / "run.json").write_text(text.replace('"radius": 8', '"radius": 9'))
    with pytest.raises(RunFolderError, match="damaged"):
        rfdedup.Run.open(run)
    assert rfdedup.refine(images, run).verdicts.equals(finished.verdicts)
    assert rfdedup.Run.open(run).info["config"]["hash"]["radius"] == 8


def test_28_a_folder_without_run_json_is_foreign(images: Path, finished: rfdedup.Run, tmp_path: Path) -> None:
    shutil.copytree(finished.path, tmp_path / "run")
    (tmp_path / "run" / "run.json").unlink()
    with pytest.raises(RunFolderError, match="no run wrote"):
        rfdedup.refine(images, tmp_path / "run")


def forge(run: Path, shard: int, **values: Any) -> None:
    """Rewrite the marker of a shard so that its checksums fit whatever lies there."""
    folder = run / "features"
    marker = folder / f"shard_{shard:04d}.json"
    record = json.loads(marker.read_text())
    record["metadata"] = files.sha256_file(folder / f"metadata_{shard:04d}.parquet")
    record["img_emb"] = files.sha256_file(folder / f"img_emb_{shard:04d}.npy")
    marker.write_text(json.dumps(record | values))


def longer(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table, table])


def not_text(table: pa.Table) -> pa.Table:
    bad = pa.array([b"\xff\xfe"] * table.num_rows, pa.binary()).view(pa.string())
    return table.set_column(FEATURES.get_field_index("sha256"), FEATURES.field("sha256"), bad)


@pytest.mark.usefixtures("always_close")
@pytest.mark.parametrize("edit", [longer, not_text, lambda table: table.drop_columns(["dhash"])])
def test_28_a_forged_shard_with_fitting_checksums_is_recomputed(
    images: Path, finished: rfdedup.Run, tmp_path: Path, edit: Callable[[pa.Table], pa.Table]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished.path, run)
    metadata = run / "features" / "metadata_0000.parquet"
    pq.write_table(edit(pq.read_table(metadata)), metadata)
    forge(run, 0)
    (run / "verdicts.parquet").unlink()
    assert rfdedup.refine(images, run).verdicts.equals(finished.verdicts)


@pytest.mark.usefixtures("always_close")
@pytest.mark.parametrize(
    "vectors",
    [
        np.array([{"a": 1}] * 8, object),
        np.ones((8, 3), np.float64),
        np.ones(8, np.float16),
        np.ones((7, 1280), np.float16),
    ],
    ids=["pickled", "doubles", "flat", "short"],
)
def test_28_forged_embeddings_are_recomputed_and_nothing_is_unpickled(
    images: Path, finished: rfdedup.Run, tmp_path: Path, vectors: np.ndarray[Any, Any]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished.path, run)
    np.save(run / "features" / "img_emb_0000.npy", vectors, allow_pickle=True)
    forge(run, 0)
    (run / "verdicts.parquet").unlink()
    assert rfdedup.refine(images, run).verdicts.equals(finished.verdicts)


@pytest.mark.usefixtures("always_close")
def test_28_forged_embeddings_of_another_length_are_refused(
    images: Path, finished: rfdedup.Run, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished.path, run)
    rows = len(np.load(run / "features" / "img_emb_0000.npy"))
    np.save(run / "features" / "img_emb_0000.npy", np.ones((rows, 3), np.float16))
    forge(run, 0)
    (run / "verdicts.parquet").unlink()
    with pytest.raises(RunFolderError, match="another encoder"):
        rfdedup.refine(images, run)


@pytest.mark.parametrize("rows", [-1, 10**15, True, "8", None])
def test_28_a_forged_marker_is_not_believed(finished: rfdedup.Run, tmp_path: Path, rows: Any) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished.path, run)
    key = json.loads((run / "features" / "shard_0000.json").read_text())["feature_key"]
    assert 0 in FeatureStore(run / "features", feature_key=key).shards
    forge(run, 0, rows=rows)
    store = FeatureStore(run / "features", feature_key=key)
    assert 0 not in store.shards
    assert store.damaged
    store.metadata()


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
@pytest.mark.parametrize("name", [".lock", "features"])
def test_28_planted_links_in_the_run_folder_are_refused(
    images: Path, finished: rfdedup.Run, tmp_path: Path, name: str
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious.tmp").write_text("mine")
    run = tmp_path / "run"
    shutil.copytree(finished.path, run, ignore=shutil.ignore_patterns(name))
    (run / name).symlink_to(victim if name == "features" else victim / "precious.tmp")
    with pytest.raises(RunFolderError, match="symbolic link"):
        rfdedup.refine(images, run, tiers=HASHES)
    assert (victim / "precious.tmp").read_text() == "mine"
    assert len(list(victim.iterdir())) == 1


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
def test_28_a_link_planted_for_a_temporary_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / f"run.json.{os.getpid()}.tmp").symlink_to(tmp_path / "precious")
    files.write_json(tmp_path / "run.json", {"a": 1})
    assert (tmp_path / "precious").read_text() == "mine"
    assert json.loads((tmp_path / "run.json").read_text()) == {"a": 1}


def test_28_every_flipped_bit_of_a_whitening_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "whitening.npz"
    rng = np.random.default_rng(1)
    truth = Whitening(rng.normal(size=5).astype(np.float32), rng.normal(size=(5, 3)).astype(np.float32))
    truth.save(path)
    whole = path.read_bytes()
    refused = 0
    for position in range(len(whole)):
        for bit in (0, 3, 6):
            data = bytearray(whole)
            data[position] ^= 1 << bit
            path.write_bytes(data)
            try:
                read = Whitening.load(path)
            except RunFolderError:
                refused += 1
            else:  # times and attributes of the archive say nothing about the numbers
                assert np.array_equal(read.mean, truth.mean)
                assert np.array_equal(read.projection, truth.projection)
    assert refused > len(whole)


HOLD_LOCK = """
import sys, time
from pathlib import Path
from rfdedup.storage.run_folder import RunFolder
with RunFolder(Path(sys.argv[1])).lock():
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.usefixtures("always_close")
def test_two_runs_at_once_and_a_stale_lock(images: Path, finished: rfdedup.Run, tmp_path: Path) -> None:
    shutil.copytree(finished.path, tmp_path / "run")
    source = str(Path(__file__).parents[2] / "src")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RfdedupError, match="another rfdedup process"):
            rfdedup.refine(images, tmp_path / "run")
    finally:
        holder.kill()
        holder.wait()
    assert rfdedup.refine(images, tmp_path / "run").verdicts.equals(finished.verdicts)
