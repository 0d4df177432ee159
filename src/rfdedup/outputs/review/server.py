"""Runs the review page on 127.0.0.1."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import uvicorn

from rfdedup.model.errors import ConfigError
from rfdedup.outputs.review.app import make_app
from rfdedup.outputs.review.guard import LINK_QUERY
from rfdedup.outputs.review.labels import LabelSource
from rfdedup.outputs.review.session import ReviewSession

HOST = "127.0.0.1"
_LAST_ANSWERS = 1
"""Seconds that requests under way have when the server is told to stop."""


def _end(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


class ReviewServer:
    """The page of one run. ``link`` opens it; ``serve`` blocks until ``stop`` or Ctrl-C."""

    def __init__(
        self,
        run: Path,
        *,
        port: int = 0,
        recompute: Callable[..., None],
        labels: LabelSource | None = None,
        encoder: str | None = None,
    ) -> None:
        """Bind the port; 0 takes a free one.

        Args:
            run: the run folder.
            port: on 127.0.0.1.
            recompute: runs the funnel again in a process of its own; see ``pipeline.rerun``.
            labels: where labels come from.
            encoder: that the user named, in place of the one that the run names.

        Raises:
            RunFolderError: there is no finished run in ``run``.
            ConfigError: the port is taken, or the labels cannot be read.
        """
        self._funnels: list[BaseProcess] = []
        funnel = partial(recompute, encoder=encoder, started=self._funnels.append)
        self.session = ReviewSession(run, funnel, labels, encoder)
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
