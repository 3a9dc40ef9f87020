"""Routes that look after themselves: admitted callers only, JSON read strictly, problems documented.

Every POST honours `Idempotency-Key` (`creditrisk.api.idempotency`).

A resource module makes its routes on ``resource_router()``. Every route must take a principal with
``requires(...)``; one that does not cannot even be declared.
"""

import copy
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from types import UnionType
from typing import Annotated, Any, Final, NoReturn, Union, get_args, get_origin

from fastapi import APIRouter, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from creditrisk.api.auth import Guard
from creditrisk.api.context import context_of
from creditrisk.api.idempotency import JsonSaid, StreamSaid, answer_once, documented_key, key_of, states_key
from creditrisk.api.problems import Refusal, documented
from creditrisk.api.raw_headers import header_of
from creditrisk.api.refusals import MAX_ERRORS, unknown_field
from creditrisk.api.strict_json import malformed, parse_json
from creditrisk.application.errors import FieldError, InvalidRequest
from creditrisk.application.keys import Principal

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ResourceRoute(APIRoute):
    """A guarded route whose JSON body is read by ``parse_json``."""

    streams = False
    """Whether the call reads the body itself, so that there may be one that it does not declare."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.responses = {**_standard_problems(self), **self.responses}
        if self.repeatable:
            self.openapi_extra = _with_key(self)

    @property
    def repeatable(self) -> bool:
        """Whether requests may carry an `Idempotency-Key`; the other methods are safe to repeat anyway."""
        return _is_post(self)

    def get_route_handler(self) -> Handler:
        """Put admission and reading of the body before FastAPI's own handling."""
        handle = super().get_route_handler()
        _, guard = _guard_of(self)
        body_field = self.body_field
        known = _query_parameters(self)
        repeatable = self.repeatable
        bodiless = repeatable and body_field is None and not self.streams

        async def admit_and_handle(request: Request) -> Response:
            # A remembered key may be revoked, and a repeated request does not get to the read that tells.
            await guard.admit(request, remembered=not (repeatable and states_key(request)))
            key = key_of(request) if repeatable else None
            _refuse_wrong(request, known)
            if bodiless:
                await _refuse_body(request)
            if body_field is not None:
                request = await _JsonRequest.read(request, required=body_field.field_info.is_required())
            return await (handle(request) if key is None else self.answer_once(request, handle, key))

        return admit_and_handle

    async def answer_once(self, request: Request, handle: Handler, key: str) -> Response:
        """Answer a request with an `Idempotency-Key`."""
        body = request.parsed if isinstance(request, _JsonRequest) else ()
        return await answer_once(request, handle, key=key, said=JsonSaid(request, body))


class StreamRoute(ResourceRoute):
    """A guarded route whose POST reads the request as a stream, which is compared byte by byte."""

    streams = True

    async def answer_once(self, request: Request, handle: Handler, key: str) -> Response:
        """Answer a stream with an `Idempotency-Key`."""
        said = StreamSaid(request)
        return await answer_once(said.request, handle, key=key, said=said, streamed=True)


class DirectRoute(ResourceRoute):
    """A guarded route called without FastAPI's dependency resolution, which costs more than the rest of it.

    For the hot path alone. The endpoint takes one body, the principal and the request, nothing else, and
    answers a ``Response``; what it reads of query and headers it documents with ``openapi_extra``.
    """

    def get_route_handler(self) -> Handler:
        """Admit, read, validate, call."""
        guard_name, guard = _guard_of(self)
        dependant, body_field, endpoint = self.dependant, self.body_field, self.endpoint
        request_name = dependant.request_param_name
        known = _query_parameters(self)
        others = (
            *dependant.path_params, *dependant.query_params, *dependant.header_params,
            *dependant.cookie_params, *dependant.dependencies[1:], *dependant.body_params[1:],
        )  # fmt: skip
        if body_field is None or request_name is None or others:
            raise TypeError(f"route {self.name!r} must take one body, the principal and the request")
        body_name = dependant.body_params[0].name

        async def call(request: Request, principal: Principal, content: Any) -> Response:
            request.scope[_CONTENT] = content
            value, errors = body_field.validate(content, {}, loc=("body",))
            if errors:
                raise RequestValidationError(errors)
            response: Response = await endpoint(
                **{body_name: value, guard_name: principal, request_name: request}
            )
            return response

        async def admit_and_call(request: Request) -> Response:
            stated = states_key(request)
            # As in `ResourceRoute`.
            principal = await guard.admit(request, remembered=not stated)
            key = key_of(request) if stated else None
            _refuse_wrong(request, known)
            body = await read_body(request, max_bytes=context_of(request).options.max_body_bytes)
            if not body:
                raise malformed("The body is empty; JSON is expected.")
            _require_json(request)
            content = parse_json(body)
            if key is None:
                return await call(request, principal, content)
            handle = partial(call, principal=principal, content=content)
            said, together = JsonSaid(request, (content,)), self.kept_together(content)
            return await answer_once(request, handle, key=key, said=said, together=together)

        return admit_and_call

    def kept_together(self, content: Any) -> bool:  # noqa: ARG002 - those that do go by it
        """Whether a request under a key is carried out together with others, and its answer kept so."""
        return False


_CONTENT: Final = "creditrisk.content"


def content_of(request: Request) -> Any:
    """Return the body of a direct route's request as it was parsed, before anything was made of it."""
    return request.scope[_CONTENT]


