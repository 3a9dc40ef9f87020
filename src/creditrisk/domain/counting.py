"""Whether a policy counts a line on a day, with which amount, and where the checked document counts.

A line's category is a fact of the paper; whether it counts is the policy's business (docs/domain.md,
Exposure).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal

from creditrisk.domain.facts import Configuration
from creditrisk.domain.money import Money
from creditrisk.domain.papers import (
    CATEGORY_OF_KIND,
    BillStatus,
    Category,
    Document,
    Flag,
    Kind,
    Line,
    left_of,
)
from creditrisk.domain.period import days_past_due
from creditrisk.domain.policy import DocumentParameters, Policy
from creditrisk.domain.rates import Converter

ZERO = Decimal(0)
DOCUMENT_CATEGORIES = frozenset({Category.ORDERS, Category.DELIVERIES, Category.INVOICES})
POSTED = (Category.OPEN_ITEMS, Category.LEDGER_BALANCE)
"""Where the posted balance is; a policy includes one of them or neither (F7)."""


def counted_amount(line: Line, *, configuration: Configuration, as_of: date) -> Decimal | None:
    """The amount with which a line counts in its own category, or None where the policy leaves it out.

    Whether the policy includes the category is not asked here: category limits look at left-out categories,
    too.
    """
    counts = _COUNTS.get(line.category)
    if counts is not None and not counts(line, configuration.policy, as_of):
        return None
    if line.category not in DOCUMENT_CATEGORIES:
        return line.open_amount
    if not configuration.document_type(line.type).credit:
        return None
    if line.category == Category.ORDERS and orders_by_total(configuration):
        return line.total_amount
    return line.open_amount


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
    Category.ORDERS: _order_counts,
    Category.DELIVERIES: _delivery_counts,
    Category.INVOICES: _invoice_counts,
    Category.OPEN_ITEMS: _item_counts,
    Category.LEDGER_BALANCE: _balance_counts,
    Category.BILLS: _bill_counts,
    Category.ADVANCES: _advance_counts,
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


def plain_amount(
    document: Document, *, passed_on: Decimal, configuration: Configuration, converter: Converter
) -> Decimal:
    """The document's amount in the currency of the evaluation, whatever categories the policy includes.

    `passed_on` is what stored papers have taken over of it already, in the document's currency. 0 where its
    type is not under credit control, or where no rate is known (the converter then names the missing rate).
    """
    amount = amount_at_risk(document, passed_on=passed_on, configuration=configuration)
    return converter.convert(amount, document.total.currency) or ZERO


def amount_as_stored(
    lines: Iterable[Line],
    *,
    passed_on: Money,
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
        amount = counted_amount(line, configuration=configuration, as_of=as_of)
        if amount is None or line.category not in configuration.included:
            continue
        if line.category in DOCUMENT_CATEGORIES and line.currency == passed_on.currency:
            left = left_of(line.total_amount, passed_on.amount)
            whole = left and line.category == Category.ORDERS and orders_by_total(configuration)
            amount = amount if whole else min(amount, left)
        amounts[line.currency] += amount
    return converter.total(amounts.items())


def amount_at_risk(document: Document, *, passed_on: Decimal, configuration: Configuration) -> Decimal:
    """The same in the document's own currency."""
    if not configuration.document_type(document.type).credit:
        return ZERO
    amount = document.left_open(passed_on)
    if amount and CATEGORY_OF_KIND[document.kind] is Category.ORDERS and orders_by_total(configuration):
        return document.amount
    return amount
