"""The funnel of a finished run once more, in a process of its own, as the review page asks for it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from rfdedup.encoders.run_encoder import config_of_run, trusted
from rfdedup.model.errors import RfdedupError, RunFolderError
from rfdedup.storage.run_folder import RunFolder


def recompute(
    run: Path,
    threshold: float | None,
    same: str | None = None,
    encoder: str | None = None,
    started: Callable[[BaseProcess], None] = lambda _: None,
) -> None:
    """Run the funnel of a finished run again with the same inputs and configuration, in a process of its own.

    Args:
        run: the run folder.
        threshold: cosine threshold; None leaves it as it was.
        same: what makes a duplicate; None leaves it as it was.
        encoder: that the user named, in place of the one that the run names.
        started: is told the process.

    Raises:
        RunFolderError: the funnel could not finish; the message is its own.
        ConfigError: the encoder that the run names may be code, and the user did not name it.
    """
    # asked before a process is started
    trusted(config_of_run(RunFolder(run).info()), encoder)
    # not daemonic: the funnel has worker processes
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_refine, args=(run, threshold, encoder, same, theirs))
    process.start()
    started(process)
    theirs.close()
    try:
        message = mine.recv()
    except EOFError:
        message = "the funnel ended without a word; run `rfdedup run` by hand to see why"
    process.join()
    if message:
        raise RunFolderError(message)


def _refine(run: Path, threshold: float | None, encoder: str | None, same: str | None, answer: Connection) -> None:
    from rfdedup.pipeline.inputs import inputs_of
    from rfdedup.pipeline.run import refine

    try:
        info = RunFolder(run).info()
        config = trusted(config_of_run(info), encoder)
        if threshold is not None:
            config = config.model_copy(
                update={"semantic": config.semantic.model_copy(update={"threshold": float(threshold)})}
            )
        if same is not None:
            config = config.model_copy(update={"same": same})
        refine(inputs_of(info), run, config=config, command=info.get("command", []), named=False)
    except RfdedupError as error:
        answer.send(str(error))
    else:
        answer.send("")
