"""The situation of one check: its facts under its policy on its day, with every figure the checks compare."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from creditrisk.domain.counting import (
    NOT_DUE,
    adds_to_exposure,
    category_of,
    claimed_uncounted,
    left_out,
    orders_by_total,
    plain_amount,
    total_capped,
    total_of,
)
from creditrisk.domain.exposure import Changes, Exposure, Tally, tally_of
from creditrisk.domain.facts import Check, Configuration, Facts
from creditrisk.domain.limits import Limit, LimitFacts, LimitParameters, LimitState, applicable_limits
from creditrisk.domain.money import Money
from creditrisk.domain.overdue import Overdue
from creditrisk.domain.papers import CATEGORY_OF_KIND, Category, Document, Kind, Line, reserved_alone
from creditrisk.domain.policy import Policy
from creditrisk.domain.rates import Converter
from creditrisk.domain.values import value

ZERO = Decimal(0)


@value
class AppliedLimit:
    """A limit beside the exposure of the accounts it is for."""

    limit: Limit
    exposure: Exposure
    headroom: Decimal
    """What is left of the limit once the document is saved; negative above it."""

    @classmethod
    def of(cls, limit: Limit, exposure: Exposure) -> "AppliedLimit":
        """Compare a limit with exposure."""
        return cls(limit=limit, exposure=exposure, headroom=(limit.amount or ZERO) - exposure.projected)

    @property
    def exceeded(self) -> bool:
        """Strictly above: a limit used up exactly is not exceeded."""
        return self.headroom < 0


@value
class Situation:
    """Everything the checks read.

    Amounts are in `currency`, the account's: that of its own limit, else the company's.
    """

    check: Check
    facts: Facts
    configuration: Configuration
    policy: Policy
    """The company's parameters."""
    as_of: date
    currency: str
    converter: Converter
    lines: Sequence[Line]
    """Of all members, each less what is taken of its papers."""
    own: Exposure
    whole_group: Exposure
    limits: Sequence[Limit]
    """All that apply; one that is unlimited or none stands alone."""
    applied: Sequence[AppliedLimit]
    """Those that have an amount, each with the exposure of its own members."""
    binding: AppliedLimit | None
    """The limit that leaves the least headroom; on a tie the own one."""
    document_amount: Decimal
    """The document's amount, converted, whether or not its category is included."""
    max_overdue_amount: Decimal | None
    category_limits: Mapping[str, Decimal]

    @property
    def kind(self) -> Kind | None:
        """The kind of the document under check."""
        return self.check.document.kind if self.check.document else None

    @property
    def raises(self) -> bool:
        """Whether saving the document leaves more exposure than is stored, of the account or its group."""
        return self.own.raises or self.whole_group.raises

    @property
    def exposure(self) -> Exposure:
        """The exposure of the binding limit's members, the account's where no limit applies."""
        binding = self.binding
        if binding is not None:
            return binding.exposure
        return self.whole_group if self.limits[0].whole_group else self.own

    @property
    def overdue(self) -> Overdue:
        """What the overdue tests look at: the account alone, or all members where the policy says so."""
        return (self.whole_group if self.policy.overdue_scope == "group" else self.own).overdue

    @property
    def max_days_overdue(self) -> int | None:
        """The time limit in days: the account's, else the policy's."""
        own = self.facts.account.max_days_overdue
        return self.policy.max_days_overdue if own is None else own

    @property
    def time_limit_breached(self) -> bool:
        """Whether an open item is past due for more days than the time limit."""
        return self.max_days_overdue is not None and self.overdue.tested_oldest_days > self.max_days_overdue

    @property
    def amount_gated(self) -> bool:
        """C5, second reading: while the time limit holds, the amount does not matter."""
        return (
            self.policy.time_limit_gates_amount
            and self.max_days_overdue is not None
            and not self.time_limit_breached
        )

    @property
    def control(self) -> str:
        """What credit findings may do: as the account says, else the policy."""
        return self.facts.account.control or self.policy.default_control

    @property
    def ignored(self) -> bool:
        """Whether credit control of the account has not begun again yet."""
        ignore_until = self.facts.account.ignore_until
        return ignore_until is not None and self.as_of <= ignore_until

    @property
    def auto_blocked(self) -> bool:
        """C8, C9: derived from the stored exposure every time, so that any change clears it at once."""
        if not self.policy.auto_block or self.control == "off" or self.ignored:
            return False
        over = any(applied.exposure.stored > (applied.limit.amount or ZERO) for applied in self.applied)
        return self.time_limit_breached or (over and not self.amount_gated)

    def in_category(self, name: str) -> Decimal:
        """Projected exposure of the account in one category or half of open items, as category limits see it.

        The document counts in the category of its kind, whether or not the policy includes it; an invoice
        also in the posted balance where the policy counts it there, and under `not_due`.
        """
        amount = self.own.capped[name]
        document = self.check.document
        if document is None or left_out(self.policy):
            return amount
        named = {
            CATEGORY_OF_KIND[document.kind],
            category_of(document, included=self.configuration.included),
        }
        if name in named or (name == NOT_DUE and document.kind is Kind.INVOICE):
            amount += self.document_amount
        return amount


