"""From exceptions to problems: the one table of use-case errors, and the words for contract breaches."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, compile_path
from starlette.types import Scope

from creditrisk.api.problems import TRACE_KEY, Refusal, RequestTrace, problem, problem_response
from creditrisk.api.wire import OWN_WORDS
from creditrisk.application.errors import (
    ApplicationError,
    Conflict,
    Deferred,
    FieldError,
    Forbidden,
    InvalidRequest,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)

STATUS_OF: Final[Mapping[type[ApplicationError], int]] = {
    InvalidRequest: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    PreconditionRequired: 428,
    PreconditionFailed: 412,
    TooManyRequests: 429,
    Unavailable: 503,
}

MAX_ERRORS: Final = 100
_MAX_POINTER: Final = 512

# Pydantic's error types in our words. Only limits of the contract are filled in; nothing of the input is.
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("required", "is required"),
    "extra_forbidden": ("unknown_field", "is not a field of this object"),
    "literal_error": ("not_allowed", "must be {expected}"),
    "enum": ("not_allowed", "must be {expected}"),
    "string_type": ("wrong_type", "must be a string"),
    "int_type": ("wrong_type", "must be an integer"),
    "int_parsing": ("wrong_type", "must be an integer"),
    "int_parsing_size": ("out_of_range", "is out of range"),
    "int_from_float": ("wrong_type", "must be an integer"),
    "bool_type": ("wrong_type", "must be true or false"),
    "bool_parsing": ("wrong_type", "must be true or false"),
    "list_type": ("wrong_type", "must be an array"),
    "tuple_type": ("wrong_type", "must be an array"),
    "frozen_set_type": ("wrong_type", "must be an array"),
    "dict_type": ("wrong_type", "must be an object"),
    "model_type": ("wrong_type", "must be an object"),
    "model_attributes_type": ("wrong_type", "must be an object"),
    "none_required": ("wrong_type", "must be null"),
    "uuid_type": ("wrong_type", "must be a UUID"),
    "uuid_parsing": ("invalid_format", "must be a UUID"),
    "string_pattern_mismatch": ("invalid_format", "must be written as {pattern}"),
    "string_too_short": ("too_short", "must have at least {min_length} characters"),
    "string_too_long": ("too_long", "must have at most {max_length} characters"),
    "too_short": ("too_short", "must have at least {min_length} members"),
    "too_long": ("too_long", "must have at most {max_length} members"),
    "greater_than": ("out_of_range", "must be greater than {gt}"),
    "greater_than_equal": ("out_of_range", "must be at least {ge}"),
    "less_than": ("out_of_range", "must be less than {lt}"),
    "less_than_equal": ("out_of_range", "must be at most {le}"),
}
_INVALID: Final = ("invalid", "is not valid")


def field_errors(errors: Sequence[Mapping[str, Any]]) -> tuple[FieldError, ...]:
    """Turn validation errors (of Pydantic, with FastAPI's ``loc``) into complaints that echo no value."""
    return tuple(FieldError(pointer_of(error["loc"]), *_words(error)) for error in errors[:MAX_ERRORS])


def inline_problem(
    scope: Scope, error: ApplicationError | ValidationError, *, at: tuple[str | int, ...] = ()
) -> dict[str, Any]:
    """Write what is wrong with one member of a batch as a problem.

    ``at`` is where the member stands in the body: ``("checks", 3)``. Pointers lead from the whole body.
    """
    trace: RequestTrace = scope[TRACE_KEY]
    if isinstance(error, ApplicationError):
        prefix = pointer_of(("body", *at))
        errors = [_moved(entry, prefix) for entry in error.errors]
        return problem(
            _status_of(error),
            request_id=trace.request_id,
            code=error.code,
            detail=error.detail,
            errors=errors,
        )
    located = [{**entry, "loc": ("body", *at, *entry["loc"])} for entry in error.errors()]
    return problem(422, request_id=trace.request_id, errors=field_errors(located))


def _moved(error: FieldError, prefix: str) -> FieldError:
    """The complaint with its pointer below ``prefix``; a parameter's name (``query/limit``) stays."""
    in_body = not error.pointer or error.pointer.startswith("/")
    return error._replace(pointer=prefix + error.pointer) if in_body else error


def _words(error: Mapping[str, Any]) -> tuple[str, str]:
    context = error.get("ctx") or {}
    own = context.get(OWN_WORDS)
    if own is not None:
        return error["type"], own
    code, detail = _WORDS.get(error["type"], _INVALID)
    return code, detail.format_map(context)


def pointer_of(loc: Sequence[str | int]) -> str:
    """Turn a location into a JSON pointer into the body, or into ``query/limit`` and the like."""
    if not loc:
        return ""
    source, *rest = loc
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in rest]
    pointer = "".join(f"/{part}" for part in parts)
    return (pointer if source == "body" else f"{source}{pointer}")[:_MAX_POINTER]


def install(app: FastAPI) -> None:
    """Answer every exception a route or the router raises with a problem."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)


async def answer_to(request: Request, error: Exception) -> Response:
    """Answer a refusal as the application would; any other exception is raised again."""
    for kind, handler in _HANDLERS.items():
        if isinstance(error, kind):
            return await handler(request, error)
    raise error


async def _application_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApplicationError)  # noqa: S101 - registered for this class alone
    headers: dict[str, str] = {}
    if isinstance(error, Deferred):
        headers["Retry-After"] = str(error.retry_after)
    elif isinstance(error, Unauthenticated):
        stated = "authorization" in request.headers
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if stated else "Bearer"
    return problem_response(
        request.scope,
        _status_of(error),
        code=error.code,
        detail=error.detail,
        errors=error.errors,
        headers=headers,
    )


def _status_of(error: ApplicationError) -> int:
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for this class alone
    return problem_response(
        request.scope,
        error.status,
        code=error.code,
        detail=error.detail,
        errors=error.errors,
        headers=error.headers,
    )


async def _contract_breach(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    return problem_response(request.scope, 422, errors=field_errors(error.errors()))


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    if error.status_code == 405:  # noqa: PLR2004 - Method Not Allowed
        allow = {"Allow": ", ".join(_allowed_methods(request.app.routes, request.scope))}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=allow)
        return problem_response(request.scope, 405, headers=allow)
    return problem_response(request.scope, error.status_code, headers=error.headers)


_HANDLERS: Final[Mapping[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]] = {
    HTTPException: _http_exception,
    Refusal: _refusal,
    RequestValidationError: _contract_breach,
    ApplicationError: _application_error,
}


def _allowed_methods(routes: Sequence[BaseRoute], scope: Scope) -> list[str]:
    """All methods of the path: the router's own Allow names only the first route that has the path."""
    methods = {"OPTIONS"}
    for route in iter_route_contexts(routes):
        if route.path is None or route.methods is None:
            continue
        pattern, _, _ = compile_path(route.path)
        if pattern.match(scope["path"]):
            methods |= route.methods
    if "GET" in methods:
        methods.add("HEAD")
    return sorted(methods)


def unknown_field(name: str) -> FieldError:
    """Complain about a field that an object may not have."""
    return FieldError(pointer_of(("body", name)), *_WORDS["extra_forbidden"])
