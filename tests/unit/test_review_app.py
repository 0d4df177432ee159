"""The HTTP side of the review page: who may ask, what leaves the machine, and that rows are the only way to files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from rfdedup.storage.run_folder import REVIEWS_FILE
from synthetic_run import make_run

pytest.importorskip("starlette", reason="needs starlette: install the review extra")
pytest.importorskip("httpx", reason="needs httpx: install the test extra")

from starlette.testclient import TestClient

from rfdedup.outputs.review.app import make_app
from rfdedup.outputs.review.session import ReviewSession

if TYPE_CHECKING:
    from httpx import Response

PORT = 8123
ORIGIN = f"http://127.0.0.1:{PORT}"
TOKEN = "the-token-of-the-link"
SECRET = b"the secret that must not be served"


def nothing(_run: Path, _threshold: float | None) -> None:
    raise AssertionError("no test here recomputes")


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Images, a file outside of them, and a run whose first rows try to reach it."""
    images = tmp_path / "images"
    images.mkdir()
    (tmp_path / "secret.txt").write_bytes(SECRET)
    picture = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    (images / "good.gif.html").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    (images / "<script>.jpg").write_bytes(b"<script>alert(1)</script>")
    cv2.imwrite(str(tmp_path / "outside.png"), picture)
    names = {0: b"good.gif.html", 1: b"../outside.png", 2: os.fsencode(tmp_path / "outside.png"), 3: b"<script>.jpg"}
    if hasattr(os, "symlink") and os.name != "nt":
        (images / "link.png").symlink_to(tmp_path / "outside.png")
        names[4] = b"link.png"
    make_run(tmp_path / "run", names=names, features=True, root=str(images))
    return tmp_path


@pytest.fixture
def stranger(world: Path) -> Iterator[TestClient]:
    session = ReviewSession(world / "run", nothing)
    yield TestClient(make_app(session, port=PORT, token=TOKEN), base_url=ORIGIN)
    session.close()


@pytest.fixture
def friend(stranger: TestClient) -> TestClient:
    assert stranger.get("/", params={"token": TOKEN}).status_code == 200
    return stranger


def post(client: TestClient, path: str, **more: object) -> Response:
    return client.post(path, headers={"Origin": ORIGIN}, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?token=",
        "/?token=wrong",
        "/?token=%FF%E9",
        "/api/summary",
        "/api/similarities",
        "/echarts.js",
        "/static/main.js",
        "/base.css",
        "/api/preview/0",
    ],
)
def test_without_the_token_nothing_is_answered(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    stranger.cookies.set(f"rfdedup-{PORT}", "wrong")
    assert stranger.get(path).status_code == 403


def test_the_link_opens_the_page_and_its_cookie_is_for_this_page_only(stranger: TestClient) -> None:
    answer = stranger.get("/", params={"token": TOKEN})
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in answer.text
    assert stranger.get("/api/summary").status_code == 200
    assert "set-cookie" not in stranger.get("/").headers
    # the token opens the page, never the interface behind it
    stranger.cookies.clear()
    assert stranger.get("/api/summary", params={"token": TOKEN}).status_code == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8123", "127.0.0.1:9999", "127.0.0.1.evil.example:8123", ""]
)
def test_a_foreign_host_is_refused_even_with_the_token(friend: TestClient, host: str) -> None:
    assert friend.get("/api/summary", headers={"Host": host}).status_code == 403
    assert friend.get("/", params={"token": TOKEN}, headers={"Host": host}).status_code == 403


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", f"https://127.0.0.1:{PORT}", "http://127.0.0.1:1", ""]
)
def test_a_foreign_origin_is_refused_even_with_the_cookie(friend: TestClient, origin: str) -> None:
    assert friend.get("/api/summary", headers={"Origin": origin}).status_code == 403
    body = {"choice": "keep", "rows": [0]}
    assert friend.post("/api/decide", json=body, headers={"Origin": origin}).status_code == 403
    assert friend.get("/api/decisions").json()["images"] == []


