"""What a process expects to read of accounts on which it was the last to reserve.

With that it decides before it has their locks, and another transaction can hold them meanwhile. The statement
that keeps what was decided looks, behind the locks, whether it would have read the same
(reserve_as_foreseen_1). Nothing depends on what is expected: where it is wrong, nothing is kept, and the
check is decided anew behind its locks.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from creditrisk.adapters.postgres.facts import Asking
from creditrisk.application.reservations import Grant

_MOST: Final = 10_000
"""Accounts, and companies, of which something is expected."""
_MOST_CALLERS: Final = 1_000
"""Combinations of key and operator in a company."""
_LONGEST_DOUBT: Final = 6
"""Where another process reserves as well, expectations are given up for 2, 4, … at most 2^6 batches."""
_BETWEEN_TRIES: Final = 16
"""Batches of a tenant decided behind their locks before it is tried again, where it has not paid of late."""
_SURPRISE: Final = 4
"""How many batches kept at once make good for one that was decided in vain."""
_MOST_LUCK: Final = 3 * _SURPRISE
_SECOND: Final = timedelta(seconds=1)


class Expected(NamedTuple):
    """What a question is expected to be answered, and how to ask whether it is."""

    row: Mapping[str, Any]
    """As reserving_facts_5 answers of an account that is as it was."""
    question: Mapping[str, Any]
    """As reserve_as_foreseen_1 is asked; the same for all documents of an account."""


class Read(NamedTuple):
    """A question, what was answered behind its locks, and what it was granted then."""

    asking: Asking
    key_id: str
    row: Any
    grant: Grant | None


class _Surroundings(NamedTuple):
    """What an answer says beside the account."""

    today: date
    config_version: int
    operator: str | None
    feeds: str | None


@dataclass(slots=True)
class _Account:
    """What is reserved on an account alone: by currency, how many reservations and how much."""

    sums: dict[str, tuple[int, Decimal]] | None = None
    """None: not known."""
    surprises: int = 0
    """How often in a row it was otherwise."""
    doubted: int = 0
    """So often it is not learned again."""


@dataclass(slots=True)
class _Luck:
    """Whether it has paid of late to decide what a tenant asks from what is expected.

    Accounts are doubted one by one, and that is too slow for a tenant who reserves on thousands of them by
    several processes, where nearly every batch has one that another process was the last to reserve on.
    """

    score: int = _MOST_LUCK
    passed_over: int = 0

    @property
    def pays(self) -> bool:
        """Whether to try: always, or only now and then."""
        return self.score >= 0 or self.passed_over >= _BETWEEN_TRIES

    def tell(self, *, kept: bool) -> None:
        """Note what came of a try."""
        self.passed_over = 0
        self.score = min(self.score + 1, _MOST_LUCK) if kept else max(self.score - _SURPRISE, -_MOST_LUCK)


class Foresight:
    """Expectations of one process; those not asked for longest are forgotten."""

    def __init__(self) -> None:
        self._luck: OrderedDict[str, _Luck] = OrderedDict()
        self._accounts: OrderedDict[tuple[str, str, str], _Account] = OrderedDict()
        self._surroundings: OrderedDict[tuple[str, str], dict[tuple[str, str], _Surroundings]] = OrderedDict()
        self._clock: tuple[datetime, float] | None = None
        """An instant of the database's clock, and of our own when it was told at the latest."""

    def now(self) -> datetime | None:
        """The instant of the database, or a moment ago; None: it is not known."""
        if self._clock is None:
            return None
        told, at = self._clock
        return told + timedelta(seconds=asyncio.get_running_loop().time() - at)

    def foresees(self, tenant: str, company: str, customer: str) -> bool:
        """Whether anything is expected of an account, and it pays to decide from that."""
        luck = self._luck.get(tenant)
        return self._expects((tenant, company, customer)) and (luck is None or luck.pays)

    def knows(self, asking: Asking, *, key_id: str) -> bool:
        """Whether an answer is expected to a question."""
        question, known = asking.question, asking.known
        if known is None or known.mark is None or question.bill_to is not None:
            return False
        if question.document is None or question.document.follows:
            return False
        return self._expects(asking.account) and self._around(asking, key_id) is not None

    def expected(self, asking: Asking, *, key_id: str, now: datetime) -> Expected:
        """The answer to a question that `knows` one."""
        key, around = asking.account, self._around(asking, key_id)
        assert around is not None  # noqa: S101 - it is known
        self._accounts.move_to_end(key)
        self._surroundings.move_to_end(key[:2])
        today, config_version, operator, feeds = around
        reserved, feeds = _as_read(self._accounts[key].sums), _aged(feeds, now)
        row = {
            "now": now,
            "today": today,
            "key_live": True,
            "config_version": config_version,
            "mark": None,
            "account": None,
            "stamp": None,
            "papers": None,
            "document": None,
            "reserved": reserved,
            "operator": operator,
            "feeds": feeds,
        }
        expected = {
            "today": today,
            "config_version": config_version,
            "operator": operator,
            "feeds": _fragment(feeds),
            "reserved": _fragment(reserved),
        }
        return Expected(
            row, asking.arguments(key_id=key_id, documented=False)._asdict() | {"expected": expected}
        )

    def add(self, tenant: str, grants: Iterable[Grant]) -> None:
        """Expect what is about to be kept."""
        for grant in grants:
            account = self._accounts.get((tenant, grant.company, grant.account))
            if account is not None and account.sums is not None:
                account.sums = _with(account.sums, grant)

    def tell(self, tenant: str, *, kept: bool) -> None:
        """Note whether a batch was kept, or decided in vain because something was not as expected."""
        luck = self._luck.get(tenant) or _Luck()
        luck.tell(kept=kept)
        _put(self._luck, tenant, luck)

    def confirm(self, asked: Iterable[Asking], *, at: datetime) -> None:
        """Note that all was as expected at an instant of the database."""
        self._clock = at, asyncio.get_running_loop().time()
        for asking in asked:
            account = self._accounts.get(asking.account)
            if account is not None:
                account.surprises = 0

    def doubt(self, accounts: Iterable[tuple[str, str, str]]) -> None:
        """Note of which accounts (see `Asking.account`) it was of no use to expect anything."""
        for key in set(accounts):
            account = self._accounts.get(key)
            if account is not None:
                account.sums = None
                account.surprises += 1
                account.doubted = 2 ** min(account.surprises, _LONGEST_DOUBT) - 1

    def forget_around(self, accounts: Iterable[tuple[str, str, str]]) -> None:
        """Expect nothing of what answers say beside accounts in the companies of these."""
        for tenant, company, _ in accounts:
            self._surroundings.pop((tenant, company), None)

    def forget(self, asked: Iterable[Asking]) -> None:
        """Expect nothing of these accounts until they are learned again."""
        for asking in asked:
            account = self._accounts.get(asking.account)
            if account is not None:
                account.sums = None

    def learn(self, tenant: str, read: Iterable[Read]) -> None:
        """Expect what was read behind the locks in a transaction that is committed."""
        if (luck := self._luck.get(tenant)) is not None:
            luck.passed_over += 1
        found: dict[tuple[str, str, str], _Found] = defaultdict(_Found)
        for asking, key_id, row, grant in read:
            account, plain = asking.account, _is_plain(asking, row)
            found[account].plain &= plain
            found[account].reserved = row["reserved"]
            if grant is not None:
                bearer = tenant, grant.company, grant.account
                found[bearer].plain &= bearer == account
                found[bearer].grants.append(grant)
            if plain and row["key_live"]:
                around = _Surroundings(row["today"], row["config_version"], row["operator"], row["feeds"])
                self._remember(account[:2], (key_id, asking.question.operator or ""), around)
                self._clock = row["now"], asyncio.get_running_loop().time()
        for account, here in found.items():
            if here.plain:
                self._learn(account, here)

    def _expects(self, key: tuple[str, str, str]) -> bool:
        account = self._accounts.get(key)
        return account is not None and account.sums is not None

    def _remember(self, company: tuple[str, str], who: tuple[str, str], around: _Surroundings) -> None:
        here = self._surroundings.get(company)
        if here is None or len(here) == _MOST_CALLERS:
            here = {}
            _put(self._surroundings, company, here)
        here[who] = around

    def _around(self, asking: Asking, key_id: str) -> _Surroundings | None:
        question = asking.question
        here = self._surroundings.get((asking.tenant, question.company))
        return None if here is None else here.get((key_id, question.operator or ""))

    def _learn(self, key: tuple[str, str, str], here: "_Found") -> None:
        account = self._accounts.get(key) or _Account()
        if account.doubted:
            account.doubted -= 1
        else:
            account.sums = _sums_of(here.reserved)
            for grant in here.grants:
                account.sums = _with(account.sums, grant)
        _put(self._accounts, key, account)


