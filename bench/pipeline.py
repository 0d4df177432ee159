"""Whole runs from cold start to the last file written: rfdedup against other tools and the steps it began as.

    python bench/pipeline.py --weights R50_IBN.pth [--count 10000] [--repeats 2] [--json FILE]

Every tool runs as a process of its own that is timed from its start to its end, in turn with all others. Slow tools
get the first images of the set only; compared are images a second. Rivals run in virtual environments of their own
(see quality.py); one that cannot be installed or fails is named and left out. imagededup's CNN has random weights,
since its trained ones come from a server: the work is the same, and the bound is set so high that it finds nothing.
Without --weights the rows of R50-IBN are left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from platformdirs import user_cache_path

from harness import CONSOLE, machine, ratios, show, write
from pictures import default_sources, make, photos_below
from quality import HERE, UnavailableError, environment

TIMEOUT = 3600


@dataclass(frozen=True)
class Tool:
    """A row of the table.

    ``package`` names its environment, empty for this one; ``arguments`` may hold {images}, {out} and {weights};
    ``share`` is the part of the images that it gets; it is compared with the row ``against``.
    """

    package: str
    arguments: tuple[str, ...]
    share: float = 1.0
    against: str = ""


OURS = ("-m", "rfdedup", "run", "{images}", "--out", "{out}/run", "--quiet")
RIVALS = str(HERE / "rivals")
EMBEDDED, R50, HASHES = "rfdedup", "rfdedup r50-ibn", "rfdedup tiers 1 and 2"
TOOLS = {
    EMBEDDED: Tool("", OURS),
    HASHES: Tool("", (*OURS, "--tiers", "quality,hash")),
    R50: Tool("", (*OURS, "--encoder", "r50-ibn", "--weights", "{weights}", "--threshold", "0.9")),
    "fastdup": Tool("fastdup", (f"{RIVALS}/run_fastdup.py", "{images}", "{out}/r.json", "0.9"), 0.5, EMBEDDED),
    "imagededup CNN": Tool(
        "imagededup",
        (f"{RIVALS}/run_imagededup.py", "{images}", "{out}/r.json", "CNN-untrained", "0.999999"),
        0.5,
        EMBEDDED,
    ),
    "imagededup pHash": Tool(
        "imagededup", (f"{RIVALS}/run_imagededup.py", "{images}", "{out}/r.json", "PHash", "10"), 0.5, HASHES
    ),
    "cleanvision": Tool("cleanvision", (f"{RIVALS}/run_cleanvision.py", "{images}", "{out}/r.json"), 0.1, HASHES),
    "the original's steps": Tool("", (f"{RIVALS}/run_original.py", "{images}", "{out}/r.json", "{weights}"), 0.02, R50),
}


@dataclass(frozen=True)
class Measured:
    """One run: images a second, and processor seconds over wall seconds and cores."""

    rate: float
    busy: float


def run(tool: Tool, images: Path, number: int, weights: Path | None, environments: Path) -> Measured:
    """Time one process, its children included.

    Raises:
        UnavailableError: it cannot be installed, or fails.
    """
    python = environment(tool.package, environments) if tool.package else Path(sys.executable)
    with tempfile.TemporaryDirectory() as out:
        words = [word.format(images=images, out=out, weights=weights) for word in tool.arguments]
        before, began = os.times(), time.perf_counter()
        done = subprocess.run([python, *words], capture_output=True, text=True, cwd=out, timeout=TIMEOUT)
        seconds, after = time.perf_counter() - began, os.times()
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise UnavailableError(lines[-1][:200] if lines else f"exit code {done.returncode}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Measured(number / seconds, cpu / seconds / (psutil.cpu_count() or 1))


def part_of(images: Path, number: int, folder: Path) -> Path:
    """A folder with the first ``number`` images, as hard links."""
    part = folder / f"first_{number}"
    if not part.exists():
        part.mkdir(parents=True)
        for file in sorted(images.iterdir())[:number]:
            os.link(file, part / file.name)
    return part


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--weights", type=Path, help="a fast-reid R50-IBN checkpoint")
    parser.add_argument("--tools", default="", help="comma-separated beginnings of names; default: all")
    parser.add_argument("--photos", type=Path, action="append", default=[], help="folder of photos to mix")
    parser.add_argument("--images", type=Path, help="keep the image set here, or use the one that is there")
    parser.add_argument("--environments", type=Path, default=user_cache_path("rfdedup") / "bench")
    parser.add_argument("--json", type=Path, default=HERE / "results" / "pipeline.json")
    options = parser.parse_args()
    weights = options.weights.resolve() if options.weights else None
    wanted = tuple(name for name in options.tools.split(",") if name) or ("",)
    tools = {
        name: tool
        for name, tool in TOOLS.items()
        if name.startswith(wanted) and (weights or "{weights}" not in tool.arguments)
    }
    with tempfile.TemporaryDirectory() as folder:
        images = (options.images or Path(folder) / "images").resolve()
        if not images.is_dir():
            sources = [file for root in options.photos for file in photos_below(root)] or default_sources()
            make(images, options.count, sources=sources)
        sizes = [len(file.read_bytes()) for file in sorted(images.iterdir())]
        if weights:
            add = ("-m", "rfdedup", "encoders", "add", "r50-ibn", "--weights", str(weights))
            subprocess.run([sys.executable, *add], check=True, capture_output=True)
        parts = images.parent / f"{images.name}_parts"
        where = machine("openvino", "opencv-python-headless", "simplejpeg", "numpy", "torch", "faiss-cpu")
        series: dict[str, list[Measured]] = {name: [] for name in tools}
        left_out: dict[str, str] = {}
        facts = {"images": len(sizes), "mean_bytes": sum(sizes) / len(sizes), "left_out": left_out}
        for repeat in range(1, options.repeats + 1):
            for name, tool in tools.items():
                if name in left_out:
                    continue
                number = max(1, round(len(sizes) * tool.share))
                try:
                    part = images if tool.share == 1 else part_of(images, number, parts)
                    series[name].append(run(tool, part, number, weights, options.environments))
                except UnavailableError as error:
                    left_out[name] = str(error)
                    CONSOLE.print(f"{name}: left out: {error}")
            rows = [row(name, tools[name], series, len(sizes)) for name in tools if name not in left_out]
            # after each, so that a series that is cut short leaves what it has
            write(options.json, {**where, **facts, "repeats": repeat}, rows)
    show(f"{len(sizes)} JPEGs, {sum(sizes) / len(sizes) / 1000:.0f} kB each, {options.repeats} interleaved runs", rows)


def row(name: str, tool: Tool, series: dict[str, list[Measured]], count: int) -> dict[str, Any]:
    rates = [one.rate for one in series[name]]
    ahead = [one.rate for one in series.get(tool.against, [])]
    ratio = ratios(ahead, rates) if len(ahead) == len(rates) and ahead else None
    return {
        "tool": name,
        "images": max(1, round(count * tool.share)),
        "images/s": statistics.median(rates),
        "least": min(rates),
        "most": max(rates),
        "cores busy": statistics.median(one.busy for one in series[name]),
        "compared with": tool.against or "–",
        "ratio": f"{ratio['median']:.1f} ({ratio['least']:.1f}–{ratio['most']:.1f})" if ratio else "–",
    }


if __name__ == "__main__":
    main()
