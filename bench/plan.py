"""How near `rfdedup plan` comes to the run that follows it: forecast over actual, on sets of several kinds.

    python bench/plan.py [--photos DIR]...                   all sets (some minutes)
    python bench/plan.py copies r50                          some of them
    python bench/plan.py --images FOLDER                     a set that is there already, of any size
    python bench/plan.py rows                                memory of the main process for one more file

Plan and run are commands of their own, one after the other; the actual seconds are those of the whole command. Without
--photos the sources are the shared photos where they exist, else the photos that ship with rfdedup. The weights of r50
are made by the shared reference script.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import harness
from rfdedup.demo.planting import plant, shipped_photos

SHARED = Path(__file__).resolve().parents[2] / "shared"
CHECKPOINT = SHARED / "reference/fastreid_r50_ibn/make_checkpoint.py"
ROWS = (50_000, 250_000)


def sources(folders: Sequence[Path]) -> list[Path]:
    """The photos that sets are made of, in one order."""
    wanted = list(folders) or [SHARED / "data" / name for name in ("photos", "cars", "prior")]
    found = [file for folder in wanted for file in sorted(folder.rglob("*")) if file.suffix.lower() in (".jpg", ".png")]
    return found or shipped_photos()


def jpeg640(photos: list[Path], out: Path) -> Path:
    """Every photo and its mirror image as a JPEG of 640x640."""
    out.mkdir()
    for number, file in enumerate(photos):
        image = cv2.resize(cv2.imread(str(file)), (640, 640), interpolation=cv2.INTER_CUBIC)
        for name, picture in (("a", image), ("b", image[:, ::-1])):
            cv2.imwrite(str(out / f"{number:05d}{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return out


def mixed(photos: list[Path], out: Path) -> Path:
    """The photos as they are, a few of them at 12 to 24 megapixels, some as PNG and WebP."""
    out.mkdir()
    rng = np.random.default_rng(0)
    for number, file in enumerate(photos):
        (out / f"{number:05d}{file.suffix}").write_bytes(file.read_bytes())
        image = cv2.imread(str(file))
        if number % 16 == 0:
            factor = np.sqrt(rng.uniform(12e6, 24e6) / (image.shape[0] * image.shape[1]))
            large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(out / f"{number:05d} large.jpg"), large, [cv2.IMWRITE_JPEG_QUALITY, 90])
        elif number % 16 in (1, 2):
            cv2.imwrite(str(out / f"{number:05d} other.{'png' if number % 16 == 1 else 'webp'}"), image[:, ::-1])
    return out


def copies(photos: list[Path], out: Path) -> Path:
    """Photos with eleven copies each and junk, more than 5,000 files where there are photos enough."""
    return plant(photos[:450], out, seed=3, neutral_names=True).images


Case = tuple[Callable[[list[Path], Path], Path], list[str]]
CASES: dict[str, Case] = {
    "jpeg640": (jpeg640, []),
    "mixed": (mixed, []),
    "copies": (copies, []),
    "copies, cheap tiers": (copies, ["--tiers", "quality,hash"]),
    "r50": (jpeg640, ["--encoder", "r50-ibn", "--threshold", "0.98", "--sample", "1500"]),
}


def command(*words: str | Path) -> tuple[dict[str, Any], float]:
    """What an rfdedup command says as JSON, and its seconds."""
    began = time.perf_counter()
    line = [sys.executable, "-m", "rfdedup", *map(str, words), "--json"]
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    return json.loads(done.stdout), time.perf_counter() - began


def compare(name: str, images: Path, scratch: Path, options: list[str]) -> dict[str, Any]:
    """Plan, then run, and the ratio of the two."""
    plan, _ = command("plan", images, *options)
    out = scratch / f"run {name}"
    run, seconds = command("run", images, "--out", out, *options)
    info = json.loads((out / "run.json").read_text(encoding="utf-8"))
    stages = {stage["name"]: stage for stage in info["stages"]}
    disk = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    embedded = stages.get("link", {"images": 0})["images"]
    likely = plan["seconds"]["likely"]
    return {
        "set": name,
        "files": plan["files"],
        "plan s": plan["took_seconds"],
        "forecast s": likely,
        "actual s": seconds,
        "images/s": plan["files"] / seconds,
        "dropped": run["dropped"],
        "time": likely / seconds,
        "in range": plan["seconds"]["low"] <= seconds <= plan["seconds"]["high"],
        "embedded": plan["to_embed"]["likely"] / embedded if embedded else 1.0,
        "kept": list(plan["passing"].values())[-1]["likely"] / run["kept"],
        "main memory": plan["memory_bytes"]["main"]["likely"] / info["peak_rss_bytes"]["main"],
        "worker memory": plan["memory_bytes"]["worker"]["likely"] / info["peak_rss_bytes"]["worker"],
        "disk": plan["disk_bytes"]["likely"] / disk,
        "stages": {"forecast": plan["stages"], "actual": info["stages"]},
    }


def peak_of_rows(n: int) -> float:
    """Peak memory, bytes, of this process after it judged and wrote ``n`` invented rows."""
    from rfdedup import refine
    from rfdedup.features.settings import feature_key
    from rfdedup.model.config import make_config
    from rfdedup.pipeline.planning.measuring import image_set_of
    from rfdedup.pipeline.planning.row_cost import invented, judged
    from rfdedup.runtime.memory import peak_memory
    from rfdedup.sources.folder import scan
    from rfdedup.storage.feature_store import FeatureStore
    from rfdedup.storage.run_folder import RunFolder

    config = make_config({"tiers": ["quality", "hash"]})
    with tempfile.TemporaryDirectory() as folder:
        photos = shipped_photos()[0].parent
        run = refine(photos, Path(folder) / "run", config=config)
        store = FeatureStore(run.path / "features", feature_key=feature_key(config))
        image_set = invented(image_set_of(scan([photos]).files, store), n)
        judged(image_set, store, config, RunFolder.create(Path(folder) / "rows"))
    return float(peak_memory())


def rows_case() -> None:
    """Print what one more row costs the main process; the constant of ``planner.py`` is this, rounded up."""
    few, many = ROWS
    low, high = (harness.in_process(__file__, "--peak", str(n))["bytes"] for n in (few, many))
    harness.show("Memory", [{"rows": many, "peak MiB": high / 2**20, "bytes a row": (high - low) / (many - few)}])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"{', '.join(CASES)}, rows; default all sets")
    parser.add_argument("--photos", type=Path, action="append", default=[])
    parser.add_argument("--images", type=Path, help="plan and run these instead of sets made of photos")
    parser.add_argument("--out", type=Path, default=Path("bench/results/plan.json"))
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peak:
        print(json.dumps({"bytes": peak_of_rows(given.peak)}))
        return
    if given.cases == ["rows"]:
        rows_case()
        return
    if unknown := set(given.cases) - set(CASES):
        parser.error(f"unknown case {', '.join(sorted(unknown))}")
    if given.images and given.cases:
        parser.error("--images is a set of its own: leave out the cases")
    photos = sources(given.photos)
    where = harness.machine("numpy", "openvino", "opencv-python-headless", "simplejpeg", "pyarrow")
    where["photos"] = len(photos)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        made: dict[Any, Path] = {}
        if given.images:
            rows.append(compare(given.images.name, given.images, scratch, []))
        for name in () if given.images else given.cases or CASES:
            make, options = CASES[name]
            if make not in made:
                made[make] = make(photos, scratch / make.__name__)
            if name == "r50":
                weights = scratch / "r50.pth"
                subprocess.run([sys.executable, CHECKPOINT, weights], check=True, capture_output=True)
                options = [*options, "--weights", str(weights)]
            rows.append(compare(name, made[make], scratch, options))
            harness.show("Plan", [{k: v for k, v in rows[-1].items() if k != "stages"}])
    harness.show("Forecast over actual", [{k: v for k, v in row.items() if k != "stages"} for row in rows])
    harness.write(given.out, where, rows)


if __name__ == "__main__":
    main()
