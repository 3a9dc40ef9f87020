"""Single headers of a request, looked for in the list: a check needs four, too few to index all of them."""

from starlette.requests import Request


def header_of(request: Request, name: bytes) -> str | None:
    """The value of the first header of this name, which is in lower case; None where there is none."""
    for each, value in request.scope["headers"]:
        if each == name:
            text: str = value.decode("latin-1")
            return text
    return None
