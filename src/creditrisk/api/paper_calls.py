"""What the calls about documents and about ledger entries have in common."""

from typing import Annotated, Any, Literal, TypeVar

from fastapi import Query
from fastapi.exceptions import RequestValidationError
from pydantic import ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from creditrisk.api.context import Services
from creditrisk.api.papers import PaperBody, Version, statement_of
from creditrisk.api.reservations import ReservationStatus
from creditrisk.api.wire import Instant, MoneyOut, WireModel
from creditrisk.application.keys import Principal
from creditrisk.application.reservations import StatedReservation

Body = TypeVar("Body", bound=PaperBody)


class AnyOf:
    """Documents a body as one of several models and leaves it unread: the path says which one it is."""

    def __init__(self, *models: type[PaperBody]) -> None:
        self._models = models

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        union = core_schema.union_schema([handler.generate_schema(model) for model in self._models])
        return core_schema.no_info_wrap_validator_function(lambda value, _: value, union)


def read_body(model: type[Body], raw: Any) -> Body:
    """Read a body left unread as what the path says it is.

    Raises:
        RequestValidationError: it is not.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise RequestValidationError(
            [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        ) from None


# Answers


class StatedReservationOut(WireModel):
    """What had been reserved for the document that is stated."""

    id: Annotated[str, Field(description="Under /v1/reservations/.")]
    status: Annotated[
        ReservationStatus,
        Field(
            description="`consumed`: it was held until now. `expired`, `released`: the document came after. "
            "`held`: the document was stated again as it was, the edit is still to come."
        ),
    ]
    amount: Annotated[MoneyOut, Field(description="What was reserved, or captured of it.")]
    exceeded: Annotated[bool, Field(description="The document is open with more than that.")]


class PutAnswer(WireModel):
    """What a statement did."""

    status: Annotated[
        Literal["created", "changed", "unchanged", "stale"],
        Field(description="`stale`: a newer version is stored already, nothing changed."),
    ]
    over_limit: Annotated[
        bool, Field(description="The account that bears the paper is above a limit that applies to it.")
    ]


class PutDocumentAnswer(PutAnswer):
    """What a statement of a document did."""

    reservation: Annotated[
        StatedReservationOut | None,
        Field(description="The newest reservation of the document; absent where there was none."),
    ] = None


class DeleteAnswer(WireModel):
    """What a deletion did."""

    status: Annotated[
        Literal["deleted", "unchanged", "stale"],
        Field(description="`unchanged`: it was deleted before. `stale`: a newer version is stored."),
    ]


class StoredOut(WireModel):
    """What an answer says of a stored paper beside what was stated."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    company: Annotated[str, Field(description="The legal entity.")]
    source: Annotated[str, Field(description="The feed it belongs to: the one that last wrote it.")]
    stated_at: Annotated[Instant, Field(description="When it was last stated.")]


VersionQuery = Annotated[
    Version | None,
    Query(
        description="Version of the deletion. Lower than the stored one: stale, nothing happens. It stays, "
        "so that an older statement arriving later does not bring the paper back."
    ),
]


async def put_paper(
    use: Services, body: PaperBody, *, company: str, kind: str, number: str, caller: Principal
) -> PutAnswer:
    """Store a paper and say what it did."""
    statement = statement_of(body, company=company, kind=kind, number=number)
    written = await use.papers.put(statement, principal=caller)
    return PutAnswer.model_validate({"status": written.status.value, "over_limit": written.over_limit})


async def put_document_paper(
    use: Services, body: PaperBody, *, company: str, kind: str, number: str, caller: Principal
) -> PutDocumentAnswer:
    """Store a document and say what it did, and what had been reserved for it."""
    statement = statement_of(body, company=company, kind=kind, number=number)
    written = await use.papers.put(statement, principal=caller)
    return PutDocumentAnswer.model_validate(
        {
            "status": written.status.value,
            "over_limit": written.over_limit,
            "reservation": _reservation(written.reservation) if written.reservation else None,
        }
    )


def _reservation(reservation: StatedReservation) -> StatedReservationOut:
    return StatedReservationOut(
        id=str(reservation.id),
        status=reservation.status,  # type: ignore[arg-type] # the table checks the words
        amount=MoneyOut.of(reservation.amount),
        exceeded=reservation.exceeded,
    )


async def delete_paper(
    use: Services, *, company: str, kind: str, number: str, version: int | None, caller: Principal
) -> DeleteAnswer:
    """Delete a paper and say what it did."""
    status = await use.papers.delete(
        company=company, kind=kind, number=number, version=version, principal=caller
    )
    return DeleteAnswer.model_validate({"status": status.value})
