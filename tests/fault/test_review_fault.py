"""The review server that is killed, and the link that is opened before the server answers."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from synthetic_run import make_run

pytest.importorskip("uvicorn", reason="needs uvicorn: install the review extra")

from rfdedup.review.server import HOST, ReviewServer

MAKER = """
import sys, time
from pathlib import Path
from rfdedup.review import vectors
from rfdedup.review.snapshot import Snapshot

# the process that makes the map imports this file too: there it is for ever in the making
vectors.neighbour_map = lambda *_: time.sleep(600)

if __name__ == "__main__":
    features = Snapshot(Path(sys.argv[1])).features
    maker = vectors.MapMaker(features, features.embedded())
    print(maker._process.pid, flush=True)
    time.sleep(600)
"""


def test_a_map_in_the_making_ends_with_a_server_that_is_killed(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", groups=40, features=True)
    script = tmp_path / "server.py"
    script.write_text(MAKER)
    server = subprocess.Popen([sys.executable, script, run.path], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    maker = psutil.Process(int(server.stdout.readline()))
    assert maker.is_running()
    server.kill()
    server.wait()
    server.stdout.close()
    maker.wait(timeout=60)


def test_who_opens_the_link_at_once_is_kept_waiting_not_refused(tmp_path: Path) -> None:
    server = ReviewServer(make_run(tmp_path / "run", groups=2, features=True).path)
    with socket.create_connection((HOST, server.port), timeout=5):
        pass
    server.session.close()
    server._socket.close()
