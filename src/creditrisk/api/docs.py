"""Swagger UI and ReDoc, with every file from this host: a page that opens makes no request to elsewhere."""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from creditrisk.api.problems import Refusal

_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {"Content-Security-Policy": _CSP}
_HEAD: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>creditrisk API</title>'
    '<link rel="icon" href="/static/favicon.png">'
)
_SWAGGER: Final = (
    f'{_HEAD}<link rel="stylesheet" href="/static/swagger-ui.css"></head><body><div id="ui"></div>'
    '<script src="/static/swagger-ui-bundle.js"></script><script src="/static/swagger-init.js"></script>'
    "</body></html>"
)
_REDOC: Final = (
    f'{_HEAD}</head><body><redoc spec-url="/openapi.json"></redoc>'
    '<script src="/static/redoc.standalone.js"></script></body></html>'
)

# File name → package that has it in its folder `static`, media type. Nothing else is served.
_ASSETS: Final = {
    "favicon.png": ("fastapi_offline", "image/png"),
    "redoc.standalone.js": ("fastapi_offline", "text/javascript"),
    "swagger-init.js": ("creditrisk.api", "text/javascript"),
    "swagger-ui-bundle.js": ("fastapi_offline", "text/javascript"),
    "swagger-ui.css": ("fastapi_offline", "text/css"),
}

router = APIRouter(include_in_schema=False, redirect_slashes=False)


@router.get("/docs")
async def docs() -> HTMLResponse:
    """Show the API in Swagger UI."""
    return HTMLResponse(_SWAGGER, headers=_HEADERS)


@router.get("/redoc")
async def redoc() -> HTMLResponse:
    """Show the API in ReDoc."""
    return HTMLResponse(_REDOC, headers=_HEADERS)


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Serve one file of the pages above."""
    asset = _ASSETS.get(name)
    if asset is None:
        raise Refusal(404, "There is no such file.")
    package, media_type = asset
    content = files(package).joinpath("static", name).read_bytes()
    return Response(content, media_type=media_type, headers={"Cache-Control": "public, max-age=86400"})
