"""What a finding says to people. Texts are for display and may change; codes and figures do not.

A sentence is written in English here and translated by the catalogues in `creditrisk.locale`, where its
context is the finding's code. A company may have texts of its own (`own_texts`); they are filled in the same
way, with the same placeholders.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from string import Formatter
from typing import Any, Final

from creditrisk.domain.currencies import MINOR_UNITS
from creditrisk.domain.findings import Code
from creditrisk.domain.values import value
from creditrisk.locale.languages import DEFAULT_LANGUAGE, Language, MessageLanguage, language

SENTENCES: Final[Mapping[Code, tuple[str, ...]]] = {
    Code.CUSTOMER_UNKNOWN: ("The customer {customer} is not known.",),
    Code.POLICY_MISSING: ("No policy has been set for the company {company}.",),
    Code.RATE_MISSING: ("No exchange rate is stored for {pairs}; those amounts are not in the sums.",),
    Code.DATA_STALE: (
        "The data is {observed} old, accepted: {threshold}. Feeds concerned: {feeds}.",
        "Data is missing or too old, accepted: {threshold}. Feeds concerned: {feeds}.",
    ),
    Code.MANUAL_BLOCK: (
        "A person has blocked this kind of document ({kinds}) for {customers}. {notes}",
        "A person has blocked this kind of document ({kinds}) for {customers}.",
    ),
    Code.ACCOUNT_STATUS: (
        "The status {status} of customer {customer} does not allow this step.",
        "The customer {customer} is closed.",
    ),
    Code.DOCUMENTS_BLOCKED: ("This kind of document ({kind}) is blocked for the account.",),
    Code.CASH_ONLY: ("This account is invoiced against cash only.",),
    Code.ALWAYS_AUTHORISE: ("This kind of document ({kind}) always needs an authorisation here.",),
    Code.FORCED_HOLD: ("A person has put this document on hold.",),
    Code.DAYS_OVERDUE: ("The oldest open item is {observed} past due, accepted: {threshold}.",),
    Code.OVERDUE_AMOUNT: (
        "{observed} are overdue while more than {percent} of the limit is used, accepted: {threshold}.",
        "{observed} are overdue, accepted: {threshold}.",
    ),
    Code.GROUP_LIMIT_EXCEEDED: ("The group's exposure of {observed} would exceed its limit of {threshold}.",),
    Code.LIMIT_EXCEEDED: ("Exposure of {observed} would exceed the limit of {threshold}.",),
    Code.CATEGORY_LIMIT_EXCEEDED: (
        "Exposure of {observed} would exceed the cap of {threshold} on one category ({category}).",
    ),
    Code.LIMIT_USED: ("Exposure of {observed} uses more of the limit than the rule accepts.",),
    Code.LIMIT_EXPIRED: (
        "The credit limit expired on {expires_on}.",
        "The credit limit has no expiry date and counts as expired.",
    ),
    Code.LIMIT_MISSING: ("No credit limit has been set for this account.",),
    Code.DOCUMENT_AMOUNT: ("The document's amount of {observed} is above {threshold}.",),
    Code.PAYMENT_TERMS: ("The document's payment terms are held.",),
    Code.OWN_RULE: (
        "{text}",
        "A rule of the kind {failed} cannot be worked out, and so it holds.",
        "A rule of the kind {own_kind} holds this document.",
    ),
    Code.PAYMENT_TERMS_RANK: ("Payment terms {document} are more generous than the customer's {customer}.",),
    Code.CASH_DISCOUNT_RANK: ("Cash discount {document} is more generous than the customer's {customer}.",),
    Code.CUSTOMER_WARNING: ("{text}",),
    Code.UTILISATION_HIGH: ("Exposure of {observed} would use more than {percent} of the limit.",),
}
"""The sentences of each code, in English. The first one is said whose placeholders all have a value."""

KINDS: Final = {kind: kind for kind in ("quotation", "order", "delivery", "invoice")}
CATEGORIES: Final = {
    "orders": "orders",
    "deliveries": "deliveries",
    "invoices": "invoices",
    "open_items": "open items",
    "ledger_balance": "ledger balance",
    "bills": "bills",
    "unpaid_bills": "unpaid bills",
    "advances": "advances",
    "reservations": "reservations",
    "other": "other claims",
    "overdue": "overdue items",
    "not_due": "items not yet due",
}

COUNTED: Final = {"days": ("{count} day", "{count} days"), "seconds": ("{count} second", "{count} seconds")}
"""Units that are counted, in one and in many."""

_FIGURES: Final = ("observed", "threshold")

NOTHING: Final = "–"
"""Stands for a value that is not there."""

OwnTexts = Mapping[tuple[str, str], str]
"""A company's own texts by code and language; the language `""` is that of readers who have no other."""


