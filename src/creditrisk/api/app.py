"""The application factory: routers, problems and middleware in one place."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.types import ASGIApp, Receive, Scope, Send

from creditrisk.api import (
    average_delay,
    behaviour,
    calculations,
    check,
    companies,
    covers,
    credit,
    customers,
    decisions,
    docs,
    documents,
    exposure,
    exposure_report,
    health,
    holds,
    imports,
    kept_reports,
    keys,
    ledger,
    limit_adjustments,
    limit_history,
    limit_proposals,
    manual_blocks,
    messages,
    policy,
    policy_trial,
    rates,
    reference_data,
    refusals,
    release_requests,
    reservations,
    risk_scores,
    rules,
    snapshots,
    temporary_limits,
)
from creditrisk.api.context import ApiContext, ApiOptions, Services
from creditrisk.api.middleware import Observation, RequestPath
from creditrisk.api.problems import openapi_components
from creditrisk.api.requests import DirectRoute, operation_id
from creditrisk.api.shortcut import Shortcut
from creditrisk.telemetry.logging import LogRequest, log_request
from creditrisk.telemetry.metrics import Metrics

RESOURCES: Final[tuple[APIRouter, ...]] = (
    check.router,
    exposure.router,
    calculations.router,
    behaviour.router,
    average_delay.router,
    exposure_report.router,
    kept_reports.router,
    decisions.router,
    holds.router,
    release_requests.router,
    reservations.router,
    customers.router,
    credit.router,
    temporary_limits.router,
    covers.router,
    manual_blocks.router,
    limit_history.router,
    limit_adjustments.router,
    limit_proposals.router,
    documents.router,
    ledger.router,
    imports.router,
    snapshots.router,
    policy.router,
    policy_trial.router,
    *reference_data.routers,
    rules.router,
    risk_scores.router,
    messages.router,
    rates.router,
    companies.router,
    keys.router,
)
"""The routers of all resources, in the order of the documentation."""

_DESCRIPTION: Final = "What a customer owes, what it may owe, and whether this document may go ahead."

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    services: Services,
    *,
    options: ApiOptions,
    metrics: Metrics | None = None,
    log_request: LogRequest = log_request,
    lifespan: Lifespan | None = None,
    resources: tuple[APIRouter, ...] = RESOURCES,
) -> FastAPI:
    """Build the HTTP application over ``services``.

    ``lifespan`` opens and closes what the services hold; the composition root gives it.
    """
    metrics = metrics or Metrics()
    app = _Application(
        ApiContext(services=services, options=options, metrics=metrics),
        title="creditrisk",
        version=options.version,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        lifespan=lifespan,
        # Traces, where a tracer provider is configured; metrics and logs have their own ways out.
        telemetry={"metrics": False, "logs": False, "operation_spans": False},
    )
    refusals.install(app)
    # The one added last is outermost: whatever the inner ones answer is observed too.
    app.add_middleware(RequestPath)
    app.add_middleware(Observation, metrics=metrics, log_request=log_request)
    # Routes of resources are taken as they are. Included with their router, each would be made once more for
    # this application, which the first requests of every process would wait for.
    routes = [route for router in resources for route in router.routes]
    app.router.routes.extend(routes)
    for router in (health.router, docs.router):
        app.include_router(router)
    direct = [route for route in routes if isinstance(route, DirectRoute)]
    app.entrance = Shortcut(app.entrance, routes=direct, metrics=metrics, log_request=log_request)
    return app


class _Application(FastAPI):
    """FastAPI whose OpenAPI document speaks of problems only, and with an entrance before its own."""

    def __init__(self, context: ApiContext, **options: Any) -> None:
        super().__init__(**options)
        self.context = context
        self.entrance: ASGIApp = super().__call__

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's life."""
        scope["app"] = self
        await self.entrance(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, the same one on every call."""
        if self.openapi_schema is None:
            self.openapi_schema = self._describe()
        return self.openapi_schema

    def _describe(self) -> dict[str, Any]:
        document = get_openapi(
            title=self.title, version=self.version, description=self.description, routes=self.routes
        )
        components = document.setdefault("components", {})
        for section, members in openapi_components().items():
            components.setdefault(section, {}).update(members)
        # FastAPI's own error schemas are not what this service answers.
        for name in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(name, None)
        return document
