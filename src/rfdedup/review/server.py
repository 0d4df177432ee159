"""Runs the review page on 127.0.0.1, and the funnel in a process of its own when a reviewer asks for it."""

from __future__ import annotations

import logging
import multiprocessing
import os
import secrets
import socket
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import uvicorn

from rfdedup.config import make_config
from rfdedup.errors import ConfigError, RfdedupError, RunFolderError
from rfdedup.review.app import make_app
from rfdedup.review.guard import LINK_QUERY
from rfdedup.review.labels import LabelSource
from rfdedup.review.session import Recompute, Session
from rfdedup.run_folder import RunFolder

HOST = "127.0.0.1"


def recompute(run: Path, threshold: float | None, same: str | None = None) -> None:
    """Run the funnel of a finished run again with the same inputs and configuration, in a process of its own.

    Args:
        run: the run folder.
        threshold: cosine threshold; None leaves it as it was.
        same: what makes a duplicate; None leaves it as it was.

    Raises:
        RunFolderError: the funnel could not finish; the message is its own.
    """
    # not daemonic: the funnel has worker processes
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_refine, args=(run, threshold, same, theirs))
    process.start()
    theirs.close()
    try:
        message = mine.recv()
    except EOFError:
        message = "the funnel ended without a word; run `rfdedup run` by hand to see why"
    process.join()
    if message:
        raise RunFolderError(message)


def _refine(run: Path, threshold: float | None, same: str | None, answer: Connection) -> None:
    from rfdedup.funnel import refine

    info = RunFolder(run).info()
    config = dict(info["config"])
    if threshold is not None:
        config["semantic"] = {**config["semantic"], "threshold": threshold}
    if same is not None:
        config["same"] = same
    try:
        refine(info["inputs"], run, config=make_config(config), command=info.get("command", []))
    except RfdedupError as error:
        answer.send(str(error))
    else:
        answer.send("")


class ReviewServer:
    """The page of one run. ``link`` opens it; ``serve`` blocks until ``stop`` or Ctrl-C."""

    def __init__(
        self, run: Path, *, port: int = 0, recompute: Recompute = recompute, labels: LabelSource | None = None
    ) -> None:
        """Bind the port; 0 takes a free one.

        Raises:
            RunFolderError: there is no finished run in ``run``.
            ConfigError: the port is taken, or the labels cannot be read.
        """
        self.session = Session(run, recompute, labels)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name != "nt":
            # lets a restarted server have its port back at once; on Windows it would let others take it over
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((HOST, port))
            # the link is told before the server answers, so who opens it at once is kept waiting, not refused
            self._socket.listen()
        except OSError as error:
            self._socket.close()
            raise ConfigError(f"cannot listen on port {port} ({error.strerror}); choose another --port") from None
        self.port = int(self._socket.getsockname()[1])
        token = secrets.token_urlsafe(32)
        self.link = f"http://{HOST}:{self.port}/?{LINK_QUERY}={token}"
        app = make_app(self.session, port=self.port, token=token)
        # the token is part of a request line, so no access log
        config = uvicorn.Config(app, log_level=logging.WARNING, access_log=False, lifespan="off", server_header=False)
        self._server = uvicorn.Server(config)

    def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Answer requests; ``ready`` is called once the page can be opened."""
        threading.Thread(target=self.session.warm, daemon=True).start()
        threading.Thread(target=self._when_started, args=(ready,), daemon=True).start()
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self.session.close()
            self._socket.close()

    def stop(self) -> None:
        """End ``serve`` from another thread."""
        self._server.should_exit = True

    def _when_started(self, ready: Callable[[], None]) -> None:
        pause = threading.Event()
        while not self._server.started and not self._server.should_exit:
            pause.wait(0.02)
        ready()
