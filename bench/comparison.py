"""How well ``rfdedup.comparison`` tells pairs apart: counts and milliseconds per kind of pair.

    python bench/comparison.py [--sets copies,scenes,...] [--limit N] [--crowd] [--failures]

Sets are read from ../shared where it exists; those made from the project's own photos are always there.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont, ImageOps

from rfdedup.comparison import View, compare, make_view
from rfdedup.demo.edits import STYLES, make_copy
from rfdedup.demo.style import Random
from rfdedup.model.evidence import Evidence, Kind

PLANTED = (
    *("half", "upscale", "q30", "q10", "crop10", "brighter", "grey", "watermark", "border", "rotate2", "crop"),
    *("darker", "contrast", "gamma", "saturation", "noise", "blur_light", "caption", "webp", "exif", "flip"),
)
CASES = (
    *("colour-variants/in", "water-tiles/in", "night-sky/in", "masks-folder/in/masks", "masks-folder/in/images"),
    *("prior-fits-one-distinct/in", "white-background/in", "smooth-blurry/in"),
    *(
        f"template-text/in/{part}"
        for part in ("memes", "plates", "plots", "qr", "receipts", "screens", "screens_light")
    ),
)

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
PHOTOS = ROOT / "src/rfdedup/demo/photos"
U8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Pair:
    """Two pictures, whether they show the same, and a name for the table. ``crowd``: judged by ``kind_in_series``."""

    kind: str
    same: bool
    subject: Callable[[], View]
    king: Callable[[], View]
    name: str = ""
    crowd: bool = False


def rgb_of(source: Path | bytes) -> U8:
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(source) if isinstance(source, bytes) else source))
    if picture.mode in ("RGBA", "LA", "PA", "P"):
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
    return np.asarray(picture.convert("RGB"))


def view_of(rgb: U8) -> View:
    return make_view(rgb, rgb.shape[1], rgb.shape[0], None)


@lru_cache(maxsize=600)
def file_view(path: Path) -> View:
    return view_of(rgb_of(path))


def of_files(kind: str, same: bool, one: Path, two: Path, crowd: bool = False) -> Pair:
    return Pair(kind, same, lambda: file_view(one), lambda: file_view(two), f"{one} {two}", crowd)


def of_pixels(kind: str, same: bool, one: U8, two: U8, name: str, crowd: bool = False) -> Pair:
    return Pair(kind, same, lambda: view_of(one), lambda: view_of(two), name, crowd)


def coded(rgb: U8, quality: int, form: str = "JPEG") -> U8:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, form, quality=quality)
    return rgb_of(out.getvalue())


def resized(rgb: U8, width: int, height: int) -> U8:
    return np.asarray(Image.fromarray(rgb).resize((max(1, width), max(1, height)), Image.Resampling.LANCZOS))


def cropped(rgb: U8, share: float, rng: Random) -> U8:
    height, width = rgb.shape[:2]
    wide, tall = round(width * share**0.5), round(height * share**0.5)
    left, top = int(rng.integers(0, width - wide + 1)), int(rng.integers(0, height - tall + 1))
    return rgb[top : top + tall, left : left + wide].copy()


def turned(rgb: U8, degrees: float) -> U8:
    return np.asarray(Image.fromarray(rgb).rotate(degrees, Image.Resampling.BICUBIC))


def with_banner(rgb: U8) -> U8:
    out = rgb.copy()
    height = max(8, rgb.shape[0] // 4)
    bar = Image.new("RGB", (rgb.shape[1], height), (200, 30, 40))
    font = ImageFont.load_default(size=max(8, height // 2))
    ImageDraw.Draw(bar).text((height // 4, height // 6), "SALE only today", fill="white", font=font)
    out[-height:] = np.asarray(bar)
    return out


def in_collage(rgb: U8, others: list[U8]) -> U8:
    height, width = rgb.shape[:2]
    cells = [resized(other, width, height) for other in (others[0], rgb, others[1], others[2])]
    return np.concatenate([np.concatenate(cells[:2], axis=1), np.concatenate(cells[2:], axis=1)])


def warmer(rgb: U8) -> U8:
    return np.clip(rgb * np.array([1.12, 1.0, 0.85]), 0, 255).astype(np.uint8)


def sepia(rgb: U8) -> U8:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None] * np.array([1.07, 0.9, 0.7])
    return np.clip(grey, 0, 255).astype(np.uint8)


def everything(rgb: U8, rng: Random) -> U8:
    part = cropped(rgb, 0.8, rng)
    half = resized(part, part.shape[1] // 2, part.shape[0] // 2)
    return coded(np.clip(half * 1.15, 0, 255).astype(np.uint8), 30)


def own_edits(rgb: U8, others: list[U8], rng: Random) -> Iterator[tuple[str, U8]]:
    height, width = rgb.shape[:2]
    for share in (0.8, 0.64, 0.5, 0.25):
        yield f"crop {share:.0%}", coded(cropped(rgb, share, rng), 90)
    for degrees in (2, 10, 15, 90, 180):
        yield f"turn {degrees}", coded(turned(rgb, degrees) if degrees < 90 else np.rot90(rgb, degrees // 90), 90)
    for form in range(1, 8):
        again = rgb[:, ::-1] if form > 3 else rgb
        yield "eight forms", coded(np.ascontiguousarray(np.rot90(again, form % 4)), 85)
    yield "collage", coded(in_collage(rgb, others), 90)
    yield "banner", coded(with_banner(rgb), 90)
    yield "quarter size", coded(resized(rgb, width // 4, height // 4), 90)
    yield "enlarged 1.5", resized(rgb, width * 3 // 2, height * 3 // 2)
    for quality in (5, 10, 30, 70):
        yield f"q{quality}", coded(rgb, quality)
    yield "sepia", coded(sepia(rgb), 90)
    yield "warm", coded(warmer(rgb), 90)
    yield "mirror and crop", coded(np.ascontiguousarray(cropped(rgb, 0.7, rng)[:, ::-1]), 85)
    yield "crop half bright q30", everything(rgb, rng)
    yield "32 px of 64 px", coded(resized(rgb, 32, 32), 95)


def photos(limit: int) -> list[Path]:
    folder = SHARED / "data/photos"
    found = sorted(folder.iterdir()) if folder.is_dir() else sorted(PHOTOS.glob("*.jpg"))
    return found[:: max(1, len(found) // limit)]


def copies(limit: int) -> Iterator[Pair]:
    """Edits of photos, by the demo's planters and by others."""
    paths = photos(limit)
    rng = np.random.default_rng(7)
    for index, path in enumerate(paths):
        rgb = rgb_of(path)
        for style in STYLES.values():
            for kind in PLANTED:
                data, _ = make_copy(kind, rgb, rng, style)
                yield of_pixels(f"edit {kind}", True, rgb_of(data), rgb, f"{path} {style.name}")
        others = [rgb_of(paths[(index + step) % len(paths)]) for step in (1, 2, 3)]
        for kind, edited in own_edits(rgb, others, rng):
            king = resized(rgb, 64, 64) if kind == "32 px of 64 px" else rgb
            yield of_pixels(kind, True, edited, king, str(path))


