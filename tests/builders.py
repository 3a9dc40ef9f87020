"""Builders: the facts of a check in a few words. Amounts are in EUR unless a test is about currencies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from creditrisk.domain.account import (
    AccountStatus,
    ClaimedOperator,
    CreditAccount,
    Customer,
    Rank,
    Release,
)
from creditrisk.domain.decision import Verdict, decide
from creditrisk.domain.facts import Check, Configuration, Facts
from creditrisk.domain.findings import Code, Severity
from creditrisk.domain.limits import AccountLimit, Cover, GroupLimit, Member, TemporaryLimit
from creditrisk.domain.money import Money
from creditrisk.domain.papers import Document, Kind, Line, OpenItem
from creditrisk.domain.period import Period
from creditrisk.domain.policy import DocumentType, compile_policy
from creditrisk.domain.rates import Rate, RateTable
from creditrisk.domain.rule_book import RuleBook
from creditrisk.domain.rules import Rule, RuleKind
from creditrisk.presets.loader import load_presets

TODAY = date(2026, 11, 23)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PRESETS = load_presets()


def day(text: str) -> date:
    return date.fromisoformat(text)


def eur(amount: str) -> Money:
    return Money.parse(amount, "EUR")


def usd(amount: str) -> Money:
    return Money.parse(amount, "USD")


def period(start: str | None = None, end: str | None = None) -> Period:
    return Period(day(start) if start else None, day(end) if end else None)


def line(
    category: str,
    amount: str,
    *,
    own: bool = True,
    type: str = "",
    status: str = "",
    flags: str = "",
    currency: str = "EUR",
    due_on: date = date.max,
    since: date = date.min,
    total: str | None = None,
) -> Line:
    return Line(
        own=own,
        category=category,
        type=type,
        status=status,
        flags=flags,
        currency=currency,
        due_on=due_on,
        since=since,
        credit=category == "open_items" and Decimal(amount) < 0,
        papers=1,
        open_amount=Decimal(amount),
        total_amount=Decimal(total or amount),
    )


def item(
    amount: str, *, due: date = date.max, flags: str = "", own: bool = True, currency: str = "EUR"
) -> Line:
    return line("open_items", amount, due_on=due, flags=flags, own=own, currency=currency)


def late(days: int, amount: str = "10.00") -> Line:
    return item(amount, due=TODAY - timedelta(days=days))


def named_items(*items: tuple[str, str, date]) -> tuple[list[Line], list[OpenItem]]:
    """Open items as (number, amount, due date): what they contribute, and their names for the remedy."""
    lines = [item(amount, due=due) for _, amount, due in items]
    return lines, [OpenItem(number, line) for (number, _, _), line in zip(items, lines, strict=True)]


def document(kind: Kind, total: str | Money, **stated: Any) -> Document:
    return Document(kind=kind, total=eur(total) if isinstance(total, str) else total, **stated)


def order(total: str | Money = "100.00", **stated: Any) -> Document:
    return document(Kind.ORDER, total, **stated)


def delivery(total: str | Money = "100.00", **stated: Any) -> Document:
    return document(Kind.DELIVERY, total, **stated)


def invoice(total: str | Money = "100.00", **stated: Any) -> Document:
    return document(Kind.INVOICE, total, **stated)


def quotation(total: str | Money = "100.00", **stated: Any) -> Document:
    return document(Kind.QUOTATION, total, **stated)


def limit(amount: str | Money | None, **settings: Any) -> AccountLimit:
    return AccountLimit(limit=eur(amount) if isinstance(amount, str) else amount, **settings)


def temporary(amount: str, valid: Period, *, no: int = 1, made_at: datetime = LONG_AGO) -> TemporaryLimit:
    return TemporaryLimit(no=no, limit=eur(amount), period=valid, made_at=made_at)


def cover(value: str | Money, percent: str = "100", **settings: Any) -> Cover:
    return Cover(value=eur(value) if isinstance(value, str) else value, percent=Decimal(percent), **settings)


def account(customer: str = "C-1", company: str = "main", **settings: Any) -> CreditAccount:
    if isinstance(settings.get("limit"), str):
        settings["limit"] = limit(settings["limit"])
    return CreditAccount(company=company, customer=customer, **settings)


def member(customer: str, amount: str | AccountLimit | None, company: str = "main") -> Member:
    stated = amount if isinstance(amount, AccountLimit) else limit(amount)
    return Member(company=company, customer=customer, limit=stated)


def group(amount: str | None, **settings: Any) -> GroupLimit:
    return GroupLimit(id="G-1", limit=None if amount is None else eur(amount), **settings)


def release(amount: str | Money, **stated: Any) -> Release:
    defaults: dict[str, Any] = {
        "hold": "H-1",
        "customer": "C-1",
        "checkpoint": "save",
        "released_on": TODAY,
    }
    authorised = eur(amount) if isinstance(amount, str) else amount
    return Release(authorised=authorised, **(defaults | stated))


def facts(*lines: Line, **stated: Any) -> Facts:
    """Facts of customer C-1, who bears its own documents; `limit` and `account` settings as wanted."""
    own = stated.pop("account", None) or account()
    if "limit" in stated:
        wanted = stated.pop("limit")
        own = replace(own, limit=wanted if isinstance(wanted, AccountLimit) else limit(wanted))
    known = stated.get("customer") or Customer(id=own.customer)
    defaults: dict[str, Any] = {"customer": known, "risk_customer": known, "ordering_account": own}
    return Facts(**(defaults | {"account": own, "lines": lines} | stated))


def configuration(
    *,
    preset: str = "standard",
    rates: Iterable[Rate] = (),
    types: Mapping[str, DocumentType] | None = None,
    terms: Mapping[str, int | None] | None = None,
    discounts: Mapping[str, int | None] | None = None,
    statuses: Sequence[AccountStatus] = (),
    rules: Iterable[Rule] = (),
    defined: bool = True,
    **overrides: Any,
) -> Configuration:
    """A company's configuration: a preset, and any of its policy's parameters overridden by name."""
    return Configuration(
        policy=compile_policy(PRESETS[preset].parameters, overrides),
        preset=preset,
        version=1,
        defined=defined,
        document_types=types or {},
        payment_terms=ranks(terms or {}),
        cash_discounts=ranks(discounts or {}),
        account_statuses={status.code: status for status in statuses},
        rules=RuleBook.build(rules),
        rates=RateTable.build(rates),
    )


def block(kind: str, id: str = "R-1", **stated: Any) -> Rule:
    """A blocking rule; amounts are in EUR, percentages text."""
    if isinstance(stated.get("amount"), str):
        stated["amount"] = eur(stated["amount"])
    if "percent" in stated:
        stated["percent"] = Decimal(stated["percent"])
    return Rule(id=id, kind=RuleKind(kind), **stated)


def exclusion(kind: str, id: str = "X-1", **stated: Any) -> Rule:
    """An exclusion rule, written like a blocking one."""
    return replace(block(kind, id, **stated), exclusion=True)


def ranks(by_code: Mapping[str, int | None]) -> dict[str, Rank]:
    return {
        code: Rank(code=code, rank=None if rank is None else Decimal(rank)) for code, rank in by_code.items()
    }


def dollar_rate(rate: str = "0.5", *, since: date = date(2020, 1, 1)) -> Rate:
    """1 USD in EUR, from a day on."""
    return Rate("USD", "EUR", since, Decimal(rate))


def check(
    asked: Document | None = None,
    *,
    company: str = "main",
    customer: str = "C-1",
    checkpoint: str = "save",
    pro_forma: bool = False,
    strict: bool | None = None,
    roles: Iterable[str] = (),
) -> Check:
    return Check(
        company=company,
        customer=customer,
        document=asked,
        checkpoint=checkpoint,
        pro_forma=pro_forma,
        operator=ClaimedOperator(id="u1", strict=strict, roles=frozenset(roles)),
    )


STANDARD = configuration()


def decided(
    asked: Document | Check | None,
    stored: Facts,
    settings: Configuration = STANDARD,
    *,
    as_of: date = TODAY,
) -> Verdict:
    """The verdict on one document, or on a whole check."""
    return decide(asked if isinstance(asked, Check) else check(asked), stored, settings, as_of=as_of)


def codes(verdict: Verdict, *classes: Severity) -> list[Code]:
    """The codes found, of all classes or of some."""
    return [f.code for f in verdict.findings if not classes or f.severity in classes]


def figures(*amounts: str | int) -> tuple[Decimal, ...]:
    """Several amounts at once, for comparing."""
    return tuple(Decimal(amount) for amount in amounts)


def paid(lines: Iterable[Line], amount: Decimal) -> list[Line]:
    """The papers after a payment: the oldest items are settled first, what is left over is a credit."""
    left, kept = amount, []
    for each in sorted(lines, key=lambda line: line.due_on):
        payable = each.open_amount if each.category == "open_items" and not each.credit else Decimal(0)
        settled = min(left, payable)
        left -= settled
        kept.append(each._replace(open_amount=each.open_amount - settled))
    return [*kept, item(str(-left)), line("ledger_balance", str(-amount))]


def found(asked: Document | None, stored: Facts, *, checkpoint: str = "save", **overrides: Any) -> list[Code]:
    return codes(decided(check(asked, checkpoint=checkpoint), stored, configuration(**overrides)))