@value
class Standing:
    """What an account amounts to under one policy on one day: all of a situation that no document changes.

    Good for every check for which the same is stored: of `Facts`, it depends on the account, its lines, the
    members of its group and their limits alone. Amounts are in `currency`.
    """

    as_of: date
    currency: str
    converter: Converter
    """Knows the rates used so far."""
    own: Tally
    whole_group: Tally
    limits: Sequence[Limit]
    max_overdue_amount: Decimal | None
    category_limits: Mapping[str, Decimal]


class _Part(NamedTuple):
    """What the document under check is to an account alone, or within its group."""

    amount: Decimal = ZERO
    """Whether or not it counts."""
    added: Decimal = ZERO
    passed_on: Sequence[Money] = ()
    """What has been or will be taken over of it."""


def standing_of(facts: Facts, configuration: Configuration, *, as_of: date) -> Standing:
    """Work out what is stored about an account."""
    policy = configuration.policy
    own_limit = facts.account.limit.limit
    currency = own_limit.currency if own_limit else policy.currency
    converter = Converter(configuration.rates, currency, policy.rate_type, as_of)

    def tally(lines: Sequence[Line]) -> Tally:
        return tally_of(
            lines,
            capped=facts.account.category_limits,
            configuration=configuration,
            as_of=as_of,
            converter=converter,
        )

    own = tally(_of(facts.lines, own_only=True))
    whole_group = own if len(own.lines) == len(facts.lines) else tally(facts.lines)
    threshold = policy.max_overdue_amount
    return Standing(
        as_of=as_of,
        currency=currency,
        converter=converter,
        own=own,
        whole_group=whole_group,
        limits=_limits(facts, policy, as_of=as_of, converter=converter),
        max_overdue_amount=None if threshold is None else converter.convert(threshold, policy.currency),
        category_limits={
            category: cap
            for category, limit in facts.account.category_limits.items()
            if (cap := converter.convert(*limit)) is not None
        },
    )


def situation_of(
    check: Check,
    facts: Facts,
    configuration: Configuration,
    *,
    as_of: date,
    standing: Standing | None = None,
) -> Situation:
    """Work out exposure and limits of one check on one day.

    `standing` is what `standing_of` gives for the same facts, for callers that have it already.
    """
    standing = standing or standing_of(facts, configuration, as_of=as_of)
    converter = standing.converter.continued()
    document = check.document
    alone = within_group = _Part()
    if document:
        own_facts = facts.left_by_others()
        alone = within_group = _part_of(document, own_facts, configuration, converter, as_of=as_of)
        if own_facts is not facts:
            within_group = _part_of(document, facts, configuration, converter, as_of=as_of)
    own, whole_group = _exposures(
        standing,
        facts,
        alone=alone,
        within_group=within_group,
        configuration=configuration,
        as_of=as_of,
        converter=converter,
    )
    applied = [
        AppliedLimit.of(limit, whole_group if limit.whole_group else own)
        for limit in standing.limits
        if limit.state is LimitState.LIMITED
    ]
    return Situation(
        check=check,
        facts=facts,
        configuration=configuration,
        policy=configuration.policy,
        as_of=as_of,
        currency=standing.currency,
        converter=converter,
        lines=standing.whole_group.lines,
        own=own,
        whole_group=whole_group,
        limits=standing.limits,
        applied=applied,
        binding=_binding(applied),
        document_amount=alone.amount,
        max_overdue_amount=standing.max_overdue_amount,
        category_limits=standing.category_limits,
    )


def _binding(applied: Sequence[AppliedLimit]) -> AppliedLimit | None:
    if len(applied) == 1:  # as for most accounts
        return applied[0]
    return min(applied, key=attrgetter("headroom"), default=None)


