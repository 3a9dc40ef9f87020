"""The hot read: every fact of a check in one statement, and what its JSON means to the domain."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from creditrisk.adapters.postgres.endless import read_day
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.application.check import Question, StoredFacts
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
from creditrisk.domain.money import Money, format_amount
from creditrisk.domain.papers import Category, Document, Line, OpenItem, Reserved
from creditrisk.domain.period import Period

# The inner function is called per row of the arrays; all rows see one snapshot.
_READ = """
select credit_facts_2($1, $2, q.company, q.customer, q.bill_to, q.operator, q.document::jsonb)::text
from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    with ordinality as q (company, customer, bill_to, operator, document, position)
order by q.position
"""


class PostgresFactsReader:
    """Reads facts outside any explicit transaction."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def read(self, questions: Sequence[Question], *, tenant: str, key_id: str) -> Sequence[StoredFacts]:
        """The facts for each question, in order, all of one moment.

        Raises:
            Unavailable: the database does not answer.
        """
        rows = await self._pool.fetch(_READ, tenant, key_id, *_columns(questions))
        return [stored_facts(orjson.loads(row[0])) for row in rows]


def _columns(questions: Sequence[Question]) -> tuple[list[str | None], ...]:
    return (
        [question.company for question in questions],
        [question.customer for question in questions],
        [question.bill_to for question in questions],
        [question.operator for question in questions],
        [asked_document(question.document) if question.document else None for question in questions],
    )


def asked_document(document: Document) -> str:
    """The document under check as the SQL functions take it."""

    def plain(money: Money | None) -> dict[str, str]:
        if money is None:
            return {}
        return {"total": format_amount(*money), "currency": money.currency}

    return orjson.dumps(
        {
            "kind": document.kind,
            "number": document.number,
            **plain(document.total),
            "follows": [
                {"kind": followed.kind, "number": followed.number, **plain(followed.total)}
                for followed in document.follows
            ],
        }
    ).decode()


def stored_facts(row: Mapping[str, Any]) -> StoredFacts:
    """Give the JSON of one check its meaning."""
    account = _account(row["account"])
    holds = row["holds"] or []
    reserved = row["reserved"] or {}
    return StoredFacts(
        facts=Facts(
            customer=_customer(row["customer"]),
            risk_customer=_customer(row["risk_customer"]),
            account=account,
            ordering_account=_account(row["ordering_account"]) if row["ordering_account"] else account,
            lines=[*_lines(row["lines"]), *_reserved_sums(reserved.get("sums") or ())],
            adjustments=_lines(row["adjustments"]),
            passed_on=Decimal(row["passed_on"] or 0),
            claimed=Decimal(reserved.get("claimed") or 0),
            reserved=_reserved(reserved.get("singly") or ()),
            held=_lines(row["held"]),
            items=[
                OpenItem(number, line)
                for (number, *_), line in zip(
                    row["items"] or [], _lines([line for _, *line in row["items"] or []]), strict=True
                )
            ],
            members=[_member(member) for member in row["members"] or []],
            head=row["head"],
            group=_group(row["group"]),
            group_key=row["group_key"],
            operator=_operator(row["operator"]),
            forced_hold=next((hold["id"] for hold in holds if hold["type"] == "forced"), None),
            release=_release(row["release"]),
            feeds=[
                Feed(source=source, as_of=datetime.fromisoformat(as_of), age_seconds=max(age, 0))
                for source, (as_of, age) in sorted((row["feeds"] or {}).items())
            ],
        ),
        config_version=row["config_version"],
        key_live=row["key_live"],
        now=datetime.fromisoformat(row["now"]),
        today=date.fromisoformat(row["today"]),
        open_hold=next((hold["id"] for hold in holds if hold["type"] == "rule"), None),
        owner=row["owner"],
    )


def _lines(rows: Sequence[Any] | None) -> list[Line]:
    return [
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


def _reserved_sums(rows: Sequence[Any]) -> list[Line]:
    return [
        Line(
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
            open_amount=Decimal(amount),
            total_amount=Decimal(amount),
        )
        for own, currency, reservations, amount in rows
    ]


def _reserved(rows: Sequence[Any]) -> list[Reserved]:
    return [
        Reserved(
            own=own,
            currency=currency,
            amount=Decimal(amount),
            claimed=Decimal(claimed),
            passed=Decimal(passed),
            line=_lines([line])[0] if line else None,
        )
        for own, currency, amount, claimed, passed, line in rows
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


def _operator(stored: Mapping[str, Any] | None) -> StoredOperator | None:
    if stored is None:
        return None
    return StoredOperator(
        strict=stored.get("strict"),
        roles=frozenset(stored.get("roles", ())),
        companies=frozenset(stored.get("companies", ())),
    )


def _release(stored: Mapping[str, Any] | None) -> Release | None:
    if stored is None:
        return None
    return Release(
        hold=stored["id"],
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
