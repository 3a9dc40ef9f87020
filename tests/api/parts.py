"""An application of which a test needs only some parts, and what its refusals complain about."""

from dataclasses import fields
from typing import Any

import httpx

from creditrisk.api.context import Services


class _Absent:
    """Stands where no part is; whatever touches it fails."""


def services_of(**parts: Any) -> Services:
    """Make services of the parts given, and nothing in the place of the others."""
    return Services(**{field.name: parts.pop(field.name, _Absent()) for field in fields(Services)}, **parts)


def complaints(response: httpx.Response) -> list[tuple[str, str]]:
    """Pointer and code of everything a 422 complains about."""
    assert response.status_code == 422, response.text
    return [(error["pointer"], error["code"]) for error in response.json()["errors"]]
