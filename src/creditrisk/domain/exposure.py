"""Exposure: what the counted lines of an account, or of a group of accounts, add up to.

Sums are exact per category and currency, and each such sum is converted once (docs/domain.md, Exposure;
docs/domain.md, Money and dates). Stored lines are added up in a *tally*, which is good for every document
that is checked on the same day under the same policy; what one document changes is put on top of it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain

from creditrisk.domain.counting import (
    NOT_DUE,
    amount_as_stored,
    claimed_uncounted,
    counted_amount,
    less_taken,
    lowered,
    orders_by_total,
    total_capped,
    total_of,
)
from creditrisk.domain.facts import Configuration
from creditrisk.domain.money import Money
from creditrisk.domain.overdue import HALVES, OVERDUE, Overdue, overdue_of
from creditrisk.domain.papers import Across, Category, Line, Reserved
from creditrisk.domain.rates import Converter
from creditrisk.domain.values import value

__all__ = [
    "Changes",
    "Exposure",
    "Overdue",
    "Tally",
    "tally_of",
]

ZERO = Decimal(0)
_CATEGORIES = tuple(category.value for category in Category)


@value
class Exposure:
    """Money at risk from one account or from all members of its group, in the currency of the evaluation."""

    by_category: Mapping[str, Decimal]
    """Counted amounts without the document under check, every category present."""
    capped: Mapping[str, Decimal]
    """What the account's category limits look at: included categories, those it caps although the policy
    leaves them out, and both halves of open items."""
    current: Decimal
    """Sum of `by_category`, not below zero where the policy floors it."""
    document: Decimal
    """What the document under check adds."""
    stored: Decimal
    """Exposure as stored, the document's stored version included and nothing floored."""
    unchanged: Decimal
    """Exposure if the document were saved again as it is stored, seen as the check sees it: less what it
    passes on and what has been passed on of it. Nothing floored; as stored where it is not."""
    unfloored: Decimal
    """Sum of `by_category`."""
    overdue: Overdue

    @property
    def projected(self) -> Decimal:
        """Exposure once the document is saved."""
        return self.current + self.document

    def with_document(self, amount: Decimal) -> "Exposure":
        """The same with another document, which changes nothing that is stored."""
        if amount == self.document:
            return self
        return Exposure(
            by_category=self.by_category,
            capped=self.capped,
            current=self.current,
            document=amount,
            stored=self.stored,
            unchanged=self.unchanged,
            unfloored=self.unfloored,
            overdue=self.overdue,
        )

    @property
    def raises(self) -> bool:
        """Whether saving the document leaves more exposure than is stored, or than saving that again."""
        return self.unfloored + self.document > min(self.stored, self.unchanged)

    @property
    def lowers(self) -> bool:
        """Whether saving the document leaves strictly less exposure than is stored now.

        And less than saving it as it is stored would: where the ERP states what is open of papers that it
        follows, or that follow it, that alone may come to less than what is stored.
        """
        return self.unfloored + self.document < min(self.stored, self.unchanged)


@value
class Changes:
    """What one check puts on top of stored lines."""

    adjustments: Sequence[Line] = ()
    """What the document under check changes in stored papers."""
    is_stored: bool = False
    """Whether the document is stored."""
    version: Sequence[Line] = ()
    """What counts of it then, which the adjustments take out."""
    version_held: bool = False
    held: Sequence[Line] = ()
    """Other stored documents on hold, as negative lines."""
    reserved: Sequence[Reserved] = ()
    """Documents whose reservations meet papers among the lines."""
    set_aside: Sequence[Line] = ()
    """What is reserved for others."""
    passed_on: Sequence[Money] = ()
    """What has been or will be taken over of the document."""