@value
class Audience:
    """Whom messages are for."""

    language: MessageLanguage = DEFAULT_LANGUAGE
    user: str | None = None
    """Id of the operator whose document it is about."""
    own: OwnTexts = field(default_factory=dict)


def message(finding: Mapping[str, Any], audience: Audience) -> str:
    """A finding, as answered and stored, in a sentence for its audience."""
    code, spoken = finding["code"], language(audience.language)
    text = audience.own.get((code, audience.language)) or audience.own.get((code, ""))
    if text is None:
        text = spoken.translated(_sentence(Code(code), finding, audience), context=code)
    values = {
        name: _written(name, _value(name, finding, audience), finding["unit"], spoken)
        for name in placeholders(text)
    }
    return text.format_map(values).strip()


@lru_cache(maxsize=4_096)
def placeholders(text: str) -> frozenset[str]:
    """The names in braces in a text.

    Raises:
        ValueError: the braces of the text do not match.
    """
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _sentence(code: Code, finding: Mapping[str, Any], audience: Audience) -> str:
    """The first sentence all of whose values are there, else the last."""
    *others, last = SENTENCES[code]
    for text in others:
        if all(_is_there(_value(name, finding, audience)) for name in placeholders(text)):
            return text
    return last


def _value(name: str, finding: Mapping[str, Any], audience: Audience) -> Any:
    if name in _FIGURES:
        return finding[name]
    return audience.user if name == "user" else finding["params"].get(name)


def _is_there(value: Any) -> bool:
    return value is not None and value not in ("", [])


def _written(name: str, value: Any, unit: str | None, spoken: Language) -> str:
    if not _is_there(value):
        return NOTHING
    if name in _FIGURES:
        return _figure(value, unit, spoken)
    if isinstance(value, list):
        return spoken.listed([_written(name, each, unit, spoken) for each in value])
    write = _WRITTEN.get(name)
    return str(value) if write is None else write(value, spoken)


def _figure(value: str | int, unit: str | None, spoken: Language) -> str:
    if unit in COUNTED:
        one, many = COUNTED[unit]
        return spoken.counted(int(value), one=one, many=many)
    number = Decimal(value)
    if unit in MINOR_UNITS:
        return spoken.amount(number, unit)
    return spoken.percent(number) if unit == "percent" else spoken.number(number)


def _word(words: Mapping[str, str], context: str) -> Callable[[str, Language], str]:
    return lambda value, spoken: spoken.translated(words[value], context=context)


_WRITTEN: Final[Mapping[str, Callable[[str, Language], str]]] = {
    "kind": _word(KINDS, "kind"),
    "kinds": _word(KINDS, "kind"),
    "category": _word(CATEGORIES, "category"),
    "percent": lambda value, spoken: spoken.percent(Decimal(value)),
    "expires_on": lambda value, spoken: spoken.day(date.fromisoformat(value)),
}
"""Params that are neither codes of the caller's nor text."""


def accepted_placeholders(code: Code) -> Sequence[str]:
    """What a company's own text may name: figures, user, and the params that the shipped sentences name."""
    named = frozenset[str]().union(*(placeholders(text) for text in SENTENCES[code]))
    return [*_FIGURES, "user", *sorted(named.difference(_FIGURES))]
