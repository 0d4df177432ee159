"""What tier 1 says of sets that are good and of junk that is made from them, by rule.

    python bench/junk.py [--shared ../shared] [--every 1] [--junk-every 8] [--rule information] [--sheets DIR]

Every picture of a good set must pass; of junk, 95 in 100 must not. ``--sheets`` writes a contact sheet of what was
dropped from each good set: look at it, some pictures in such sets are blurred.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rich.table import Table

from harness import CONSOLE
from rfdedup.demo.edits import STYLES, make_junk
from rfdedup.demo.planting import shipped_photos
from rfdedup.features.measurement import measure
from rfdedup.features.quality import CHECKED, check_quality
from rfdedup.imaging import decode
from rfdedup.model.config import make_config
from rfdedup.model.errors import ImageError
from rfdedup.model.schemas import FEATURES
from rfdedup.outputs.truth import PLANTED_JUNK

Rgb = npt.NDArray[np.uint8]
Random = np.random.Generator

SIDE = 640
CASES = ("white-background", "night-sky", "masks-folder", "smooth-blurry", "twelve-bit", "template-text")
DATA = ("photos", "cars", "alike", "prior", "scenes", "fixed_camera")
BASES = ("photos", "cars", "alike", "prior", "demo")
"""Sets that junk is made of."""


def _jpeg(image: npt.NDArray[np.generic], quality: int = 88) -> bytes:
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _png(image: npt.NDArray[np.generic]) -> bytes:
    return cv2.imencode(".png", np.clip(np.rint(image), 0, 255).astype(np.uint8)[..., ::-1])[1].tobytes()


def _scale(image: Rgb) -> float:
    return max(image.shape) / SIDE


def _gauss(image: Rgb, sigma: float) -> Rgb:
    return cv2.GaussianBlur(image, (0, 0), sigma * _scale(image))  # type: ignore[return-value]


def _defocused(image: Rgb, radius: float) -> Rgb:
    size = max(1, round(radius * _scale(image)))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1, 2 * size + 1)).astype(np.float32)
    return cv2.filter2D(image, -1, disk / disk.sum())  # type: ignore[return-value]


def _moved(image: Rgb, length: float, rng: Random) -> Rgb:
    size = round(length * _scale(image)) | 1
    line, angle, middle = np.zeros((size, size), np.float32), rng.uniform(0, np.pi), size // 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    cv2.line(line, np.rint(middle - reach).astype(int).tolist(), np.rint(middle + reach).astype(int).tolist(), 1.0)
    return cv2.filter2D(image, -1, line / line.sum())  # type: ignore[return-value]


def _noise(image: Rgb, rng: Random, sigma: float) -> npt.NDArray[np.float64]:
    return rng.normal(0.0, sigma, image.shape)


def _planted(kind: str, style: str, image: Rgb, rng: Random) -> bytes:
    return make_junk(kind, image, rng, STYLES[style])


Maker = Callable[[Rgb, Random], bytes]
JUNK: dict[str, Maker] = {
    **{f"gauss {s}": partial(lambda s, image, _: _jpeg(_gauss(image, s)), s) for s in (2, 3, 4, 6, 8, 16)},
    "gauss 4 + noise 3": lambda image, rng: _jpeg(_gauss(image, 4) + _noise(image, rng, 3.0), 92),
    "gauss 4, quality 40": lambda image, _: _jpeg(_gauss(image, 4), 40),
    **{f"defocus {r}": partial(lambda r, image, _: _jpeg(_defocused(image, r)), r) for r in (5, 8, 12)},
    **{f"motion {n}": partial(lambda n, image, rng: _jpeg(_moved(image, n, rng)), n) for n in (15, 30, 60)},
    "dark x0.02 jpeg": lambda image, _: _jpeg(image * 0.02),
    "dark x0.02 png": lambda image, _: _png(image * 0.02),
    "dark x0.05 + noise 2": lambda image, rng: _jpeg(image * 0.05 + _noise(image, rng, 2.0)),
    "lens cap": lambda image, rng: _jpeg(_noise(image, rng, rng.uniform(1, 5)) + 2),
    "black": lambda image, _: _png(image * 0),
    "blown out": lambda image, rng: _jpeg(image * 0.2 + 225 + _noise(image, rng, 2.0)),
    "white": lambda image, _: _jpeg(image * 0 + 255.0),
    **{f"demo {style} {kind}": partial(_planted, kind, style) for style in STYLES for kind in PLANTED_JUNK},
}


def main() -> int:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--shared", type=Path, default=Path(__file__).parents[2] / "shared")
    options.add_argument("--every", type=int, default=1, help="look at every n-th good picture of the large sets")
    options.add_argument("--junk-every", type=int, default=8, help="make junk of every n-th picture")
    options.add_argument("--rule", choices=["information", "classic"], default="information")
    options.add_argument("--sheets", type=Path, help="write contact sheets of dropped good pictures here")
    options.add_argument("--workers", type=int, default=2)
    given = options.parse_args()
    table = Table("good set", "pictures", "dropped", "why", title=f"Good pictures, rule {given.rule}")
    with tempfile.TemporaryDirectory() as made, ProcessPoolExecutor(given.workers) as pool:
        for name, files in good_sets(given.shared, Path(made), given.every):
            causes = list(pool.map(partial(why, rule=given.rule), files, chunksize=8))
            lost = [(file, cause) for file, cause in zip(files, causes, strict=True) if cause and "error" not in cause]
            counted = Counter(cause.split()[0] for _, cause in lost)
            table.add_row(name, str(len(files)), str(len(lost)), ", ".join(f"{k} {n}" for k, n in counted.items()))
            if given.sheets and lost:
                _sheet(lost, given.sheets / f"{name}.jpg")
        CONSOLE.print(table)
        bases = [file for name, files in good_sets(given.shared, Path(made), 1) if name in BASES for file in files]
        caught: Counter[str] = Counter()
        for found in pool.map(partial(spoilt, rule=given.rule), bases[:: given.junk_every], chunksize=2):
            caught.update(found)
    table = Table("junk", "made", "dropped", "share", title=f"Junk, rule {given.rule}")
    made_of = len(bases[:: given.junk_every])
    for kind in JUNK:
        table.add_row(kind, str(made_of), str(caught[kind]), f"{caught[kind] / max(made_of, 1):.3f}")
    CONSOLE.print(table)
    return 0


def good_sets(shared: Path, made: Path, every: int) -> Iterator[tuple[str, list[Path]]]:
    """Names and files of the sets that are there."""
    for name in CASES:
        yield name, _files(shared / "cases" / name / "in")
    script = shared / "cases" / "make_templates.py"
    if script.exists():
        if not any(made.iterdir()):
            subprocess.run([sys.executable, script, made, "--seed", "7"], check=True)
        yield "templates", _files(made)
    yield "demo", shipped_photos()
    for name in DATA:
        yield name, _files(shared / "data" / name)[::every]


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in (".jpg", ".jpeg", ".png", ".tif"))


def why(file: Path, rule: str) -> str:
    """Reason and score of a file that tier 1 drops, ``error`` and its kind where it cannot be read, else nothing."""
    return _why(file.read_bytes(), rule)


def spoilt(file: Path, rule: str) -> list[str]:
    """Kinds of junk made of a picture that tier 1 drops."""
    image = decode(file.read_bytes(), at_least=SIDE).rgb
    rng = np.random.default_rng(len(file.name) + file.stat().st_size)
    return [kind for kind, make in JUNK.items() if _why(make(image, rng), rule)]


def _why(data: bytes, rule: str) -> str:
    try:
        row = asdict(measure(data))
    except ImageError as error:
        return f"error {error.kind}"
    table = pa.Table.from_pylist([row], schema=pa.schema([FEATURES.field(name) for name in CHECKED]))
    found = check_quality(table, make_config({"quality": {"rule": rule}}).quality)
    return f"{found.reason[0]} {found.score[0]:.3f}" if found.dropped[0] else ""


def _sheet(lost: list[tuple[Path, str]], out: Path, side: int = 240, across: int = 6) -> None:
    cells = []
    for file, cause in lost[:48]:
        image = decode(file.read_bytes(), longest=side).rgb
        cell = np.full((side + 32, side, 3), 40, np.uint8)
        cell[: image.shape[0], : image.shape[1]] = image
        for line, text in enumerate((cause, file.name[:30])):
            cv2.putText(cell, text, (2, side + 12 + 15 * line), 0, 0.42, (255, 255, 255), 1)
        cells.append(cell)
    cells += [np.zeros_like(cells[0])] * (-len(cells) % across)
    rows = [np.hstack(cells[at : at + across]) for at in range(0, len(cells), across)]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(_jpeg(np.vstack(rows)))


if __name__ == "__main__":
    raise SystemExit(main())