@value
class Tally:
    """What stored lines add up to under one policy on one day."""

    lines: Sequence[Line]
    sums: Mapping[tuple[str, str], Decimal]
    """Exact, by category and currency, of the categories that are included or capped."""
    amounts: Mapping[str, Decimal]
    """These, converted, by category."""
    capped: Collection[str]
    """The categories that the account's category limits look at."""
    exposure: Exposure
    """Of the lines alone."""

    def exposure_with(
        self,
        changes: Changes,
        *,
        document_amount: Decimal,
        configuration: Configuration,
        as_of: date,
        converter: Converter,
    ) -> Exposure:
        """Add what one check brings; `document_amount` is its document's, in the evaluation's currency."""
        reserved = changes.reserved
        held = () if configuration.policy.count_held else changes.held
        if not (changes.adjustments or held or reserved or changes.set_aside):
            return self.exposure.with_document(document_amount)
        adjustments, held, version = (
            lowered(lines, wanted=self.amounts, configuration=configuration, as_of=as_of, converter=converter)
            for lines in (changes.adjustments, held, changes.version)
        )
        left_out = version if changes.version_held and not configuration.policy.count_held else ()
        sums = _Sums(self.amounts, configuration=configuration, as_of=as_of, converter=converter)
        sums.add(chain(held, changes.set_aside))
        sums.add_reserved(reserved, with_document=False)
        sums.add([line.negated() for line in left_out])
        unfloored, amounts = self._total_with(sums, configuration=configuration, converter=converter)
        stored = unfloored
        if adjustments or left_out or reserved:
            sums.add(chain(adjustments, left_out))
            sums.add_reserved(reserved, with_document=True)
            unfloored, amounts = self._total_with(sums, configuration=configuration, converter=converter)
        halves = self.exposure.overdue
        if adjustments and not HALVES.isdisjoint(self.capped):
            changed = [*self.lines, *adjustments]
            halves = overdue_of(
                changed, capped=self.capped, configuration=configuration, as_of=as_of, converter=converter
            )
        again = ZERO
        if changes.version and not left_out:
            again = amount_as_stored(
                changes.version,
                passed_on=changes.passed_on,
                configuration=configuration,
                as_of=as_of,
                converter=converter,
            )
        return _exposure(
            amounts,
            stored=stored,
            unchanged=unfloored + again if changes.is_stored else stored,
            unfloored=unfloored,
            document=document_amount,
            overdue=self.exposure.overdue,
            halves=halves,
            configuration=configuration,
        )

    def _total_with(
        self, changes: "_Sums", *, configuration: Configuration, converter: Converter
    ) -> tuple[Decimal, Mapping[str, Decimal]]:
        """The sum of included categories with what changes the tally; and these and the capped, one by one.

        Only sums that are changed are converted anew.
        """
        included, total, amounts = configuration.included, self.exposure.stored, {**self.amounts}
        for changed, change in changes.amounts.items():
            category, currency = changed
            if change and category in amounts:
                before = self.sums.get(changed, ZERO)
                difference = (converter.convert(before + change, currency) or ZERO) - (
                    converter.convert(before, currency) or ZERO
                )
                amounts[category] += difference
                if category in included:
                    total += difference
        return total, amounts


def tally_of(
    lines: Sequence[Line],
    *,
    capped: Collection[str],
    configuration: Configuration,
    as_of: date,
    converter: Converter,
) -> Tally:
    """Add up stored lines, each less what is taken; `capped` names what category limits look at."""
    wanted = configuration.included.union(capped)
    lines = lowered(lines, wanted=wanted, configuration=configuration, as_of=as_of, converter=converter)
    sums = _Sums(wanted, configuration=configuration, as_of=as_of, converter=converter)
    sums.add(lines)
    amounts = sums.converted()
    total = sum(map(amounts.__getitem__, configuration.included), ZERO)
    overdue = overdue_of(lines, capped=capped, configuration=configuration, as_of=as_of, converter=converter)
    return Tally(
        lines=lines,
        sums=sums.amounts,
        amounts=amounts,
        capped=capped,
        exposure=_exposure(
            amounts,
            stored=total,
            unchanged=total,
            unfloored=total,
            document=ZERO,
            overdue=overdue,
            halves=overdue,
            configuration=configuration,
        ),
    )


