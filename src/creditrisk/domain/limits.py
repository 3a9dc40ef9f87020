"""The credit limit: how an account's or a group's limit is put together, and which limits apply to a check.

Worked table (M35, M37): own limit 100,000 and an insurance of 50,000 at 50 % make 125,000; while a temporary
limit of 60,000 is valid it replaces the own one and makes 85,000, although that is lower.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from creditrisk.domain.money import EXACT, Money
from creditrisk.domain.period import Period
from creditrisk.domain.values import value

Convert = Callable[[Decimal, str], Decimal | None]
"""Amount and currency to the currency of the evaluation; None where no rate is known."""

ZERO = Decimal(0)
HUNDRED = Decimal(100)


class LimitState(StrEnum):
    """No limit, a limit (of 0, too) and unlimited are three different states."""

    LIMITED = "limited"
    UNLIMITED = "unlimited"
    NONE = "none"


@value
class TemporaryLimit:
    """A limit for a period; while valid it replaces the own one, even when lower (M35)."""

    no: int
    limit: Money
    period: Period
    made_at: datetime


@value
class Cover:
    """A guarantee or insurance that raises the limit (M37)."""

    value: Money
    percent: Decimal
    """Percent of the value that is added, 0 to 100."""
    at_least: bool = False
    """True: raises the limit to the value if that is higher, instead of adding to it."""
    included_in_exposure: bool = False
    period: Period = field(default_factory=lambda: Period(None, None))


@value
class AccountLimit:
    """The limit as people set it on one credit account."""

    limit: Money | None = None
    unlimited: bool = False
    mandatory: bool = False
    """With a limit of 0: really none at all. With no limit: one must be set (M8, M38)."""
    expires_on: date | None = None
    temporary: Sequence[TemporaryLimit] = ()
    covers: Sequence[Cover] = ()


@value
class GroupLimit:
    """The limit shared by a credit group (M38)."""

    id: str
    limit: Money | None
    expires_on: date | None = None
    temporary: Sequence[TemporaryLimit] = ()


@value
class Member:
    """One account of a group, with its own limit."""

    company: str
    customer: str
    limit: AccountLimit
    defined: bool = True
    """False: nobody has set anything for this account yet."""


@value
class Component:
    """One part of a limit, in the currency of the evaluation."""

    source: str
    amount: Decimal
    id: str | None = None


@value
class Limit:
    """A limit in force on a day, in the currency of the evaluation."""

    source: str
    """`own` | `temporary` | `group` | `head` | `company_id` | `relation`."""
    id: str
    state: LimitState
    amount: Decimal | None = None
    """Null unless limited."""
    whole_group: bool = False
    """True: compared with the exposure of all members. False: with that of the account alone."""
    valid_until: date | None = None
    components: Sequence[Component] = ()
    refuses_all: bool = False
    """0 and mandatory: every document with a positive amount blocks."""
    missing: bool = False
    """Mandatory, but not set."""
    expires_on: date | None = None
    can_expire: bool = False
    """True where a person set a limit to which an expiry date belongs."""


@value
class LimitParameters:
    """What the policy says about limits."""

    zero_is_no_limit: bool
    grouping: str
    """Without the relation's name: `own` | `all_companies` | `head_account` | `credit_group` |
    `company_id` | `relation`."""
    relation: str | None
    group_limit: str
    """`own` | `highest` | `sum`."""


@value
class LimitFacts:
    """Every limit a check may have to compare with, as stored."""

    company: str
    customer: str
    own: AccountLimit
    members: Sequence[Member] = ()
    """All accounts of the group, the checked one among them; empty where it is in no group."""
    head: str | None = None
    """The head account of the customer's group, which may be the customer itself."""
    group: GroupLimit | None = None
    group_key: str | None = None
    """What the members share: registration number or relation key."""


def temporary_in_force(limits: Sequence[TemporaryLimit], *, as_of: date) -> TemporaryLimit | None:
    """Of several valid temporary limits the latest `from` wins, then the latest made."""
    valid = [limit for limit in limits if limit.period.contains(as_of)]
    return max(valid, key=lambda t: (t.period.start or date.min, t.made_at, t.no), default=None)


