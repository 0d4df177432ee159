"""Runs the review page on 127.0.0.1, and the funnel in a process of its own when a reviewer asks for it."""

from __future__ import annotations

import logging
import multiprocessing
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import uvicorn

from rfdedup.errors import ConfigError, RfdedupError, RunFolderError
from rfdedup.review.app import make_app
from rfdedup.review.guard import LINK_QUERY
from rfdedup.review.labels import LabelSource
from rfdedup.review.session import Recompute, Session
from rfdedup.run_encoder import config_of_run, trusted
from rfdedup.run_folder import RunFolder

HOST = "127.0.0.1"
_LAST_ANSWERS = 1
"""Seconds that requests under way have when the server is told to stop."""


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
    from rfdedup.funnel import refine

    try:
        info = RunFolder(run).info()
        config = trusted(config_of_run(info), encoder)
        if threshold is not None:
            config = config.model_copy(
                update={"semantic": config.semantic.model_copy(update={"threshold": float(threshold)})}
            )
        if same is not None:
            config = config.model_copy(update={"same": same})
        refine(info.get("inputs", []), run, config=config, command=info.get("command", []), named=False)
    except RfdedupError as error:
        answer.send(str(error))
    else:
        answer.send("")


def _end(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


_recompute = recompute


class ReviewServer:
    """The page of one run. ``link`` opens it; ``serve`` blocks until ``stop`` or Ctrl-C."""

    def __init__(
        self,
        run: Path,
        *,
        port: int = 0,
        recompute: Recompute | None = None,
        labels: LabelSource | None = None,
        encoder: str | None = None,
    ) -> None:
        """Bind the port; 0 takes a free one.

        Args:
            run: the run folder.
            port: on 127.0.0.1.
            recompute: in place of the function of that name.
            labels: where labels come from.
            encoder: that the user named, in place of the one that the run names.

        Raises:
            RunFolderError: there is no finished run in ``run``.
            ConfigError: the port is taken, or the labels cannot be read.
        """
        self._funnels: list[BaseProcess] = []
        funnel = recompute or partial(_recompute, encoder=encoder, started=self._funnels.append)
        self.session = Session(run, funnel, labels, encoder)
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
        config = uvicorn.Config(
            app,
            log_level=logging.WARNING,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=_LAST_ANSWERS,
        )
        self._server = uvicorn.Server(config)

    def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Answer requests; ``ready`` is called once the page can be opened."""
        threading.Thread(target=self.session.warm, daemon=True).start()
        threading.Thread(target=self._when_started, args=(ready,), daemon=True).start()
        if threading.current_thread() is threading.main_thread():
            # what the server does with the signal when it has stopped; by itself it would end without cleaning up
            signal.signal(signal.SIGTERM, _end)
        try:
            self._server.run(sockets=[self._socket])
        finally:
            for process in self._funnels:
                # a run that is ended goes on where it was when it is asked for again
                process.terminate()
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
