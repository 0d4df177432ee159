"""Containers of any bytes: what is written of them opens, holds what goes, and never ends in an exception."""

from __future__ import annotations

import hashlib
import io
import os
import random
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers import write_parquet, write_tar, write_zip
from rfdedup.model.errors import InputError
from rfdedup.outputs.materialize import same_zip
from rfdedup.outputs.materialize.same_table import write_table
from rfdedup.outputs.materialize.same_tar import write_tar as write_same_tar
from rfdedup.outputs.materialize.same_zip import write_zip as write_same_zip
from rfdedup.outputs.materialize.target import Sink
from rfdedup.sources.members import Contents
from rfdedup.sources.table import plan_parquet
from rfdedup.sources.tar import plan_tar
from rfdedup.sources.zip import plan_zip

MEMBERS = {f"{folder}{n}{end}": b"%d " % n * 90 for folder in ("", "d/") for n in range(4) for end in (".jpg", ".json")}
DROPPED = ("1.jpg", "d/2.jpg")
KEPT = {name: data for name, data in MEMBERS.items() if name[:-4] + ".jpg" not in DROPPED and name not in DROPPED}
KEPT = {name: data for name, data in KEPT.items() if name not in ("1.json", "d/2.json")}


def rows_of(contents: Contents) -> tuple[str | None, list[dict[str, Any]], set[int]]:
    """Version, rows and those that go, as a run over a container has them."""
    facts = []
    for row, item in enumerate(contents.items):
        assert item.place is not None
        place = {"source": item.place.source, "offset": item.place.offset, "length": item.place.length}
        name = {"path_bytes": item.key_bytes, "path": item.key, "bytes": item.size, "sha256": None}
        facts.append({"row": row, "root": item.root, "version": item.version, **place, **name})
    version = contents.items[0].version if contents.items else None
    return version, facts, {row["row"] for row in facts if row["path"] not in DROPPED}


def copied(path: Path, kind: str) -> tuple[bytes, int, int]:
    """What is written of a container, and how many images of how many that should go were refused."""
    plan = {"tar": plan_tar, "zip": plan_zip, "parquet": plan_parquet}[kind]
    write: Any = {"tar": write_same_tar, "zip": write_same_zip, "parquet": write_table}[kind]
    version, facts, goes = rows_of(plan(str(path)))
    stream = io.BytesIO()
    refused = write(str(path), version, facts, goes, Sink(stream))
    return stream.getvalue(), len(refused), len(goes)


def made(kind: str, path: Path) -> Path:
    if kind == "tar":
        return write_tar(path, MEMBERS)
    if kind == "zip":
        return write_zip(path, MEMBERS, zipfile.ZIP_DEFLATED)
    return write_parquet(path, {name: data for name, data in MEMBERS.items() if name.endswith(".jpg")})


@pytest.mark.parametrize("kind", ["tar", "zip", "parquet"])
@settings(max_examples=120)
@given(seed=st.integers(0, 2**32))
def test_any_bytes_are_copied_or_refused(kind: str, seed: int) -> None:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = made(kind, Path(folder) / f"x.{kind}")
        data = bytearray(path.read_bytes())
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(data))
            data[at : at + rng.randrange(4)] = rng.randbytes(rng.randrange(5))
        path.write_bytes(data[: rng.randrange(len(data))] if rng.random() < 0.2 else data)
        try:
            out, refused, going = copied(path, kind)
        except InputError:
            # the run could not be made either
            return
        except OSError as error:
            pytest.fail(f"{error!r}")
        if refused == going:
            return
        if kind == "tar":
            with tarfile.open(fileobj=io.BytesIO(out), errors="surrogateescape") as archive:
                assert len([member for member in archive if member.isreg()]) >= going - refused
        elif kind == "zip":
            with zipfile.ZipFile(io.BytesIO(out)) as written:
                assert len(written.namelist()) >= going - refused
        else:
            assert pq.read_table(io.BytesIO(out)).num_rows == going - refused


def streamed(stream: Any) -> zipfile.ZipFile:
    """A zip file whose sizes stand behind its members."""

    class OneWay(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            return int(stream.write(data))

    return zipfile.ZipFile(OneWay(), "w", zipfile.ZIP_DEFLATED)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["plain", "streamed", "zip64", "many", "old names", "behind something", "commented"])
