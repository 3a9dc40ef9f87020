"""Entity tags: strong, made of the stored version; ``If-Match`` becomes a ``Precondition``."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header, Response

from creditrisk.application.errors import FieldError, InvalidRequest
from creditrisk.application.preconditions import Precondition

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')
_LIST: Final = re.compile(rf"\s*{_TAG.pattern}\s*(,\s*{_TAG.pattern}\s*)*", re.ASCII)


def set_etag(response: Response, version: str | int) -> None:
    """Answer the stored version as a strong entity tag."""
    response.headers["ETag"] = f'"{version}"'


async def _read_if_match(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=1024,
            description="The ETag the object was read with, or `*`; required once the object exists.",
        ),
    ] = None,
) -> Precondition:
    return parse_if_match(if_match)


def parse_if_match(header: str | None) -> Precondition:
    """Read an ``If-Match`` header. A weak tag never matches, as RFC 9110 has it.

    Raises:
        InvalidRequest: it is neither ``*`` nor a list of entity tags.
    """
    if header is None:
        return Precondition()
    if header.strip() == "*":
        return Precondition(any_version=True)
    if _LIST.fullmatch(header) is None:
        complaint = FieldError("header/If-Match", "invalid_etag", "must be * or entity tags in double quotes")
        raise InvalidRequest("If-Match cannot be read.", errors=[complaint])
    return Precondition(frozenset(tag[2] for tag in _TAG.finditer(header) if tag[1] is None))


IfMatch = Annotated[Precondition, Depends(_read_if_match)]
"""A route parameter ``precondition: IfMatch``."""
