"""Everything one check needs to know, gathered before it starts: deciding reads no clock and does no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from creditrisk.domain.account import (
    AccountStatus,
    ClaimedOperator,
    CreditAccount,
    Customer,
    Feed,
    Rank,
    Release,
    StoredOperator,
)
from creditrisk.domain.limits import AccountLimit, GroupLimit, Member
from creditrisk.domain.money import Money
from creditrisk.domain.papers import (
    Capped,
    Category,
    Document,
    Line,
    OpenItem,
    Reserved,
    Uncounted,
    uncounted_alone,
)
from creditrisk.domain.policy import DocumentType, Policy
from creditrisk.domain.rates import RateTable
from creditrisk.domain.rule_book import NO_RULES, RuleBook
from creditrisk.domain.values import value


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A company's settings, compiled once per version."""

    policy: Policy
    preset: str
    version: int
    defined: bool = True
    """False: nobody has set a policy for this company yet (`POLICY_MISSING`)."""
    document_types: Mapping[str, DocumentType] = field(default_factory=dict)
    payment_terms: Mapping[str, Rank] = field(default_factory=dict)
    cash_discounts: Mapping[str, Rank] = field(default_factory=dict)
    account_statuses: Mapping[str, AccountStatus] = field(default_factory=dict)
    rules: RuleBook = NO_RULES
    rates: RateTable = field(default_factory=lambda: RateTable.build(()))
    texts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The company's own texts of findings by code and language, `""` being any; no rule looks at them."""
    included: frozenset[str] = field(init=False)
    """The categories that make up exposure; the ledger balance may stand in for open items (F7)."""

    def __post_init__(self) -> None:
        # Kept, because a check asks for them several times.
        object.__setattr__(self, "included", _included(self.policy))

    def document_type(self, code: str | None) -> DocumentType:
        """The flags of a document type; an unknown or absent one takes the policy's default."""
        if not code:
            return self.policy.default_document_type
        return self.document_types.get(code, self.policy.default_document_type)


def _included(policy: Policy) -> frozenset[str]:
    if policy.balance_basis == "ledger_balance" and Category.OPEN_ITEMS in policy.categories:
        return policy.categories - {Category.OPEN_ITEMS} | {Category.LEDGER_BALANCE}
    return policy.categories - {Category.LEDGER_BALANCE}


@value
class Check:
    """What the ERP asks."""

    company: str
    customer: str
    document: Document | None
    """None: the stored exposure alone is evaluated."""
    checkpoint: str = "save"
    pro_forma: bool = False
    operator: ClaimedOperator = field(default_factory=ClaimedOperator)


