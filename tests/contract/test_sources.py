"""All sources keep the contract."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from containers import write_parquet, write_tar, write_zip
from contract.sources import SourceContract
from rfdedup.sources.base import Source
from rfdedup.sources.film import FilmSource, FrameChoice
from rfdedup.sources.folder import FolderSource
from rfdedup.sources.shards import ShardSource


class TestFolder(SourceContract):
    @pytest.fixture(autouse=True)
    def files(self, tmp_path: Path) -> None:
        self.root = tmp_path / "in"
        for key, content in self.wanted.items():
            (self.root / key).parent.mkdir(parents=True, exist_ok=True)
            (self.root / key).write_bytes(content)

    def made(self) -> Source:
        return FolderSource((str(self.root),))

    def changed(self, key: str) -> None:
        (self.root / key).write_bytes(b"something of another length")

    def gone(self, key: str) -> None:
        (self.root / key).unlink()


class _Container(SourceContract):
    alone = False
    name = ""

    @pytest.fixture(autouse=True)
    def files(self, tmp_path: Path) -> None:
        self.path = tmp_path / self.name
        # the order inside is not that of names
        self.write(dict(sorted(self.wanted.items(), key=lambda entry: entry[0][::-1])))

    def write(self, members: Mapping[str, bytes]) -> None:
        raise NotImplementedError

    def made(self) -> Source:
        return ShardSource((str(self.path),))

    def changed(self, key: str) -> None:
        self.write({**self.wanted, key: b"something of another length"})

    def gone(self, key: str) -> None:
        self.write({name: data for name, data in self.wanted.items() if name != key})

    def test_a_container_that_went_is_unreadable(self, source: Source) -> None:
        items = source.plan()[0]
        self.path.unlink()
        with source.open() as reader:
            assert {result[0] for result in reader.fetch(items) if isinstance(result, tuple)} == {"unreadable"}


class TestTar(_Container):
    name = "images.tar"

    def write(self, members: Mapping[str, bytes]) -> None:
        write_tar(self.path, members)


class TestZip(_Container):
    name = "images.zip"

    def write(self, members: Mapping[str, bytes]) -> None:
        write_zip(self.path, members)


class TestDeflatedZip(_Container):
    name = "images.zip"

    def write(self, members: Mapping[str, bytes]) -> None:
        write_zip(self.path, members, zipfile.ZIP_DEFLATED)


class TestParquet(_Container):
    name = "images.parquet"

    def write(self, members: Mapping[str, bytes]) -> None:
        write_parquet(self.path, members)


class TestFilm(_Container):
    name = "clip.mp4"

    @pytest.fixture(autouse=True)
    def files(self, tmp_path: Path) -> None:
        films = pytest.importorskip("films")
        self.path = films.write_film(tmp_path / self.name, films.moving_square(12, films.photo(0, 64, 48)), gop=4)
        pictures = enumerate(films.frames_of(self.path))
        self.wanted = {f"f{n:06d}_t{n / 25:08.3f}": films.as_ppm(one) for n, one in pictures}  # type: ignore[misc]

    def made(self) -> Source:
        return FilmSource((str(self.path),), FrameChoice.parse("every=1"))

    def changed(self, key: str) -> None:
        self.path.write_bytes(self.path.read_bytes() + bytes(8))

    def gone(self, key: str) -> None:
        self.changed(key)
