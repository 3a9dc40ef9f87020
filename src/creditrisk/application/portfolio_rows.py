"""An evaluated account as one row of a table, the same figures as `GET /v1/customers/{id}/exposure`."""

from enum import StrEnum
from operator import itemgetter
from typing import Final, NamedTuple

from creditrisk.application.answer import limit_as_data, utilisation
from creditrisk.application.exposures import shown_headroom
from creditrisk.application.portfolio import EvaluatedAccount
from creditrisk.domain.decision import amount_signal
from creditrisk.domain.money import format_amounts
from creditrisk.domain.papers import Category
from creditrisk.domain.period import BANDS


class ColumnType(StrEnum):
    """What the values of a column are; any of them may be None."""

    TEXT = "text"
    FLAG = "flag"
    """True or false."""
    NUMBER = "number"
    """A whole number."""
    DECIMAL = "decimal"
    """A decimal as text, without an exponent, at most four decimals."""
    DAY = "day"
    """ISO 8601 text."""


class Column(NamedTuple):
    """One column of the table."""

    name: str
    type: ColumnType


_CATEGORIES: Final = tuple(category.value for category in Category)
_by_category: Final = itemgetter(*_CATEGORIES)
_by_band: Final = itemgetter(*BANDS)

COLUMNS: Final = (
    Column("company", ColumnType.TEXT),
    Column("customer", ColumnType.TEXT),
    Column("name", ColumnType.TEXT),
    Column("risk_customer", ColumnType.TEXT),
    Column("signal", ColumnType.TEXT),
    Column("auto_blocked", ColumnType.FLAG),
    Column("currency", ColumnType.TEXT),
    Column("limit_state", ColumnType.TEXT),
    Column("limit_source", ColumnType.TEXT),
    Column("limit_amount", ColumnType.DECIMAL),
    Column("limit_valid_until", ColumnType.DAY),
    Column("exposure", ColumnType.DECIMAL),
    Column("utilisation", ColumnType.DECIMAL),
    Column("headroom", ColumnType.DECIMAL),
    *(Column(category, ColumnType.DECIMAL) for category in _CATEGORIES),
    Column("overdue", ColumnType.DECIMAL),
    Column("overdue_oldest_days", ColumnType.NUMBER),
    *(Column(f"ageing_{band.replace('-', '_')}", ColumnType.DECIMAL) for band in BANDS),
    Column("as_of", ColumnType.DAY),
    Column("policy_version", ColumnType.NUMBER),
)
"""The columns in their order. Amounts are in the row's `currency`."""

Value = str | int | bool | None


def row_of(account: EvaluatedAccount) -> list[Value]:
    """The values of one account in the order of `COLUMNS`."""
    stored, situation = account.exposure, account.exposure.situation
    exposure, overdue, limit = situation.exposure, situation.overdue, limit_as_data(situation)
    current, *categories, late = format_amounts(
        (exposure.current, *_by_category(exposure.by_category), overdue.amount), situation.currency
    )
    return [
        stored.company,
        situation.check.customer,
        account.name,
        account.risk_customer,
        amount_signal(situation).value,
        situation.auto_blocked,
        situation.currency,
        limit["state"],
        limit["source"],
        limit["amount"],
        limit["valid_until"],
        current,
        utilisation(situation),
        shown_headroom(situation),
        *categories,
        late,
        overdue.oldest_days,
        *format_amounts(_by_band(overdue.ageing), situation.currency),
        stored.as_of.isoformat(),
        stored.configuration.version,
    ]
