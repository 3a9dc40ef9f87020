"""The way of the hot path's requests past FastAPI, which would cost as much as the check itself."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from opentelemetry import trace
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from creditrisk.api.middleware import Observation
from creditrisk.api.refusals import answer_to
from creditrisk.api.requests import DirectRoute, Handler
from creditrisk.telemetry.logging import LogRequest
from creditrisk.telemetry.metrics import Metrics


class Shortcut:
    """Serves the ``routes`` at once where they are called plainly; whatever else is asked goes on to ``app``.

    Direct routes need nothing of what FastAPI makes ready for a call, but traces where somebody wants them.
    They stay among the router's routes, which describe them, and serve them where the path is written in
    another way or there is a query.
    """

    def __init__(
        self, app: ASGIApp, *, routes: Iterable[DirectRoute], metrics: Metrics, log_request: LogRequest
    ) -> None:
        self._app = app
        self._routes = tuple(routes)
        self._observed = Observation(_serve, metrics=metrics, log_request=log_request)

    @cached_property
    def _direct(self) -> Mapping[tuple[str, bytes], tuple[DirectRoute, Handler]]:
        """By method and path. None if somebody traces, who has said so before the first request."""
        if _traced():
            return {}
        return {
            (method, route.path.encode("ascii")): (route, route.get_route_handler())
            for route in self._routes
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        direct = None
        if scope["type"] == "http" and not scope["query_string"]:
            direct = self._direct.get((scope["method"], scope.get("raw_path") or b""))
        if direct is None:
            await self._app(scope, receive, send)
            return
        scope["route"], scope[_HANDLER] = direct
        await self._observed(scope, receive, send)


_HANDLER = "creditrisk.handler"


async def _serve(scope: Scope, receive: Receive, send: Send) -> None:
    handle: Handler = scope[_HANDLER]
    request = Request(scope, receive, send)
    try:
        response = await handle(request)
    except Exception as error:  # noqa: BLE001 - what is no refusal is raised again
        response = await answer_to(request, error)
    await response(scope, receive, send)


def _traced() -> bool:
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
