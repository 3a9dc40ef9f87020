"""Master data of any number in one transaction: all of it, or none."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, Generic, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import lost_to_another_write
from creditrisk.application.batches import batches
from creditrisk.application.errors import FieldError
from creditrisk.application.import_lines import RejectedItems
from creditrisk.application.outcomes import PutOutcome, PutStatus

T = TypeVar("T")
S_contra = TypeVar("S_contra", contravariant=True)

_BATCH: Final = 1_000
_REFUSALS_SHOWN: Final = 1_000


class PutBatch(Protocol[S_contra]):
    """Applies statements within a transaction, and says for each what it did."""

    async def __call__(
        self, connection: AsyncConnection, statements: Sequence[S_contra], /, *, tenant: str, by: str
    ) -> Sequence[PutOutcome]:
        """Apply ``statements``."""


class PostgresAllOrNothing(Generic[T]):
    """Applies statements batch by batch in one transaction; memory does not grow with their number."""

    def __init__(self, database: Database, put_batch: PutBatch[T]) -> None:
        self._database = database
        self._put_batch = put_batch

    async def put_all(self, statements: AsyncIterator[T], *, tenant: str, by: str) -> Mapping[PutStatus, int]:
        """Apply all statements, or none.

        They can be read only once, so a deadlock is not retried here: it ends in Unavailable.

        Raises:
            RejectedItems: some were refused; the first 1,000 of these are named.
        """
        counts: Counter[PutStatus] = Counter()
        refused: list[tuple[int, Sequence[FieldError]]] = []
        position = 0
        with lost_to_another_write():
            async with self._database.transaction(tenant) as connection:
                async for batch in batches(statements, size=_BATCH):
                    outcomes = await self._put_batch(connection, batch, tenant=tenant, by=by)
                    counts.update(outcome.status for outcome in outcomes)
                    refused += [
                        (number, outcome.errors)
                        for number, outcome in enumerate(outcomes, position + 1)
                        if outcome.status is PutStatus.REFUSED
                    ][: _REFUSALS_SHOWN - len(refused)]
                    position += len(batch)
                if refused:
                    raise RejectedItems(refused)
        return counts
