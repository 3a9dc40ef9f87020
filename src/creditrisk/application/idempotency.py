"""Repeated requests: one effect, one answer.

A caller that does not know whether its request arrived sends it again under the same Idempotency-Key. The
first request with a key is carried out, and what it is answered is kept in the transaction of its effect;
those after it get that answer. A request that comes while the first still runs waits for it a while.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol
from weakref import WeakValueDictionary

from creditrisk.application.errors import Conflict, FieldError, InvalidRequest, TooManyRequests

HEADER: Final = "header/Idempotency-Key"

WAIT_SECONDS: Final = 10.0
"""How long a repeated request waits for the first one."""

_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.2


class RequestIdentity(NamedTuple):
    """What makes two requests the same one. ``credential`` is the id of the API key that sent them."""

    tenant: str
    credential: str
    key: str
    method: str
    path: str

    @property
    def digest(self) -> bytes:
        """32 bytes that stand for the identity, however long the key and the path are."""
        return hashlib.sha256(json.dumps(self).encode("ascii")).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request was answered: the status, the headers worth repeating, the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Performed(NamedTuple):
    """A request that was carried out.

    ``fingerprint`` is the same for equal requests and differs for others. None: the answer is not to be kept,
    and what the request did is undone, so that it can be sent again.
    """

    answer: Answer
    fingerprint: bytes | None


class KeptAnswer(NamedTuple):
    """An answer as kept, with the fingerprint of its request."""

    answer: Answer
    fingerprint: bytes


class TurnTaken(Exception):
    """Another request of the identity has its turn."""


class AnsweredBefore(Exception):
    """A request of the identity was carried out before; ``earlier`` is what is kept of it."""

    def __init__(self, earlier: KeptAnswer) -> None:
        super().__init__("this request was answered before")
        self.earlier = earlier


class Keeping:
    """A request under a key whose answer is kept by whoever commits what it does.

    For requests that many wait for at a time, and that are carried out together: a transaction of its own for
    each would make them wait for each other.
    """

    def __init__(self, identity: RequestIdentity, fingerprint: bytes) -> None:
        self.identity = identity
        self._fingerprint = fingerprint
        self.answer: Callable[[dict[str, Any]], Answer] | None = None
        """Makes the answer of what was decided; whoever handles the request knows how it is told."""
        self.kept = False
        """Whether it was committed."""

    def kept_answer(self, decided: dict[str, Any]) -> KeptAnswer:
        """What to keep of the request."""
        if self.answer is None:
            raise RuntimeError("nobody has said how the request is answered")
        return KeptAnswer(self.answer(decided), self._fingerprint)


class Turn(Protocol):
    """The only request of its identity that is being carried out."""

    @property
    def earlier(self) -> KeptAnswer | None:
        """What is kept for the identity, None where nothing is, or not any more."""

    async def keep(self, answer: KeptAnswer) -> None:
        """Keep an answer, and with it everything that was done during this turn."""


class AnswerStore(Protocol):
    """Keeps answers for 24 hours by the clock of the database."""

    def turn(self, identity: RequestIdentity) -> AbstractAsyncContextManager[Turn | None]:
        """Begin a transaction that everything done until the end of the block becomes part of.

        It is committed if an answer was kept, else rolled back. None: another request of the identity has its
        turn, in this process or another.
        """


class Idempotency:
    """Carries out each request once.

    A stream may last, and keeps a connection as long, so only ``streams`` of them run under a key at a time.
    """

    def __init__(self, store: AnswerStore, *, streams: int = 2, wait_seconds: float = WAIT_SECONDS) -> None:
        self._store = store
        self._free = streams
        self._wait_seconds = wait_seconds
        # Those who wait in this process take no connection meanwhile. An entry lives as long as its users.
        self._locks: WeakValueDictionary[RequestIdentity, asyncio.Lock] = WeakValueDictionary()

    async def once(
        self,
        identity: RequestIdentity,
        *,
        fingerprint: Callable[[], Awaitable[bytes]],
        perform: Callable[[], Awaitable[Performed]],
        streamed: bool = False,
    ) -> Answer | None:
        """Carry a request out unless it has been; return what it was answered then, None if it is done now.

        ``fingerprint`` reads the request's own, which is asked for only when there is one to compare with.

        Raises:
            Conflict: `idempotency_key_in_use`, the first request with the key still runs.
            InvalidRequest: `idempotency_key_reused`, the first one was another request.
            TooManyRequests: other streams are running under a key.
        """
        async with self._alone(identity) as deadline:
            earlier = await self._performed(identity, perform, deadline=deadline, streamed=streamed)
        return await _same(earlier, fingerprint)

    async def once_together(
        self,
        keeping: Keeping,
        *,
        fingerprint: Callable[[], Awaitable[bytes]],
        perform: Callable[[], Awaitable[Performed]],
    ) -> Answer | None:
        """Do as `once` for a request that is carried out, and its answer kept, together with others.

        Where ``perform`` ends without that, as for a request that is refused at once, there is nothing to
        undo, and its answer is kept by itself.

        Raises: as `once`.
        """
        async with self._alone(keeping.identity) as deadline:
            earlier = await self._performed_together(keeping, perform, deadline=deadline)
        return await _same(earlier, fingerprint)

    async def _performed_together(
        self, keeping: Keeping, perform: Callable[[], Awaitable[Performed]], *, deadline: float
    ) -> KeptAnswer | None:
        patience = _Patience(deadline)
        performed: Performed | None = None
        while performed is None:
            try:
                performed = await perform()
            except AnsweredBefore as before:
                return before.earlier
            except TurnTaken:
                await patience.wait()
        if keeping.kept or performed.fingerprint is None:
            return None

        async def done(performed: Performed = performed) -> Performed:
            return performed

        return await self._performed(keeping.identity, done, deadline=deadline, streamed=False)

    async def _performed(
        self,
        identity: RequestIdentity,
        perform: Callable[[], Awaitable[Performed]],
        *,
        deadline: float,
        streamed: bool,
    ) -> KeptAnswer | None:
        """Return what is kept, or None after carrying the request out."""
        patience = _Patience(deadline)
        while True:
            async with self._store.turn(identity) as turn:
                if turn is not None:
                    if turn.earlier is None:
                        await self._perform(turn, perform, streamed=streamed)
                    return turn.earlier
            await patience.wait()

    async def _perform(
        self, turn: Turn, perform: Callable[[], Awaitable[Performed]], *, streamed: bool
    ) -> None:
        if streamed and not self._free:
            raise TooManyRequests("Other streams with an Idempotency-Key are running.", retry_after=5)
        self._free -= streamed
        try:
            performed = await perform()
        finally:
            self._free += streamed
        if performed.fingerprint is not None:
            await turn.keep(KeptAnswer(performed.answer, performed.fingerprint))

    @asynccontextmanager
    async def _alone(self, identity: RequestIdentity) -> AsyncIterator[float]:
        """Wait until no other request of the identity runs in this process; give the time to wait until."""
        deadline = asyncio.get_running_loop().time() + self._wait_seconds
        lock = self._locks.setdefault(identity, asyncio.Lock())
        try:
            async with asyncio.timeout_at(deadline):
                await lock.acquire()
        except TimeoutError:
            raise _in_use() from None
        try:
            yield deadline
        finally:
            lock.release()


class _Patience:
    """Of a request whose turn another process has: asking now and then keeps no connection meanwhile."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._pause = _FIRST_PAUSE

    async def wait(self) -> None:
        """Wait for a while, each time longer.

        Raises:
            Conflict: there is no time left.
        """
        if asyncio.get_running_loop().time() + self._pause > self._deadline:
            raise _in_use()
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


async def _same(earlier: KeptAnswer | None, fingerprint: Callable[[], Awaitable[bytes]]) -> Answer | None:
    """The earlier answer, if it was to the same request."""
    if earlier is None:
        return None
    if await fingerprint() != earlier.fingerprint:
        complaint = FieldError(HEADER, "idempotency_key_reused", "must not have been used before")
        raise InvalidRequest(
            "This Idempotency-Key belongs to another request.",
            code="idempotency_key_reused",
            errors=[complaint],
        )
    return earlier.answer


def _in_use() -> Conflict:
    complaint = FieldError(HEADER, "idempotency_key_in_use", "is in use by a request that still runs")
    return Conflict(
        "The first request with this Idempotency-Key still runs; send it again later.",
        code="idempotency_key_in_use",
        errors=[complaint],
    )