def test_changes_need_an_origin_and_pictures_no_foreign_page(friend: TestClient, world: Path) -> None:
    assert friend.post("/api/decide", json={"choice": "keep", "rows": [0]}).status_code == 403
    assert friend.get("/api/preview/0", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert friend.get("/api/preview/0", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert not (world / "run" / REVIEWS_FILE).exists()
    assert post(friend, "/api/decide", json={"choice": "keep", "rows": [0]}).status_code == 200
    assert friend.get("/api/decide").status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fpyproject.toml",
        "/api/preview/../../secret.txt",
        "/api/preview/..%2f..%2fsecret.txt",
        "/api/preview/-1",
        "/api/preview/99999999",
        "/api/preview/0x0",
        "/api/picture/0/5000",
        "/api/picture/99999999/640",
        "/api/like/99999999",
        "/api/pair/0/99999999",
        "/secret.txt",
    ],
)
def test_paths_lead_nowhere(friend: TestClient, path: str) -> None:
    answer = friend.get(path)
    assert answer.status_code == 404
    assert SECRET not in answer.content


def test_pictures_are_encoded_again_whatever_the_file_is_called(friend: TestClient) -> None:
    answer = friend.get("/api/picture/0/640")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8\xff")
    decoded = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == (90, 120, 3)


@pytest.mark.parametrize("row", [1, 2, 3, 4])
def test_rows_that_lead_out_of_their_folder_or_are_no_picture_are_not_served(friend: TestClient, row: int) -> None:
    answer = friend.get(f"/api/picture/{row}/640")
    assert answer.status_code in (404, 409)
    assert answer.headers["content-type"] == "application/json"
    assert b"PNG" not in answer.content


def test_every_answer_carries_the_security_headers(friend: TestClient) -> None:
    found = [friend.get(path) for path in ("/", "/static/main.js", "/api/summary", "/api/preview/0", "/nowhere")]
    found.append(friend.get("/", headers={"Host": "evil.example"}))
    for answer in found:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
    assert found[1].headers["content-type"].startswith("text/javascript")


def test_large_bodies_and_those_without_a_length_are_refused(friend: TestClient) -> None:
    headers = {"Origin": ORIGIN, "Content-Length": str(1 << 40)}
    assert friend.post("/api/like", content=b"x", headers=headers).status_code == 413

    def endless() -> Iterator[bytes]:
        yield b"x"

    assert friend.post("/api/like", content=endless(), headers={"Origin": ORIGIN}).status_code == 413


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/decide", b"no json"),
        ("/api/decide", b"[]"),
        ("/api/decide", b'{"choice": "keep", "rows": ["0"]}'),
        ("/api/decide", b'{"choice": "keep", "rows": [true]}'),
        ("/api/decide", b'{"choice": "distinct", "pairs": [[0]]}'),
        ("/api/decide", b'{"choice": "keep", "rows": 5}'),
        ("/api/import", b'{"format": "other"}'),
        ("/api/recompute", b'{"threshold": "high"}'),
        ("/api/some", b'{"rows": ["x"]}'),
    ],
)
def test_bodies_that_mean_nothing_are_one_line(friend: TestClient, path: str, body: bytes) -> None:
    answer = post(friend, path, content=body)
    assert answer.status_code == 400
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize("query", ["offset=nan", "limit=1e999", "sort=secret", "tier=all", "low=x"])
def test_queries_that_mean_nothing_are_one_line(friend: TestClient, query: str) -> None:
    answer = friend.get(f"/api/groups?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_decisions_are_saved_exported_and_taken_in(friend: TestClient) -> None:
    first = friend.get("/api/groups?limit=1").json()["items"][0]
    row = first["subjects"][0]["row"]
    summary = post(friend, "/api/decide", json={"choice": "drop", "rows": [row]}).json()
    assert (summary["decisions"], summary["undo"], summary["pending"]) == (1, 1, True)
    exported = friend.get("/api/decisions")
    assert "attachment" in exported.headers["content-disposition"]
    assert post(friend, "/api/undo").json() == {"done": True}
    assert post(friend, "/api/undo").json() == {"done": False}
    assert post(friend, "/api/import", json=exported.json()).json() == {"count": 1}
    assert friend.get(f"/api/image/{row}").json()["reason"] == "rejected"