def account_limit(
    limit: AccountLimit,
    *,
    customer: str,
    as_of: date,
    convert: Convert,
    zero_is_no_limit: bool,
    in_credit_group: bool,
) -> Limit:
    """The effective limit of one account, (temporary, else own) + covers, in the first state that holds."""
    if limit.unlimited:
        return Limit(source="own", id=customer, state=LimitState.UNLIMITED)
    temporary = temporary_in_force(limit.temporary, as_of=as_of)
    stated = temporary.limit if temporary else limit.limit
    amount = None if stated is None else convert(*stated)
    if amount is None:
        return Limit(source="own", id=customer, state=LimitState.NONE, missing=limit.mandatory)
    source = "temporary" if temporary else "own"
    total, components = _with_covers(amount, limit.covers, source=source, as_of=as_of, convert=convert)
    # A limit that covers use up is a limit of 0; only one that was stated as 0 can mean none. In a credit
    # group the own one alone does: a temporary limit of 0 stops somebody there, too.
    means_none = zero_is_no_limit or (in_credit_group and temporary is None)
    if amount == 0 == total and not limit.mandatory and means_none:
        return Limit(source="own", id=customer, state=LimitState.NONE)
    return Limit(
        source=source,
        id=customer,
        state=LimitState.LIMITED,
        amount=total,
        valid_until=temporary.period.end if temporary else limit.expires_on,
        components=components,
        refuses_all=total == 0 and limit.mandatory,
        expires_on=None if temporary else limit.expires_on,
        can_expire=temporary is None,
    )


def _with_covers(
    amount: Decimal, covers: Sequence[Cover], *, source: str, as_of: date, convert: Convert
) -> tuple[Decimal, tuple[Component, ...]]:
    """The limit with its covers, and what each adds; those of one currency are rounded together."""
    components = [Component(source=source, amount=amount)]
    floor = None
    exact: dict[str, Decimal] = defaultdict(Decimal)
    rounded: dict[str, Decimal] = defaultdict(Decimal)
    for cover in covers:
        if not cover.period.contains(as_of):
            continue
        value = convert(*cover.value)
        if value is None:
            continue
        if cover.at_least:
            floor = value if floor is None else max(floor, value)
            continue
        currency, part = cover.value.currency, EXACT.multiply(cover.value.amount, cover.percent)
        exact[currency] += EXACT.divide(part, HUNDRED)
        if cover.included_in_exposure:
            exact[currency] -= cover.value.amount
        added = (convert(exact[currency], currency) or ZERO) - rounded[currency]
        rounded[currency] += added
        components.append(Component(source="cover", amount=added))
    total = sum((c.amount for c in components), ZERO)
    if floor is not None and floor > total:
        components.append(Component(source="cover", amount=floor - total))
        total = floor
    return total, tuple(components)


def applicable_limits(
    facts: LimitFacts, *, parameters: LimitParameters, as_of: date, convert: Convert
) -> tuple[Limit, ...]:
    """Every limit that applies to the account, own first.

    One that is unlimited or none stands alone: there is nothing to compare.

    Groupings: `all_companies` and `head_account` F15, `credit_group` M38, `company_id` C15, `relation` C14.
    """
    own = account_limit(
        facts.own,
        customer=facts.customer,
        as_of=as_of,
        convert=convert,
        zero_is_no_limit=parameters.zero_is_no_limit,
        in_credit_group=parameters.grouping == "credit_group" and facts.group is not None,
    )
    match parameters.grouping:
        case "all_companies" if facts.members:
            return (_of_all(own),)
        case "head_account" if facts.head is not None:
            return (_head_limit(facts, facts.head, parameters=parameters, as_of=as_of, convert=convert),)
        case "credit_group" if facts.group is not None and own.state is not LimitState.UNLIMITED:
            return _with_group(own, facts.group, as_of=as_of, convert=convert)
        case "company_id" | "relation" if facts.group_key is not None:
            if parameters.group_limit == "own":
                return (_of_all(own),)
            combined = _combined_limit(
                facts, facts.group_key, parameters=parameters, as_of=as_of, convert=convert
            )
            # That one must be set, or that 0 allows nothing, was said of the account.
            missing = own.missing and combined.state is LimitState.NONE
            return (replace(combined, missing=missing, refuses_all=own.refuses_all and combined.amount == 0),)
        case _:
            return (own,)


