"""Set-up and tasks in one command, with nothing but Python: makes .venv beside this file and works in it.

python3 dev.py demo         install, plant duplicates in the shipped photos, run the funnel, show the score
python3 dev.py test         install what the tests need and run them (more words go to pytest)
python3 dev.py test-lowest  the same in .venv-lowest, with the lowest version of each dependency that is admitted
python3 dev.py test-avx2    the tests of what is compiled for a processor, as on one that has nothing beyond AVX2
python3 dev.py check        ruff, mypy, the layers by import-linter, and the fragments of the changelog
python3 dev.py kernels      make the .ll of each .c in src again; wants clang 19 ($CLANG says where)
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

REPO = Path(__file__).resolve().parent
TASKS = {
    "demo": ("", ["-m", "rfdedup", "demo"]),
    "test": ("[test]", ["-m", "pytest"]),
    "test-lowest": ("[test]", ["-m", "pytest"]),
    "test-avx2": ("[test]", ["-m", "pytest"]),
    "check": ("[test,dev]", []),
}

OF_PROCESSORS = [
    "tests/property",
    *(f"tests/unit/test_{name}.py" for name in ("cosine", "cover", "hamming", "registers", "encoder_lite0")),
]
"""Tests whose subject depends on the processor."""
AVX2 = {
    "FAISS_OPT_LEVEL": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "RFDEDUP_MAX_ISA": "avx2",
}
"""Makes each library do without what newer processors have."""

INSTRUCTIONS = {"kernels_vnni.c": ["-mavx512bw", "-mavx512vbmi", "-mavx512vnni"]}
"""What loops in C use by name; the others are for any processor."""
LATER = ["-Xclang", "-disable-llvm-passes"]
"""Plain loops are made fast where they run: how wide they may be is known there."""
NOW = {"coding.c": ["-fno-vectorize", "-fno-slp-vectorize", "-fno-unroll-loops"]}
"""Loops that are as wide as they are written are made fast here: there is less to do where they run."""


def environment(task: str) -> Path:
    """Folder of the virtual environment of a task."""
    usual = Path(os.environ.get("RFDEDUP_VENV", REPO / ".venv"))
    return usual.with_name(f"{usual.name}-lowest") if task == "test-lowest" else usual


def lowest() -> str:
    """Lines for pip that pin every direct dependency to the lower bound that pyproject.toml gives it."""
    import tomllib

    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    bounds = dict(found.groups() for line in wanted if (found := re.fullmatch(r"([\w-]+)>=([\d.]+)", line)))
    # what is pinned anyway has no lowest version
    pinned = {line.split("==")[0] for line in wanted if "==" in line}
    return "".join(f"{name}=={bound}\n" for name, bound in bounds.items() if name not in pinned)


def make_kernels() -> None:
    """Translate the loops in C into LLVM's language, for no processor but the instructions that they name."""
    clang = shutil.which(os.environ.get("CLANG", "clang-19"))
    if clang is None:
        sys.exit("clang 19 was not found; install it, or say with CLANG=... where it is")
    options = ["-O3", "-ffreestanding", "-Wno-psabi", "-S", "-emit-llvm", "-o", "-"]
    for source in sorted((REPO / "src").rglob("*.c")):
        special = [*NOW.get(source.name, LATER), *INSTRUCTIONS.get(source.name, [])]
        command = [clang, *options, *special, str(source)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            sys.exit(done.returncode)
        # what is said of the processor of this machine is left out
        made = re.sub(r"^(?:target|source_filename|; ModuleID).*\n", "", done.stdout, flags=re.MULTILINE)
        made = re.sub(
            r'"(?:target-cpu|target-features|tune-cpu|min-legal-vector-width|no-trapping-math|no-builtins|'
            r'stack-protector-buffer-size)"(?:="[^"]*")?',
            "",
            made,
        )
        digest = hashlib.sha256(source.read_text(encoding="utf-8").encode()).hexdigest()
        head = f"; made of {source.name}, SHA-256 {digest}\n"
        source.with_suffix(".ll").write_text(head + made, encoding="utf-8", newline="\n")


def main() -> None:
    task, *more = sys.argv[1:] or ["help"]
    if task == "kernels":
        make_kernels()
        return
    if task not in TASKS:
        sys.exit(__doc__)
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this file has not installed the package yet
        sys.exit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    extra, words = TASKS[task]
    folder = environment(task)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def run(*words: str | Path) -> None:
        done = subprocess.run([str(python), *map(str, words)], cwd=REPO, check=False)
        if done.returncode:
            sys.exit(done.returncode)

    if not python.exists():
        venv.create(folder, with_pip=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", f".{extra}"]
    if task == "test-lowest":
        constraints = folder / "lowest.txt"
        constraints.write_text(lowest(), encoding="utf-8")
        install += ["--constraint", str(constraints)]
    run(*install)
    if task == "check":
        run("-m", "ruff", "check", ".")
        run("-m", "ruff", "format", "--check", ".")
        run("-m", "mypy")
        run("-c", "from importlinter.cli import lint_imports_command as check; check()")
        run("scripts/changelog.py", "check")
    elif task == "test-avx2":
        os.environ.update(AVX2)
        run(*words, *(more or OF_PROCESSORS))
    else:
        run(*words, *more)


if __name__ == "__main__":
    main()
