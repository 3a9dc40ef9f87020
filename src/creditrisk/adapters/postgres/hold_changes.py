"""What a check does to its document's hold, kept together with the decision."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from creditrisk.adapters.postgres.coalescing import Lanes
from creditrisk.adapters.postgres.engine import Database
from creditrisk.application.decisions import DecisionRecord
from creditrisk.application.errors import Unavailable
from creditrisk.application.holds import HoldChange, HoldClosing, HoldOpening, ReleaseUsed

_CHANGE: Final = "SELECT change_hold_1($1, $2)::text"
_WRITE: Final = "SELECT write_held_checks_1($1, $2)"

_TOGETHER: Final = 2
"""Statements of one tenant at a time: one is sent while the other waits for the disk."""
_MOST_AT_ONCE: Final = 64


class _Held(NamedTuple):
    """A change of a hold, and the decision that makes it."""

    change: HoldChange
    record: DecisionRecord


class HeldChecks:
    """Keeps the checks that change holds; those that come at the same moment share a statement.

    ``new_id`` makes the ids of holds.
    """

    def __init__(self, database: Database, new_id: Callable[[], UUID]) -> None:
        self._database = database
        self._new_id = new_id
        self._lanes = Lanes(self._write, together=_TOGETHER, most=_MOST_AT_ONCE, about=_document_of)

    async def keep(self, change: HoldChange, record: DecisionRecord) -> None:
        """Change the hold, keep the decision, and tell in its answer what became of the hold.

        Raises:
            Unavailable: the database does not answer, or others keep the hold locked.
        """
        joined = self._database.joint_connection is not None
        (told,) = await (self._write if joined else self._lanes.ask)(record.tenant, [_Held(change, record)])
        _tell(record, told)

    async def _write(self, tenant: str, held: Sequence[_Held]) -> Sequence[str | None]:
        checks = [(_changed(change, new_id=self._new_id), record) for change, record in held]
        try:
            ((told,),) = await self._database.plain_fetch(_WRITE, tenant, orjson.dumps(checks).decode())
        except asyncpg.QueryCanceledError as failure:
            raise Unavailable("a hold that the check changes is locked for too long") from failure
        answers: Sequence[str | None] = told
        return answers


async def change_hold(
    connection: Any, change: HoldChange, record: DecisionRecord, *, new_id: Callable[[], UUID]
) -> None:
    """Change a hold in the transaction of the driver's connection, and tell it in the answer of ``record``.

    Keeps no decision.
    """
    argument = orjson.dumps(_changed(change, new_id=new_id)).decode()
    _tell(record, await connection.fetchval(_CHANGE, record.tenant, argument))


def _tell(record: DecisionRecord, told: str | None) -> None:
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


def _document_of(held: _Held) -> tuple[str, str | None, str | None]:
    record = held.record
    return record.company, record.kind, record.number
