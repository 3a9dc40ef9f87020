"""Problems (RFC 9457): the catalogue of everything that can go wrong, and how one is written.

A declined credit check is no problem: it is an answer, with status 200 and findings.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import quote

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from starlette.types import Scope

from creditrisk.application.errors import FieldError

MEDIA_TYPE: Final = "application/problem+json"
TRACE_KEY: Final = "creditrisk.trace"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One line of the catalogue. ``meaning`` is the default detail and the description in OpenAPI."""

    code: str
    status: HTTPStatus
    title: str
    meaning: str

    @property
    def uri(self) -> str:
        """The stable ``type`` of the problem."""
        return f"/problems/{self.code.replace('_', '-')}"

    @property
    def component(self) -> str:
        """The name of the shared response in the OpenAPI document."""
        return self.code.title().replace("_", "")


CATALOGUE: Final[tuple[ProblemType, ...]] = (
    ProblemType(
        "malformed_request", HTTPStatus.BAD_REQUEST, "Malformed request", "The request cannot be read."
    ),
    ProblemType(
        "unauthorized",
        HTTPStatus.UNAUTHORIZED,
        "Unauthorized",
        "A valid API key is needed as a bearer token.",
    ),
    ProblemType("forbidden", HTTPStatus.FORBIDDEN, "Forbidden", "The API key does not allow this."),
    ProblemType("not_found", HTTPStatus.NOT_FOUND, "Not found", "There is nothing here."),
    ProblemType(
        "method_not_allowed",
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Method not allowed",
        "The resource does not answer this method; see the Allow header.",
    ),
    ProblemType(
        "conflict", HTTPStatus.CONFLICT, "Conflict", "The stored state does not allow this, or not any more."
    ),
    ProblemType(
        "precondition_failed",
        HTTPStatus.PRECONDITION_FAILED,
        "Precondition failed",
        "The object has been changed since the version named in If-Match.",
    ),
    ProblemType(
        "body_too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Body too large", "The body is too large."
    ),
    ProblemType(
        "unsupported_media_type",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type",
        "The body has another media type or content encoding than the resource reads.",
    ),
    ProblemType(
        "invalid_request",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Invalid request",
        "The request can be read, but breaks the contract; `errors` name the places.",
    ),
    ProblemType(
        "precondition_required",
        HTTPStatus.PRECONDITION_REQUIRED,
        "Precondition required",
        "The object exists; If-Match must name the version to replace.",
    ),
    ProblemType(
        "too_many_requests",
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests",
        "The caller asks too often; see the Retry-After header.",
    ),
    ProblemType(
        "internal_error",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error",
        "The service failed. The log has the details under the request id.",
    ),
    ProblemType(
        "unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Unavailable",
        "Something the service needs does not answer; see the Retry-After header.",
    ),
)

BY_STATUS: Final[Mapping[int, ProblemType]] = {int(kind.status): kind for kind in CATALOGUE}


class ProblemError(BaseModel):
    """One complaint about one place of the request."""

    model_config = ConfigDict(frozen=True)

    pointer: Annotated[
        str,
        Field(
            description="JSON pointer (RFC 6901) into the body, empty for all of it; a parameter is named "
            "`query/<name>`, `path/<name>` or `header/<name>`."
        ),
    ]
    code: Annotated[str, Field(description="Stable, for programs.")]
    detail: Annotated[str, Field(description="For people; may change.")]


class Problem(BaseModel):
    """A problem as RFC 9457 defines it."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/invalid-request",
                    "title": "Invalid request",
                    "status": 422,
                    "detail": "The request can be read, but breaks the contract.",
                    "instance": "/requests/01931c0e-7c1f-7d3a-9d0e-2f1a5b6c7d8e",
                    "code": "invalid_request",
                    "errors": [{"pointer": "/customer", "code": "required", "detail": "is required"}],
                }
            ]
        },
    )

    type: Annotated[str, Field(description="Which problem this is; stable.")]
    title: Annotated[str, Field(description="The same for every occurrence of the type.")]
    status: Annotated[int, Field(description="The HTTP status.")]
    detail: Annotated[str, Field(description="What happened this time, for people.")]
    instance: Annotated[str, Field(description="This occurrence: the request id is its last part.")]
    code: Annotated[str, Field(description="Stable, for programs; may be more exact than the type.")]
    errors: Annotated[list[ProblemError], Field(description="The places of the request complained about.")]


@dataclass(frozen=True, slots=True)
class RequestTrace:
    """How a request is found again: our id or the caller's, and the trace it belongs to."""

    request_id: str
    traceparent: str | None


class Refusal(Exception):
    """The HTTP layer itself refuses a request, before any use case sees it."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code
        self.errors = errors
        self.headers = headers


def problem(
    status: int,
    *,
    request_id: str,
    code: str | None = None,
    detail: str | None = None,
    errors: Iterable[FieldError] = (),
) -> dict[str, Any]:
    """Write a problem as the JSON object of the ``Problem`` schema, also for a bad member of a batch."""
    kind = BY_STATUS.get(status) or BY_STATUS[500 if status >= 500 else 400]  # noqa: PLR2004 - HTTP classes
    return {
        "type": kind.uri,
        "title": kind.title,
        "status": status,
        "detail": detail or kind.meaning,
        "instance": f"/requests/{quote(request_id, safe='')}",
        "code": code or kind.code,
        "errors": [error._asdict() for error in errors],
    }


def problem_response(
    scope: Scope,
    status: int,
    *,
    code: str | None = None,
    detail: str | None = None,
    errors: Iterable[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer the request of ``scope`` with a problem."""
    trace: RequestTrace = scope[TRACE_KEY]
    content = problem(status, request_id=trace.request_id, code=code, detail=detail, errors=errors)
    return Response(orjson.dumps(content), status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare in OpenAPI which problems a route answers beyond those every guarded route has."""
    return {
        status: {
            "$ref": f"#/components/responses/{BY_STATUS[status].component}",
            "description": BY_STATUS[status].title,
        }
        for status in statuses
    }


def openapi_components() -> dict[str, dict[str, Any]]:
    """Return the schemas and responses ``documented`` points to."""
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {
        "schemas": {**schema.pop("$defs"), "Problem": schema},
        "responses": {kind.component: _openapi_response(kind) for kind in CATALOGUE},
    }


def _openapi_response(kind: ProblemType) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": kind.meaning,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    header = {
        HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
        HTTPStatus.METHOD_NOT_ALLOWED: "Allow",
        HTTPStatus.TOO_MANY_REQUESTS: "Retry-After",
        HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
    }.get(kind.status)
    if header is not None:
        response["headers"] = {header: {"schema": {"type": "string"}, "required": True}}
    return response
