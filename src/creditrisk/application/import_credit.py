"""Where a stream of credit accounts goes: where the policy says so, no limit is below the exposure."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from creditrisk.application.accounts import AccountStatement, below_exposure, to_hold_against
from creditrisk.application.batches import batches
from creditrisk.application.check import CheckCredit
from creditrisk.application.errors import FieldError
from creditrisk.application.import_lines import Applied, Outcome, RejectedItems
from creditrisk.application.import_master_data import AllPut, ImportMasterData, ManyPut
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account
from creditrisk.domain.money import Money

_COMPARED_TOGETHER: Final = 1_000
_REFUSALS_SHOWN: Final = 1_000


class ImportCredit(ImportMasterData[AccountStatement]):
    """Where such a stream goes."""

    def __init__(
        self, *, many: ManyPut[AccountStatement], whole: AllPut[AccountStatement], checks: CheckCredit
    ) -> None:
        super().__init__(name="credit", many=many, whole=whole)
        self._checks = checks

    async def write(self, items: Sequence[AccountStatement], *, principal: Principal) -> Sequence[Outcome]:
        """Apply statements in one transaction; refused ones are rejected."""
        refused = await self._below_exposure(items, principal)
        allowed = [item for place, item in enumerate(items) if place not in refused]
        written = iter(await super().write(allowed, principal=principal))
        return [(refused[place],) if place in refused else next(written) for place in range(len(items))]

    async def write_all(
        self, items: AsyncIterator[AccountStatement], *, principal: Principal
    ) -> Mapping[Applied, int]:
        """Apply all statements or none.

        Raises:
            RejectedItems: some were refused.
        """
        return await super().write_all(self._allowed(items, principal), principal=principal)

    async def _allowed(
        self, items: AsyncIterator[AccountStatement], principal: Principal
    ) -> AsyncIterator[AccountStatement]:
        """The statements, of which none is stored after all where one is refused."""
        errors: list[tuple[int, Sequence[FieldError]]] = []
        position = 0
        async for batch in batches(items, size=_COMPARED_TOGETHER):
            refused = await self._below_exposure(batch, principal)
            errors += [(position + place + 1, [error]) for place, error in sorted(refused.items())][
                : _REFUSALS_SHOWN - len(errors)
            ]
            position += len(batch)
            for item in batch:
                yield item
        if errors:
            raise RejectedItems(errors)

    async def _below_exposure(
        self, statements: Sequence[AccountStatement], principal: Principal
    ) -> Mapping[int, FieldError]:
        """The same rule as for a limit that is set by itself: the complaints by place."""
        by_company: dict[str, list[tuple[int, Account, Money]]] = defaultdict(list)
        for place, statement in enumerate(statements):
            if statement.limit is not None:
                by_company[statement.account.company].append((place, statement.account, statement.limit))
        complaints: dict[int, FieldError] = {}
        for stated in by_company.values():
            accounts = [account for _, account, _ in stated]
            async for number, exposure in to_hold_against(accounts, checks=self._checks, principal=principal):
                place, _, limit = stated[number]
                complaint = below_exposure(limit, exposure.situation)
                if complaint is not None:
                    complaints[place] = complaint
        return complaints
