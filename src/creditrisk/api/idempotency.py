"""``Idempotency-Key``: what the header may say, when two requests are equal, which answers are kept.

As the IETF draft "The Idempotency-Key HTTP Header Field" has it: 400 for a header that cannot be read, 409
while the first request with the key runs, 422 for another request under the same key.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import orjson
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from creditrisk.api.auth import principal_of
from creditrisk.api.context import context_of
from creditrisk.api.problems import Refusal
from creditrisk.api.refusals import answer_to
from creditrisk.api.streams import pieces_of
from creditrisk.application.errors import FieldError
from creditrisk.application.idempotency import (
    Answer,
    AnsweredBefore,
    Keeping,
    Performed,
    RequestIdentity,
    TurnTaken,
)

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"

LONGEST_KEY: Final = 255

_RAW_HEADER: Final = HEADER.lower().encode("ascii")

# A string of RFC 9651, or the same without quotes where nothing in it needs them.
_QUOTED: Final = r'"((?:[ !#-\[\]-~]|\\["\\]){1,255})"'
_BARE: Final = r"[!#-+\--:<-~]{1,255}"
_KEY: Final = re.compile(f"{_QUOTED}|{_BARE}")

# These say nothing about the operation, so the same request may fare better later.
_PASSING: Final = frozenset({400, 401, 403, 413, 415, 429})
_SERVER_ERRORS: Final = 500

_REPEATED_HEADERS: Final = ("content-type", "content-language", "etag", "location", "vary")
_WITHHELD: Final = "creditrisk.withheld"
_KEEPING: Final = "creditrisk.keeping"
_LARGEST_DOUBLE_INTEGER: Final = 2**53

Handler = Callable[[Request], Awaitable[Response]]


def states_key(request: Request) -> bool:
    """Whether the request has the header at all; checks without one pay for nothing more than this."""
    return any(name == _RAW_HEADER for name, _ in request.scope["headers"])


def key_of(request: Request) -> str | None:
    """Read the key, bare or quoted; None where there is no header.

    Raises:
        Refusal: 400, it cannot be read.
    """
    stated = request.headers.getlist(HEADER)
    if not stated:
        return None
    read = _KEY.fullmatch(stated[0].strip(" ")) if len(stated) == 1 else None
    if read is None:
        needed = (
            f"must be one string of 1 to {LONGEST_KEY} printable ASCII characters, in double quotes where it"
            " has spaces, commas or semicolons"
        )
        code = "malformed_idempotency_key"
        complaint = FieldError(f"header/{HEADER}", code, needed)
        raise Refusal(400, f"{HEADER} {needed}.", code=code, errors=[complaint])
    return read[0] if read[1] is None else re.sub(r"\\(.)", r"\1", read[1])


def withhold(request: Request, field: str) -> None:
    """Keep the answer to this request with null in a field of it, because the field holds a secret."""
    request.scope[_WITHHELD] = field


class Said(Protocol):
    """What a request says, for telling it from another one with the same key."""

    def known(self) -> bytes | None:
        """Return the fingerprint; None while part of the body is unread."""

    async def read(self) -> bytes:
        """Return the fingerprint; reads what is left of the body, and throws it away."""


class JsonSaid:
    """Query and JSON body, whatever the order of names and however numbers are written.

    ``body`` is a tuple of one, so that null differs from no body.
    """

    def __init__(self, request: Request, body: tuple[()] | tuple[Any]) -> None:
        self._fingerprint = hashlib.sha256(_canonical([_query(request), *map(_plain, body)])).digest()

    def known(self) -> bytes | None:
        """Return the fingerprint."""
        return self._fingerprint

    async def read(self) -> bytes:
        """Return the fingerprint."""
        return self._fingerprint


class StreamSaid:
    """Query, media type and the bytes of a stream, taken as they pass. Handle ``request`` in its place."""

    def __init__(self, request: Request) -> None:
        encoding = [request.headers.get(name) for name in ("content-type", "content-encoding")]
        self._hash = hashlib.sha256(_canonical([_query(request), encoding]))
        self._receive = request.receive
        self._complete = False
        self.request = Request(request.scope, self._pass)

    async def _pass(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._hash.update(message.get("body", b""))
            self._complete = not message.get("more_body", False)
        return message

    def known(self) -> bytes | None:
        """Return the fingerprint once the stream was read to its end."""
        return self._hash.digest() if self._complete else None

    async def read(self) -> bytes:
        """Return the fingerprint after reading to the end."""
        async for _ in pieces_of(self.request):
            pass
        return self._hash.digest()


def keeping_of(request: Request) -> Keeping | None:
    """Who keeps the answer of a request under a key that is carried out together with others; else None."""
    keeping: Keeping | None = request.scope.get(_KEEPING)
    return keeping


async def answer_once(
    request: Request,
    handle: Handler,
    *,
    key: str,
    said: Said,
    streamed: bool = False,
    together: bool = False,
) -> Response:
    """Have an admitted request handled, or answer what it was answered before.

    ``together``: whoever handles it keeps its answer with what it does, by `keeping_of`.
    """
    caller = principal_of(request.scope)
    assert caller is not None  # noqa: S101 - routes admit first
    identity = RequestIdentity(caller.tenant, caller.key_id, key, request.method, request.scope["path"])
    response = Response()

    async def perform() -> Performed:
        nonlocal response
        try:
            response = await handle(request)
        except (AnsweredBefore, TurnTaken):
            raise
        except Exception as error:  # noqa: BLE001 - what is no refusal is raised again
            response = await answer_to(request, error)
        passing = response.status_code in _PASSING or response.status_code >= _SERVER_ERRORS
        return Performed(to_keep(request, response), None if passing else said.known())

    idempotency = context_of(request).services.idempotency
    if together and (fingerprint := said.known()) is not None:
        keeping = request.scope[_KEEPING] = Keeping(identity, fingerprint)
        try:
            earlier = await idempotency.once_together(keeping, fingerprint=said.read, perform=perform)
        finally:
            del request.scope[_KEEPING]  # which knows the request by now: a cycle would outlive it
    else:
        earlier = await idempotency.once(identity, fingerprint=said.read, perform=perform, streamed=streamed)
    if earlier is None:
        return response
    return Response(earlier.body, earlier.status, {**earlier.headers, REPLAYED: "true"})


def documented_key(*, status: int) -> dict[str, Any]:
    """Describe the header in OpenAPI; ``status`` is that of the route's success."""
    return {
        "parameters": [
            {
                "name": HEADER,
                "in": "header",
                "required": False,
                "description": "Makes a repeated request safe: within 24 hours the same request under the "
                "same key is carried out once, and answered the same again.",
                "schema": {"type": "string", "pattern": f"^({_QUOTED}|{_BARE})$"},
                "examples": {"key": {"value": "01931c0e-7c1f-7d3a-9d0e-2f1a5b6c7d8e"}},
            }
        ],
        "responses": {
            str(status): {
                "headers": {
                    REPLAYED: {
                        "description": "`true`: this is the answer to an earlier request with the same key.",
                        "schema": {"type": "string", "enum": ["true"]},
                    }
                }
            }
        },
    }


def to_keep(request: Request, response: Response) -> Answer:
    """What to keep of an answer: all of it that is worth repeating, and no secret."""
    headers: MutableHeaders = response.headers
    body = bytes(response.body)
    withheld = request.scope.get(_WITHHELD)
    if withheld is not None and response.status_code < 300:  # noqa: PLR2004 - HTTP classes
        body = orjson.dumps(orjson.loads(body) | {withheld: None})
    return Answer(
        status=response.status_code,
        headers={name: headers[name] for name in _REPEATED_HEADERS if name in headers},
        body=body,
    )


def _query(request: Request) -> list[tuple[str, str]]:
    return sorted(request.query_params.multi_items())


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def _plain(value: Any) -> Any:
    """The value with numbers as RFC 8785 writes them: 1.0 is 1."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_DOUBLE_INTEGER:
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    return value
