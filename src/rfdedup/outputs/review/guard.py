"""Who may talk to the review page: this machine's browser, with the token of the printed link. Pure ASGI."""

from __future__ import annotations

import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
MOST_BYTES = 64 << 20
"""Largest request body."""
LINK_QUERY = "token"


class Guard:
    """Refuses foreign hosts, foreign pages and strangers with 403, large bodies with 413; adds security headers.

    The Host check stops DNS rebinding, the Origin check other sites, and the token other users of the machine.
    """

    def __init__(self, app: ASGIApp, *, port: int, token: str) -> None:
        self.app = app
        self.token = token
        self.hosts = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost")}
        self.origins = {b"http://" + host for host in self.hosts}
        self.cookie = f"rfdedup-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        refused = self._refusal(scope, headers)
        by_link = scope["path"] == "/" and self._by_link(scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                if by_link and refused is None:
                    cookie = f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"
                    extra.append((b"set-cookie", cookie.encode()))
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        if refused is not None:
            status, why = refused
            await PlainTextResponse(why + "\n", status)(scope, receive, send_guarded)
            return
        await self.app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
        if headers.get(b"host") not in self.hosts:
            return 403, "unknown host"
        origin = headers.get(b"origin")
        if origin is not None and origin not in self.origins:
            return 403, "foreign origin"
        if headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin") and scope["path"] != "/":
            return 403, "foreign page"
        if not (self._by_cookie(headers) or (scope["path"] == "/" and self._by_link(scope))):
            return 403, "this page needs the link that `rfdedup review` printed"
        if scope["method"] == "POST":
            if origin is None:
                return 403, "no origin"
            length = headers.get(b"content-length", b"")
            if not length.isdigit() or int(length) > MOST_BYTES:
                return 413, f"bodies have a length of at most {MOST_BYTES} bytes"
        return None

    def _by_cookie(self, headers: dict[bytes, bytes]) -> bool:
        try:
            found = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(self.cookie)
        except CookieError:
            return False
        return found is not None and secrets.compare_digest(found.value.encode(), self.token.encode())

    def _by_link(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get(LINK_QUERY, [""])[0]
        return secrets.compare_digest(given.encode(), self.token.encode())
