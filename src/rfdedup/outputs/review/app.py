"""The HTTP side of the review page: JSON about rows, pictures of rows, and nothing that names a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from rfdedup.model.errors import DataError, ImageError, RfdedupError
from rfdedup.model.schemas import Tier
from rfdedup.outputs.report.render import ECHARTS
from rfdedup.outputs.review.alternatives import at_threshold, similarities, with_same
from rfdedup.outputs.review.guard import Guard
from rfdedup.outputs.review.listing import CONFLICTS, KINDS, ListFilter
from rfdedup.outputs.review.pictures import PICTURE_SIDES, picture
from rfdedup.outputs.review.session import ReviewSession
from rfdedup.storage.files import parse_json

STATIC = Path(__file__).parent / "static"
REPORT_ASSETS = Path(__file__).parents[1] / "report" / "assets"
MOST_ITEMS = 200
"""Groups or images of one page."""

PROOFS = ("overlay", "change")
"""Pictures that show what a comparison found."""

_BEYOND = 1e12

Answer = Callable[[ReviewSession, Request, bytes], Response]


def make_app(session: ReviewSession, *, port: int, token: str) -> Starlette:
    """The application, for a server that listens on 127.0.0.1:``port``."""
    app = Starlette(
        routes=[
            Route("/", _index),
            Route("/base.css", _asset("report.css", "text/css")),
            Route("/sentences.json", _asset("sentences.json", "application/json")),
            Route("/echarts.js", _asset(ECHARTS, "text/javascript")),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/api/pulse", _answer(lambda s, _r, _b: JSONResponse(s.pulse()))),
            Route("/api/summary", _answer(lambda s, _r, _b: JSONResponse(s.summary()))),
            Route("/api/groups", _answer(_groups)),
            Route("/api/images", _answer(_images)),
            Route("/api/image/{row:int}", _answer(_image)),
            Route("/api/pair/{one:int}/{other:int}", _answer(_pair)),
            Route("/api/preview/{row:int}", _answer(_preview)),
            Route("/api/picture/{row:int}/{side:int}", _answer(_picture)),
            Route("/api/evidence/{king:int}/{subject:int}", _answer(_evidence)),
            Route("/api/proof/{king:int}/{subject:int}/{what:str}", _answer(_proof)),
            Route("/api/same", _answer(_same)),
            Route("/api/threshold", _answer(_threshold)),
            Route("/api/similarities", _answer(lambda s, _r, _b: JSONResponse(similarities(s.state.snapshot)))),
            Route("/api/recompute", _answer(_recompute), methods=["POST"]),
            Route("/api/decide", _answer(_decide), methods=["POST"]),
            Route("/api/undo", _answer(lambda s, _r, _b: JSONResponse({"done": s.undo()})), methods=["POST"]),
            Route("/api/redo", _answer(lambda s, _r, _b: JSONResponse({"done": s.redo()})), methods=["POST"]),
            Route("/api/decisions", _answer(_export)),
            Route("/api/import", _answer(_import), methods=["POST"]),
            Route("/api/like/{row:int}", _answer(_like_row)),
            Route("/api/like", _answer(_like_picture), methods=["POST"]),
            Route("/api/map", _answer(_map)),
            Route("/api/some", _answer(_some), methods=["POST"]),
        ],
        middleware=[Middleware(Guard, port=port, token=token)],
    )
    app.state.session = session
    return app


async def _index(_request: Request) -> Response:
    return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-store"})


def _asset(name: str, kind: str) -> Callable[[Request], Any]:
    """A file that ships with the report."""

    async def endpoint(_request: Request) -> Response:
        return FileResponse(REPORT_ASSETS / name, media_type=kind)

    return endpoint


def _answer(make: Answer) -> Callable[[Request], Any]:
    """An endpoint that computes in a thread and turns the project's errors into one line with a status."""

    @wraps(make)
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        try:
            response = await run_in_threadpool(make, request.app.state.session, request, body)
        except DataError as error:
            return JSONResponse({"error": str(error)}, 400)
        except (LookupError, ImageError) as error:
            return JSONResponse({"error": str(error)}, 404)
        except RfdedupError as error:
            return JSONResponse({"error": str(error)}, 409)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return endpoint


def _groups(session: ReviewSession, request: Request, _body: bytes) -> Response:
    offset, limit = _window(request)
    sort = request.query_params.get("sort", "margin")
    return JSONResponse(session.groups(_filter(request), sort, offset, limit))


def _images(session: ReviewSession, request: Request, _body: bytes) -> Response:
    offset, limit = _window(request)
    query = request.query_params
    answer = session.images(query.get("show", "quality"), _filter(request), query.get("sort", "margin"), offset, limit)
    return JSONResponse(answer)


def _image(session: ReviewSession, request: Request, _body: bytes) -> Response:
    return JSONResponse(session.image(request.path_params["row"]))


def _pair(session: ReviewSession, request: Request, _body: bytes) -> Response:
    return JSONResponse(session.pair(request.path_params["one"], request.path_params["other"]))


def _preview(session: ReviewSession, request: Request, _body: bytes) -> Response:
    state = session.state
    jpeg = state.snapshot.features.preview(session.check_row(request.path_params["row"], state))
    if jpeg is None:
        raise LookupError("this image has no preview")
    return _jpeg(jpeg)


