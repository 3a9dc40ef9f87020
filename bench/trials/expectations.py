"""What checks must answer after what was written, worked out beside the service from the writes alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

COMPANIES: Final = ("main", "north")
CUSTOMERS: Final = tuple(f"C-{number}" for number in range(1, 7))
GROUPS: Final = ("G-1", "G-2")

Key = tuple[str, str, str]
"""Company, kind and number of a paper."""

Account = tuple[str, str]
"""Company and customer."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A paper that is open with its whole amount."""

    customer: str
    amount: int
    currency: str = "EUR"
    bill_to: str | None = None
    typed: bool = False
    """Of the document type whose credit flag is switched on and off."""


@dataclass(kw_only=True)
class Reserved:
    """A reservation in EUR that counts until an instant, or without end."""

    id: str
    account: Account
    amount: int
    until: str | None


@dataclass(kw_only=True)
class Party:
    """Where a customer belongs."""

    risk_customer: str | None = None
    credit_group: str | None = None


@dataclass
class Expectations:
    """Everything written so far that has a part in exposure or limits."""

    parties: dict[str, Party] = field(default_factory=lambda: {customer: Party() for customer in CUSTOMERS})
    papers: dict[Key, Paper] = field(default_factory=dict)
    versions: dict[Key, int] = field(default_factory=dict)
    reserved: dict[Key, Reserved] = field(default_factory=dict)
    limits: dict[Account, int] = field(default_factory=dict)
    group_limits: dict[str, int] = field(default_factory=dict)
    others_count: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(COMPANIES, True))
    """By company: whether the policy counts papers of the kind `other`."""
    type_counts: bool = True
    usd: Decimal = Decimal(1)
    """EUR for one USD."""

    def bearer(self, customer: str, bill_to: str | None = None) -> str:
        """Whose account carries a paper of this customer."""
        return bill_to or self.parties[customer].risk_customer or customer

    def store(self, key: Key, paper: Paper) -> None:
        """A paper was stated, which also consumes its reservation."""
        self.papers[key] = paper
        self.reserved.pop(key, None)

    def delete(self, key: Key) -> None:
        """A paper was deleted, which is a statement, too."""
        self.papers.pop(key, None)
        self.reserved.pop(key, None)

    def limits_of(self, company: str, customer: str, *, at: str) -> list[tuple[str, str, str]]:
        """Source, amount and exposure of every limit that a check at this instant holds against exposure."""
        account = self.bearer(customer)
        own = (company, account)
        found = [("own", _money(self.limits[own]), self._exposure(company, {own}, at))]
        group = self.parties[account].credit_group
        if group is not None:
            members = {
                (each, member)
                for each in COMPANIES
                for member, party in self.parties.items()
                if party.credit_group == group
            }
            found.append(("group", _money(self.group_limits[group]), self._exposure(company, members, at)))
        return found

    def _exposure(self, company: str, accounts: set[Account], at: str) -> str:
        return _money(sum(self._amounts(company, accounts, at), Decimal(0)))

    def _amounts(self, company: str, accounts: set[Account], at: str) -> Iterator[Decimal]:
        for (where, kind, _), paper in self.papers.items():
            if (where, self.bearer(paper.customer, paper.bill_to)) not in accounts:
                continue
            if (kind == "other" and not self.others_count[company]) or (paper.typed and not self.type_counts):
                continue
            yield paper.amount * (self.usd if paper.currency == "USD" else Decimal(1))
        for reserved in self.reserved.values():
            if reserved.account in accounts and (reserved.until is None or at < reserved.until):
                yield Decimal(reserved.amount)


def _money(amount: Decimal | int) -> str:
    return f"{amount:.2f}"


def accounts() -> Iterable[Account]:
    """Every account that takes part."""
    return [(company, customer) for company in COMPANIES for customer in CUSTOMERS]
