"""Compile the loops in C: a library for each level of processors, by the clang that the package ziglang brings.

python scripts/build_native.py                        for this machine, into src, where a clone looks for them
python scripts/build_native.py --target macos-arm64 --out folder
python scripts/build_native.py --sanitize --out folder

``--sanitize`` compiles in what ends the process where C leaves undefined what happens (UBSan).

A build of the package (``hatch_build.py``) calls ``build``.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
PACKAGE = REPO / "src" / "rfdedup"
IN_PLACE = PACKAGE / "runtime" / "loops"
SOURCES = "sources.txt"

EVERYWHERE = ["imaging/kernels.c", "neighbors/coding.c", "neighbors/thumbs.c"]
HEADERS = ["runtime/native.h", "neighbors/words.h", "neighbors/products.h"]
OF_AVX2 = ["neighbors/products_avx2.c", "neighbors/products_avxvnni.c"]
LEVELS = {
    "x86_64": {
        "v2": ("x86_64_v2", ["runtime/processor.c"]),
        "v3": ("x86_64_v3", OF_AVX2),
        # these loops are long enough for registers of 512 bits to pay
        "v4": (
            "x86_64_v4-prefer_256_bit",
            [*OF_AVX2, "imaging/kernels_vnni.c", "neighbors/products_vnni.c", "neighbors/products_amx.c"],
        ),
    },
    "aarch64": {
        "neon": ("generic", ["runtime/processor.c"]),
        "dotprod": ("generic+v8_2a+dotprod", ["neighbors/products_dotprod.c"]),
    },
}
"""For each kind of processor the libraries: what they may use of it, and what is in them beside ``EVERYWHERE``."""


@dataclass(frozen=True)
class Target:
    """A system.

    Attributes:
        zig: its name for zig. machine: kind of processor, of ``LEVELS``. suffix: how its libraries end.
        tag: of wheels for it.
        more: sources that are for this system.
        options: that are for this system.
    """

    zig: str
    machine: str
    suffix: str
    tag: str
    more: tuple[str, ...] = ()
    options: tuple[str, ...] = ("-fPIC", "-nostdlib")


OF_MACOS = ("-fPIC", "-nostdlib", "-lSystem", "-Wl,-install_name,@rpath/rfdedup-loops.dylib")
"""There every library has to name that of the system, and itself."""
TARGETS = {
    "linux-x86_64": Target("x86_64-linux-gnu.2.17", "x86_64", "so", "manylinux_2_17_x86_64.manylinux2014_x86_64"),
    "linux-aarch64": Target("aarch64-linux-gnu.2.17", "aarch64", "so", "manylinux_2_17_aarch64.manylinux2014_aarch64"),
    "macos-x86_64": Target("x86_64-macos.11.0-none", "x86_64", "dylib", "macosx_11_0_x86_64", (), OF_MACOS),
    "macos-arm64": Target("aarch64-macos.11.0-none", "aarch64", "dylib", "macosx_11_0_arm64", (), OF_MACOS),
    "windows-x86_64": Target(
        "x86_64-windows-gnu", "x86_64", "dll", "win_amd64", ("runtime/windows.c",), ("-nostdlib",)
    ),
}
OPTIONS = [
    "-std=gnu23",
    "-O3",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wno-psabi",
    # floats are rounded as written
    "-ffp-contract=off",
    "-fvisibility=hidden",
    "-fno-math-errno",
    # no library is needed, nor headers of one
    "-ffreestanding",
]


class CannotBuildError(Exception):
    """There is no compiler here, or none of the targets is this system."""


def here() -> str:
    """Name of this machine among ``TARGETS``.

    Raises:
        CannotBuildError: it has none.
    """
    system = {"linux": "linux", "darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower().replace("amd64", "x86_64")
    machine = {"arm64": "aarch64"}.get(machine, machine) if system == "linux" else machine
    name = f"{system}-{machine}"
    if name not in TARGETS or (system == "linux" and platform.libc_ver()[0] != "glibc"):
        raise CannotBuildError(f"loops are not compiled for {sys.platform} {platform.machine()}")
    return name


def build(name: str, out: Path, *, sanitize: bool = False) -> list[Path]:
    """Write the libraries for a target to ``out``, with ``SOURCES``; what else lies there goes.

    Raises:
        CannotBuildError: there is no compiler, or it fails.
    """
    target = TARGETS[name]
    checks = ["-fsanitize=undefined", "-fsanitize-trap=undefined"] if sanitize else ["-fno-sanitize=all", "-s"]
    used = {*HEADERS, *EVERYWHERE, *target.more}
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder)
        wanted = [SOURCES]
        for level, (cpu, more) in LEVELS[target.machine].items():
            used.update(more)
            wanted.append(f"{level}.{target.suffix}")
            sources = [PACKAGE / source for source in [*EVERYWHERE, *more]]
            compile_c(target, sources, new / wanted[-1], ["-shared", f"-mcpu={cpu}", *checks])
        lines = [f"{digest(PACKAGE / source)}  {source}\n" for source in sorted(used)]
        (new / SOURCES).write_text("".join(lines), encoding="utf-8", newline="\n")
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        # the linker for Windows leaves other files as well
        return [Path(shutil.copy2(new / name, out / name)) for name in wanted]


def compile_c(target: Target, sources: list[Path], out: Path, options: list[str]) -> None:
    """Compile C to a program, or with the option ``-shared`` to a library.

    Raises:
        CannotBuildError: there is no compiler, or it fails.
    """
    if importlib.util.find_spec("ziglang") is None:
        raise CannotBuildError("ziglang is not installed, which brings the compiler: pip install ziglang")
    include = [f"-I{PACKAGE / place}" for place in ("runtime", "neighbors")]
    words = ["-target", target.zig, *OPTIONS, *target.options, *include, *options, "-o", out]
    sources = [*sources, *(PACKAGE / source for source in target.more)]
    with tempfile.TemporaryDirectory() as folder:
        caches = {f"ZIG_{kind}_CACHE_DIR": str(Path(folder, kind)) for kind in ("LOCAL", "GLOBAL")}
        done = subprocess.run(
            [sys.executable, "-m", "ziglang", "cc", *map(str, [*words, *sources])],
            env={**os.environ, **caches},
            check=False,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise CannotBuildError(f"the compiler failed to make {out.name} for {target.zig}:\n{done.stderr[-4000:]}")


def digest(source: Path) -> str:
    """SHA-256 of a source, whatever its ends of lines."""
    return hashlib.sha256(source.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=TARGETS, help="default this machine")
    parser.add_argument("--out", type=Path, default=IN_PLACE)
    parser.add_argument("--sanitize", action="store_true")
    given = parser.parse_args()
    try:
        for path in build(given.target or here(), given.out, sanitize=given.sanitize):
            print(path)
    except CannotBuildError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
