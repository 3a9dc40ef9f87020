"""Whether a policy counts a line on a day, with which amount, and where the checked document counts.

A line's category is a fact of the paper; whether it counts is the policy's business (docs/domain.md,
Exposure).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from operator import attrgetter

from creditrisk.domain.facts import Configuration
from creditrisk.domain.money import Money
from creditrisk.domain.papers import (
    CATEGORY_OF_KIND,
    BillStatus,
    Capped,
    Category,
    Document,
    Flag,
    Kind,
    Line,
    Taken,
    Uncounted,
    left_of,
)
from creditrisk.domain.period import days_past_due
from creditrisk.domain.policy import DocumentParameters, Policy
from creditrisk.domain.rates import Converter

ZERO = Decimal(0)
NOT_DUE = "not_due"
"""The half of open items that is not overdue, and the ageing band of the same name."""
_TAKEN = attrgetter("taken")
# Plain strings, as lines have them: they are found at half the price of members of an enumeration.
DOCUMENT_CATEGORIES = frozenset({Category.ORDERS.value, Category.DELIVERIES.value, Category.INVOICES.value})
_ORDERS = Category.ORDERS.value
POSTED = (Category.OPEN_ITEMS, Category.LEDGER_BALANCE)
"""Where the posted balance is; a policy includes one of them or neither (F7)."""


def counted_amount(line: Line, *, configuration: Configuration, as_of: date) -> Decimal | None:
    """The amount with which a line counts in its own category, or None where the policy leaves it out.

    Whether the policy includes the category is not asked here: category limits look at left-out categories,
    too.
    """
    category = line.category
    counts = _COUNTS.get(category)
    if counts is not None and not counts(line, configuration.policy, as_of):
        return None
    if category not in DOCUMENT_CATEGORIES:
        return line.open_amount
    if not configuration.document_type(line.type).credit:
        return None
    if category == _ORDERS and orders_by_total(configuration):
        return line.total_amount
    return line.open_amount


def claimed_uncounted(
    claims: Iterable[Uncounted], *, configuration: Configuration, as_of: date
) -> Sequence[Money]:
    """What documents claim more, because the policy does not count them as they are stored."""
    return [
        each.claimed
        for each in claims
        if not _is_counted(each.version, configuration=configuration, as_of=as_of)
    ]


def _is_counted(line: Line, *, configuration: Configuration, as_of: date) -> bool:
    if line.category not in configuration.included:
        return False
    return counted_amount(line, configuration=configuration, as_of=as_of) is not None


def orders_by_total(configuration: Configuration) -> bool:
    """Whether orders count whole for as long as anything of them is open."""
    return configuration.policy.orders.amount == "total"


def _order_counts(line: Line, policy: Policy, _: date) -> bool:
    return (
        policy.orders.count_force_fulfilled or Flag.FORCE_FULFILLED not in line.flags
    ) and _printed_and_confirmed(line, policy.orders)


def _delivery_counts(line: Line, policy: Policy, _: date) -> bool:
    return _printed_and_confirmed(line, policy.deliveries) and not _before_start(line, policy)


def _invoice_counts(line: Line, policy: Policy, as_of: date) -> bool:
    return (
        _printed_and_confirmed(line, policy.invoices)
        and not _before_start(line, policy)
        and _uncollected(line, policy, as_of)
        and (not policy.overdue_only or line.due_on == date.max or is_past_due(line, policy, as_of))
    )


def _item_counts(line: Line, policy: Policy, as_of: date) -> bool:
    return item_is_open(line, policy, as_of) and (not policy.overdue_only or is_past_due(line, policy, as_of))


def _balance_counts(line: Line, policy: Policy, _: date) -> bool:
    return not _before_start(line, policy)


def _bill_counts(line: Line, policy: Policy, as_of: date) -> bool:
    """F9: issued until presented; presented while due date + N is after the reference date."""
    return line.status == BillStatus.ISSUED or days_past_due(line.due_on, as_of) < days_at_bank(line, policy)


def _advance_counts(line: Line, _: Policy, as_of: date) -> bool:
    return line.since <= as_of


_COUNTS: Mapping[str, Callable[[Line, Policy, date], bool]] = {
    Category.ORDERS.value: _order_counts,
    Category.DELIVERIES.value: _delivery_counts,
    Category.INVOICES.value: _invoice_counts,
    Category.OPEN_ITEMS.value: _item_counts,
    Category.LEDGER_BALANCE.value: _balance_counts,
    Category.BILLS.value: _bill_counts,
    Category.ADVANCES.value: _advance_counts,
}
"""By category; what is in none of these always counts."""


def _printed_and_confirmed(line: Line, required: DocumentParameters) -> bool:
    return (not required.require_printed or Flag.PRINTED in line.flags) and (
        not required.require_confirmed or Flag.CONFIRMED in line.flags
    )


def _before_start(line: Line, policy: Policy) -> bool:
    return (
        policy.calculation_start is not None
        and line.since != date.min
        and line.since < policy.calculation_start
    )


def is_past_due(line: Line, policy: Policy, as_of: date) -> bool:
    """Whether a line is overdue, days of grace over."""
    return days_past_due(line.due_on, as_of) > policy.overdue_grace_days


def _uncollected(line: Line, policy: Policy, as_of: date) -> bool:
    """D5: at the bank, it counts through the bank-risk days after its due date; otherwise until settled."""
    if policy.bank_risk_days is None or Flag.PRESENTED not in line.flags:
        return True
    return days_past_due(line.due_on, as_of) <= policy.bank_risk_days


def item_is_open(line: Line, policy: Policy, as_of: date) -> bool:
    """Whether the policy sees an open item at all: provisional ones, and those at the bank, not always."""
    return not line.flags or (
        (policy.provisional_items or Flag.PROVISIONAL not in line.flags) and _uncollected(line, policy, as_of)
    )


def days_at_bank(line: Line, policy: Policy) -> int:
    """F9: days a presented bill stays at risk after its due date, by kind of presentation."""
    match line.status:
        case BillStatus.DISCOUNT:
            return policy.bills.discount_days
        case BillStatus.SUBJECT_TO_COLLECTION:
            return policy.bills.subject_to_collection_days
        case BillStatus.AFTER_COLLECTION:
            return policy.bills.after_collection_days
        case _:
            return 0


def category_of(document: Document, *, included: frozenset[str]) -> Category:
    """Where the document counts; an invoice also in the posted balance alone, which it will be part of."""
    category = CATEGORY_OF_KIND[document.kind]
    if document.kind is Kind.INVOICE and category not in included:
        return next((posted for posted in POSTED if posted in included), category)
    return category


def left_out(policy: Policy) -> bool:
    """Whether the document under check adds nothing anywhere: overdue-only may leave it out (C4)."""
    return policy.overdue_only and not policy.include_current_document


def adds_to_exposure(document: Document, *, configuration: Configuration) -> bool:
    """Whether the document under check counts at all: its type is under control and its category is included.

    Overdue-only policies may leave it out (C4: `include_current_document`).
    """
    included = configuration.included
    return (
        not left_out(configuration.policy)
        and configuration.document_type(document.type).credit
        and category_of(document, included=included) in included
    )


def lowered(
    lines: Sequence[Line],
    *,
    wanted: Collection[str],
    configuration: Configuration,
    as_of: date,
    converter: Converter,
) -> Sequence[Line]:
    """The lines, each less what others take of its papers in other currencies.

    Nothing is missed for those that neither a wanted category counts nor an overdue test looks at: without a
    rate they stay as they are.
    """
    if not any(map(_TAKEN, lines)):  # as nearly everywhere
        return lines
    policy = configuration.policy

    def needed(line: Line) -> bool:
        counts = counted_amount(line, configuration=configuration, as_of=as_of) is not None
        if counts and line.category in wanted:
            return True
        is_item = line.category == Category.OPEN_ITEMS and item_is_open(line, policy, as_of)
        return is_item and (NOT_DUE in wanted or is_past_due(line, policy, as_of))

    def known(line: Line, taken: Taken) -> bool:
        named = {line.currency, *(each.currency for each in (*taken.returned, *taken.amounts))}
        return all(converter.knows(currency) for currency in named)

    return [
        less_taken(line, converter) if line.taken and (needed(line) or known(line, line.taken)) else line
        for line in lines
    ]


def less_taken(line: Line, converter: Converter, *, overdrawn: bool = False) -> Line:
    """The line in the currency of the evaluation, less what others take of its papers in other currencies.

    What is taken without a rate lowers nothing, and the converter names the missing rate. A line without a
    rate itself stays as it is. `overdrawn`: with less than nothing open where others take more than there is.
    """
    taken = line.taken
    left = None if taken is None else _left(taken, line.currency, converter, overdrawn=overdrawn)
    total = converter.convert(line.total_amount, line.currency) if taken else None
    if left is None or total is None:
        return line
    return line._replace(
        currency=converter.target,
        open_amount=line.papers * left,
        total_amount=total if left or overdrawn else ZERO,
        taken=None,
    )


def _left(taken: Taken, currency: str, converter: Converter, *, overdrawn: bool = False) -> Decimal | None:
    """What is left of a paper of this currency, in that of the evaluation; None without a rate for it."""
    left, whole, prepaid = (
        converter.convert(amount, currency) for amount in (taken.open_amount, taken.whole, taken.prepaid)
    )
    if left is None or whole is None or prepaid is None:
        return None
    back, amount = (total_of(each, converter) for each in (taken.returned, taken.amounts))
    if whole < 0:
        left = min(left, max(left + back, whole)) - amount
        return max(left if overdrawn else min(left, ZERO), whole)
    left = min(max(left, min(left + back, whole)) - amount, whole) - prepaid
    return left if overdrawn else max(left, ZERO)


def plain_amount(
    document: Document, *, passed_on: Sequence[Money], configuration: Configuration, converter: Converter
) -> Decimal:
    """The document's amount in the currency of the evaluation, whatever categories the policy includes.

    `passed_on` is what stored papers have taken over of it already. 0 where its type is not under credit
    control, or where no rate is known (the converter then names the missing rate).
    """
    currency = document.total.currency
    taken, elsewhere = _by_currency(passed_on, currency)
    if not elsewhere:
        amount = amount_at_risk(document, passed_on=taken, configuration=configuration)
        return converter.convert(amount, currency) or ZERO
    whole = amount_at_risk(document, passed_on=ZERO, configuration=configuration)
    if not whole:
        return ZERO
    total, prepaid = document.total.amount, document.prepaid.amount if document.prepaid else ZERO
    left = _left(Taken(total - taken, total, prepaid, (), elsewhere), currency, converter)
    if left and _counts_whole(document, configuration):
        return converter.convert(whole, currency) or ZERO
    return left or ZERO


def amount_as_stored(
    lines: Iterable[Line],
    *,
    passed_on: Sequence[Money],
    configuration: Configuration,
    as_of: date,
    converter: Converter,
) -> Decimal:
    """With what a document would count if it were saved again as it is stored, which `lines` say.

    `passed_on` is what has been taken over of it. The ERP may have stated more to be open of it than that
    leaves, and to a check of the document it says nothing about what is open.
    """
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if not _is_counted(line, configuration=configuration, as_of=as_of):
            continue
        seen = less_taken(line, converter)
        amount = counted_amount(seen, configuration=configuration, as_of=as_of) or ZERO
        currency, total = seen.currency, line.total_amount
        if line.category in DOCUMENT_CATEGORIES:
            taken, elsewhere = _by_currency(passed_on, line.currency)
            left: Decimal | None = left_of(total, taken)
            if elsewhere or line.taken:
                amount, currency = converter.convert(amount, currency) or ZERO, converter.target
                left = _left(Taken(total - taken, total, ZERO, (), elsewhere), line.currency, converter)
            whole = left and line.category == Category.ORDERS and orders_by_total(configuration)
            amount = amount if whole else min(amount, left or ZERO)
        amounts[currency] += amount
    return converter.total(amounts.items())


def _by_currency(taken: Sequence[Money], currency: str) -> tuple[Decimal, Sequence[Money]]:
    """How much of it is in this currency, and what in others."""
    same = sum((each.amount for each in taken if each.currency == currency), ZERO)
    return same, [each for each in taken if each.currency != currency and each.amount]


def total_of(amounts: Iterable[Money], converter: Converter) -> Decimal:
    """The sum of amounts in the currency of the evaluation; without those of which no rate is known."""
    return converter.total((each.currency, each.amount) for each in amounts)


def total_capped(amounts: Iterable[Capped], converter: Converter) -> Decimal:
    """The same of amounts that each count no further than another one."""
    return sum(
        (min(total_of([each.amount], converter), total_of([each.most], converter)) for each in amounts), ZERO
    )


def amount_at_risk(document: Document, *, passed_on: Decimal, configuration: Configuration) -> Decimal:
    """The same in the document's own currency."""
    if not configuration.document_type(document.type).credit:
        return ZERO
    amount = document.left_open(passed_on)
    return document.amount if amount and _counts_whole(document, configuration) else amount


def _counts_whole(document: Document, configuration: Configuration) -> bool:
    return CATEGORY_OF_KIND[document.kind] is Category.ORDERS and orders_by_total(configuration)
