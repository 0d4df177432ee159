"""What a run says after its input changed is what a fresh run says, whatever changed and in whatever order."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import in_process
import rfdedup
from rfdedup.demo.planting import shipped_photos

STEPS = 5
LATER_NS = 1_700_000_000_000_000_000


class Album:
    """A folder of small pictures that changes at random; each change is one that people or programs make."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.clock = LATER_NS
        self.made = 0
        self.sources = shipped_photos()[:6]
        for _ in range(14):
            self.add()

    def names(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def any_name(self) -> Path:
        return self.random.choice(self.names())

    def stamp(self, path: Path) -> None:
        self.clock += 1_000_000_000
        os.utime(path, ns=(self.clock, self.clock))

    def picture(self, path: Path) -> None:
        """One of few photos, whole or smaller or grey or nearly black: most pictures have likes."""
        with Image.open(self.random.choice(self.sources)) as opened:
            opened.thumbnail((200, 200))
            picture = opened.convert("RGB")
        edit = self.random.randrange(5)
        if edit == 1:
            picture = picture.resize((picture.width * 2 // 3, picture.height * 2 // 3))
        elif edit == 2:
            picture = picture.convert("L")
        elif edit == 3:
            picture = picture.point(lambda level: level // 40)
        path.parent.mkdir(parents=True, exist_ok=True)
        if edit == 4 and self.random.random() < 0.3:
            path.write_bytes(b"\xff\xd8\xff broken")
        else:
            picture.save(path, "PNG" if self.random.random() < 0.3 else "JPEG", quality=self.random.choice((60, 90)))
        self.stamp(path)

    def fresh_name(self) -> Path:
        self.made += 1
        return self.folder / self.random.choice(("", "a", "b/c")) / f"{self.random.randrange(100):02d} {self.made}.jpg"

    def add(self) -> None:
        self.picture(self.fresh_name())

    def copy(self) -> None:
        path, source = self.fresh_name(), self.any_name()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.read_bytes())
        self.stamp(path)

    def delete(self) -> None:
        self.any_name().unlink()

    def edit(self) -> None:
        self.picture(self.any_name())

    def edit_with_the_old_time(self) -> None:
        """As programs do that keep times; the size tells, or the inode."""
        path = self.any_name()
        status = path.stat()
        other = path.with_name(path.name + ".new")
        self.picture(other)
        other.replace(path)
        os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))

    def rename(self) -> None:
        target = self.fresh_name()
        target.parent.mkdir(parents=True, exist_ok=True)
        self.any_name().rename(target)

    def touch(self) -> None:
        self.stamp(self.any_name())

    def swap(self) -> None:
        one, other = self.random.sample(self.names(), 2)
        between = self.folder / "between"
        one.rename(between)
        other.rename(one)
        between.rename(other)

    def change(self) -> str:
        kinds: list[Callable[[], None]] = [
            *(
                self.add,
                self.copy,
                self.delete,
                self.edit,
                self.edit_with_the_old_time,
                self.rename,
                self.touch,
                self.swap,
            )
        ]
        chosen = [self.random.choice(kinds) for _ in range(self.random.randint(1, 3))]
        for kind in chosen:
            kind()
        return ", ".join(kind.__name__ for kind in chosen)


def compare(album: Album, tmp_path: Path, tiers: tuple[str, ...], steps: int) -> None:
    rfdedup.refine(album.folder, tmp_path / "kept", tiers=tiers)
    done = ["start"]
    for step in range(steps):
        done.append(album.change())
        again = rfdedup.refine(album.folder, tmp_path / "kept", tiers=tiers)
        fresh = rfdedup.refine(album.folder, tmp_path / f"fresh {step}", tiers=tiers)
        assert again.verdicts.to_pylist() == fresh.verdicts.to_pylist(), done
        assert again.links.to_pylist() == fresh.links.to_pylist(), done
    assert fresh.dropped.num_rows


@pytest.mark.parametrize("seed", range(4))
def test_a_run_over_a_changed_input_is_a_fresh_run(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_process.without_workers(monkeypatch)
    compare(Album(tmp_path / "album", seed), tmp_path, ("quality", "hash"), STEPS)


def test_a_run_with_embeddings_over_a_changed_input_is_a_fresh_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process.without_workers(monkeypatch)
    compare(Album(tmp_path / "album", 9), tmp_path, ("quality", "hash", "semantic"), 3)
