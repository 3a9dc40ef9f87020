"""Average delays over HTTP: of any rows of money received, and of accounts, which may keep them (F29)."""

from typing import Annotated, Any, Final

from fastapi import Body, Response
from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.behaviour import MOST_ROWS, AmountIn, Average, Circumstances, amount_of, worked_out
from creditrisk.api.company import CompanyQuery, choose_company
from creditrisk.api.context import Use
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import Day, Identifier, MoneyIn, PathId, ReferenceDay, Several, WireModel
from creditrisk.application.behaviour import DelayCommand
from creditrisk.application.errors import FieldError, InvalidRequest
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account
from creditrisk.domain.behaviour import Collection, average_delay, format_days


class DelayRow(WireModel):
    """Money received for one due date."""

    amount: Annotated[AmountIn, Field(description="The amount; all rows are of one currency.")]
    due_date: Annotated[ReferenceDay, Field(description="When it was due.")]
    value_date: Annotated[
        ReferenceDay | None, Field(description="When it was there. Of a bill: its due date.")
    ] = None
    posting_date: Annotated[
        ReferenceDay | None, Field(description="When it was posted; stands in for a missing value date.")
    ] = None


class DelayIn(WireModel):
    """Rows of money received."""

    rows: Annotated[Several[DelayRow], Field(min_length=1, max_length=MOST_ROWS, description="The rows.")]


class DelayOut(WireModel):
    """How late the money was on average, weighted by the amounts."""

    average_due_date: Annotated[Day, Field(description="Rounded to whole days.")]
    average_value_date: Annotated[Day, Field(description="Rounded to whole days.")]
    average_delay: Annotated[
        str,
        Field(
            description="Value date less due date in days, from the exact averages; negative: early.",
            examples=["7.5"],
        ),
    ]


class AccountDelayIn(WireModel):
    """What to work out an account's average delay from; without rows, its stored payments."""

    company: Annotated[Identifier | None, Field(description="Whose account; absent: `main`.")] = None
    as_of: Annotated[ReferenceDay | None, Field(description="Reference date; absent: today.")] = None
    rows: Annotated[
        Several[DelayRow] | None,
        Field(min_length=1, max_length=MOST_ROWS, description="Money received; absent: of 12 months."),
    ] = None
    apply: Annotated[bool, Field(description="Keep it as the account's `average_delay_days`.")] = False


class AccountDelayOut(Circumstances):
    """How late an account pays on average, weighted by the amounts."""

    average_delay: Annotated[Average, Field(description="Days from due date to money; negative: early.")]
    average_delay_days: Annotated[
        int | None, Field(description="The same in whole days, half to even, as the account keeps it.")
    ]
    applied: Annotated[bool, Field(description="It is the account's `average_delay_days` now.")]


_ROWS: Final = {
    "rows": [
        {
            "amount": {"amount": "1000.00", "currency": "EUR"},
            "due_date": "2026-03-01",
            "value_date": "2026-03-11",
        },
        {
            "amount": {"amount": "3000.00", "currency": "EUR"},
            "due_date": "2026-03-31",
            "value_date": "2026-04-05",
        },
    ]
}
_DELAYS: Final[dict[str, Any]] = {
    "stored": {"summary": "From stored payments", "value": {"as_of": "2026-11-22"}},
    "given": {"summary": "From rows of the caller, and kept", "value": {**_ROWS, "apply": True}},
}

router = resource_router(prefix="/v1", tag="payment behaviour")


@router.post("/customers/{id}/average-delay", response_model=AccountDelayOut, responses=documented(404))
async def account_average_delay(
    *,
    id: PathId,
    body: Annotated[AccountDelayIn, Body(openapi_examples=_DELAYS)],
    caller: Annotated[Principal, requires("limits")],
    use: Use,
    company: CompanyQuery = None,
) -> Response:
    """Work out how late an account pays on average, and keep it with the account if asked to.

    Keeping it is like `PUT …/credit` with another `average_delay_days`: it raises the version, and the answer
    has its `ETag`. Forecasts of the account reckon with it.
    """
    command = DelayCommand(
        account=Account(choose_company(caller, query=company, body=body.company), id),
        as_of=body.as_of,
        collections=None if body.rows is None else _collections(body.rows),
        apply=body.apply,
    )
    return worked_out(await use.behaviour.delay(command, principal=caller))


@router.post("/behaviour:delay")
async def average_delay_of_rows(
    body: Annotated[DelayIn, Body(openapi_examples={"two": {"summary": "Two collections", "value": _ROWS}})],
    caller: Annotated[Principal, requires("check")],  # noqa: ARG001 - the guard's parameter
) -> DelayOut:
    """Work out how late rows of money received were on average. Nothing is read or stored."""
    delay = average_delay(_collections(body.rows))
    if delay is None:
        complaint = FieldError("/rows", "nothing_to_average", "must have an amount above 0")
        raise InvalidRequest("The amounts come to nothing.", errors=[complaint])
    return DelayOut(
        average_due_date=delay.average_due_date,
        average_value_date=delay.average_value_date,
        average_delay=format_days(delay.days),
    )


def _collections(rows: tuple[DelayRow, ...]) -> list[Collection]:
    """The rows as the domain takes them.

    Raises:
        InvalidRequest: a row has no date on which the money was there, or rows differ in currency.
    """
    errors: list[FieldError] = []
    collections: list[Collection] = []
    for n, row in enumerate(rows):
        value_on = row.value_date or row.posting_date
        if value_on is None:
            errors.append(FieldError(f"/rows/{n}/value_date", "required", "is required"))
        elif _currency(row) != _currency(rows[0]):
            errors.append(
                FieldError(f"/rows/{n}/amount", "other_currency", "must be in the currency of the first row")
            )
        else:
            collections.append(Collection(amount_of(row.amount), row.due_date, value_on))
    if errors:
        raise InvalidRequest("Rows cannot be averaged.", errors=errors)
    return collections


def _currency(row: DelayRow) -> str | None:
    return row.amount.currency if isinstance(row.amount, MoneyIn) else None
