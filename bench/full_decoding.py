"""rfdedup with every picture decoded whole, for comparison: takes the arguments of ``rfdedup``.

    python bench/full_decoding.py once run IMAGES --out RUN
    python bench/full_decoding.py twice run IMAGES --out RUN

``once`` decodes a picture once for all tiers, as rfdedup does; ``twice`` once for the measurements and once more for
the encoder. Apart from that the same code runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from rfdedup.cli.main import main
from rfdedup.executors import files, worker_setup
from rfdedup.features import file_tasks

WAYS = ("once", "twice")


def decode_whole(way: str) -> Callable[[], None]:
    """Make this process decode whole; returns what undoes it."""
    # the package has a function of that name
    decoder: Any = sys.modules["rfdedup.imaging.decode"]
    tasks: Any = file_tasks
    before = decoder.shrink_factor, tasks.serves
    decoder.shrink_factor = lambda *_, **__: 1
    tasks.serves = lambda *_: way == "once"

    def undo() -> None:
        decoder.shrink_factor, tasks.serves = before

    return undo


def set_up_worker(way: str) -> None:
    worker_setup.set_up_worker()
    decode_whole(way)


if __name__ == "__main__":
    # by the name under which workers find it: they do not import the main module
    from full_decoding import set_up_worker as found

    way = sys.argv.pop(1)
    assert way in WAYS, way
    pools: Any = files
    pools.set_up_worker = partial(found, way)
    main()
