"""What holds for any portfolio and any sequence of feeds: groups lose no line, blocks are never old."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.drawing import FEW, NUMBERS
from tests.scenarios.erp import Erp, codes, new_erp
from tests.service import JSON, Site, eur

# The same examples on every run: each is some two hundred requests.
FEWER = settings(FEW, max_examples=5, derandomize=True)
COMPANIES = ("main", "north")
HEAD = "C-1"
CUSTOMERS = ("C-1", "C-2", "C-3", "C-4")
KINDS = ("order", "delivery", "invoice", "open_item", "other")


class Related(NamedTuple):
    """How a customer hangs together with others."""

    head: bool
    credit_group: str | None
    registration_number: str | None
    owner: str | None


class Stated(NamedTuple):
    """A paper of one account. Its amount is a power of two cents, so any sum says which papers are in it."""

    company: str
    customer: str
    kind: str


RELATED = st.builds(Related, st.booleans(), *([st.sampled_from([None, "A", "B"])] * 3))
PAPERS = st.lists(
    st.builds(Stated, st.sampled_from(COMPANIES), st.sampled_from(CUSTOMERS), st.sampled_from(KINDS)),
    min_size=1,
    max_size=12,
)
Portfolio = dict[str, Related]


def _sharing(portfolio: Portfolio, customer: str, key: Callable[[Related], str | None]) -> set[str]:
    """Who shares a key with the customer; nobody does where it has none."""
    own = key(portfolio[customer])
    return {customer} if own is None else {each for each, how in portfolio.items() if key(how) == own}


def _under_head(portfolio: Portfolio, customer: str) -> set[str]:
    headed = {each for each, how in portfolio.items() if how.head} | {HEAD}
    return headed if customer in headed else {customer}


MEMBERS: dict[str, tuple[Callable[[Portfolio, str], set[str]], bool]] = {
    # who is judged together, and whether in every company
    "own": (lambda _, customer: {customer}, False),
    "all_companies": (lambda _, customer: {customer}, True),
    "head_account": (_under_head, False),
    "credit_group": (lambda all_, customer: _sharing(all_, customer, lambda how: how.credit_group), True),
    "company_id": (
        lambda all_, customer: _sharing(all_, customer, lambda how: how.registration_number),
        False,
    ),
    "relation:owner": (lambda all_, customer: _sharing(all_, customer, lambda how: how.owner), False),
}


def state(erp: Erp, portfolio: Portfolio, papers: list[Stated]) -> None:
    """Everything of a portfolio; all limits are far away."""
    for company in COMPANIES:
        erp.policy(company=company)
    for group in ("A", "B"):
        erp.put(f"/v1/credit-groups/{group}", {"limit": eur("900000.00")})
    for customer, how in portfolio.items():
        fields = {
            "head_account": HEAD if how.head and customer != HEAD else None,
            "credit_group": how.credit_group,
            "registration_number": how.registration_number,
            "relations": {"owner": how.owner} if how.owner else {},
        }
        erp.customer(customer, **fields)
        for company in COMPANIES:
            erp.account(customer, "1000000.00", company=company)
    for place, paper in enumerate(papers):
        amount = f"{Decimal(2**place) / 100:.2f}"
        erp.store(paper.kind, f"X-{place}", amount, customer=paper.customer, company=paper.company)


def lines_of(amount: str) -> set[int]:
    """Which papers make up an amount."""
    cents = int(Decimal(amount) * 100)
    return {place for place in range(cents.bit_length()) if cents >> place & 1}


@FEWER
@given(drawn=st.tuples(*[RELATED] * len(CUSTOMERS)), papers=PAPERS, order=st.permutations(sorted(MEMBERS)))
def test_switching_the_grouping_never_loses_a_line(
    site: Site, platform: Erp, drawn: tuple[Related, ...], papers: list[Stated], order: list[str]
) -> None:
    portfolio = dict(zip(CUSTOMERS, drawn, strict=True))
    with new_erp(site, platform) as erp:
        state(erp, portfolio, papers)
        for grouping in [*order, order[0]]:
            erp.policy(grouping=grouping)
            together, everywhere = MEMBERS[grouping]
            summed: set[int] = set()
            for customer in CUSTOMERS:
                alone = grouping == "credit_group" and portfolio[customer].credit_group is None
                companies = set(COMPANIES) if everywhere and not alone else {"main"}
                members = together(portfolio, customer)
                expected = {
                    place
                    for place, paper in enumerate(papers)
                    if paper.customer in members and paper.company in companies
                }
                widest = max(erp.exposure(customer)["limits"], key=lambda each: Decimal(each["current"]))
                assert (grouping, customer, lines_of(widest["current"])) == (grouping, customer, expected)
                summed |= expected
            assert summed >= {place for place, paper in enumerate(papers) if paper.company == "main"}


FIRST = date(2025, 6, 30)
AMOUNTS = st.sampled_from([Decimal(10), Decimal("49.99"), Decimal(50), Decimal(100), Decimal("100.01")])
DAYS = st.integers(-15, 15)


@dataclass
class Debt:
    """What the tests know of C-1, from what was stated alone; nothing of it comes from the service."""

    limit: Decimal | None = None
    max_days: int | None = None
    auto_block: bool = True
    days_first: bool = False
    day: date = FIRST
    items: dict[str, tuple[Decimal, date, str | None]] = field(default_factory=dict)
    invoices: dict[str, Decimal] = field(default_factory=dict)
    payments: dict[str, tuple[Decimal, str | None]] = field(default_factory=dict)

    def open_item(self, number: str) -> Decimal:
        """What is left of an item."""
        paid = sum((paid for paid, item in self.payments.values() if item == number), Decimal(0))
        return max(self.items[number][0] - paid, Decimal(0))

    @property
    def owed(self) -> Decimal:
        """Executed invoices that are no items yet and what is open of items, less money that names none."""
        posted = {invoice for _, _, invoice in self.items.values()}
        return (
            sum((self.open_item(number) for number in self.items), Decimal(0))
            + sum((total for number, total in self.invoices.items() if number not in posted), Decimal(0))
            - sum((paid for paid, item in self.payments.values() if item is None), Decimal(0))
        )

    @property
    def blocked(self) -> bool:
        """Whether amount or time is exceeded."""
        days = max((self.day - due).days for _, due, _ in self._late()) if self._late() else 0
        late = self.max_days is not None and days > self.max_days
        over = self.limit is not None and self.owed > self.limit
        gated = self.days_first and self.max_days is not None and not late
        return self.auto_block and (late or (over and not gated))

    def _late(self) -> list[tuple[Decimal, date, str | None]]:
        return [
            item for number, item in self.items.items() if item[1] < self.day and self.open_item(number) > 0
        ]


Step = Callable[[Erp, Debt], None]


def item(number: str, total: Decimal, days: int, invoice: str | None) -> Step:
    """An open item is stated, with the invoice it comes from or without."""

    def step(erp: Erp, debt: Debt) -> None:
        due = FIRST + timedelta(days=days)
        debt.items[number] = total, due, invoice
        link: JSON = {"document": {"kind": "invoice", "number": invoice}} if invoice else {}
        erp.store("open_item", number, str(total), due_date=due.isoformat(), **link)

    return step


def no_item(number: str) -> Step:
    """An open item is deleted."""

    def step(erp: Erp, debt: Debt) -> None:
        debt.items.pop(number, None)
        erp.caller.delete(f"/v1/ledger/open_item/{number}")

    return step


def invoice(number: str, total: Decimal) -> Step:
    """An invoice or credit note is executed."""

    def step(erp: Erp, debt: Debt) -> None:
        debt.invoices[number] = total
        erp.store("invoice", number, str(total), confirmed=True)

    return step


def payment(number: str, total: Decimal, paid: str | None) -> Step:
    """Money comes in, for an item or for none."""

    def step(erp: Erp, debt: Debt) -> None:
        debt.payments[number] = total, paid
        names = [{"item": paid, "amount": eur(f"{total:.2f}")}] if paid else []
        erp.store("payment", number, str(total), allocations=names)

    return step


def terms(limit: Decimal | None, max_days: int | None) -> Step:
    """Somebody changes the limits."""

    def step(erp: Erp, debt: Debt) -> None:
        debt.limit, debt.max_days = limit, max_days
        erp.account(limit=None if limit is None else str(limit), max_days_overdue=max_days)

    return step


def rules(*, auto_block: bool, days_first: bool) -> Step:
    """Somebody changes the policy."""

    def step(erp: Erp, debt: Debt) -> None:
        debt.auto_block, debt.days_first = auto_block, days_first
        kinds = ["invoice"]
        erp.policy("mtj", auto_block=auto_block, blocked_kinds=kinds, time_limit_gates_amount=days_first)

    return step


def day(days: int) -> Step:
    """Time goes by; nobody tells the service."""

    def step(_: Erp, debt: Debt) -> None:
        debt.day = FIRST + timedelta(days=days)

    return step


STEPS = st.one_of(
    st.builds(item, NUMBERS, AMOUNTS, DAYS, st.none() | NUMBERS),
    st.builds(no_item, NUMBERS),
    st.builds(invoice, NUMBERS, AMOUNTS | AMOUNTS.map(lambda amount: -amount)),
    st.builds(payment, NUMBERS, AMOUNTS, st.none() | NUMBERS),
    st.builds(terms, st.none() | AMOUNTS, st.none() | st.integers(0, 10)),
    st.builds(rules, auto_block=st.booleans(), days_first=st.booleans()),
    st.builds(day, DAYS),
)


@FEWER
@given(steps=st.lists(STEPS, min_size=5, max_size=25))
def test_the_automatic_block_is_what_a_fresh_evaluation_says_after_any_sequence_of_feeds(
    site: Site, platform: Erp, steps: list[Step]
) -> None:
    debt = Debt()
    with new_erp(site, platform) as erp:
        for step in [rules(auto_block=True, days_first=False), terms(Decimal(50), 5), *steps]:
            step(erp, debt)
            as_of = debt.day.isoformat()
            seen = erp.exposure(as_of=as_of)
            assert Decimal(seen["exposure"]["current"]) == debt.owed
            assert seen["auto_blocked"] is debt.blocked
            answer = erp.check("invoice", "0.00", "X", as_of=as_of, dry_run=True)
            assert ("DOCUMENTS_BLOCKED" in codes(answer)) is debt.blocked
            assert (answer["decision"] == "block") is debt.blocked
