"""What surrounds every request: its path, its ids, its headers, its log line and its metrics.

Pure ASGI classes, because Starlette's ``BaseHTTPMiddleware`` costs more than a whole check.
"""

import re
from time import perf_counter
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import structlog
import uuid_utils
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from creditrisk.api.auth import principal_of
from creditrisk.api.problems import TRACE_KEY, RequestTrace, problem_response
from creditrisk.telemetry.logging import LogRequest
from creditrisk.telemetry.metrics import Metrics

_REQUEST_ID: Final = re.compile(rb"[!-~]{1,128}")
_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)

_CLIENT_GONE: Final = 499  # nginx's number for a caller that left; seen in log and metrics only

# Added unless the response says otherwise itself; the documentation pages do.
_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


class Observation:
    """Gives a request its ids, writes its log line, counts it, and turns a crash into a problem."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, log_request: LogRequest) -> None:
        self._app = app
        self._metrics = metrics
        self._log_request = log_request
        self._log: Any = structlog.get_logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A copy, because the server goes by its own: it leaves out the body of a HEAD answered as a GET.
        scope = dict(scope)
        trace = scope[TRACE_KEY] = _trace(scope)
        answer = _Answer(send, trace)
        method = scope["method"]
        started_at = perf_counter()
        self._metrics.begin()
        try:
            # Never unbound: the server gives each request a context of its own.
            structlog.contextvars.bind_contextvars(request_id=trace.request_id)
            await self._serve(scope, receive, answer)
        finally:
            self._account(scope, method, answer.status or _CLIENT_GONE, perf_counter() - started_at)

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            pass  # Nobody is left to answer.
        except Exception:
            self._log.exception("request_failed", method=scope["method"], route=_route(scope))
            if answer.status:
                raise  # Too late for another answer; the server breaks the connection off.
            await problem_response(scope, 500)(scope, receive, answer)

    def _account(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        route = _route(scope)
        self._metrics.end(method=method, route=route, status=status, seconds=seconds)
        trace: RequestTrace = scope[TRACE_KEY]
        caller = principal_of(scope)
        self._log_request(
            {
                "request_id": trace.request_id,
                "traceparent": trace.traceparent,
                "tenant": caller and caller.tenant,
                "key": caller and caller.key_id,
                "method": method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 3),
            }
        )


class _Answer:
    """A ``send`` that remembers the status and adds the headers every answer has."""

    __slots__ = ("_send", "_trace", "status")

    def __init__(self, send: Send, trace: RequestTrace) -> None:
        self._send = send
        self._trace = trace
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message["headers"])
            present = {name for name, _ in headers}
            headers += [header for header in _HEADERS if header[0] not in present]
            headers.append((b"x-request-id", self._trace.request_id.encode("ascii")))
            if self._trace.traceparent is not None:
                headers.append((b"traceparent", self._trace.traceparent.encode("ascii")))
            message = {**message, "headers": headers}
        await self._send(message)


def _trace(scope: Scope) -> RequestTrace:
    request_id = traceparent = None
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            request_id = value.decode("ascii")
        elif name == b"traceparent" and _TRACEPARENT.fullmatch(value):
            traceparent = value.decode("ascii")
    return RequestTrace(request_id or str(uuid_utils.uuid7()), traceparent)


def _route(scope: Scope) -> str:
    """The route's template, never the path: identifiers belong neither into labels nor into logs."""
    return getattr(scope.get("route"), "path", "unmatched")


class RequestPath:
    """Routes by the path as it was sent, so that an identifier may contain ``/`` and ``%``.

    Escapes are decoded except ``%2F`` and ``%25``, which ``wire.PathId`` decodes after routing: ``%3A`` is
    the colon of ``/v1/documents:import``, while ``%2F`` never separates segments. A path with broken escapes
    or not in UTF-8 names nothing (404); a query like that cannot be read (400). HEAD is routed as GET.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            path = _decode_path(_raw_path(scope))
            if path is None:
                await problem_response(scope, 404)(scope, receive, send)
                return
            if not _is_readable(scope["query_string"]):
                detail = "The query string is not percent-encoded UTF-8."
                await problem_response(scope, 400, code="malformed_query", detail=detail)(
                    scope, receive, send
                )
                return
            scope["path"] = path
            if scope["method"] == "HEAD":
                scope["method"] = "GET"
        await self._app(scope, receive, send)


_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})?")
_KEPT: Final = {b"2f": b"%2F", b"25": b"%25"}


def _raw_path(scope: Scope) -> bytes:
    raw: bytes | None = scope.get("raw_path")
    # The server need not give it; then escapes are decoded already, and a percent sign is one.
    return raw if raw is not None else scope["path"].replace("%", "%25").encode("utf-8")


def _decode_escape(escape: re.Match[bytes]) -> bytes:
    digits = escape[1]
    if digits is None:
        raise ValueError("a percent sign without two hexadecimal digits")
    return _KEPT.get(digits.lower()) or bytes.fromhex(digits.decode("ascii"))


def _decode_path(raw: bytes) -> str | None:
    try:
        return (_ESCAPE.sub(_decode_escape, raw) if b"%" in raw else raw).decode("utf-8")
    except ValueError:
        return None


def _is_readable(query: bytes) -> bool:
    if not query:
        return True
    if not query.isascii():
        return False
    if b"%" not in query:
        return True
    try:
        unquote_to_bytes(query).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(escape[1] is not None for escape in _ESCAPE.finditer(query))
