"""What the tables of this folder share: interleaved repeats, ratios with their spread, the machine, JSON."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

CONSOLE = Console(width=140)


def machine(*packages: str) -> dict[str, Any]:
    """Processor, memory, load, Python and package versions of this run."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        model = {line.split(":")[0].strip(): line.split(":")[1].strip() for line in lines if ":" in line}
        flags = set(model.get("flags", "").split())
        useful = [flag for flag in ("avx2", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16") if flag in flags]
        which = ", ".join(f"{key.removeprefix('cpu ')} {model[key]}" for key in ("cpu family", "model") if key in model)
        name = f"{model.get('model name', name)} ({', '.join([which, *useful])})"
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_before": round(psutil.getloadavg()[0], 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {package: importlib.metadata.version(package) for package in packages},
    }


def interleaved(works: dict[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each work, measured in turn ``repeats`` times, so that load falls on all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            seconds[name].append(work())
    return seconds


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ratios(slow: list[float], fast: list[float]) -> dict[str, float]:
    """Ratio of two interleaved series: median, smallest and largest of the paired repeats."""
    each = [a / b for a, b in zip(slow, fast, strict=True)]
    return {"median": statistics.median(each), "least": min(each), "most": max(each)}


def in_process(script: str, *arguments: str) -> dict[str, Any]:
    """Run one case of a benchmark in a fresh process and return the JSON object that it prints last."""
    done = subprocess.run([sys.executable, script, *arguments], check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def peak_mib() -> float:
    """Largest resident size of this process so far, in MiB."""
    if sys.platform == "win32":
        return float(psutil.Process().memory_info().peak_wset) / 2**20
    import resource

    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 2**20 if sys.platform == "darwin" else size / 2**10


class OwnMemory:
    """Largest resident size while in it without pages of files, which the system takes back when it needs them.

    Handed to a ``Watch`` as its progress, it tells them by stage as well; what is between stages counts to "between".
    """

    def __init__(self) -> None:
        self.mib = 0.0
        self.by_stage: dict[str, float] = {}
        self._stage = "between"
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> OwnMemory:
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watching.join()

    @property
    def told(self) -> str:
        parts = ", ".join(f"{name} {mib:,.0f}" for name, mib in self.by_stage.items())
        return f"own memory {self.mib:,.0f} MiB ({parts})"

    def start(self, stage: str, _total: int | None) -> None:
        self._stage = stage

    def advance(self, _count: int) -> None:
        pass

    def finish(self) -> None:
        self._stage = "between"

    def _watch(self) -> None:
        process = psutil.Process()
        while not self._over.wait(0.05):
            size = process.memory_info()
            # Linux alone tells them apart
            now, stage = (size.rss - getattr(size, "shared", 0)) / 2**20, self._stage
            self.mib = max(self.mib, now)
            self.by_stage[stage] = max(self.by_stage.get(stage, 0.0), now)


def show(title: str, rows: list[dict[str, Any]]) -> None:
    """Print dictionaries with the same keys as a table."""
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(*[f"{v:,.2f}" if isinstance(v, float) else str(v) for v in row.values()])
    CONSOLE.print(table)


def write(file: Path, where: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"machine": where, "rows": rows}, indent=2) + "\n")
    CONSOLE.print(f"written: {file}")
