"""Checks that reserve: those that wait at the same moment are decided in turn, in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from creditrisk.adapters.postgres.coalescing import Lanes
from creditrisk.adapters.postgres.decisions import decision_arguments, insert_decisions
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.facts import Asking, in_common
from creditrisk.adapters.postgres.foresight import Foresight, Read
from creditrisk.adapters.postgres.granted import Granted, as_json
from creditrisk.adapters.postgres.hold_changes import change_hold
from creditrisk.adapters.postgres.kept_answers import keep_answers, take_turns
from creditrisk.adapters.postgres.papers import retried
from creditrisk.adapters.postgres.remembered_facts import RememberedFacts
from creditrisk.application.check import Effects
from creditrisk.application.errors import Unavailable
from creditrisk.application.holds import ReleaseSpent
from creditrisk.application.idempotency import AnsweredBefore, Keeping, TurnTaken
from creditrisk.application.stored_facts import Question, StoredFacts

_FACTS: Final = "SELECT * FROM reserving_facts_5($1, $2, $3, $4, $5, $6)"

# Both at once, in this order.
_WRITE: Final = "SELECT write_grants_1($1, $4), write_decisions_2($1, $2, $3)"
_KEEP: Final = "SELECT * FROM reserve_as_foreseen_1($1, $2, $3, $4, $5, $6, $7, $8, $9)"

_TOGETHER: Final = 2
"""Transactions of one tenant at a time: one is decided while the other waits for the disk."""
_MOST_AT_ONCE: Final = 32
"""Reserving checks in one transaction; those of other processes wait for its locks."""
_BALANCED_SECONDS: Final = 0.1
"""For a statement to be as large as the one under way; that it takes longer is not to delay others."""

_NOT_OVERTAKEN: Final = frozenset({None, "[]"})
"""What is answered where no account was read otherwise than expected."""
_LONGEST_WAIT_SECONDS: Final = 1
"""For a statement before; what was decided longer ago than this is not kept."""

Decide = Callable[[StoredFacts], Effects | None]


@dataclass(slots=True)
class _Reserving:
    """One check that waits, and what came of it."""

    question: Question
    decide: Decide
    key_id: str
    keeping: Keeping | None = None
    effects: Effects | None = None
    failure: Exception | None = None
    deferred: bool = True
    """Still to be decided: not foreseen, or what an earlier one of the batch did has to be read first."""
    foreseeable: bool = True
    """Whether it may be decided from what is expected: once."""


_Ask = Callable[[str, Sequence[_Reserving]], Awaitable[Sequence[_Reserving]]]


class PostgresReservationBook:
    """The ReservationBook over one database."""

    def __init__(
        self, database: Database, remembered: RememberedFacts, *, new_id: Callable[[], UUID]
    ) -> None:
        self._database = database
        self._remembered = remembered
        self._new_id = new_id
        self._foresight = Foresight()
        self._being_kept: dict[str, asyncio.Future[bool]] = {}
        """By tenant: whether what was sent last is kept."""
        self._foreseen = Lanes(
            self._as_foreseen,
            together=_TOGETHER,
            most=_MOST_AT_ONCE,
            balanced=_BALANCED_SECONDS,
        )
        self._locked = Lanes(self._in_turn, together=_TOGETHER, most=_MOST_AT_ONCE, about=_account_of)

    async def decide(
        self,
        question: Question,
        decide: Decide,
        *,
        tenant: str,
        key_id: str,
        keeping: Keeping | None = None,
    ) -> Effects | None:
        """Read facts nobody else can reserve against, decide, commit what follows; see ReservationBook."""
        in_transaction = self._database.joint_connection is not None
        done = _Reserving(question, decide, key_id, keeping)
        # Nothing of what is kept under a key is decided before its locks are taken, nor beside other changes.
        done.foreseeable = keeping is None and not in_transaction
        while done.deferred:
            ask: _Ask = self._behind_locks if in_transaction else self._locked.ask
            if self._foresees(done, tenant=tenant):
                ask = self._foreseen.ask
            done = await self._decided(ask, done, tenant=tenant)
        if done.failure is not None:
            raise done.failure
        if keeping is not None:
            keeping.kept = done.effects is not None
        return done.effects

    def _foresees(self, reserving: _Reserving, *, tenant: str) -> bool:
        """Whether it is to be decided before its locks are taken."""
        question = reserving.question
        return reserving.foreseeable and self._foresight.foresees(tenant, question.company, question.customer)

    async def _decided(self, ask: _Ask, reserving: _Reserving, *, tenant: str) -> _Reserving:
        try:
            (done,) = await ask(tenant, [reserving])
        except asyncpg.QueryCanceledError as failure:
            raise Unavailable("what the check has to lock is locked for too long") from failure
        return done

    async def _as_foreseen(self, tenant: str, waiting: Sequence[_Reserving]) -> Sequence[_Reserving]:
        """Decide from what is expected, and keep it if it is so; what needs its locks first is deferred."""
        now = self._foresight.now()
        asking = [Asking.about(each.question, self._remembered, tenant=tenant) for each in waiting]
        expected = {
            place: self._foresight.expected(one, key_id=each.key_id, now=now)
            for place, (one, each) in enumerate(zip(asking, waiting, strict=True))
            if now is not None and self._foresight.knows(one, key_id=each.key_id)
        }
        facts = [
            asking[place].understood(one.row, self._remembered, kept=False) for place, one in expected.items()
        ]
        decided = _decided_in_order([waiting[place] for place in expected], facts)
        # What changes a hold is decided with the hold locked.
        done = {
            place: each
            for place, each in zip(expected, decided, strict=True)
            if each.effects is not None and each.effects.hold is None
        }
        kept = {asking[place].account for place in done}
        self._foresight.doubt({asking[place].account for place in expected} - kept)
        asked = [(asking[place], expected[place].question) for place in done]
        if now is None or not await self._keep(asked, list(done.values()), tenant=tenant, now=now):
            done = {}
        return [done.get(place) or replace(each, foreseeable=False) for place, each in enumerate(waiting)]

    async def _keep(
        self,
        asked: Sequence[tuple[Asking, Mapping[str, Any]]],
        done: Sequence[_Reserving],
        *,
        tenant: str,
        now: datetime,
    ) -> bool:
        """Keep what was decided of an instant, if all that was asked is as expected."""
        if not done:
            return False
        effects = [each.effects for each in done if each.effects is not None]
        grants = [each.grant for each in effects if each.grant is not None]
        self._foresight.add(tenant, grants)
        each_once = {
            (one.question._replace(document=None), question["key"]): question for one, question in asked
        }
        questions = list(each_once.values())
        documents = [
            {"company": one.question.company, "kind": document.kind, "number": document.number}
            for one, _ in asked
            if (document := one.question.document) is not None
        ]
        arguments = (
            *in_common(questions),
            orjson.dumps(documents).decode(),
            now,
            as_json(grants),
            orjson.dumps([each.record for each in effects]).decode(),
        )
        askings = [one for one, _ in asked]
        try:
            kept_at, surprising = await self._kept_in_order(tenant, arguments)
        except BaseException as failure:
            self._foresight.forget(askings)
            if isinstance(failure, asyncpg.SerializationError | asyncpg.DeadlockDetectedError):
                return False
            raise
        self._foresight.tell(tenant, kept=kept_at is not None)
        if kept_at is not None:
            self._foresight.confirm(askings, at=kept_at)
            return True
        self._foresight.forget(askings)
        accounts = [(tenant, question["company"], question["customer"]) for question in questions]
        if surprising is not None:  # else they have waited so long for the locks that nothing was compared
            accounts = [accounts[place - 1] for place in orjson.loads(surprising)]
        self._foresight.doubt(accounts)
        self._foresight.forget_around(accounts)
        return False

    async def _kept_in_order(
        self, tenant: str, arguments: Sequence[Any]
    ) -> tuple[datetime | None, str | None]:
        """When it is kept, and what was otherwise; asked again if it overtook what it was decided after."""
        before = self._being_kept.get(tenant)
        this = self._being_kept[tenant] = asyncio.get_running_loop().create_future()
        kept_at = None
        try:
            if before is not None:
                await asyncio.sleep(0)  # let it go first, if it is about to be asked again
            ((kept_at, surprising),) = await self._database.plain_fetch(_KEEP, tenant, *arguments)
            if kept_at is None and surprising not in _NOT_OVERTAKEN and await _is_kept(before):
                ((kept_at, surprising),) = await self._database.plain_fetch(_KEEP, tenant, *arguments)
            return kept_at, surprising
        finally:
            this.set_result(kept_at is not None)
            if self._being_kept.get(tenant) is this:  # else another one was sent meanwhile
                del self._being_kept[tenant]

    async def _in_turn(self, tenant: str, waiting: Sequence[_Reserving]) -> Sequence[_Reserving]:
        """Decide behind their locks those that are still not foreseen, and all on the accounts of these.

        Many have waited for a transaction on their account. What that has left is expected now, and would be
        forgotten again if they took the locks as well: then, of an account that is busy from its first check
        on, nothing would ever be foreseen.
        """
        locked = {_account_of(each) for each in waiting if not self._foresees(each, tenant=tenant)}
        staying = [each for each in waiting if _account_of(each) in locked]
        decided = iter(await self._behind_locks(tenant, staying) if staying else ())
        return [next(decided) if _account_of(each) in locked else each for each in waiting]

    async def _behind_locks(self, tenant: str, waiting: Sequence[_Reserving]) -> Sequence[_Reserving]:
        attempts = count()
        while True:
            try:
                return await retried(
                    lambda: self._attempt(waiting, tenant=tenant, trusting=next(attempts) == 0)
                )
            except ReleaseSpent:
                continue  # what the others have used is read now

    async def _attempt(
        self, waiting: Sequence[_Reserving], *, tenant: str, trusting: bool
    ) -> Sequence[_Reserving]:
        """Lock, read, decide and write; ``trusting`` what is remembered to know which locks it takes."""
        async with self._database.plain_transaction(tenant) as connection:
            refusals = await _refusals(connection, waiting, tenant=tenant)
            going = [each for each, refusal in zip(waiting, refusals, strict=True) if refusal is None]
            asking = [Asking.about(each.question, self._remembered, tenant=tenant) for each in going]
            rows = await self._read(connection, going, asking, tenant=tenant, trusting=trusting)
            kept = self._database.joint_connection is None
            facts = [
                each.understood(row, self._remembered, kept=kept)
                for each, row in zip(asking, rows, strict=True)
            ]
            done = _decided_in_order(going, facts)
            await self._write(connection, done, tenant=tenant)
        if kept:
            self._foresight.learn(
                tenant,
                (
                    Read(one, each.key_id, row, each.effects.grant if each.effects else None)
                    for one, row, each in zip(asking, rows, done, strict=True)
                ),
            )
        decided = iter(done)
        return [
            next(decided) if refusal is None else replace(each, failure=refusal, deferred=False)
            for each, refusal in zip(waiting, refusals, strict=True)
        ]

    async def _read(
        self,
        connection: Any,
        waiting: Sequence[_Reserving],
        asking: Sequence[Asking],
        *,
        tenant: str,
        trusting: bool,
    ) -> Sequence[Any]:
        if not waiting:
            return ()
        self._foresight.forget(asking)  # what is expected of them is being changed
        asked = [
            each.arguments(key_id=one.key_id)._asdict() for each, one in zip(asking, waiting, strict=True)
        ]
        rows: Sequence[Any] = await connection.fetch(_FACTS, tenant, *in_common(asked), trusting)
        return rows

    async def _write(self, connection: Any, done: Sequence[_Reserving], *, tenant: str) -> None:
        effects = [each.effects for each in done if each.effects]
        for each in effects:
            if each.hold is not None:
                await change_hold(connection, each.hold, each.record, new_id=self._new_id)
        records = [each.record for each in effects]
        grants = [each.grant for each in effects if each.grant is not None]
        if grants:
            arguments = decision_arguments(tenant, records, lazily=False)
            await connection.execute(_WRITE, *arguments, as_json(grants))
        elif records:
            await insert_decisions(connection, records)
        kept = [
            (each.keeping.identity, each.keeping.kept_answer(each.effects.answer))
            for each in done
            if each.keeping is not None and each.effects is not None
        ]
        await keep_answers(connection, kept, tenant=tenant)


async def _is_kept(sent: asyncio.Future[bool] | None) -> bool:
    """Whether a statement that is under way is kept, if it is known in time."""
    if sent is None:
        return False
    known, _ = await asyncio.wait([sent], timeout=_LONGEST_WAIT_SECONDS)
    return bool(known) and sent.result()


def _account_of(reserving: _Reserving) -> tuple[str, str]:
    """Who probably bears it, so that most who would wait for each other's locks are asked together."""
    question = reserving.question
    return question.company, question.bill_to or question.customer


async def _refusals(
    connection: Any, waiting: Sequence[_Reserving], *, tenant: str
) -> Sequence[TurnTaken | AnsweredBefore | None]:
    """Why checks under a key must not be carried out now."""
    identities = [each.keeping.identity for each in waiting if each.keeping is not None]
    turns = iter(await take_turns(connection, identities, tenant=tenant))
    return [None if each.keeping is None else next(turns) for each in waiting]


def _decided_in_order(waiting: Sequence[_Reserving], facts: Sequence[StoredFacts]) -> Sequence[_Reserving]:
    """Decide each knowing what those before it were granted."""
    granted = Granted()
    done: list[_Reserving] = []
    for each, stored in zip(waiting, facts, strict=True):
        decided = replace(each, deferred=granted.hides(each.question, stored))
        done.append(decided)
        if decided.deferred:
            continue
        try:
            facts_now = granted.added_to(stored.facts)
            known = stored if facts_now is stored.facts else replace(stored, facts=facts_now)
            decided.effects = each.decide(known)
        except Exception as failure:  # noqa: BLE001 - it is the answer to this one, and the others go on
            decided.failure = failure
            continue
        if decided.effects is not None and decided.effects.grant is not None:
            granted.add(decided.effects.grant, stored)
    return done
