"""The way of the hot path's requests past routing, which would cost as much as the check itself."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from creditrisk.api.refusals import answer_to
from creditrisk.api.requests import DirectRoute


class Shortcut:
    """Serves the ``routes`` at once; whatever else is asked goes on to the router.

    Direct routes need nothing of what FastAPI makes ready for a call. They stay among the router's routes,
    which describe them and know the methods of their paths.
    """

    def __init__(self, app: ASGIApp, *, routes: Iterable[DirectRoute]) -> None:
        self._app = app
        self._direct = {
            (method, route.path): (route, route.get_route_handler())
            for route in routes
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        direct = self._direct.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if direct is None:
            await self._app(scope, receive, send)
            return
        scope["route"], handle = direct
        request = Request(scope, receive, send)
        try:
            response = await handle(request)
        except Exception as error:  # noqa: BLE001 - what is no refusal is raised again
            response = await answer_to(request, error)
        await response(scope, receive, send)
