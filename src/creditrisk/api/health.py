"""For those who run the service: is it alive, can it answer, what has it done; and what its problems mean."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from creditrisk.api.context import Use, context_of
from creditrisk.api.problems import CATALOGUE, documented
from creditrisk.api.wire import WireModel
from creditrisk.application.errors import NotFound, Unavailable
from creditrisk.telemetry.metrics import CONTENT_TYPE


class Health(WireModel):
    """The service's word on itself."""

    status: Annotated[Literal["ok"], Field(description="Always `ok`; anything else is a problem.")]


class ProblemDescription(WireModel):
    """One line of the catalogue of problems."""

    type: Annotated[str, Field(description="As problems state it.")]
    title: Annotated[str, Field(description="The same for every occurrence.")]
    status: Annotated[int, Field(description="The HTTP status.")]
    code: Annotated[str, Field(description="As problems state it, unless they are more exact.")]
    meaning: Annotated[str, Field(description="What it tells.")]


router = APIRouter(tags=["operations"], redirect_slashes=False)


@router.get("/livez")
async def livez() -> Health:
    """Answer without touching anything: the process runs."""
    return Health(status="ok")


@router.get("/readyz", responses=documented(503))
async def readyz(use: Use) -> Health:
    """Answer whether the database is reachable and has the schema revision this release needs."""
    obstacle = await use.readiness.find_obstacle()
    if obstacle is not None:
        raise Unavailable(f"Not ready: {obstacle}.", code="not_ready", retry_after=5)
    return Health(status="ok")


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Answer the metrics of this process in the Prometheus text format."""
    return Response(context_of(request).metrics.render(), media_type=CONTENT_TYPE)


@router.get("/problems/{name}", responses=documented(404, 422))
async def problem_type(
    name: Annotated[str, Path(description="The last part of a problem's `type`.", examples=["not-found"])],
) -> ProblemDescription:
    """Explain a problem type, so that its `type` leads somewhere."""
    for kind in CATALOGUE:
        if kind.uri == f"/problems/{name}":
            return ProblemDescription(
                type=kind.uri,
                title=kind.title,
                status=int(kind.status),
                code=kind.code,
                meaning=kind.meaning,
            )
    raise NotFound("There is no such problem type.")
