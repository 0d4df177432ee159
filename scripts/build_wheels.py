"""Build the sdist and a wheel for every platform, and check what is in them.

python scripts/build_wheels.py [--out dist] [--target linux-x86_64 ...] [--no-sdist]

Wants ``hatchling`` and ``ziglang`` in the environment that runs it (``[build-system]`` of pyproject.toml says which):
one machine compiles for all.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from build_native import LEVELS, REPO, SOURCES, TARGETS

LOOPS = "rfdedup/runtime/loops"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=REPO / "dist")
    parser.add_argument("--target", choices=TARGETS, action="append", help="default all")
    parser.add_argument("--no-sdist", action="store_true")
    given = parser.parse_args()
    shutil.rmtree(given.out, ignore_errors=True)
    if not given.no_sdist:
        hatchling("sdist", given.out)
    for name in given.target or TARGETS:
        hatchling("wheel", given.out, RFDEDUP_TARGET=name)
        check(name, given.out)
    for path in sorted(given.out.iterdir()):
        print(path)


def hatchling(kind: str, out: Path, **environment: str) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(out.resolve())]
    done = subprocess.run(command, cwd=REPO, env={**os.environ, **environment}, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def check(name: str, out: Path) -> None:
    """End the process where a wheel is not what its name says: its libraries, and no source in C."""
    target = TARGETS[name]
    (wheel,) = out.glob(f"*-py3-none-{target.tag}.whl")
    names = zipfile.ZipFile(wheel).namelist()
    wanted = {f"{LOOPS}/{level}.{target.suffix}" for level in LEVELS[target.machine]} | {f"{LOOPS}/{SOURCES}"}
    found = {each for each in names if each.startswith(f"{LOOPS}/") or each.endswith((".c", ".h"))}
    if found != wanted:
        sys.exit(f"{wheel.name}: {sorted(found ^ wanted)} is there and should not be, or is missing")


if __name__ == "__main__":
    main()
