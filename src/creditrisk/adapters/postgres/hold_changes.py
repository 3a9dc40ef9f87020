"""What a check does to its document's hold, kept together with the decision."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from creditrisk.adapters.postgres.engine import Database
from creditrisk.application.decisions import DecisionRecord
from creditrisk.application.errors import Unavailable
from creditrisk.application.holds import (
    HoldChange,
    HoldClosing,
    HoldOpening,
    ReleaseSpent,
    ReleaseUsed,
)

_CHANGE: Final = "SELECT change_hold_1($1, $2)::text"
_WRITE: Final = "SELECT write_held_check_1($1, $2, $3)"


async def keep_held_check(
    database: Database, change: HoldChange, record: DecisionRecord, *, new_id: Callable[[], UUID]
) -> None:
    """Change a hold, keep the decision in ``record``, and tell in its answer what became of the hold.

    One statement, because between two of them others are decided. It is of one check only: of two statements
    that change several holds each could wait for the other one.

    Raises:
        Unavailable: the database does not answer, or another transaction keeps the hold locked.
        ReleaseSpent: another check has used up the release; nothing is kept.
    """
    arguments = (_as_json(_changed(change, new_id=new_id)), _as_json(record))
    try:
        ((told,),) = await database.plain_fetch(_WRITE, record.tenant, *arguments)
    except asyncpg.QueryCanceledError as failure:
        raise Unavailable("the hold that the check changes is locked for too long") from failure
    _tell(record, told)


async def change_hold(
    connection: Any, change: HoldChange, record: DecisionRecord, *, new_id: Callable[[], UUID]
) -> None:
    """Change a hold in the transaction of the driver's connection, and tell it in the answer of ``record``.

    Keeps no decision.

    Raises:
        ReleaseSpent: another check has used up the release.
    """
    argument = _as_json(_changed(change, new_id=new_id))
    _tell(record, await connection.fetchval(_CHANGE, record.tenant, argument))


def _tell(record: DecisionRecord, told: str | None) -> None:
    if told == "false":
        raise ReleaseSpent
    if told is not None:
        record.content["answer"]["hold"] = orjson.loads(told)


def _changed(change: HoldChange, *, new_id: Callable[[], UUID]) -> dict[str, Any]:
    """The change as change_hold_1 takes it."""
    match change:
        case HoldOpening():
            return {
                "status": "open",
                "id": new_id(),
                "company": change.company,
                "kind": change.kind,
                "number": change.number,
                "owner": change.owner,
                "customer": change.customer,
                "checkpoint": change.checkpoint,
                "findings": change.findings,
                "total": format(change.total.amount, "f"),
                "currency": change.total.currency,
                "request": change.request,
            }
        case HoldClosing():
            authorised = change.authorised
            return {
                "status": change.status,
                "id": change.id,
                "closed_by": change.closed_by,
                "authorised": None if authorised is None else format(authorised.amount, "f"),
                "released_on": None if authorised is None else change.on,
            }
        case ReleaseUsed():
            return {"id": change.hold}


def _as_json(said: Any) -> str:
    return orjson.dumps(said).decode()