@dataclass(slots=True)
class _Found:
    """What a transaction has read of an account, and granted on it."""

    plain: bool = True
    reserved: str | None = None
    grants: list[Grant] = field(default_factory=list)


def _is_plain(asking: Asking, row: Any) -> bool:
    """Whether an account was as the process knew it, and nothing is stored under the document's number."""
    return (
        asking.question.bill_to is None
        and row["account"] is None
        and row["mark"] is None  # else it was looked at again
        and row["document"] is None
    )


def _put(kept: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _MOST:
        kept.popitem(last=False)


def _with(sums: Mapping[str, tuple[int, Decimal]], grant: Grant) -> dict[str, tuple[int, Decimal]]:
    amount, currency = grant.amount
    reservations, before = sums.get(currency, (0, Decimal(0)))
    return {**sums, currency: (reservations + 1, before + amount)}


def _sums_of(reserved: str | None) -> dict[str, tuple[int, Decimal]]:
    if reserved is None:
        return {}
    return {
        currency: (reservations, Decimal(amount))
        for _, currency, reservations, amount in orjson.loads(reserved)["sums"]
    }


def _as_read(sums: Mapping[str, tuple[int, Decimal]] | None) -> str | None:
    """What is reserved as as_known_2 tells it."""
    if not sums:
        return None
    told = [
        [True, currency, reservations, format(amount, "f")]
        for currency, (reservations, amount) in sorted(sums.items())
    ]
    return orjson.dumps({"sums": told}).decode()


@lru_cache(maxsize=64)  # all checks of a batch are decided of one instant
def _aged(feeds: str | None, now: datetime) -> str | None:
    """The feeds of a company with their ages of now."""
    if feeds is None:
        return None
    told = {
        source: [as_of, (now - datetime.fromisoformat(as_of)) // _SECOND]
        for source, (as_of, _) in orjson.loads(feeds).items()
    }
    return orjson.dumps(told).decode()


def _fragment(text: str | None) -> orjson.Fragment | None:
    return None if text is None else orjson.Fragment(text)
