"""Who is checked, and how: customers, credit accounts, blocks, operators, and what people have authorised."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date, datetime
from decimal import Decimal

from creditrisk.domain.limits import AccountLimit
from creditrisk.domain.money import Money
from creditrisk.domain.period import Period
from creditrisk.domain.values import value


@value
class Customer:
    """A trading partner of the tenant, known by the same id in all companies."""

    id: str
    closed: bool = False
    account_status: str | None = None
    payment_terms: str | None = None
    cash_discount: str | None = None
    payment_method: str | None = None
    risk_group: str | None = None
    credit_group: str | None = None
    """Shares a limit."""
    management_group: str | None = None
    """Gives rules a scope, and nothing else (M42)."""


@value
class CustomerWarning:
    """A text shown to whoever works with the customer, for chosen kinds and checkpoints (none named: all)."""

    text: str
    kinds: frozenset[str] = frozenset()
    checkpoints: frozenset[str] = frozenset()


@value
class ManualBlock:
    """Kinds a person refused for a period, independent of any limit (F20)."""

    no: int
    kinds: frozenset[str]
    period: Period
    note: str | None = None


@value
class CreditAccount:
    """The control settings and the limit of one customer in one company."""

    company: str
    customer: str
    defined: bool = True
    """False: nobody has set anything for this account yet."""
    limit: AccountLimit = field(default_factory=AccountLimit)
    control: str | None = None
    """`off`, `monitor` or `block`; None: the policy's `default_control`."""
    grouping: str | None = None
    max_days_overdue: int | None = None
    """Days past due an item may reach; None: the policy's."""
    average_delay_days: int | None = None
    """Days after its due date that money comes on average, as people reckon; negative: before (F29)."""
    cash_only: bool = False
    payment_method: str | None = None
    """Of an account nobody has set: how it pays where its customer states nothing (C12)."""
    documents_blocked: frozenset[str] = frozenset()
    always_authorise: frozenset[str] = frozenset()
    excluded_sites: frozenset[str] = frozenset()
    ignore_until: date | None = None
    warning: CustomerWarning | None = None
    category_limits: Mapping[str, Money] = field(default_factory=dict)
    manual_blocks: Sequence[ManualBlock] = ()


@value
class AccountStatus:
    """A tenant's account status: what it stops by itself (M43)."""

    code: str
    effect: str = "none"
    """`all` | `invoices` | `none`."""
    kinds: frozenset[str] = frozenset()
    """Narrows `all`; empty: every kind."""
    on: str = "block"


@value
class ClaimedOperator:
    """The person at the ERP, as the request describes him."""

    id: str | None = None
    strict: bool | None = None
    roles: frozenset[str] = frozenset()


@value
class Operator:
    """The person at the ERP, as the service has come to believe it (D8)."""

    id: str | None
    strict: bool
    """The closed padlock: the operator cannot get past red."""
    roles: frozenset[str] = frozenset()


@value
class StoredOperator:
    """An operator as an administrator described him."""

    strict: bool | None
    roles: frozenset[str]
    companies: frozenset[str] = frozenset()
    """Where his rights are good; empty: in every company."""


@value
class Release:
    """A person's authorisation of one held document (F18, M30)."""

    hold: str
    customer: str
    """Who ordered what was held."""
    checkpoint: str
    released_on: date
    authorised: Money
    valid_until: date | None = None
    used: bool = False
    """True once a check has passed on it; matters where the policy makes a release good for one check
    only."""


@value
class Feed:
    """When a feed of a company last wrote completely."""

    source: str
    as_of: datetime
    age_seconds: int


@value
class Rank:
    """How generous a payment term or cash discount is: higher is more generous (M24, M25)."""

    code: str
    rank: Decimal | None


def believed_operator(
    claimed: ClaimedOperator,
    *,
    stored: StoredOperator | None,
    company: str,
    trusted: bool,
    default_strict: bool,
) -> Operator:
    """Settle who is at the keyboard: the stored operator wins over the request, that over the policy.

    A request can make a stored operator stricter, never laxer; where requests are not trusted
    (`trust_request_operator` false) its roles and `strict: false` are ignored altogether. In a company that
    is not one of his, a stored operator has no rights at all.
    """
    if stored is not None and stored.companies and company not in stored.companies:
        return Operator(id=claimed.id, strict=True)
    if stored is not None:
        strict = default_strict if stored.strict is None else stored.strict
        return Operator(id=claimed.id, strict=strict or claimed.strict is True, roles=stored.roles)
    if trusted:
        strict = default_strict if claimed.strict is None else claimed.strict
        return Operator(id=claimed.id, strict=strict, roles=claimed.roles)
    return Operator(id=claimed.id, strict=default_strict or claimed.strict is True)