def _of_all(limit: Limit, *, source: str | None = None) -> Limit:
    return replace(limit, whole_group=True, source=source or limit.source)


def _head_limit(
    facts: LimitFacts, head: str, *, parameters: LimitParameters, as_of: date, convert: Convert
) -> Limit:
    stored = next(
        (m.limit for m in facts.members if (m.company, m.customer) == (facts.company, head)), AccountLimit()
    )
    limit = account_limit(
        stored,
        customer=head,
        as_of=as_of,
        convert=convert,
        zero_is_no_limit=parameters.zero_is_no_limit,
        in_credit_group=False,
    )
    return _of_all(limit, source="head")


def _with_group(own: Limit, group: GroupLimit, *, as_of: date, convert: Convert) -> tuple[Limit, ...]:
    temporary = temporary_in_force(group.temporary, as_of=as_of)
    stated = temporary.limit if temporary else group.limit
    amount = None if stated is None else convert(*stated)
    if amount is None:
        return (own,)
    shared = Limit(
        source="group",
        id=group.id,
        state=LimitState.LIMITED,
        amount=amount,
        whole_group=True,
        valid_until=temporary.period.end if temporary else group.expires_on,
        components=(Component(source="temporary" if temporary else "group", amount=amount, id=group.id),),
        expires_on=None if temporary else group.expires_on,
        can_expire=temporary is None,
    )
    # A missing but mandatory limit is still reported beside the group's; a plainly absent one is not a limit
    # that applies.
    return (shared,) if own.state is LimitState.NONE and not own.missing else (own, shared)


def _combined_limit(
    facts: LimitFacts, key: str, *, parameters: LimitParameters, as_of: date, convert: Convert
) -> Limit:
    limits = [
        account_limit(
            member.limit,
            customer=member.customer,
            as_of=as_of,
            convert=convert,
            zero_is_no_limit=parameters.zero_is_no_limit,
            in_credit_group=False,
        )
        for member in facts.members
    ]
    source = parameters.grouping
    if any(limit.state is LimitState.UNLIMITED for limit in limits):
        return Limit(source=source, id=key, state=LimitState.UNLIMITED, whole_group=True)
    amounts = [(limit, limit.amount) for limit in limits if limit.amount is not None]
    if not amounts:
        return Limit(source=source, id=key, state=LimitState.NONE, whole_group=True)
    if parameters.group_limit == "highest":
        amounts = [max(amounts, key=lambda pair: pair[1])]
    # Of several the first to end says how long all of them together are good.
    lasting = [limit for limit, _ in amounts]
    expiring = [limit for limit in lasting if limit.can_expire]
    return Limit(
        source=source,
        id=key,
        state=LimitState.LIMITED,
        amount=sum((amount for _, amount in amounts), ZERO),
        whole_group=True,
        valid_until=_first(limit.valid_until for limit in lasting),
        components=tuple(Component(source="own", id=limit.id, amount=amount) for limit, amount in amounts),
        expires_on=_first(limit.expires_on for limit in expiring),
        can_expire=bool(expiring),
    )


def _first(days: Iterable[date | None]) -> date | None:
    """The first of the days there are."""
    return min((day for day in days if day is not None), default=None)


def expired(limit: Limit, *, as_of: date, grace_days: int, blank_is_expired: bool) -> bool:
    """Whether a limit is past its expiry date plus grace; it stays in force all the same (M20)."""
    if not limit.can_expire or limit.state is not LimitState.LIMITED:
        return False
    if limit.expires_on is None:
        return blank_is_expired
    return (as_of - limit.expires_on).days > grace_days
