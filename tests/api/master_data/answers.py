"""What answers say, in short."""

from typing import Any

import httpx


def complaints(response: httpx.Response) -> list[tuple[str, str]]:
    """Pointer and code of everything a 422 complains about."""
    assert response.status_code == 422, response.text
    return [(error["pointer"], error["code"]) for error in response.json()["errors"]]


def read_pages(caller: httpx.Client, path: str, *, size: int) -> list[list[dict[str, Any]]]:
    """The items of all pages of a list."""
    pages: list[list[dict[str, Any]]] = []
    params: dict[str, str] | None = {"limit": str(size)}
    while params is not None:
        page = caller.get(path, params=params).json()
        pages.append(page["items"])
        params = None if page["next"] is None else {"limit": str(size), "cursor": page["next"]}
    return pages
