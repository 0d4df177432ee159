"""The review server that is killed, and the link that is opened before the server answers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from pathlib import Path

import psutil
import pytest

from synthetic_run import make_run

pytest.importorskip("uvicorn", reason="needs uvicorn: install the review extra")

from rfdedup.outputs.review.server import HOST, ReviewServer
from rfdedup.pipeline.rerun import recompute

MAKER = """
import sys, time
from pathlib import Path
from rfdedup.outputs.review import embedding_map
from rfdedup.outputs.review.snapshot import Snapshot

# the process that makes the map imports this file too: there it is for ever in the making
embedding_map.neighbour_map = lambda *_: time.sleep(600)

if __name__ == "__main__":
    features = Snapshot(Path(sys.argv[1])).features
    maker = embedding_map.MapMaker(features, features.embedded())
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
    server = ReviewServer(make_run(tmp_path / "run", groups=2, features=True).path, recompute=recompute)
    with socket.create_connection((HOST, server.port), timeout=5):
        pass
    server.session.close()
    server._socket.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders, and no SIGTERM")
@pytest.mark.timeout(120)
def test_a_pipe_in_place_of_a_picture_holds_up_neither_the_page_nor_its_end(tmp_path: Path) -> None:
    root = tmp_path / "images"
    root.mkdir()
    os.mkfifo(root / "a.jpg")
    run = make_run(tmp_path / "run", features=True, root=str(root), names={0: b"a.jpg"}).path
    words = [sys.executable, "-c", "from rfdedup.cli.main import main; main()", "review", str(run), "--no-open"]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        assert server.stdout is not None
        link = next(line for line in server.stdout if "token=" in line).split()[-1]
        base = link.partition("/?")[0]
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        browser.open(link, timeout=60).close()

        def ask(_: int) -> int:
            try:
                with browser.open(f"{base}/api/picture/0/640", timeout=20) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                return error.code

        with ThreadPoolExecutor(50) as threads:
            assert set(threads.map(ask, range(50))) == {404}
        with browser.open(f"{base}/api/pulse", timeout=20) as answer:
            assert answer.status == 200
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 128 + signal.SIGTERM
        assert time.monotonic() - began < 10
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def test_a_funnel_at_work_ends_with_the_server(tmp_path: Path) -> None:
    server = ReviewServer(make_run(tmp_path / "run", groups=2, features=True).path, recompute=recompute)
    funnel = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
    funnel.start()
    server._funnels.append(funnel)
    server.stop()
    server.serve()
    funnel.join(timeout=60)
    assert not funnel.is_alive()