def test_zip_files_of_all_forms_are_copied(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO(b"#!/bin/sh\n" if form == "behind something" else b"")
    stream.seek(0, os.SEEK_END)
    opened = streamed(stream) if form == "streamed" else zipfile.ZipFile(stream, "a" if stream.tell() else "w")
    with opened as archive:
        archive.comment = b"all of it" if form == "commented" else b""
        for name, data in MEMBERS.items():
            info = zipfile.ZipInfo(name, (2021, 2, 3, 4, 5, 6))
            info.comment = name.encode() if form == "commented" else b""
            with archive.open(info, "w", force_zip64=form == "zip64") as member:
                member.write(data)
    data = stream.getvalue()
    if form == "old names":
        # a name of an old system, without the flag for UTF-8
        data = data.replace(b"0.jpg", b"\x81.jpg").replace(b"d/\x81.jpg", b"d/0.jpg")
    if form == "many":
        monkeypatch.setattr(same_zip, "_MOST_MEMBERS", 5)
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    out, refused, _ = copied(path, "zip")
    assert refused == 0
    wanted = {("ü.jpg" if form == "old names" and name == "0.jpg" else name): data for name, data in KEPT.items()}
    with zipfile.ZipFile(io.BytesIO(out)) as archive, zipfile.ZipFile(path) as before:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == wanted
        assert archive.comment == before.comment
        for info in archive.infolist():
            assert (info.date_time, info.comment) == ((2021, 2, 3, 4, 5, 6), before.getinfo(info.filename).comment)


def test_a_member_without_a_name_is_passed_over(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", {"1234": b"nameless", "0.jpg": b"0"})
    data = path.read_bytes().replace(b"1234", b"\0\0\0\0")
    path.write_bytes(data)
    out, refused, going = copied(path, "zip")
    assert (refused, going) == (0, 1)
    with zipfile.ZipFile(io.BytesIO(out)) as archive:
        assert archive.read("0.jpg") == b"0"


def test_offsets_beyond_four_gigabytes_are_written_where_they_stand() -> None:
    """A record of a member that lay behind the first 4 GiB, its offset in the extra field, after the sizes."""
    extra = b"\x55\x54\x01\0\x01" + b"\x01\0\x18\0" + b"".join(n.to_bytes(8, "little") for n in (7, 8, 5 << 32))
    fixed = b"PK\1\2" + bytes(16) + b"\xff" * 8 + len(b"a.jpg").to_bytes(2, "little")
    record = fixed + len(extra).to_bytes(2, "little") + bytes(10) + b"\xff" * 4 + b"a.jpg" + extra
    moved = same_zip._moved(record, 3 << 32)
    assert moved == record[:-8] + (3 << 32).to_bytes(8, "little")


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_files_of_all_forms_are_copied(form: int, tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    long = "long/" + "n" * (90 if form == tarfile.USTAR_FORMAT else 180)
    members = MEMBERS | {f"{long}.jpg": b"long", "d/2.txt": b"goes too"}
    with tarfile.open(path, "w", format=form, pax_headers={"comment": "for all"}) as archive:
        archive.addfile(_folder("d"))
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode, info.uname = len(data), 1.0 * 10**9, 0o640, "somebody"
            archive.addfile(info, io.BytesIO(data))
    out, refused, _ = copied(path, "tar")
    assert refused == 0
    with tarfile.open(fileobj=io.BytesIO(out)) as archive, tarfile.open(path) as before:
        found = {m.name: m for m in archive}
        assert list(found) == ["d", *KEPT, f"{long}.jpg"]
        for name, info in found.items():
            old = before.getmember(name)
            assert (info.mode, info.mtime, info.uname, info.size) == (old.mode, old.mtime, old.uname, old.size)
            stream = archive.extractfile(info)
            assert stream is None or stream.read() == members[name]
        assert archive.pax_headers == before.pax_headers
    # a tar of which everything goes is the same to the last byte
    whole = io.BytesIO()
    version, facts, _ = rows_of(plan_tar(str(path)))
    write_same_tar(str(path), version, facts, {row["row"] for row in facts}, Sink(whole))
    assert hashlib.sha256(whole.getvalue()).digest() == hashlib.sha256(path.read_bytes()).digest()


def _folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.uname, info.mtime = tarfile.DIRTYPE, 0o640, "somebody", 1.0 * 10**9
    return info
