"""The funnel of a finished run once more, in a process of its own, as the review page asks for it."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

from rfdedup.config import make_config
from rfdedup.errors import RfdedupError, RunFolderError
from rfdedup.run_folder import RunFolder


def recompute(run: Path, threshold: float | None) -> None:
    """Run the funnel of a finished run again with the same inputs and configuration, in a process of its own.

    Args:
        run: the run folder.
        threshold: cosine threshold; None leaves it as it was.

    Raises:
        RunFolderError: the funnel could not finish; the message is its own.
    """
    # not daemonic: the funnel has worker processes
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_refine, args=(run, threshold, theirs))
    process.start()
    theirs.close()
    try:
        message = mine.recv()
    except EOFError:
        message = "the funnel ended without a word; run `rfdedup run` by hand to see why"
    process.join()
    if message:
        raise RunFolderError(message)


def _refine(run: Path, threshold: float | None, answer: Connection) -> None:
    from rfdedup.funnel import refine

    info = RunFolder(run).info()
    config = dict(info["config"])
    if threshold is not None:
        config["semantic"] = {**config["semantic"], "threshold": threshold}
    try:
        refine(info["inputs"], run, config=make_config(config), command=info.get("command", []))
    except RfdedupError as error:
        answer.send(str(error))
    else:
        answer.send("")