def resource_router(*, prefix: str, tag: str, route_class: type[ResourceRoute] = ResourceRoute) -> APIRouter:
    """Make the router of one resource; ``tag`` groups its operations in the documentation."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=route_class,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )


def operation_id(route: APIRoute) -> str:
    """Name an operation in the OpenAPI document as its function is named."""
    return route.name


class _JsonRequest(Request):
    """A request whose body has been read and parsed; FastAPI finds both ready."""

    parsed: tuple[()] | tuple[Any] = ()

    @classmethod
    async def read(cls, request: Request, *, required: bool) -> "_JsonRequest":
        body = await read_body(request, max_bytes=context_of(request).options.max_body_bytes)
        ready = cls(request.scope, request.receive)
        ready._body = body
        if body:
            _require_json(request)
            ready._json = parse_json(body)
            ready.parsed = (ready._json,)
        elif required:
            raise malformed("The body is empty; JSON is expected.")
        return ready


async def read_body(request: Request, *, max_bytes: int) -> bytes:
    """Read the whole body, giving up as soon as it is longer than ``max_bytes``.

    Raises:
        Refusal: 413, by the stated length or by counting what arrives.
        ClientDisconnect: the caller has gone.
    """
    stated = header_of(request, b"content-length") or "0"
    if stated.isdecimal() and int(stated) > max_bytes:
        _too_large(max_bytes)
    chunks: list[bytes] = []
    length, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk, more = message.get("body", b""), message.get("more_body", False)
        length += len(chunk)
        if length > max_bytes:
            _too_large(max_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(max_bytes: int) -> NoReturn:
    raise Refusal(413, f"The body is longer than {max_bytes} bytes.")


def _require_json(request: Request) -> None:
    media_type, _, parameters = (header_of(request, b"content-type") or "").partition(";")
    if media_type.strip().lower() != "application/json":
        raise Refusal(415, "The body must be application/json.")
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if charset not in {"", "charset=utf-8"}:
        raise Refusal(415, "The body must be UTF-8.")
    encoding = header_of(request, b"content-encoding")
    if encoding is not None and encoding.lower() != "identity":
        raise Refusal(415, "The body must not be compressed.")


def _refuse_wrong(request: Request, known: Mapping[str, bool]) -> None:
    """A misspelt parameter must not be swallowed, as little as a misspelt field or one of two values."""
    if not request.scope["query_string"]:
        return
    stated = Counter(name for name, _ in request.query_params.multi_items())
    complaints = [
        FieldError(f"query/{name[:64]}", "unknown_parameter", "is not a parameter of this call")
        if name not in known
        else FieldError(f"query/{name}", "given_twice", "is given more than once")
        for name, times in sorted(stated.items())
        if name not in known or (times > 1 and not known[name])
    ]
    if complaints:
        detail = "The query has unknown parameters, or several values of one."
        raise InvalidRequest(detail, errors=complaints[:MAX_ERRORS])


async def _refuse_body(request: Request) -> None:
    """What a call takes no body of must not be swallowed either; an empty object says nothing."""
    body = await read_body(request, max_bytes=context_of(request).options.max_body_bytes)
    if not body:
        return
    try:
        content = parse_json(body)
    except Refusal:
        content = None
    if content != {}:
        names = sorted(content)[:MAX_ERRORS] if isinstance(content, dict) else []
        complaints = [unknown_field(name) for name in names]
        complaint = FieldError("", "unexpected_body", "must not be there")
        raise InvalidRequest("This call takes no body.", errors=complaints or [complaint])


# What every route says about itself


def _query_parameters(route: APIRoute) -> Mapping[str, bool]:
    """The query parameters a call may have, and whether many times; the company may be named everywhere."""
    found = [each for each in get_flat_params(route.dependant) if isinstance(each.field_info, params.Query)]
    return {"company": False} | {each.alias: _is_list(each.field_info.annotation) for each in found}


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) in {Union, UnionType, Annotated}:
        return any(_is_list(part) for part in get_args(annotation))
    return (get_origin(annotation) or annotation) in {list, tuple}


def _is_post(route: APIRoute) -> bool:
    return "POST" in (route.methods or ())


def _with_key(route: APIRoute) -> dict[str, Any]:
    """What the route says of itself, and `Idempotency-Key`; a router included in another made it before."""
    described: dict[str, Any] = copy.deepcopy(route.openapi_extra or {})
    key = documented_key(status=route.status_code or 200)
    parameters = described.setdefault("parameters", [])
    if key["parameters"][0] not in parameters:
        parameters += key["parameters"]
    return {**described, "responses": {**described.get("responses", {}), **key["responses"]}}


def _guard_of(route: APIRoute) -> tuple[str, Guard]:
    """The parameter that takes the principal, and the guard behind it."""
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, Guard) and dependency.name is not None:
            return dependency.name, dependency.call
    raise TypeError(f"route {route.name!r} states no scope; take a principal with requires(...)")


def _standard_problems(route: APIRoute) -> dict[int | str, dict[str, Any]]:
    statuses = [400, 401, 403, 422, 429, 500, 503]
    if route.body_field is not None:
        statuses += [413, 415]
    if route.dependant.path_params:
        statuses.append(404)
    if _is_post(route):
        statuses.append(409)
    return documented(*sorted(statuses))
