"""The answer to a check as plain data, ready for the wire and for the decision record.

Amounts are strings with exactly the minor unit's decimals, dates and instants ISO 8601; keys are those of the
contract.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from creditrisk.application.messages import Audience, message
from creditrisk.domain.decision import Verdict
from creditrisk.domain.exposure import Overdue
from creditrisk.domain.facts import Check, Configuration
from creditrisk.domain.findings import Finding
from creditrisk.domain.limits import Limit, LimitState
from creditrisk.domain.money import EXACT, format_amount
from creditrisk.domain.rates import Converter
from creditrisk.domain.remedy import Remedy
from creditrisk.domain.situation import Situation
from creditrisk.domain.values import value
from creditrisk.locale.languages import DEFAULT_LANGUAGE, MessageLanguage

FOUR_DECIMALS = Decimal("0.0001")
ZERO_SHARE = Decimal("0.0000")

WITHOUT_FIGURES = (
    "decision_id",
    "decision",
    "signal",
    "not_controlled",
    "company",
    "customer",
    "risk_customer",
    "obligations",
    "hold",
    "as_of",
    "evaluated_at",
)
"""What a key with the scope `signal` alone gets to see, besides the findings' codes."""


@value
class StoredExposure:
    """An account as it stands, without any document and so without a decision."""

    company: str
    situation: Situation
    configuration: Configuration
    as_of: date
    evaluated_at: datetime


class Written:
    """What answers about one standing have in common, written once: its categories and what is overdue.

    As JSON, so that an answer takes them over letter by letter.
    """

    __slots__ = ("_categories", "_categories_written", "_overdue", "_overdue_written")

    def __init__(self) -> None:
        self._categories: Mapping[str, Decimal] | None = None
        self._categories_written = _NOTHING
        self._overdue: Overdue | None = None
        self._overdue_written = _NOTHING

    def categories(self, amounts: Mapping[str, Decimal], currency: str) -> orjson.Fragment:
        """The amounts; they are others only where the document changes or meets stored papers."""
        if amounts is not self._categories:
            self._categories_written = as_json(_amounts_as_data(amounts, currency))
            self._categories = amounts
        return self._categories_written

    def overdue(self, overdue: Overdue, currency: str) -> orjson.Fragment:
        """What is overdue."""
        if overdue is not self._overdue:
            self._overdue_written = as_json(_overdue_as_data(overdue, currency))
            self._overdue = overdue
        return self._overdue_written


def as_json(data: Mapping[str, Any]) -> orjson.Fragment:
    """Write data down, to be taken over letter by letter."""
    return orjson.Fragment(orjson.dumps(data))


_NOTHING = as_json({})


@value
class Answer:
    """Everything a check's answer says."""

    decision_id: UUID
    check: Check
    verdict: Verdict
    remedy: Remedy
    configuration: Configuration
    as_of: date
    evaluated_at: datetime
    language: MessageLanguage = DEFAULT_LANGUAGE
    written: Written
    """What was written of its standing before."""


def rendered(answer: Answer) -> dict[str, Any]:
    """The whole answer, as far as the check knows it: holds and reservations are named by their keepers."""
    verdict, situation = answer.verdict, answer.verdict.situation
    audience = Audience(
        language=answer.language, user=answer.check.operator.id, own=answer.configuration.texts
    )
    return {
        "decision_id": str(answer.decision_id),
        "decision": verdict.decision.value,
        "signal": verdict.signal.value,
        "not_controlled": verdict.not_controlled.value if verdict.not_controlled else None,
        "company": answer.check.company,
        "customer": answer.check.customer,
        "risk_customer": situation.facts.account.customer,
        "findings": [finding_as_data(finding, audience) for finding in verdict.findings],
        "cancelled": [
            finding_as_data(finding, audience) | {"cancelled_by": by} for finding, by in verdict.cancelled
        ],
        "obligations": {
            "save": verdict.obligations.save,
            "proceed": verdict.obligations.proceed,
            "print": verdict.obligations.print,
        },
        **figures(situation, answer.written),
        "remedy": _remedy(answer.remedy, situation.currency),
        "hold": None,
        "reservation": None,
        **circumstances(
            situation, answer.configuration, as_of=answer.as_of, evaluated_at=answer.evaluated_at
        ),
    }


