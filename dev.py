"""Set-up and tasks in one command, with nothing but Python: makes .venv beside this file and works in it.

python3 dev.py demo     install, plant duplicates in the shipped photos, run the funnel, show the score
python3 dev.py test     install what the tests need and run them (more words go to pytest)
python3 dev.py check    ruff and mypy
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

REPO = Path(__file__).resolve().parent
ENVIRONMENT = Path(os.environ.get("RFDEDUP_VENV", REPO / ".venv"))
TASKS = {
    "demo": ("", ["-m", "rfdedup", "demo"]),
    "test": ("[test]", ["-m", "pytest"]),
    "check": ("[test,dev]", []),
}


def python() -> Path:
    return ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(*words: str | Path) -> None:
    done = subprocess.run([str(python()), *map(str, words)], cwd=REPO, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def main() -> None:
    task, *more = sys.argv[1:] or ["help"]
    if task not in TASKS:
        sys.exit(__doc__)
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this file has not installed the package yet
        sys.exit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    extra, words = TASKS[task]
    if not python().exists():
        venv.create(ENVIRONMENT, with_pip=True)
    run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", f".{extra}")
    if task == "check":
        run("-m", "ruff", "check", ".")
        run("-m", "ruff", "format", "--check", ".")
        run("-m", "mypy")
    else:
        run(*words, *more)


if __name__ == "__main__":
    main()
