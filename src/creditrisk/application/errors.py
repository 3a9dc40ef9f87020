"""What a use case may refuse, in words that know nothing of HTTP.

A use case raises one of the classes below (or a subclass of its own, defined beside the use case); the
interface layer maps each class to a status in one table. ``code`` is stable and part of the contract;
``detail`` is a sentence for people that never repeats the value it complains about.

    ApplicationError
    ├── InvalidRequest        the request contradicts itself or the stored state
    ├── Unauthenticated       nobody we know is asking
    ├── Forbidden             the caller is known, but this is not for them
    ├── NotFound              no such object for this tenant
    ├── Conflict              the stored state does not allow it now
    ├── PreconditionRequired  a version must be named to replace this object
    ├── PreconditionFailed    the named version is not the stored one
    └── Deferred              come back after some seconds
        ├── TooManyRequests   the caller asks too often
        └── Unavailable       something the service needs does not answer
"""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple


class FieldError(NamedTuple):
    """One complaint about one place of a request.

    ``pointer`` is a JSON pointer (RFC 6901) into the body, ``""`` meaning the whole body; a parameter is
    named ``query/<name>``, ``path/<name>`` or ``header/<name>``, which no body pointer can equal.
    """

    pointer: str
    code: str
    detail: str


class ApplicationError(Exception):
    """Base of every refusal a use case can answer with."""

    default_code: ClassVar[str]

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Iterable[FieldError] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.errors = tuple(errors)


class InvalidRequest(ApplicationError):
    """The request is well-formed but cannot be meant; ``errors`` name the places."""

    default_code = "invalid_request"


class Unauthenticated(ApplicationError):
    """There is no key, or it is unknown, expired or revoked; which of these is never said."""

    default_code = "unauthorized"


class Forbidden(ApplicationError):
    """The key is good, but lacks the scope or the company."""

    default_code = "forbidden"


class NotFound(ApplicationError):
    """The object does not exist for this tenant; another tenant's object is not found either."""

    default_code = "not_found"


class Conflict(ApplicationError):
    """Request and stored state exclude each other, for example an equal version with other content."""

    default_code = "conflict"


class PreconditionRequired(ApplicationError):
    """The object exists, so replacing it needs the version the caller has seen."""

    default_code = "precondition_required"


class PreconditionFailed(ApplicationError):
    """The object was changed since the caller read it."""

    default_code = "precondition_failed"


class Deferred(ApplicationError):
    """A refusal that may be gone after ``retry_after`` seconds."""

    def __init__(self, detail: str, *, code: str | None = None, retry_after: int = 1) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class TooManyRequests(Deferred):
    """The caller asks more often than it is allowed to."""

    default_code = "too_many_requests"


class Unavailable(Deferred):
    """A part the service needs (the database) does not answer now."""

    default_code = "unavailable"