def without_figures(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an answer that tells no amounts."""
    findings = [
        {key: finding[key] for key in ("code", "class", "demoted_by")} for finding in answer["findings"]
    ]
    told = {**{key: answer[key] for key in WITHOUT_FIGURES}, "findings": findings}
    if answer["reservation"] is not None:
        told["reservation"] = {k: value for k, value in answer["reservation"].items() if k != "amount"}
    return told


def figures(situation: Situation, written: Written | None = None) -> dict[str, Any]:
    """Exposure, limits and utilisation of a situation: the part that `GET …/exposure` shares with a check.

    `written` is what was written of its standing before; with it, parts of the exposure are JSON already.
    """
    currency = situation.currency
    money = _money(currency)
    return {
        "exposure": exposure_as_data(situation, written),
        "limit": {
            **limit_as_data(situation),
            "components": [
                {"source": part.source, "amount": money(part.amount), **({"id": part.id} if part.id else {})}
                for part in _binding_limit(situation).components
            ],
        },
        "limits": [
            {
                "source": applied.limit.source,
                "id": applied.limit.id,
                "amount": money(applied.limit.amount or Decimal(0)),
                "current": money(applied.exposure.current),
                "projected": money(applied.exposure.projected),
                "exceeded": applied.exceeded,
            }
            for applied in situation.applied
        ],
        "utilisation": utilisation(situation),
    }


def limit_as_data(situation: Situation) -> dict[str, Any]:
    """The limit that binds most, without what it is made of."""
    limit, currency = _binding_limit(situation), situation.currency
    return {
        "state": limit.state.value,
        "amount": None if limit.amount is None else format_amount(limit.amount, currency),
        "currency": currency,
        "source": None if limit.state is LimitState.NONE else limit.source,
        "valid_until": limit.valid_until.isoformat() if limit.valid_until else None,
    }


def _binding_limit(situation: Situation) -> Limit:
    return situation.binding.limit if situation.binding else situation.limits[0]


def circumstances(
    situation: Situation, configuration: Configuration, *, as_of: date, evaluated_at: datetime
) -> dict[str, Any]:
    """What a situation was judged by: data, rates, policy and day; also part of `GET …/exposure`."""
    return {
        "freshness": {
            feed.source: {"as_of": instant(feed.as_of), "age_seconds": feed.age_seconds}
            for feed in situation.facts.feeds
        },
        "rates": applied_rates(situation.converter),
        "policy": {
            "preset": configuration.preset if configuration.defined else None,
            "version": configuration.version,
        },
        "as_of": as_of.isoformat(),
        "evaluated_at": instant(evaluated_at),
    }


def applied_rates(converter: Converter) -> list[dict[str, Any]]:
    """The exchange rates that were used, in order of first use."""
    return [
        {
            "from": rate.source,
            "to": rate.target,
            "date": rate.day.isoformat(),
            "rate": format(rate.rate, "f"),
            "type": rate.type,
            "inverse": rate.inverse,
        }
        for rate in converter.used
    ]


@lru_cache(maxsize=1_000)
def instant(moment: datetime) -> str:
    """An instant as RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def money_as_data(amount: Decimal, currency: str) -> dict[str, str]:
    """Money as the wire has it, rounded half to even to the minor unit."""
    return {"amount": format_amount(amount, currency), "currency": currency}


def _money(currency: str) -> Any:
    return lambda amount: format_amount(amount, currency)


def finding_as_data(finding: Finding, audience: Audience) -> dict[str, Any]:
    """One finding as an answer and a hold list it."""
    plain = {
        "code": finding.code.value,
        "class": finding.severity.value,
        "message": None,  # made of the others; its place is here
        "params": dict(finding.params),
        "observed": _figure(finding.observed, finding.unit),
        "threshold": _figure(finding.threshold, finding.unit),
        "unit": finding.unit,
        "rule": finding.rule,
        "demoted_by": finding.demoted_by,
    }
    return plain | {"message": message(plain, audience)}


def _figure(value: Decimal | int | None, unit: str | None) -> str | int | None:
    if not isinstance(value, Decimal):
        return value
    return format(value, "f") if unit in {None, "rank", "percent"} else format_amount(value, unit or "")


def exposure_as_data(situation: Situation, written: Written | None = None) -> dict[str, Any]:
    """Exposure without and with the document, by category, and what is overdue; see `figures`."""
    exposure, currency = situation.exposure, situation.currency
    money = _money(currency)
    by_category = written.categories if written else _amounts_as_data
    overdue = written.overdue if written else _overdue_as_data
    return {
        "currency": currency,
        "current": money(exposure.current),
        "document": money(exposure.document),
        "projected": money(exposure.projected),
        "by_category": by_category(exposure.by_category, currency),
        "overdue": overdue(situation.overdue, currency),
    }


def _amounts_as_data(amounts: Mapping[str, Decimal], currency: str) -> dict[str, str]:
    return {category: format_amount(amount, currency) for category, amount in amounts.items()}


def _overdue_as_data(overdue: Overdue, currency: str) -> dict[str, Any]:
    return {
        "amount": format_amount(overdue.amount, currency),
        "oldest_days": overdue.oldest_days,
        "ageing": _amounts_as_data(overdue.ageing, currency),
    }


def utilisation(situation: Situation) -> str | None:
    """The share of the limit that binds most which is used once the document is saved; None without one."""
    binding = situation.binding
    if binding is None or not binding.limit.amount or binding.limit.amount < 0:
        return None
    share = EXACT.divide(binding.exposure.projected, binding.limit.amount)
    return str(share.quantize(FOUR_DECIMALS, context=EXACT) or ZERO_SHARE)


def _remedy(remedy: Remedy, currency: str) -> dict[str, Any]:
    def amount(value: Decimal | None) -> dict[str, str] | None:
        return None if value is None else money_as_data(value, currency)

    payment = amount(remedy.payment_needed)
    return {
        "headroom": amount(remedy.headroom),
        "payment_needed": None if payment is None else {**payment, "items": list(remedy.items)},
        "green_on": remedy.green_on.isoformat() if remedy.green_on else None,
        "unblocked_on": remedy.unblocked_on.isoformat() if remedy.unblocked_on else None,
    }