def scenes(limit: int) -> Iterator[Pair]:
    """Frames of fixed cameras; what an outside oracle calls the same or not."""
    folder = SHARED / "data/scenes"
    if not folder.is_dir():
        return
    rows = list(csv.DictReader((folder / "pairs.csv").open()))
    for same, word in ((-1, "apart"), (1, "joined")):
        chosen = defaultdict(list)
        for row in rows:
            if int(row["same"]) == same:
                chosen[row["a"].split("/")[0]].append(row)
        for camera, some in sorted(chosen.items()):
            for row in some[:: max(1, len(some) // (2 * limit))]:
                kind = f"scene {camera} {word}"
                yield of_files(kind, same > 0, folder / row["a"], folder / row["b"])


def cameras(limit: int) -> Iterator[Pair]:
    """A car park with small people: frames 5, 25 and 100 apart."""
    frames = sorted((SHARED / "data/fixed_camera").glob("*.jpg"))
    for gap in (5, 25, 100):
        for start in range(0, len(frames) - gap, max(1, (len(frames) - gap) // (2 * limit))):
            yield of_files(f"camera {gap} apart", False, frames[start], frames[start + gap])


def neighbours(folder: Path, nearest: int) -> Iterator[tuple[Path, Path]]:
    """Pairs of like pictures by a small colour thumbnail, mirrored as well."""
    paths = sorted(folder.iterdir())
    thumbs = []
    for path in paths:
        small = cv2.resize(rgb_of(path), (8, 8), interpolation=cv2.INTER_AREA).astype(np.float32)
        small -= small.mean()
        thumbs.append(small / max(1e-6, float(np.linalg.norm(small))))
    plain = np.array(thumbs)
    likeness = np.maximum(
        plain.reshape(len(paths), -1) @ plain.reshape(len(paths), -1).T,
        plain.reshape(len(paths), -1) @ plain[:, :, ::-1].reshape(len(paths), -1).T,
    )
    np.fill_diagonal(likeness, -1)
    seen = set()
    for one in range(len(paths)):
        for two in np.argsort(-likeness[one])[:nearest].tolist():
            if (min(one, two), max(one, two)) not in seen:
                seen.add((min(one, two), max(one, two)))
                yield paths[one], paths[two]


ALIKE_COPIES = {frozenset(pair) for pair in (("1685", "1382"), ("0823", "0911"), ("0959", "0922"))}


def alike(limit: int) -> Iterator[Pair]:
    """Like pictures of different things: animals, cars, photos."""
    for name in ("alike", "cars", "photos"):
        folder = SHARED / "data" / name
        if not folder.is_dir():
            continue
        for one, two in itertools.islice(neighbours(folder, 4), 40 * limit):
            same = frozenset((one.stem, two.stem)) in ALIKE_COPIES
            yield of_files(f"like {name}{' copies' if same else ''}", same, one, two)


def templates(limit: int) -> Iterator[Pair]:
    """One layout with other text."""
    script = SHARED / "cases/make_templates.py"
    if script.is_file():
        with tempfile.TemporaryDirectory() as out:
            subprocess.run([sys.executable, str(script), out, "--seed", "11", "--count", str(limit)], check=True)
            for folder in sorted(Path(out).iterdir()):
                paths = sorted(folder.iterdir())
                for one, two in itertools.combinations(range(len(paths)), 2):
                    if two - one <= 3:
                        yield of_files(f"template {folder.name}", False, paths[one], paths[two])


def cases(_limit: int) -> Iterator[Pair]:
    """Small sets in which every picture is another."""
    for name in CASES:
        folder = SHARED / "cases" / name
        if folder.is_dir():
            paths = sorted(path for path in folder.iterdir() if path.is_file())
            for one, two in itertools.combinations(paths, 2):
                yield of_files(f"case {name.replace('/in', '')}", False, one, two)


def page(rng: Random, changed: int, size: int, appended: bool = False, side: int = 850) -> tuple[U8, U8]:
    """Two pages of numbers in which ``changed`` digits of ``size`` pixels differ, or one is added."""
    out = []
    rows = [[str(rng.integers(0, 10**7)).zfill(7) for _ in range(4)] for _ in range(14)]
    places = [(int(rng.integers(0, 14)), int(rng.integers(0, 4)), int(rng.integers(0, 7))) for _ in range(changed)]
    font = ImageFont.load_default(size=size)
    for turn in range(2):
        if turn:
            for row, column, digit in places:
                old = rows[row][column]
                new = old + str(rng.integers(0, 10)) if appended else (
                    old[:digit] + str((int(old[digit]) + int(rng.integers(1, 10))) % 10) + old[digit + 1 :]
                )  # fmt: skip
                rows[row][column] = new
        picture = Image.new("RGB", (side, side), "white")
        draw = ImageDraw.Draw(picture)
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                draw.text((30 + column * 200, 30 + row * 56), cell, fill=(20, 20, 20), font=font)
        out.append(np.asarray(picture))
    return out[0], out[1]


def digits(limit: int) -> Iterator[Pair]:
    """A few glyphs of a page that changed; and the page again."""
    rng = np.random.default_rng(3)
    for _ in range(limit):
        for size in (14, 20, 28):
            for changed in (1, 3):
                one, two = page(rng, changed, size)
                yield of_pixels(f"digits {changed} of {size} px", False, one, two, "png")
                yield of_pixels(f"digits {changed} of {size} px q85", False, coded(one, 85), coded(two, 85), "q85")
                yield of_pixels(f"digits {changed} of {size} px half", False, one, resized(two, 425, 425), "half")
            one, two = page(rng, 1, size, appended=True)
            yield of_pixels(f"digit appended of {size} px", False, one, two, "png")
            yield of_pixels(f"digit appended of {size} px q85", False, coded(one, 85), coded(two, 85), "q85")
            one, _ = page(rng, 0, size)
            yield of_pixels("page again q50", True, one, coded(one, 50), "q50")
            yield of_pixels("page again smaller", True, one, coded(resized(one, 600, 600), 85), "600")
            yield of_pixels("page again cut", True, one, coded(one[60:-60, 40:-80].copy(), 85), "cut")


def noise(limit: int) -> Iterator[Pair]:
    """Random noise: all different."""
    made = [np.random.default_rng(seed).integers(0, 255, (300, 400, 3), dtype=np.uint8) for seed in range(8)]
    for one, two in itertools.combinations(range(8), 2):
        yield of_pixels("noise", False, made[one], made[two], f"{one} {two}")
    yield from (of_pixels("noise again", True, coded(rgb, 90), rgb, "") for rgb in made[: min(limit, 8)])


def planted(limit: int) -> Iterator[Pair]:
    """An object that is put into, or moved in, a photo with new grain: content."""
    rng = np.random.default_rng(5)
    for index, path in enumerate(photos(limit)):
        rgb = resized(rgb_of(path), 640, 480)
        stamp = resized(cropped(rgb_of(photos(limit)[index - 1]), 0.5, rng), 90, 60)
        grainy = lambda pixels: np.clip(  # noqa: E731
            pixels + 3 * rng.standard_normal(pixels.shape), 0, 255
        ).astype(np.uint8)
        x, y = int(rng.integers(20, 500)), int(rng.integers(20, 380))
        with_object = rgb.copy()
        with_object[y : y + 60, x : x + 90] = stamp
        moved = rgb.copy()
        moved[y : y + 60, max(0, x - 60) : max(0, x - 60) + 90] = stamp
        kind = "planted object"
        yield of_pixels(f"{kind} comes", False, coded(grainy(rgb), 90), coded(grainy(with_object), 90), str(path))
        yield of_pixels(f"{kind} moves", False, coded(grainy(moved), 90), coded(grainy(with_object), 90), str(path))
        yield of_pixels("another exposure", True, coded(grainy(rgb), 90), coded(grainy(rgb), 90), str(path))


SETS: dict[str, Callable[[int], Iterator[Pair]]] = {
    "copies": copies,
    "scenes": scenes,
    "cameras": cameras,
    "alike": alike,
    "templates": templates,
    "cases": cases,
    "digits": digits,
    "noise": noise,
    "planted": planted,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--limit", type=int, default=12, help="pictures of each set, roughly")
    parser.add_argument("--crowd", action="store_true", help="judge as in a crowd")
    parser.add_argument("--failures", action="store_true", help="list the pairs that come out wrong")
    parser.add_argument("--swap", action="store_true", help="compare each pair the other way round as well")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    total: dict[tuple[str, bool], list[tuple[bool, float, Evidence]]] = defaultdict(list)
    for name in options.sets.split(","):
        for pair in SETS[name](options.limit):
            subject, king = pair.subject(), pair.king()
            start = time.process_time()
            evidence = compare(subject, king)
            spent = 1000 * (time.process_time() - start)
            kind = evidence.kind_in_series if options.crowd or pair.crowd else evidence.kind
            right = (kind is not Kind.DIFFERENT) == pair.same
            total[pair.kind, pair.same].append((right, spent, evidence))
            if options.failures and not right:
                print("WRONG", pair.kind, pair.name, evidence)
            if options.swap:
                back = compare(king, subject)
                if (back.kind, back.kind_in_series, back.reason) != (
                    evidence.kind,
                    evidence.kind_in_series,
                    evidence.reason,
                ):
                    print("UNEQUAL", pair.kind, pair.name, evidence, back)
    print(f"{'kind':34} {'same':5} {'right':>11} {'ms':>7}  reasons")
    for (kind, same), some in sorted(total.items()):
        reasons: dict[str, int] = defaultdict(int)
        for _, _, evidence in some:
            reasons[f"{evidence.reason}/{evidence.kind[0]}"] += 1
        right, spent = sum(one[0] for one in some), sorted(one[1] for one in some)[len(some) // 2]
        print(f"{kind:34} {same!s:5} {right:5}/{len(some):5} {spent:7.1f}  {dict(reasons)}")
    for same in (True, False):
        some = [one for (_, expected), every in total.items() if expected == same for one in every]
        print(f"{'same' if same else 'different'}: {sum(one[0] for one in some)} of {len(some)} right")


if __name__ == "__main__":
    main()
