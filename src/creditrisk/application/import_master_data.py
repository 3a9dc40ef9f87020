"""Where streams of customers and of credit accounts go."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, Generic, Protocol, TypeVar

from creditrisk.application.errors import FieldError
from creditrisk.application.import_lines import Applied, Outcome
from creditrisk.application.keys import Principal
from creditrisk.application.outcomes import PutOutcome, PutStatus

T = TypeVar("T")
S_contra = TypeVar("S_contra", contravariant=True)

_APPLIED: Final = {
    PutStatus.CREATED: Applied.ACCEPTED,
    PutStatus.CHANGED: Applied.ACCEPTED,
    PutStatus.UNCHANGED: Applied.UNCHANGED,
}


class ManyPut(Protocol[S_contra]):
    """Keeps statements of master data: the store of customers, or that of credit accounts."""

    async def put_many(self, statements: Sequence[S_contra], *, tenant: str, by: str) -> Sequence[PutOutcome]:
        """Apply statements in one transaction, in order, and say for each what it did.

        One that is refused does not stop the others.
        """


class AllPut(Protocol[S_contra]):
    """Keeps statements of master data, all of them or none."""

    async def put_all(
        self, statements: AsyncIterator[S_contra], *, tenant: str, by: str
    ) -> Mapping[PutStatus, int]:
        """Apply any number of statements in one transaction, in order, and count what they did.

        Raises:
            RejectedItems: some were refused; nothing was stored.
        """


class ImportMasterData(Generic[T]):
    """Where a stream of master data goes. ``name`` says which: customers or credit."""

    def __init__(self, *, name: str, many: ManyPut[T], whole: AllPut[T]) -> None:
        self.name = name
        self._many = many
        self._whole = whole

    def complaints_about(self, _item: T) -> Sequence[FieldError]:
        """Nothing: what is wrong with master data shows in what is stored."""
        return ()

    async def write(self, items: Sequence[T], *, principal: Principal) -> Sequence[Outcome]:
        """Apply statements in one transaction; refused ones are rejected."""
        outcomes = await self._many.put_many(items, tenant=principal.tenant, by=principal.author)
        return [_APPLIED.get(outcome.status, outcome.errors) for outcome in outcomes]

    async def write_all(self, items: AsyncIterator[T], *, principal: Principal) -> Mapping[Applied, int]:
        """Apply all statements or none.

        Raises:
            RejectedItems: some were refused.
        """
        statuses = await self._whole.put_all(items, tenant=principal.tenant, by=principal.author)
        applied: Counter[Applied] = Counter()
        for status, number in statuses.items():
            applied[_APPLIED[status]] += number
        return applied
