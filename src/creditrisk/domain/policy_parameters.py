"""Every parameter of a company's policy, declared once.

Amounts are in the company's currency. Sources name features of the systems the service learnt from: F numbers
are Fluentis', M Dynamics 365's, C the Czech MTJ's and D Duir's.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Literal

from creditrisk.domain.papers import Category, Kind
from creditrisk.domain.parameter_shapes import Each, ListOf, Maybe, Record, Switches, Table
from creditrisk.domain.parameter_values import (
    AMOUNT,
    DAY,
    DAYS,
    FACTOR,
    PERCENT,
    SECONDS,
    SWITCH,
    TEXT,
    CurrencyCode,
    Zone,
)
from creditrisk.domain.parameters import defaults_of, parameter, record
from creditrisk.domain.policy_records import (
    CHECKPOINTS,
    GROUPING,
    KINDS,
    BillDays,
    Checkpoint,
    Control,
    DocumentParameters,
    DocumentType,
    NewAccount,
    Obligations,
    OrderParameters,
    choice,
)

Severity = Literal["block", "warn"]
ExpiryEffect = Literal["warn", "ignore", "block"]
BalanceBasis = Literal["open_items", "ledger_balance"]
LimitCheck = Literal["built_in", "rules_only", "off"]
ZeroLimit = Literal["no_credit", "no_limit"]
MissingLimit = Literal["allow", "warn", "block"]
BlankExpiry = Literal["never", "expired"]
BelowExposure = Literal["allow", "refuse"]
OnUtilisation = Literal["warn", "none"]
OverdueScope = Literal["account", "group"]
GroupLimitRule = Literal["own", "highest", "sum"]
OverrideEffect = Literal["warn", "allow"]
UnknownCustomer = Literal["block", "warn", "allow"]
ReleaseCovers = Literal["document", "checkpoint"]
Recheck = Literal["on_increase", "never", "on_any_change", "always"]
AutoRelease = Literal["off", "without_posting", "with_posting"]


@record
class Policy:
    """What one company decided about credit control; made by `compile_policy` alone."""

    currency: str = parameter(
        CurrencyCode(),
        "The company's currency, in which the amounts of this policy are.",
        standard="EUR",
        source="M40",
    )
    time_zone: str = parameter(
        Zone(), "Where the company's day begins: decides what today is.", standard="UTC", source="F12"
    )
    rate_type: str = parameter(
        TEXT, "The type of exchange rates used for conversion.", standard="default", source="M40"
    )
    categories: frozenset[str] = parameter(
        Switches(tuple(each.value for each in Category if each is not Category.LEDGER_BALANCE)),
        "The categories of papers that make up exposure.",
        standard={each.value: True for each in Category if each is not Category.LEDGER_BALANCE},
        source="F1, M41, C1, C2, D4",
    )
    balance_basis: BalanceBasis = parameter(
        choice(BalanceBasis), "Where the posted balance comes from.", standard="open_items", source="F7"
    )
    orders: OrderParameters = parameter(
        Record(OrderParameters),
        "When and how orders count.",
        standard=defaults_of(OrderParameters),
        source="F3",
    )
    deliveries: DocumentParameters = parameter(
        Record(DocumentParameters),
        "When deliveries count.",
        standard=defaults_of(DocumentParameters),
        source="F4",
    )
    invoices: DocumentParameters = parameter(
        Record(DocumentParameters),
        "When invoices that are not posted count.",
        standard=defaults_of(DocumentParameters),
        source="F5, C1",
    )
    controlled_kinds: frozenset[str] = parameter(
        ListOf(KINDS),
        "Kinds of documents that credit findings may stop; others only get their colour.",
        standard=[Kind.ORDER.value, Kind.DELIVERY.value, Kind.INVOICE.value],
        source="F17, M2, D13",
    )
    default_document_type: DocumentType = parameter(
        Record(DocumentType),
        "What is assumed of a document type that nobody described.",
        standard=defaults_of(DocumentType),
        source="F2, F16",
    )
    provisional_items: bool = parameter(
        SWITCH, "Open items of provisional postings count.", standard=False, source="F8"
    )
    count_held: bool = parameter(
        SWITCH, "Stored documents with an open hold count.", standard=True, source="SAP"
    )
    floor_at_zero: bool = parameter(
        SWITCH,
        "Exposure is never below zero: credit balances finance no orders.",
        standard=False,
        source="users of SAP",
    )
    overdue_only: bool = parameter(
        SWITCH, "Open items and invoices count only once past due.", standard=False, source="C3"
    )
    include_current_document: bool = parameter(
        SWITCH,
        "With `overdue_only`: the document under check is added nevertheless.",
        standard=True,
        source="C4",
    )
    bank_risk_days: int | None = parameter(
        Maybe(DAYS),
        "Days after its due date for which an item handed to the bank still counts; null: until settled.",
        standard=None,
        source="D5",
    )
    bills: BillDays = parameter(
        Record(BillDays),
        "How long presented bills stay at risk.",
        standard=defaults_of(BillDays),
        source="F9",
    )
    calculation_start: date | None = parameter(
        Maybe(DAY),
        "Ledger balances, invoices and deliveries dated earlier do not count.",
        standard=None,
        source="F11",
    )
    limit_check: LimitCheck = parameter(
        choice(LimitCheck),
        "What compares exposure with limits: the service or rules.",
        standard="built_in",
        source="M3",
    )
    on_limit_exceeded: Severity = parameter(
        choice(Severity),
        "Effect of an exceeded limit, category limits too.",
        standard="block",
        source="F15, D3, C17",
    )
    zero_limit: ZeroLimit = parameter(
        choice(ZeroLimit),
        "What a limit of 0 means where it is not mandatory.",
        standard="no_credit",
        source="M8",
    )
    missing_limit: MissingLimit = parameter(
        choice(MissingLimit),
        "Effect of having no limit that is not mandatory.",
        standard="allow",
        source="M8, F14",
    )
    expired_limit: ExpiryEffect = parameter(
        choice(ExpiryEffect), "Effect of an expired limit.", standard="warn", source="M20"
    )
    expiry_grace_days: int = parameter(
        DAYS, "Days after its expiry date before a limit is expired.", standard=0, source="M20"
    )
    blank_expiry: BlankExpiry = parameter(
        choice(BlankExpiry), "What a limit without an expiry date is.", standard="never", source="M20"
    )
    limit_below_exposure: BelowExposure = parameter(
        choice(BelowExposure),
        "Whether a limit below the exposure may be set.",
        standard="allow",
        source="M36",
    )
    limits_only_by_adjustment: bool = parameter(
        SWITCH, "Limits change only by posted limit adjustments.", standard=False, source="M36"
    )
    warn_percent: Decimal | None = parameter(
        Maybe(PERCENT),
        "Yellow above this percentage of a limit; null: no yellow.",
        standard="80",
        source="D3",
    )
    on_utilisation_high: OnUtilisation = parameter(
        choice(OnUtilisation),
        "Effect of passing `warn_percent`; `none`: colour only.",
        standard="warn",
        source="D12",
    )
    max_days_overdue: int | None = parameter(
        Maybe(DAYS),
        "Time limit: days past due that an open item may reach; null: none. An account's own one wins.",
        standard=None,
        source="C5, M17",
    )
    on_days_overdue: Severity = parameter(
        choice(Severity), "Effect of a breached time limit.", standard="block", source="C5, M17"
    )
    time_limit_gates_amount: bool = parameter(
        SWITCH, "The amount is tested only once the time limit is breached.", standard=False, source="C5"
    )
    max_overdue_amount: Decimal | None = parameter(
        Maybe(AMOUNT), "The amount that may be overdue; null: any.", standard=None, source="F13, M21"
    )
    on_overdue_amount: Severity = parameter(
        choice(Severity), "Effect of too much overdue.", standard="block", source="F13, M21"
    )
    overdue_grace_days: int = parameter(
        DAYS, "Days after the due date before an item is overdue.", standard=0, source="M17"
    )
    overdue_tolerance: Decimal = parameter(
        AMOUNT,
        "A due date whose items together are below it is not tested.",
        standard="0",
        source="users of SAP",
    )
    disputed_items_overdue: bool = parameter(
        SWITCH, "Disputed items take part in overdue tests.", standard=True, source="users of SAP"
    )
    overdue_scope: OverdueScope = parameter(
        choice(OverdueScope),
        "Whose items are tested: the account's or all members'.",
        standard="account",
        source="C15",
    )
    grouping: str = parameter(
        GROUPING,
        "Which accounts are judged together. An account's own one wins.",
        standard="own",
        source="F15, M38, C14",
    )
    group_limit: GroupLimitRule = parameter(
        choice(GroupLimitRule),
        "The limit of accounts grouped by registration number or relation.",
        standard="own",
        source="C14, C15",
    )
    default_control: Control = parameter(
        choice(Control), "Control of an account that states none.", standard="block", source="F15, D1"
    )
    new_account: NewAccount = parameter(
        Record(NewAccount), "What a new account begins with.", standard=defaults_of(NewAccount), source="C12"
    )
    operator_default_strict: bool = parameter(
        SWITCH, "An operator of whom nothing is known cannot get past red.", standard=True, source="D8"
    )
    trust_request_operator: bool = parameter(
        SWITCH, "Roles and a lax padlock stated in a request are believed.", standard=True, source="D8"
    )
    override_roles: frozenset[str] = parameter(
        ListOf(TEXT), "Roles whose holders get past credit findings.", standard=["supervisor"], source="D10"
    )
    override_effect: OverrideEffect = parameter(
        choice(OverrideEffect), "What such a role makes of a block.", standard="warn", source="D10"
    )
    unknown_customer: UnknownCustomer = parameter(
        choice(UnknownCustomer),
        "Effect of a customer nobody has heard of.",
        standard="block",
        source="fail closed",
    )
    missing_rate: Severity = parameter(
        choice(Severity),
        "Effect of an amount without an exchange rate.",
        standard="block",
        source="fail closed",
    )
    obligations: Obligations = parameter(
        Record(Obligations),
        "What a block means.",
        standard=defaults_of(Obligations),
        source="F17, M9, C17, D9",
    )
    checkpoints: Mapping[str, Checkpoint] = parameter(
        Each(CHECKPOINTS, Record(Checkpoint)),
        "The steps of a document at which credit is checked.",
        standard={name: defaults_of(Checkpoint) for name in CHECKPOINTS},
        source="M9, M10, M11",
    )
    release_covers: ReleaseCovers = parameter(
        choice(ReleaseCovers),
        "A release is good for all steps or for the held one.",
        standard="document",
        source="F18, M11",
    )
    recheck_after_release: Recheck = parameter(
        choice(Recheck),
        "When a released document is checked again.",
        standard="on_increase",
        source="F19, M12",
    )
    auto_release: AutoRelease = parameter(
        choice(AutoRelease),
        "Clear holds whose findings are gone.",
        standard="off",
        source="M31",
    )
    hold_on_payment_terms_rank: bool = parameter(
        SWITCH, "Terms more generous than the customer's default are held.", standard=False, source="M24"
    )
    hold_on_cash_discount_rank: bool = parameter(
        SWITCH,
        "Cash discounts more generous than the customer's default are held.",
        standard=False,
        source="M25",
    )
    auto_block: bool = parameter(
        SWITCH, "While a limit is breached, `blocked_kinds` are refused.", standard=False, source="C8, C9"
    )
    blocked_kinds: frozenset[str] = parameter(
        ListOf(KINDS), "Kinds refused by `auto_block`.", standard=[], source="C7, C11"
    )
    manual_block_follows: bool = parameter(
        SWITCH,
        "A document that follows a manually blocked kind is blocked, too.",
        standard=True,
        source="F22",
    )
    cash_methods: frozenset[str] = parameter(
        ListOf(TEXT), "Payment methods that are cash.", standard=["cash"], source="C6"
    )
    max_feed_age: Mapping[str, int] = parameter(
        Table(SECONDS),
        "By feed: the age from which its data is stale.",
        standard={},
        source="users of Oracle",
    )
    on_stale: Severity = parameter(
        choice(Severity), "Effect of stale data.", standard="warn", source="users of Oracle"
    )
    estimate_multiplier: Decimal = parameter(
        FACTOR, "Factor of the estimated credit.", standard="1", source="F24"
    )
