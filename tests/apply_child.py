"""Process to be killed: applies or undoes once it is told to. ``apply_child.py apply|undo RUN ACTION TARGET``."""

from __future__ import annotations

import sys
from pathlib import Path

from rfdedup.outputs.apply import Action, Request, apply_run, execute, journal, undo_run


def main() -> None:
    what, run, action, target = sys.argv[1:]
    # many small groups: kills then meet every phase of a group
    execute.GROUP_FILES = journal._PAGE = 16
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    if what == "apply":
        apply_run(Path(run), Request(Action(action), Path(target)))
    else:
        undo_run(Path(run), everything=True)


if __name__ == "__main__":
    main()
