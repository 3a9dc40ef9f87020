"""The company a call is about: optional everywhere, ``main`` unless said otherwise (docs/api.md, Company)."""

from typing import Annotated, Final

from fastapi import Query
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from creditrisk.api.wire import Identifier
from creditrisk.application.companies import MAIN
from creditrisk.application.errors import FieldError, Forbidden, InvalidRequest
from creditrisk.application.keys import Principal

CompanyQuery = Annotated[
    Identifier | None,
    Query(description="The company; `main` unless the body says otherwise. In lists, absent means all."),
]
"""A route parameter ``company: CompanyQuery = None``."""


_IDENTIFIER: Final = TypeAdapter[str](Identifier)


def company_in_query(request: Request) -> str | None:
    """Read the company from the query of a route that FastAPI does not read it for.

    Raises:
        InvalidRequest: it is no identifier.
    """
    stated = request.query_params.get("company") if request.scope["query_string"] else None
    try:
        return None if stated is None else _IDENTIFIER.validate_python(stated)
    except ValidationError:
        complaint = FieldError("query/company", "invalid_identifier", "must be 1 to 64 printable characters")
        raise InvalidRequest("The company is not an identifier.", errors=[complaint]) from None


def choose_company(principal: Principal, *, query: str | None, body: str | None = None) -> str:
    """Return the company a call is about, which the key must reach.

    Raises:
        InvalidRequest: query and body name different companies.
        Forbidden: the company is outside the key's.
    """
    company = _named(query=query, body=body) or MAIN
    principal.require_company(company)
    return company


def choose_company_or_every(
    principal: Principal, *, query: str | None, body: str | None = None
) -> str | None:
    """Return the company whose configuration is written, None for what applies in every company.

    Raises:
        InvalidRequest: query and body name different companies.
        Forbidden: the company is outside the key's; none is named, but the key is limited to companies.
    """
    company = _named(query=query, body=body)
    if company is not None:
        principal.require_company(company)
    elif principal.companies is not None:
        raise Forbidden(
            "This is for every company, which a key limited to companies may not change; name one of these.",
            code="company_forbidden",
        )
    return company


def choose_companies(principal: Principal, *, query: str | None) -> frozenset[str] | None:
    """Return the companies a list covers: the one asked for, else all the key reaches (None: every one).

    Raises:
        Forbidden: the company asked for is outside the key's.
    """
    if query is None:
        return principal.companies
    principal.require_company(query)
    return frozenset({query})


def _named(*, query: str | None, body: str | None) -> str | None:
    if query is not None and body is not None and query != body:
        complaint = FieldError("/company", "company_mismatch", "differs from the company in the query")
        raise InvalidRequest("Query and body name different companies.", errors=[complaint])
    return query if body is None else body