class _Sums:
    """Exact sums per category and currency, of the categories that are wanted."""

    def __init__(
        self, wanted: Collection[str], *, configuration: Configuration, as_of: date, converter: Converter
    ) -> None:
        self._wanted = wanted
        self._configuration = configuration
        self._as_of = as_of
        self._converter = converter
        self.amounts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def add(self, lines: Iterable[Line]) -> None:
        wanted, configuration, as_of, sums = self._wanted, self._configuration, self._as_of, self.amounts
        for line in lines:
            if line.category in wanted:
                amount = counted_amount(line, configuration=configuration, as_of=as_of)
                if amount is not None:
                    sums[line.category, line.currency] += amount

    def add_reserved(self, reserved: Iterable[Reserved], *, with_document: bool) -> None:
        """Add what is reserved beside stored papers; `with_document`: the change of that by the document."""
        included, by_total = self._configuration.included, orders_by_total(self._configuration)
        for given in reserved:
            more = claimed_uncounted(given.uncounted, configuration=self._configuration, as_of=self._as_of)
            each, line, stored = given.claimed_more(more), given.line, None
            if each.across or (line is not None and (line.taken or line.currency != each.currency)):
                each, line = self._in_one_currency(each)
            if line is not None and line.category in included:
                stored = counted_amount(line, configuration=self._configuration, as_of=self._as_of)
            if by_total and each.is_order:
                # Nobody who takes a part of it lowers it; when all is taken, it counts no more.
                amount = _order_in_full(each, line, stored, with_document=with_document)
            else:
                amount = each.beyond(stored, with_document=with_document)
                if with_document:
                    amount -= each.beyond(stored, with_document=False)
            self.amounts[Category.RESERVATIONS, each.currency] += amount

    def _in_one_currency(self, reserved: Reserved) -> tuple[Reserved, Line | None]:
        """What is reserved, and the document as stored, in the currency of the evaluation to be compared.

        Where a rate is missing it cannot be said what one is beyond the other: both count, as far as they
        can. Where reservations do not count themselves nothing is compared, and no rate is missed.
        """
        included, converter = self._configuration.included, self._converter
        if Category.RESERVATIONS not in included:
            return reserved, None
        converted = [
            converter.convert(amount, reserved.currency)
            for amount in (
                reserved.amount,
                reserved.claimed,
                reserved.passed,
                reserved.over,
                reserved.regained,
                reserved.lessened,
                reserved.whole,
                reserved.taken,
            )
        ]
        counts = reserved.line is not None and reserved.line.category in included
        line = self._converted(reserved.line) if reserved.line and counts else reserved.line
        known = [amount for amount in converted if amount is not None]
        if len(known) < len(converted) or (counts and line is None):
            return reserved, None
        amount, claimed, passed, over, regained, lessened, whole, taken = known
        across = reserved.across or Across()
        elsewhere = total_of(across.taken, converter)
        if reserved.is_stored_only and line is not None:
            amount = min(line.open_amount, ZERO)
            over = max(over - total_of(reserved.taken_elsewhere, converter), ZERO)
        else:
            amount -= max(elsewhere - over, min(elsewhere, ZERO))
            over = max(over - max(elsewhere, ZERO), ZERO)
        same = reserved._replace(
            currency=converter.target,
            amount=amount,
            claimed=claimed + total_of(across.claimed, converter) + total_capped(across.capped, converter),
            passed=passed + total_of(across.passed, converter),
            over=over,
            regained=regained + total_of(across.regained, converter),
            lessened=lessened + total_of(across.lessened, converter),
            whole=whole,
            taken=taken + elsewhere,
            line=line,
            across=None,
        )
        return same, line

    def _converted(self, line: Line) -> Line | None:
        """The line in the currency of the evaluation; None without a rate."""
        less = less_taken(line, self._converter, overdrawn=True)
        amounts = [
            self._converter.convert(amount, less.currency) for amount in (less.open_amount, less.total_amount)
        ]
        if None in amounts:
            return None
        open_amount, total_amount = (amount or ZERO for amount in amounts)
        return less._replace(
            currency=self._converter.target, open_amount=open_amount, total_amount=total_amount
        )

    def converted(self) -> dict[str, Decimal]:
        """One sum per wanted category, each currency converted once."""
        result: dict[str, Decimal] = dict.fromkeys(self._wanted, ZERO)
        for (category, currency), amount in self.amounts.items():
            if amount and category in result:
                result[category] += self._converter.convert(amount, currency) or ZERO
        return result


def _order_in_full(
    each: Reserved, line: Line | None, stored: Decimal | None, *, with_document: bool
) -> Decimal:
    """What is reserved beside an order that counts with its whole; `with_document`: the change of that."""
    left = ZERO if line is None or stored is None else line.open_amount
    again = ZERO if stored is None else each.in_full(stored, left)
    if with_document:
        # The lines say it where the document itself makes it count again.
        return -again if left <= 0 and each.passed < left else ZERO
    reserved = each.in_full(each.whole, each.whole - each.taken) if each.whole else ZERO
    return max(reserved, again) - (again if left > 0 else ZERO)


def _exposure(
    amounts: Mapping[str, Decimal],
    *,
    stored: Decimal,
    unchanged: Decimal,
    unfloored: Decimal,
    document: Decimal,
    overdue: Overdue,
    halves: Overdue,
    configuration: Configuration,
) -> Exposure:
    included = configuration.included
    return Exposure(
        by_category={name: amounts[name] if name in included else ZERO for name in _CATEGORIES},
        capped={**amounts, OVERDUE: halves.amount, NOT_DUE: halves.not_due},
        current=max(unfloored, ZERO) if configuration.policy.floor_at_zero else unfloored,
        document=document,
        stored=stored,
        unchanged=unchanged,
        unfloored=unfloored,
        overdue=overdue,
    )
