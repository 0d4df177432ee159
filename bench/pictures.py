"""Picture sets of any size for measurements of speed: seeded mosaics of photos, and some copies of them.

    python bench/pictures.py FOLDER --count 10000            JPEGs of 640 x 640, quality 90, 13 % copies
    python bench/pictures.py FOLDER --count 500 --large      JPEGs of 12 to 24 megapixels, one in ten progressive

Each picture is made of random crops of four photos (large ones: of many), so that pictures are distinct and files are
as large and as detailed as photos are. Large ones are enlarged parts of small photos that go through what a camera does
to a picture: a sensor of one colour a pixel with shot noise, interpolation, and JPEG of quality 90 to 95, 4:2:0. That
makes 0.22 to 0.39 bytes a pixel (the median is 0.28), as phones and cameras store. Without --photos they come from the
shared data where it exists, else from the photos that ship with rfdedup.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from rfdedup.demo.planting import shipped_photos

HERE = Path(__file__).resolve().parent
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
SIDE = 640
QUALITY = 90
COPIES = 0.13
"""Share of pictures that are copies of others: what the data set of the original script had."""
SCALES = (0.6, 1.5)
"""Sets of one size are made from smaller and larger pictures alike."""
TILE = 1024
LARGE = ((4000, 3000), (5184, 3456), (6000, 4000))
"""Widths and heights of 12, 18 and 24 megapixels."""
ENLARGED = (1.0, 2.5)
"""Scale of photos in large pictures: lenses blur edges over a pixel or two."""
NOISE = (2.0, 6.0)
"""Standard deviation of shot noise at mid grey, levels."""
CAMERA_QUALITY = (90, 95)
PROGRESSIVE = 10
"""One of so many large pictures is progressive, as the web makes them and cameras do not."""

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Job:
    """One file to write; ``copy_of`` is the number of the picture that it is a copy of, or its own."""

    file: Path
    number: int
    copy_of: int
    seed: int
    sources: tuple[Path, ...]
    large: bool


def default_sources() -> list[Path]:
    """The shared photos in a fixed order where they exist, else those that ship with rfdedup."""
    shared = Path(os.environ.get("RFDEDUP_SHARED", HERE.parents[1] / "shared")) / "data"
    folders = [shared / name for name in ("photos", "cars", "prior")]
    return [file for folder in folders if folder.is_dir() for file in photos_below(folder)] or shipped_photos()


def photos_below(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in SUFFIXES and file.is_file()]


def make(folder: Path, count: int, *, sources: Sequence[Path], seed: int = 1, large: bool = False) -> None:
    """Write ``count`` JPEGs to ``folder``. Names tell nothing of which is a copy."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(seed)
    distinct = count if large else count - round(COPIES * count)
    place = draw.permutation(count)
    copied = np.concatenate([np.arange(distinct), draw.integers(0, distinct, count - distinct)])
    jobs = [Job(folder / f"{place[i]:06d}.jpg", i, int(copied[i]), seed, tuple(sources), large) for i in range(count)]
    with multiprocessing.get_context("spawn").Pool() as pool:
        for _ in pool.imap_unordered(write, jobs, chunksize=4 if large else 16):
            pass


def write(job: Job) -> None:
    cv2.setNumThreads(1)
    draw = np.random.default_rng((job.seed, job.copy_of))
    options: list[int] = []
    quality = QUALITY
    if job.large:
        picture = developed(mosaic(job.sources, draw), draw)
        quality = int(draw.integers(CAMERA_QUALITY[0], CAMERA_QUALITY[1] + 1))
        options = [cv2.IMWRITE_JPEG_PROGRESSIVE, int(job.number % PROGRESSIVE == 0)]
    else:
        picture = quarters(job.sources, draw)
    if job.number != job.copy_of:
        picture, quality = edited(picture, np.random.default_rng((job.seed, job.number)))
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality, *options])
    assert done, job.file
    job.file.write_bytes(data.tobytes())


def quarters(sources: Sequence[Path], draw: np.random.Generator) -> Pixels:
    """(640, 640, 3): crops of four photos."""
    parts = [crop(sources[i], SIDE // 2, draw) for i in draw.choice(len(sources), 4, replace=len(sources) < 4)]
    return np.vstack([np.hstack(parts[:2]), np.hstack(parts[2:])])


def mosaic(sources: Sequence[Path], draw: np.random.Generator) -> Pixels:
    """(h, w, 3) of 12 to 24 megapixels, made of crops of photos."""
    width, height = LARGE[draw.integers(len(LARGE))]
    out = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            tile = crop(sources[draw.integers(len(sources))], TILE, draw, ENLARGED)
            part = out[top : top + TILE, left : left + TILE]
            part[:] = tile[: part.shape[0], : part.shape[1]]
    return out


def developed(scene: Pixels, draw: np.random.Generator) -> Pixels:
    """``scene`` (h, w, 3) BGR as a sensor of one colour a pixel sees it, with shot noise, colours interpolated."""
    raw = np.empty(scene.shape[:2], np.float32)
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        raw[row::2, column::2] = scene[row::2, column::2, channel]
    noise = draw.standard_normal(raw.shape, np.float32) * np.sqrt(raw / 128 + 0.1)
    raw += np.float32(draw.uniform(*NOISE)) * noise
    levels = np.clip(raw + 0.5, 0, 255).astype(np.uint8)
    return cv2.cvtColor(levels, cv2.COLOR_BayerBGGR2BGR)  # type: ignore[return-value]


def crop(source: Path, side: int, draw: np.random.Generator, scales: tuple[float, float] = SCALES) -> Pixels:
    """A square of ``side`` pixels out of a photo, enlarged or reduced within ``scales`` and perhaps mirrored.

    Photos that are smaller are continued by their mirror image, so that detail stays about as fine as theirs.
    """
    photo = load(source)
    scale = max(draw.uniform(*scales), 64 / min(photo.shape[:2]))
    filter_ = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    part = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=filter_)
    if draw.random() < 0.5:
        part = part[:, ::-1]
    height, width = part.shape[:2]
    more = max(side - height, 0), max(side - width, 0)
    part = np.pad(part, ((0, more[0]), (0, more[1]), (0, 0)), mode="symmetric")
    top, left = (draw.integers(0, have - side + 1) for have in part.shape[:2])
    return np.ascontiguousarray(part[top : top + side, left : left + side])


@lru_cache(maxsize=2048)
def load(source: Path) -> Pixels:
    photo = cv2.imread(str(source), cv2.IMREAD_COLOR)
    assert photo is not None, source
    longest = max(photo.shape[:2])
    if longest > 2 * SIDE:
        scale = 2 * SIDE / longest
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return photo  # type: ignore[return-value]


def edited(picture: Pixels, draw: np.random.Generator) -> tuple[Pixels, int]:
    """A copy of one of five kinds, and the quality to store it in: same bytes, q70, q50, reduced before, brighter."""
    kind = draw.integers(5)
    if kind == 1:
        return picture, 70
    if kind == 2:
        return picture, 50
    if kind == 3:
        small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), QUALITY  # type: ignore[return-value]
    if kind == 4:
        return cv2.convertScaleAbs(picture, alpha=1.1, beta=10), QUALITY  # type: ignore[return-value]
    return picture, QUALITY


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--large", action="store_true", help="12 to 24 megapixels, like photos of cameras, no copies")
    parser.add_argument("--photos", type=Path, action="append", default=[], help="folder of photos to mix")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sources = [file for folder in options.photos for file in photos_below(folder)] or default_sources()
    make(options.folder, options.count, sources=sources, seed=options.seed, large=options.large)


if __name__ == "__main__":
    main()