def _exposures(
    standing: Standing,
    facts: Facts,
    *,
    alone: _Part,
    within_group: _Part,
    configuration: Configuration,
    as_of: date,
    converter: Converter,
) -> tuple[Exposure, Exposure]:
    """The account's own and that of its whole group, with the document; one where both are the same."""

    def exposure(tally: Tally, part: _Part, *, own_only: bool) -> Exposure:
        changes = Changes(
            adjustments=_of(facts.adjustments, own_only=own_only),
            is_stored=facts.is_stored,
            version=_of(facts.version, own_only=own_only),
            version_held=facts.version_held,
            held=_of(facts.held, own_only=own_only),
            reserved=reserved_alone(facts.reserved) if own_only else facts.reserved,
            set_aside=_of(facts.set_aside, own_only=own_only),
            passed_on=part.passed_on,
        )
        return tally.exposure_with(
            changes,
            document_amount=part.added,
            configuration=configuration,
            as_of=as_of,
            converter=converter,
        )

    same = standing.whole_group is standing.own
    if not (facts.adjustments or facts.held or facts.reserved or facts.set_aside):  # as in nearly every check
        own = standing.own.exposure.with_document(alone.added)
        whole_group = own if same else standing.whole_group.exposure.with_document(within_group.added)
    else:
        own = exposure(standing.own, alone, own_only=True)
        lines = all(line.own for line in chain(facts.adjustments, facts.held, facts.set_aside))
        reserved = all(each.own and not each.differs_alone for each in facts.reserved)
        if same and lines and reserved and alone is within_group:
            whole_group = own
        else:
            whole_group = exposure(standing.whole_group, within_group, own_only=False)
    return own, whole_group


def _part_of(
    document: Document, facts: Facts, configuration: Configuration, converter: Converter, *, as_of: date
) -> _Part:
    amount, passed_on = _amount_of(document, facts, configuration, converter, as_of=as_of)
    counts = adds_to_exposure(document, configuration=configuration)
    return _Part(amount, amount if counts else ZERO, passed_on)


def _amount_of(
    document: Document, facts: Facts, configuration: Configuration, converter: Converter, *, as_of: date
) -> tuple[Decimal, Sequence[Money]]:
    """The document's amount, and what is taken over of it: by reservations where those count beside it."""

    def amount(passed_on: Sequence[Money]) -> Decimal:
        return plain_amount(document, passed_on=passed_on, configuration=configuration, converter=converter)

    stored = (Money(facts.passed_on, document.total.currency), *facts.passed_elsewhere)
    if Category.RESERVATIONS not in configuration.included:
        return amount(stored), stored
    more = claimed_uncounted(facts.claimed_uncounted, configuration=configuration, as_of=as_of)
    passed_on = (*stored, *_claims(document.total.currency, facts, converter), *more)
    if not facts.regained or not orders_by_total(configuration) or amount(stored):
        return amount(passed_on), passed_on
    # An order that counts whole does so again where others will give some of it back.
    given_back = [Money(-each.amount, each.currency) for each in facts.regained]
    whole = amount([*stored, *given_back])
    return max(whole - (ZERO if more else total_of(facts.lessened, converter)), ZERO), passed_on


def _claims(currency: str, facts: Facts, converter: Converter) -> Sequence[Money]:
    """What documents with a reservation will take over of the document."""
    if not (facts.claimed or facts.claimed_elsewhere or facts.claimed_capped):  # as in nearly every check
        return ()
    capped = Money(total_capped(facts.claimed_capped, converter), converter.target)
    return (Money(facts.claimed, currency), *facts.claimed_elsewhere, capped)


def _of(lines: Sequence[Line], *, own_only: bool) -> Sequence[Line]:
    return [line for line in lines if line.own] if own_only and lines else lines


def _limits(facts: Facts, policy: Policy, *, as_of: date, converter: Converter) -> tuple[Limit, ...]:
    grouping = facts.account.grouping or policy.grouping
    kind, _, relation = grouping.partition(":")
    return applicable_limits(
        LimitFacts(
            company=facts.account.company,
            customer=facts.account.customer,
            own=facts.account.limit,
            members=facts.members,
            head=facts.head,
            group=facts.group,
            group_key=facts.group_key,
        ),
        parameters=LimitParameters(
            zero_is_no_limit=policy.zero_limit == "no_limit",
            grouping=kind,
            relation=relation or None,
            group_limit=policy.group_limit,
        ),
        as_of=as_of,
        convert=converter.convert,
    )