class Facts(NamedTuple):
    """What is stored, read in one statement. A tuple, because every check makes a changed copy of one."""

    customer: Customer | None
    """The ordering customer; None: never heard of."""
    risk_customer: Customer | None
    """The customer whose account bears the document."""
    account: CreditAccount
    """The risk party's."""
    ordering_account: CreditAccount
    """The ordering customer's; the same one where it bears its own documents."""
    lines: Sequence[Line] = ()
    """Stored exposure of the account and of the other members of its group, exactly as stored."""
    adjustments: Sequence[Line] = ()
    """What the document under check changes in stored papers: its stored version and own `follows` undone,
    what the papers it follows give up. Taken-out lines are negative."""
    is_stored: bool = False
    """Whether the ERP has stated the document."""
    version: Sequence[Line] = ()
    """What counts of it as it is stored, or of the open items that stand for it: what the adjustments take
    out."""
    version_held: bool = False
    """Whether the stored document has an open hold."""
    passed_on: Decimal = Decimal(0)
    """What stored papers that follow the document have taken over of it, in its currency: the part of an
    order that is delivered already is exposure of the delivery."""
    passed_elsewhere: Sequence[Money] = ()
    """The same in other currencies."""
    claimed: Decimal = Decimal(0)
    """What documents with a reservation will take over of it, in its currency."""
    claimed_elsewhere: Sequence[Money] = ()
    """The same in other currencies."""
    claimed_capped: Sequence[Capped] = ()
    """The same, but no more than the claiming document adds."""
    claimed_by_others: Sequence[Money] = ()
    """What of that documents of other accounts will take over."""
    claimed_uncounted: Sequence[Uncounted] = ()
    """What is claimed more where the policy does not count the claiming documents as they are stored."""
    regained: Sequence[Money] = ()
    """What documents with a reservation will give back to the document, an order, in all."""
    lessened: Sequence[Money] = ()
    """What these will become smaller by, and until then count with."""
    reserved: Sequence[Reserved] = ()
    """Documents whose reservations meet other papers."""
    set_aside: Sequence[Line] = ()
    """What is reserved for documents that meet no other paper."""
    held: Sequence[Line] = ()
    """Stored documents with an open hold, other than the one under check, as negative lines."""
    items: Sequence[OpenItem] = ()
    """The oldest positive open items of the limit's members."""
    members: Sequence[Member] = ()
    head: str | None = None
    group: GroupLimit | None = None
    group_key: str | None = None
    forced_hold: str | None = None
    """Id of an open hold that a person put on the document."""
    releases: Sequence[Release] = ()
    """The newest release of the document at each checkpoint, the newest first."""
    operator: StoredOperator | None = None
    feeds: Sequence[Feed] = ()

    @property
    def is_claimed(self) -> bool:
        """Whether documents with a reservation will take anything over of the document, or give it back."""
        taken = self.claimed or self.claimed_elsewhere or self.claimed_capped or self.claimed_by_others
        return bool(taken or self.claimed_uncounted or self.regained)

    @property
    def summed(self) -> set[tuple[str, str]]:
        """Company and customer of the accounts whose exposure is added up."""
        own = self.account
        return {(own.company, own.customer), *((member.company, member.customer) for member in self.members)}

    @property
    def accounts(self) -> tuple[CreditAccount, ...]:
        """The accounts whose orders by people are obeyed: the ordering customer's and the risk party's."""
        if self.ordering_account.customer == self.account.customer:
            return (self.account,)
        return (self.ordering_account, self.account)

    @property
    def customers(self) -> tuple[Customer, ...]:
        """The known ones of ordering customer and risk party."""
        ordering, risk = self.customer, self.risk_customer
        if ordering is None or risk is None:
            return tuple(each for each in (ordering, risk) if each is not None)
        return (ordering,) if ordering.id == risk.id else (ordering, risk)

    def asked_by(self, operator: StoredOperator | None, *, feeds: Sequence[Feed]) -> "Facts":
        """The same facts with what is of the moment: who asks, and how old the feeds are."""
        return Facts._make((*self[:-2], operator, feeds))  # the last two; `_replace` goes through all by name

    def left_by_others(self) -> "Facts":
        """The same for the account alone, as `Reserved.left_by_others` of the document under check."""
        differs = any(each.alone is not None for each in self.claimed_uncounted)
        if not (self.claimed_by_others or differs):  # as nearly everywhere
            return self
        more, uncounted = uncounted_alone(self.claimed_uncounted)
        left = (Money(-each.amount, each.currency) for each in self.claimed_by_others)
        return self._replace(
            claimed_elsewhere=(*self.claimed_elsewhere, *left, *more),  # added up, whatever their currency
            claimed_by_others=(),
            claimed_uncounted=uncounted,
            lessened=() if more else self.lessened,
        )

    def with_new_account(self, policy: Policy) -> "Facts":
        """The same facts with the policy's settings for new accounts where nobody has set any (C12)."""
        defined = self.account.defined and self.ordering_account.defined
        if defined and all(member.defined for member in self.members):
            return self
        return self._replace(
            account=_new_account(self.account, policy),
            ordering_account=_new_account(self.ordering_account, policy),
            members=[
                member if member.defined else replace(member, limit=_new_limit(member.limit, policy))
                for member in self.members
            ],
        )


def _new_account(account: CreditAccount, policy: Policy) -> CreditAccount:
    if account.defined:
        return account
    new = policy.new_account
    return replace(
        account,
        limit=_new_limit(account.limit, policy),
        max_days_overdue=new.max_days_overdue,
        cash_only=new.cash_only,
        payment_method=new.payment_method,
        documents_blocked=new.documents_blocked,
    )


def _new_limit(limit: AccountLimit, policy: Policy) -> AccountLimit:
    amount = policy.new_account.limit
    return limit if amount is None else replace(limit, limit=Money(amount, policy.currency))