def _picture(session: ReviewSession, request: Request, _body: bytes) -> Response:
    side = request.path_params["side"]
    if side not in PICTURE_SIDES:
        raise LookupError(f"pictures are {', '.join(map(str, PICTURE_SIDES))} pixels long")
    state = session.state
    return _jpeg(picture(state.snapshot.file_bytes(session.check_row(request.path_params["row"], state)), side))


def _evidence(session: ReviewSession, request: Request, _body: bytes) -> Response:
    return JSONResponse(session.evidence(request.path_params["king"], request.path_params["subject"]))


def _proof(session: ReviewSession, request: Request, _body: bytes) -> Response:
    what = request.path_params["what"]
    if what not in PROOFS:
        raise LookupError(f"no picture of {what!r}; known: {', '.join(PROOFS)}")
    return _jpeg(session.proof(request.path_params["king"], request.path_params["subject"])[PROOFS.index(what)])


def _same(session: ReviewSession, request: Request, _body: bytes) -> Response:
    return JSONResponse(with_same(session.state, request.query_params.get("value", "")))


def _jpeg(data: bytes) -> Response:
    # the address of a picture carries the revision of the run, so a kept copy never shows another image
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


def _threshold(session: ReviewSession, request: Request, _body: bytes) -> Response:
    value = _number(request, "value")
    if value is None:
        raise DataError("name a threshold")
    return JSONResponse(at_threshold(session.state, value))


def _recompute(session: ReviewSession, _request: Request, body: bytes) -> Response:
    asked = _object(body)
    threshold, same = asked.get("threshold"), asked.get("same")
    if threshold is not None and not isinstance(threshold, int | float):
        raise DataError(f"threshold {threshold!r} is not a number")
    if same is not None and not isinstance(same, str):
        raise DataError(f"--same {same!r} is not a word")
    session.recomputing.start(threshold, same)
    return JSONResponse(session.pulse(), 202)


def _decide(session: ReviewSession, _request: Request, body: bytes) -> Response:
    asked = _object(body)
    rows, pairs, group = asked.get("rows", []), asked.get("pairs", []), asked.get("group")
    pairs_are_rows = isinstance(pairs, list) and all(_are_rows(pair) for pair in pairs)
    if not _are_rows(rows) or not pairs_are_rows or (group is not None and not _are_rows([group])):
        raise DataError("a decision names rows by number")
    session.decide(str(asked.get("choice")), rows, pairs, group)
    return JSONResponse(session.summary())


def _export(session: ReviewSession, _request: Request, _body: bytes) -> Response:
    return JSONResponse(
        session.exported(), headers={"Content-Disposition": 'attachment; filename="rfdedup-reviews.json"'}
    )


def _import(session: ReviewSession, _request: Request, body: bytes) -> Response:
    return JSONResponse({"count": session.take_in(_object(body))})


def _like_row(session: ReviewSession, request: Request, _body: bytes) -> Response:
    return JSONResponse(session.like_row(request.path_params["row"], _window(request)[1]))


def _like_picture(session: ReviewSession, request: Request, body: bytes) -> Response:
    return JSONResponse(session.like_picture(body, _window(request)[1]))


def _map(session: ReviewSession, _request: Request, _body: bytes) -> Response:
    about, points = session.map()
    return Response(points, media_type="application/octet-stream", headers={"X-Map": json.dumps(about)})


def _some(session: ReviewSession, _request: Request, body: bytes) -> Response:
    rows = _object(body).get("rows")
    if not _are_rows(rows) or len(rows) > MOST_ITEMS:
        raise DataError(f"name up to {MOST_ITEMS} rows")
    return JSONResponse({"items": session.some(rows)})


def _window(request: Request) -> tuple[int, int]:
    offset, limit = _number(request, "offset") or 0, _number(request, "limit")
    return max(0, int(offset)), min(MOST_ITEMS, max(1, int(20 if limit is None else limit)))


def _filter(request: Request) -> ListFilter:
    query = request.query_params
    tier = query.get("tier", "")
    if tier not in ("", *Tier):
        raise DataError(f"the tier {tier!r} is unknown")
    same = query.get("same", "")
    if same not in ("", *KINDS):
        raise DataError(f"no kind {same!r}; known: {', '.join(KINDS)}")
    conflict = query.get("conflict", "")
    if conflict not in ("", *CONFLICTS):
        raise DataError(f"no conflict of {conflict!r}; known: {', '.join(CONFLICTS)}")
    return ListFilter(
        tier=tier,
        same=same,
        reason=query.get("reason", ""),
        low=_number(request, "low"),
        high=_number(request, "high"),
        folder=query.get("folder", ""),
        path=query.get("path", ""),
        conflict=conflict,
        changed=query.get("changed") == "1",
    )


def _number(request: Request, name: str) -> float | None:
    text = request.query_params.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value) or abs(value) > _BEYOND:
        raise DataError(f"{name} is {text!r}, which is not a number that can be meant")
    return value


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = parse_json(body or b"{}")
    except ValueError:
        raise DataError("the body is not JSON") from None
    if not isinstance(value, dict):
        raise DataError("the body is not a JSON object")
    return value


def _are_rows(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(isinstance(row, int) and not isinstance(row, bool) for row in value)
