"""What the JSON of the hot read means to the domain; facts_of_checks_3 and credit_facts_4 write it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from creditrisk.adapters.postgres.endless import read_day
from creditrisk.adapters.postgres.line_status import money_by_currency, with_taken
from creditrisk.domain.account import (
    CreditAccount,
    Customer,
    CustomerWarning,
    Feed,
    ManualBlock,
    Release,
    StoredOperator,
)
from creditrisk.domain.facts import Facts
from creditrisk.domain.limits import AccountLimit, Cover, GroupLimit, Member, TemporaryLimit
from creditrisk.domain.money import Money
from creditrisk.domain.papers import Across, Capped, Category, Line, OpenItem, Reserved, Uncounted
from creditrisk.domain.period import Period


class AboutDocument(NamedTuple):
    """What is stored about the document under check, beside what of it belongs to the facts."""

    open_hold: str | None = None
    owner: str | None = None
    alone: bool = True
    """Nothing is stored or reserved under its number."""


NOTHING_STORED = AboutDocument()


def account_facts(
    stored: Mapping[str, Any], *, lines: Sequence[Line], items: Sequence[OpenItem], feeds: Sequence[Feed] = ()
) -> Facts:
    """Give what is stored about an account its meaning; no document is asked about yet."""
    account, ordering = _account(stored["account"]), stored["ordering_account"]
    customer, risk_customer = stored["customer"], stored["risk_customer"]
    known = _customer(customer)
    return Facts(
        customer=known,
        risk_customer=known if risk_customer is customer else _customer(risk_customer),
        account=account,
        ordering_account=_account(ordering) if ordering else account,
        lines=lines,
        items=items,
        members=[_member(member) for member in stored["members"] or []],
        head=stored["head"],
        group=_group(stored["group"]),
        group_key=stored["group_key"],
        feeds=feeds,
    )


def papers_of(stored: Mapping[str, Any]) -> tuple[list[Line], list[OpenItem]]:
    """What the papers of an account add up to, and the oldest of its positive open items."""
    items = stored["items"] or []
    named = zip(items, _lines([line for _, *line in items]), strict=True)
    return _lines(stored["lines"]), [OpenItem(number, line) for (number, *_), line in named]


def with_document(facts: Facts, stored: Mapping[str, Any]) -> tuple[Facts, AboutDocument]:
    """Add what is stored about the document under check."""
    holds = stored["holds"] or []
    known = facts._replace(
        adjustments=_lines(stored["adjustments"]),
        is_stored=stored["present"],
        version=_lines(stored["version"]),
        version_held=bool(holds),
        passed_on=Decimal(stored["passed_on"] or 0),
        passed_elsewhere=money_by_currency(stored.get("passed_elsewhere")),
        held=_lines(stored["held"]),
        forced_hold=next((hold["id"] for hold in holds if hold["type"] == "forced"), None),
        releases=[_release(release) for release in stored["releases"] or ()],
    )
    return known, AboutDocument(
        open_hold=next((hold["id"] for hold in holds if hold["type"] == "rule"), None),
        owner=stored["owner"],
        alone=not (stored["stored"] or stored["superseding"]),
    )


def with_reserved(facts: Facts, stored: Mapping[str, Any]) -> Facts:
    """Add what is reserved for other documents."""
    return facts._replace(
        claimed=Decimal(stored.get("claimed") or 0),
        claimed_elsewhere=money_by_currency(stored.get("claimed_elsewhere")),
        claimed_capped=_capped(stored.get("claimed_capped")),
        claimed_by_others=money_by_currency(stored.get("claimed_by_others")),
        claimed_uncounted=_uncounted(stored.get("claimed_uncounted")),
        regained=money_by_currency(stored.get("regained")),
        lessened=money_by_currency(stored.get("lessened")),
        reserved=_reserved(
            stored.get("singly") or (),
            orders=stored.get("orders") or (),
            elsewhere=stored.get("elsewhere") or (),
            across=stored.get("across"),
            beyond=stored.get("beyond"),
            uncounted=stored.get("uncounted"),
        ),
        set_aside=[
            reserved_line(own=own, currency=currency, reservations=reservations, amount=Decimal(amount))
            for own, currency, reservations, amount in stored.get("sums") or ()
        ],
    )


@lru_cache(maxsize=1_000)
def feeds_of(stored: str) -> tuple[Feed, ...]:
    """The feeds of a company; asked many times within the second in which their ages stay the same."""
    return tuple(
        Feed(source=source, as_of=datetime.fromisoformat(as_of), age_seconds=max(age, 0))
        for source, (as_of, age) in sorted(orjson.loads(stored).items())
    )


@lru_cache(maxsize=1_000)
def operator_of(stored: str) -> StoredOperator:
    """An operator as somebody set it."""
    content = orjson.loads(stored)
    return StoredOperator(
        strict=content.get("strict"),
        roles=frozenset(content.get("roles", ())),
        companies=frozenset(content.get("companies", ())),
    )


def _lines(rows: Sequence[Any] | None) -> list[Line]:
    lines = [
        Line(
            own,
            category,
            type_,
            status,
            flags,
            currency,
            read_day(due_on),
            read_day(since),
            credit,
            papers,
            Decimal(open_amount),
            Decimal(total_amount),
        )
        for (
            own,
            category,
            type_,
            status,
            flags,
            currency,
            due_on,
            since,
            credit,
            papers,
            open_amount,
            total_amount,
        ) in rows or []
    ]
    return [with_taken(line) if line.status else line for line in lines]


def reserved_line(*, own: bool, currency: str, reservations: int, amount: Decimal) -> Line:
    """What is reserved for documents that meet no other paper, as a line."""
    return Line(
        own=own,
        category=Category.RESERVATIONS,
        type="",
        status="",
        flags="",
        currency=currency,
        due_on=date.max,
        since=date.min,
        credit=False,
        papers=reservations,
        open_amount=amount,
        total_amount=amount,
    )


_BESIDES = dict.fromkeys(("over", "regained", "lessened", "whole", "taken", "by_others"), Decimal(0))
"""What few reserved documents have, in the order in which the database tells it."""


def _reserved(
    rows: Sequence[Any],
    *,
    orders: Sequence[bool],
    elsewhere: Sequence[Any],
    across: Sequence[Any] | None,
    beyond: Sequence[Any] | None,
    uncounted: Sequence[Any] | None,
) -> list[Reserved]:
    nothing = [None] * len(rows)
    return [
        Reserved(
            own=own,
            currency=currency,
            amount=Decimal(amount),
            claimed=Decimal(claimed),
            passed=Decimal(passed),
            line=_lines([line or other])[0] if line or other else None,
            is_order=is_order,
            **_BESIDES if further is None else dict(zip(_BESIDES, map(Decimal, further), strict=True)),
            uncounted=_uncounted(more),
            across=_across(taken),
        )
        for (own, currency, amount, claimed, passed, line), is_order, other, taken, further, more in zip(
            rows,
            orders,
            elsewhere,
            across or nothing,
            beyond or nothing,
            uncounted or nothing,
            strict=True,
        )
    ]


def _uncounted(rows: Sequence[Any] | None) -> Sequence[Uncounted]:
    return [
        Uncounted(version=version, claimed=Money(Decimal(amount), currency), alone=alone)
        for version, (_, currency, amount, alone) in zip(
            _lines([line for line, *_ in rows or ()]), rows or (), strict=True
        )
    ]


def _across(stored: Mapping[str, Any] | None) -> Across | None:
    if stored is None:
        return None
    return Across(
        taken=money_by_currency(stored["taken"]),
        claimed=money_by_currency(stored["claimed"]),
        capped=_capped(stored["capped"]),
        passed=money_by_currency(stored["passed"]),
        regained=money_by_currency(stored["regained"]),
        lessened=money_by_currency(stored["lessened"]),
        by_others=money_by_currency(stored["by_others"]),
    )


def _capped(rows: Sequence[Any] | None) -> Sequence[Capped]:
    return [
        Capped(Money(Decimal(amount), currency), Money(Decimal(most), own))
        for currency, amount, own, most in rows or ()
    ]


def _customer(content: Mapping[str, Any] | None) -> Customer | None:
    if content is None:
        return None
    return Customer(
        id=content["id"],
        closed=content.get("closed", False),
        account_status=content.get("account_status"),
        payment_terms=content.get("payment_terms"),
        cash_discount=content.get("cash_discount"),
        payment_method=content.get("payment_method"),
        risk_group=content.get("risk_group"),
        credit_group=content.get("credit_group"),
        management_group=content.get("management_group"),
    )


def _account(stored: Mapping[str, Any]) -> CreditAccount:
    settings = stored["settings"] or {}
    warning = settings.get("warning")
    return CreditAccount(
        company=stored["company"],
        customer=stored["customer"],
        defined=stored["settings"] is not None,
        limit=_limit(stored),
        control=settings.get("control"),
        grouping=settings.get("grouping"),
        max_days_overdue=settings.get("max_days_overdue"),
        average_delay_days=settings.get("average_delay_days"),
        cash_only=settings.get("cash_only", False),
        documents_blocked=frozenset(settings.get("documents_blocked", ())),
        always_authorise=frozenset(settings.get("always_authorise", ())),
        excluded_sites=frozenset(settings.get("excluded_sites", ())),
        ignore_until=_maybe_day(settings.get("ignore_until")),
        warning=None
        if warning is None
        else CustomerWarning(
            text=warning["text"],
            kinds=frozenset(warning.get("kinds", ())),
            checkpoints=frozenset(warning.get("checkpoints", ())),
        ),
        category_limits={
            category: _money(limit) for category, limit in settings.get("category_limits", {}).items()
        },
        manual_blocks=[
            ManualBlock(
                no=block["no"],
                kinds=frozenset(block["kinds"]),
                period=_period(block),
                note=block.get("note"),
            )
            for block in stored.get("blocks", ())
        ],
    )


def _limit(stored: Mapping[str, Any]) -> AccountLimit:
    settings = stored["settings"] or {}
    return AccountLimit(
        limit=_money(settings["limit"]) if settings.get("limit") else None,
        unlimited=settings.get("unlimited", False),
        mandatory=settings.get("mandatory", False),
        expires_on=_maybe_day(settings.get("expires_on")),
        temporary=[_temporary(limit) for limit in stored["temporary"]],
        covers=[
            Cover(
                value=_money(cover["value"]),
                percent=Decimal(cover.get("percent", "100")),
                at_least=cover.get("effect", "add") == "at_least",
                included_in_exposure=cover.get("included_in_exposure", False),
                period=_period(cover),
            )
            for cover in stored["covers"]
        ],
    )


def _temporary(stored: Mapping[str, Any]) -> TemporaryLimit:
    return TemporaryLimit(
        no=stored["no"],
        limit=_money(stored["limit"]),
        period=_period(stored),
        made_at=datetime.fromisoformat(stored["made_at"]),
    )


def _member(stored: Mapping[str, Any]) -> Member:
    return Member(
        company=stored["company"],
        customer=stored["customer"],
        limit=_limit(stored),
        defined=stored["settings"] is not None,
    )


def _group(stored: Mapping[str, Any] | None) -> GroupLimit | None:
    if stored is None:
        return None
    return GroupLimit(
        id=stored["id"],
        limit=_money(stored["limit"]) if stored.get("limit") else None,
        expires_on=_maybe_day(stored.get("expires_on")),
        temporary=[_temporary(limit) for limit in stored["temporary"]],
    )


def _release(stored: Mapping[str, Any]) -> Release:
    return Release(
        hold=stored["id"],
        customer=stored["customer"],
        checkpoint=stored["checkpoint"] or "save",
        released_on=read_day(stored["released_on"]),
        authorised=Money(Decimal(stored["amount"]), stored["currency"]),
        valid_until=_maybe_day(stored["valid_until"]),
        used=stored["used"],
    )


def _money(stored: Mapping[str, str]) -> Money:
    return Money(Decimal(stored["amount"]), stored["currency"])


def _maybe_day(text: str | None) -> date | None:
    return None if text is None else read_day(text)


def _period(stored: Mapping[str, Any]) -> Period:
    return Period(_maybe_day(stored.get("from")), _maybe_day(stored.get("to")))
