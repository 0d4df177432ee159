"""What tests put in place of worker processes and of disks, where the start of processes would be most of the time."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from rfdedup.demo.planting import shipped_photos
from rfdedup.encoders import load_encoder, run_encoder
from rfdedup.executors import choice
from rfdedup.executors.in_process import InProcessExecutor
from rfdedup.outputs.verification import verify


def without_workers(patch: pytest.MonkeyPatch) -> None:
    """Let runs and verifications do without worker processes."""
    patch.setattr(choice, "LocalExecutor", lambda *_: InProcessExecutor())
    patch.setattr(run_encoder, "load_encoder", _loaded_once)
    patch.setattr(verify, "load_encoder", _loaded_once)


_loaded_once = cache(load_encoder)


def small_set(folder: Path, photos: int = 12) -> Path:
    """Photos of 240 pixels, each with an exact, a smaller, a cropped and a grey copy, and a dark frame."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(shipped_photos()[:photos]):
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        picture.thumbnail((240, 240))
        width, height = picture.size
        picture.save(folder / f"{number:02d}.png")
        (folder / f"{number:02d} exact.png").write_bytes((folder / f"{number:02d}.png").read_bytes())
        picture.resize((width * 2 // 3, height * 2 // 3)).save(folder / f"{number:02d} small.jpg", quality=80)
        box = (width // 12, height // 12, width, height)
        picture.crop(box).save(folder / f"{number:02d} crop.jpg", quality=90)
        picture.convert("L").save(folder / f"{number:02d} grey.jpg", quality=90)
    Image.new("RGB", (90, 90)).save(folder / "dark.png")
    return folder
