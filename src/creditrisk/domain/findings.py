"""Finding codes in precedence order. A code is stable API: callers branch on it, texts may change.

Findings are listed in this order; the first hard one is what a clerk should be told first.
"""

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from enum import StrEnum

from creditrisk.domain.values import value


class Severity(StrEnum):
    """What a finding does to the decision (`class` on the wire)."""

    HARD = "hard"
    """Blocks."""
    SOFT = "soft"
    """Warns."""
    INFO = "info"
    """Is told, and changes nothing."""


SEVERITIES = {"block": Severity.HARD, "warn": Severity.SOFT, "allow": Severity.INFO}
"""What a policy's word for a reaction makes of a finding; words not listed here mean that nothing is
found."""


class Code(StrEnum):
    """What a check found, most fundamental first."""

    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"
    """Nobody ever told the service about this customer."""
    POLICY_MISSING = "POLICY_MISSING"
    """The company has no policy, so nothing says what to compare with what."""
    RATE_MISSING = "RATE_MISSING"
    """An amount in a foreign currency could not be converted and is left out of the sum."""
    DATA_STALE = "DATA_STALE"
    """A feed has been silent for longer than the policy accepts."""
    MANUAL_BLOCK = "MANUAL_BLOCK"
    """A person refused this kind for a period (F20)."""
    ACCOUNT_STATUS = "ACCOUNT_STATUS"
    """The customer is closed, or its status stops this step (M43)."""
    DOCUMENTS_BLOCKED = "DOCUMENTS_BLOCKED"
    """The kind is refused for this account, by a person (C7) or by the automatic block (C8)."""
    CASH_ONLY = "CASH_ONLY"
    """Invoices only against cash (C6)."""
    ALWAYS_AUTHORISE = "ALWAYS_AUTHORISE"
    """The kind always needs an authorisation, even with free credit (F21)."""
    FORCED_HOLD = "FORCED_HOLD"
    """A person put this document on hold (M32)."""
    DAYS_OVERDUE = "DAYS_OVERDUE"
    """An open item is past due for more days than the time limit (C5, M17)."""
    OVERDUE_AMOUNT = "OVERDUE_AMOUNT"
    """More is past due than the policy accepts (M21)."""
    GROUP_LIMIT_EXCEEDED = "GROUP_LIMIT_EXCEEDED"
    """Projected exposure of a group is above its limit."""
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    """Projected exposure is above the own or temporary limit."""
    CATEGORY_LIMIT_EXCEEDED = "CATEGORY_LIMIT_EXCEEDED"
    """One category of exposure is above its own cap."""
    LIMIT_USED = "LIMIT_USED"
    """A rule's percentage of the limit is exceeded (M23)."""
    LIMIT_EXPIRED = "LIMIT_EXPIRED"
    """The limit is past its expiry date (M20). It stays in force."""
    LIMIT_MISSING = "LIMIT_MISSING"
    """No limit applies, and one should."""
    DOCUMENT_AMOUNT = "DOCUMENT_AMOUNT"
    """A rule's largest document amount is exceeded (M22)."""
    PAYMENT_TERMS = "PAYMENT_TERMS"
    """A rule holds these terms of payment (M19)."""
    OWN_RULE = "OWN_RULE"
    """A rule of a kind of the tenant's own finds something, or cannot be worked out (M26)."""
    PAYMENT_TERMS_RANK = "PAYMENT_TERMS_RANK"
    """The document's payment terms are more generous than the customer's (M24)."""
    CASH_DISCOUNT_RANK = "CASH_DISCOUNT_RANK"
    """The document's cash discount is more generous than the customer's (M25)."""
    CUSTOMER_WARNING = "CUSTOMER_WARNING"
    """A text that people are to read at this step (C16)."""
    UTILISATION_HIGH = "UTILISATION_HIGH"
    """Projected exposure is above the warning percentage of a limit (D3)."""


PRECEDENCE = {code: position for position, code in enumerate(Code)}

CREDIT = frozenset(
    c for c in Code if PRECEDENCE[Code.DAYS_OVERDUE] <= PRECEDENCE[c] <= PRECEDENCE[Code.CASH_DISCOUNT_RANK]
) | {Code.UTILISATION_HIGH}
"""Credit findings: judgements about money. All others are orders by people or gaps in the data."""

BY_PEOPLE = frozenset({Code.MANUAL_BLOCK, Code.DOCUMENTS_BLOCKED, Code.FORCED_HOLD})
"""What holds a document even where there is no credit control at all."""

NOT_OVERRIDABLE = frozenset({Code.CUSTOMER_UNKNOWN, Code.POLICY_MISSING, Code.RATE_MISSING, Code.DATA_STALE})
"""Gaps: no operator's role makes up for a missing fact."""


@value
class Finding:
    """One check's result."""

    code: Code
    severity: Severity
    observed: Decimal | int | None = None
    threshold: Decimal | int | None = None
    unit: str | None = None
    """A currency code for amounts, `days`, `percent`, `seconds` or `rank`."""
    params: Mapping[str, object] = field(default_factory=dict)
    rule: str | None = None
    demoted_by: str | None = None
