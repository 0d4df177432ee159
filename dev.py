"""Set-up and tasks in one command, with nothing but Python: makes .venv beside this file and works in it.

python3 dev.py demo         install, plant duplicates in the shipped photos, run the funnel, show the score
python3 dev.py test         install what the tests need and run them (more words go to pytest)
python3 dev.py test-lowest  the same in .venv-lowest, with the lowest version of each dependency that is admitted
python3 dev.py test-avx2    the tests of what is compiled for a processor, as on one that has nothing beyond AVX2
python3 dev.py check        ruff, mypy, the layers by import-linter, and the fragments of the changelog
python3 dev.py build-native compile the loops in C again, after a change of them (an install does it, too)
python3 dev.py sanitize     tests of the loops, compiled so that what C leaves undefined ends the process
python3 dev.py wheels       the sdist and wheels for all platforms, into dist
python3 dev.py test-wheel   make a wheel, or take that for this machine from the folder named, and run the demo from it,
                            alone in .venv-wheel; with --short only the funnel on the shipped photos
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

REPO = Path(__file__).resolve().parent
NAME = "resnet-faiss-dedup"
TASKS = {
    "demo": ("", ["-m", "rfdedup", "demo"]),
    "test": ("[test]", ["-m", "pytest"]),
    "test-lowest": ("[test]", ["-m", "pytest"]),
    "test-avx2": ("[test]", ["-m", "pytest"]),
    "check": ("[test,dev]", []),
    "build-native": ("[test]", ["scripts/build_native.py"]),
    "sanitize": ("[test]", ["-m", "pytest"]),
    "wheels": ("", ["scripts/build_wheels.py"]),
    "test-wheel": ("", ["-m", "rfdedup", "demo"]),
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

SHORT = """
import sys
from pathlib import Path

import rfdedup

photos = Path(rfdedup.__file__).parent / "demo" / "photos"
print(len(rfdedup.refine(photos, out=Path(sys.argv[1])).verdicts), "photos from the wheel")
"""

OF_LOOPS = [
    *(f"tests/property/test_{name}_properties.py" for name in ("kernels", "codes", "cosine", "thumbnails")),
    *(f"tests/unit/test_{name}.py" for name in ("native", "registers", "cosine")),
]
"""Tests of the loops in C."""


def environment(task: str) -> Path:
    """Folder of the virtual environment of a task."""
    usual = Path(os.environ.get("RFDEDUP_VENV", REPO / ".venv"))
    beside = {"test-lowest": "-lowest", "test-wheel": "-wheel"}.get(task, "")
    return usual.with_name(usual.name + beside)


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


def build_requirements() -> list[str]:
    """What ``[build-system]`` of pyproject.toml names."""
    import tomllib

    return list(tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"])


def main() -> None:
    task, *more = sys.argv[1:] or ["help"]
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

    if not python.exists() or task == "test-wheel":
        venv.create(folder, with_pip=True, clear=True)
    pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"]
    if task == "wheels":
        run(*pip, "install", *build_requirements())
        run(*words, *more)
        return
    if task == "test-wheel":
        made, named = folder / "made", [word for word in more if word != "--short"]
        if named:
            # the one for this machine, by its tags
            run(*pip, "download", "--no-deps", "--no-index", "--dest", made, "--find-links", named[0], NAME)
        else:
            run(*pip, "wheel", "--no-deps", "--wheel-dir", made, ".")
        run(*pip, "install", *made.glob("*.whl"))
        # apart from the clone: all of it comes from the wheel
        run("-I", "-c", "from rfdedup.runtime import native; assert native.available(), native.told()")
        run("-I", *(["-c", SHORT, folder / "run"] if "--short" in more else words))
        return
    install = [*pip, "install", "--editable", f".{extra}"]
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
    elif task == "sanitize":
        run("scripts/build_native.py", "--sanitize")
        try:
            for most in ("", "avx2", "sse4"):
                os.environ["RFDEDUP_MAX_ISA"] = most
                run(*words, *(more or OF_LOOPS))
        finally:
            run("scripts/build_native.py")
    else:
        run(*words, *more)


if __name__ == "__main__":
    main()
