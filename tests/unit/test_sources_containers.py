"""Odd containers: names, links, damage, ways of storing. What can be read is, and the rest is told."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from containers import TIME, write_parquet, write_tar, write_zip
from rfdedup.imaging import DecodeLimits
from rfdedup.model.errors import ImageError, InputError
from rfdedup.model.items import Item, Place
from rfdedup.sources import containers
from rfdedup.sources.reading import read_stable
from rfdedup.sources.shards import ShardSource, braces, understood
from rfdedup.sources.table import plan_parquet
from rfdedup.sources.tar import plan_tar
from rfdedup.sources.zip import plan_zip

LIMITS = DecodeLimits()


def read(items: list[Item]) -> dict[str, bytes]:
    return {item.key: read_stable(item, LIMITS) for item in items}


def test_names_in_a_tar_are_keys_and_never_paths(tmp_path: Path) -> None:
    names = ["a.jpg", "./a.jpg", "/etc/a.jpg", "../../up.jpg", "x//y/./z.jpg", "a.jpg", "__/__/up.jpg", ".hidden.jpg"]
    found = plan_tar(str(write_tar(tmp_path / "x.tar", [(name, name.encode() + b"!") for name in names])))
    assert read(found.items) == {
        "a.jpg": b"a.jpg!",
        "a#2.jpg": b"./a.jpg!",
        "etc/a.jpg": b"/etc/a.jpg!",
        "__/__/up.jpg": b"../../up.jpg!",
        "x/y/z.jpg": b"x//y/./z.jpg!",
        "a#3.jpg": b"a.jpg!",
        "__/__/up#2.jpg": b"__/__/up.jpg!",
    }
    assert found.hidden == 1
    assert {item.mtime_ns for item in found.items} == {TIME * 10**9}
    assert all(Path(item.absolute).is_relative_to(tmp_path / "x.tar") for item in found.items)


def test_labels_links_folders_and_archives_in_a_tar_are_no_images(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name in ("d/1.jpg", "d/1.json", "d/1.cls", "d/2", "inner.tar"):
            info = tarfile.TarInfo(name)
            info.size = 3
            archive.addfile(info, io.BytesIO(b"abc"))
        for name, kind, target in (("d/3.jpg", tarfile.LNKTYPE, "d/1.jpg"), ("d/4.jpg", tarfile.SYMTYPE, "1.jpg")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
        info = tarfile.TarInfo("d")
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
    found = plan_tar(str(tmp_path / "x.tar"))
    # a name without suffix may be an image, and a hard link is another name of one
    assert read(found.items) == {"d/1.jpg": b"abc", "d/2": b"abc", "d/3.jpg": b"abc"}
    assert (found.others, found.links, found.labelled, found.notes) == (3, 1, True, [])
    assert understood([("tar", found)]) == ["1 tar shard, webdataset, 3 images"]


def test_the_good_members_of_a_cut_off_tar_are_used_and_the_rest_is_told(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", {f"{n}.jpg": bytes([n]) * 2000 for n in range(5)})
    whole = path.read_bytes()
    for end, left in ((3 * 2560 + 512 + 100, 3), (3 * 2560 + 200, 3), (3 * 2560, 3)):
        path.write_bytes(whole[:end])
        found = plan_tar(str(path))
        assert list(read(found.items).values()) == [bytes([n]) * 2000 for n in range(left)]
        # a file that ends after a member may be whole: not every program writes an end
        assert len(found.notes) == (end % 2560 > 0)
        assert all(str(path) in note for note in found.notes)
    path.write_bytes(whole[:5120] + b"\xff" * 512 + whole[5632:])
    found = plan_tar(str(path))
    assert len(found.items) == 2
    assert "damaged at byte 5,120; its 2 images before that are used" in found.notes[0]


@pytest.mark.parametrize("magic", [b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"])
def test_a_compressed_tar_is_refused_whatever_its_name(tmp_path: Path, magic: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(magic + bytes(2000))
    with pytest.raises(InputError, match="compressed"):
        plan_tar(str(tmp_path / "x.tar"))


def test_members_of_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jpg", b"a" * 5000)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.jpg", b"b" * 5000)
        archive.writestr("../c.jpg", b"c" * 5000, zipfile.ZIP_STORED)
        archive.writestr("d.jpg", b"d" * 5000, zipfile.ZIP_LZMA)
        archive.writestr("inner.zip", b"PK")
        archive.writestr("a.txt", b"label")
        archive.writestr("empty.jpg", b"")
        with archive.open(zipfile.ZipInfo("e/big.jpg"), "w", force_zip64=True) as member:
            member.write(b"e" * 5000)
    # what comes before a zip, as in a program that unpacks itself, shifts all places
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    found = plan_zip(str(path))
    odd = [item for item in found.items if item.key == "d.jpg"]
    assert read([item for item in found.items if item not in odd]) == {
        "a.jpg": b"a" * 5000,
        "a#2.jpg": b"b" * 5000,
        "__/c.jpg": b"c" * 5000,
        "empty.jpg": b"",
        "e/big.jpg": b"e" * 5000,
    }
    with pytest.raises(ImageError, match=r"unsupported-format.*zip method 14"):
        read_stable(odd[0], LIMITS)
    assert found.others == 2


def test_encrypted_lying_and_damaged_members_of_a_zip_cost_themselves(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", dict.fromkeys("abcd", b"x" * 9000), zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    at = [data.find(b"PK\1\2")]
    while len(at) < 4:
        at.append(data.find(b"PK\1\2", at[-1] + 4))
    data[at[0] + 8] |= 1
    struct.pack_into("<I", data, at[1] + 24, 100)
    struct.pack_into("<I", data, at[2] + 42, 3)
    path.write_bytes(data)
    found = plan_zip(str(path))
    kinds = {}
    for item in found.items:
        try:
            kinds[item.key] = read_stable(item, LIMITS)
        except ImageError as error:
            kinds[item.key] = error.kind.encode()
    assert kinds == {"a": b"unsupported-format", "b": b"corrupt", "d": b"x" * 9000}
    assert found.notes == [f"{path}: 1 members are not where its directory says and are left out"]


def test_rows_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rows = [{"bytes": b"0", "path": "d/x.jpg"}, None, {"bytes": None, "path": "y.jpg"}, {"bytes": b"33", "path": None}]
    rows += [{"bytes": b"444", "path": "../x.jpg"}, {"bytes": b"", "path": "e"}, {"bytes": b"6", "path": "d/x.jpg"}]
    pq.write_table(pa.table({"image": pa.array(rows, kind), "n": list(range(7))}), path, row_group_size=3)
    found = plan_parquet(str(path))
    assert read(found.items) == {"d/x.jpg": b"0", "000000003": b"33", "__/x.jpg": b"444", "e": b"", "d/x#2.jpg": b"6"}
    assert read(found.items[::-1])["d/x.jpg"] == b"0"
    assert found.notes == [f"{path}: 2 of 7 rows hold no image and are left out"]
    assert all(item.named_as_image for item in found.items)
    # a column of bytes is named by another, as img2dataset writes it; of several columns one is said
    pq.write_table(pa.table({"key": ["0001", "0002"], "jpg": [b"a", None], "npy": [b"x", b"y"]}), path)
    with pytest.raises(InputError, match="--image-column; columns of bytes: jpg, npy"):
        plan_parquet(str(path))
    assert read(plan_parquet(str(path), "jpg").items) == {"0001": b"a"}
    with pytest.raises(InputError, match="no column 'png' of image bytes"):
        plan_parquet(str(path), "png")


def test_more_containers_than_a_process_holds_open(tmp_path: Path) -> None:
    paths = [str(write_tar(tmp_path / f"{n}.tar", {"x.jpg": b"%d" % n})) for n in range(3 * containers.HELD)]
    paths += [str(write_parquet(tmp_path / f"{n}.parquet", {"x.jpg": b"%d" % n})) for n in range(3)]
    items = [item for shard in ShardSource(tuple(paths)).plan() for item in shard]
    with ShardSource(tuple(paths)).open() as reader:
        for some in (items, items[::-1]):
            assert [item.root for item in some] == [
                item.root for item, data in zip(some, reader.fetch(some), strict=True) if data in item.root.encode()
            ]
    assert len(containers._held._open) <= containers.HELD


def test_a_container_that_was_replaced_while_it_is_open_is_unstable(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", {"a.jpg": b"1", "b.jpg": b"2"})
    os.utime(path, (TIME, TIME))
    a, b = plan_tar(str(path)).items
    assert read_stable(a, LIMITS) == b"1"
    # of the same size and time
    write_tar(tmp_path / "y.tar", {"a.jpg": b"1", "b.jpg": b"3"}).replace(path)
    os.utime(path, (TIME, TIME))
    with pytest.raises(ImageError, match="unstable"):
        read_stable(b, LIMITS)


def test_no_member_costs_more_than_a_file_may(tmp_path: Path) -> None:
    item = plan_tar(str(write_tar(tmp_path / "x.tar", {"a.jpg": b"1" * 100}))).items[0]
    with pytest.raises(ImageError, match="too-large"):
        read_stable(item, DecodeLimits(max_bytes=99))
    # as the table of a run might say that somebody else wrote
    far = Item(item.root, "x", 10, 0, 0, 0, 1, version=item.version, place=Place(1 << 40, 10, "tar"))
    with pytest.raises(ImageError, match="truncated"):
        read_stable(far, LIMITS)


def test_ranges_in_braces() -> None:
    assert braces("a/{08..11}.tar") == ["a/08.tar", "a/09.tar", "a/10.tar", "a/11.tar"]
    assert braces("{8..10}/{0..1}") == ["8/0", "8/1", "9/0", "9/1", "10/0", "10/1"]
    assert braces("a{b}.tar") == ["a{b}.tar"]
    for wrong in ("{3..1}.tar", "{0..99999999}.tar"):
        with pytest.raises(InputError, match="is no range"):
            braces(wrong)
