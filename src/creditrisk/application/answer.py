"""The answer to a check as plain data, ready for the wire and for the decision record.

Amounts are strings with exactly the minor unit's decimals, dates and instants ISO 8601; keys are those of the
contract.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

import orjson

from creditrisk.application.keys import Principal, Scope
from creditrisk.application.messages import Audience, message
from creditrisk.domain.decision import Verdict
from creditrisk.domain.exposure import Overdue
from creditrisk.domain.facts import Check, Configuration
from creditrisk.domain.findings import Finding
from creditrisk.domain.limits import Limit, LimitState
from creditrisk.domain.money import EXACT, format_amount, format_amounts
from creditrisk.domain.rates import Converter
from creditrisk.domain.remedy import Remedy
from creditrisk.domain.situation import Situation
from creditrisk.domain.values import value
from creditrisk.locale.languages import DEFAULT_LANGUAGE, MessageLanguage

_T = TypeVar("_T")

ZERO = Decimal(0)
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
    """What answers about one standing have in common, written once: answers take it over as JSON."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: dict[str, tuple[object, orjson.Fragment]] = {}

    def part(self, name: str, of: _T, currency: str, write: Callable[[_T, str], Any]) -> orjson.Fragment:
        """A part as `write` makes it of `of`, again where that is another object than the last time.

        It is so where the document under check changes or meets stored papers.
        """
        known = self._parts.get(name)
        if known is None or known[0] is not of:
            known = self._parts[name] = of, as_json(write(of, currency))
        return known[1]

    def rates(self, converter: Converter) -> orjson.Fragment:
        """The rates used; other ones only where the document is in a currency of its own."""
        used = converter.used
        known = self._parts.get("rates")
        if known is None or known[0] != used:
            known = self._parts["rates"] = used, as_json(applied_rates(converter))
        return known[1]


class _Unwritten(Written):
    """Keeps nothing, and answers plain data: for what is answered once."""

    __slots__ = ()

    def rates(self, converter: Converter) -> Any:
        return applied_rates(converter)

    def part(
        self,
        name: str,  # noqa: ARG002 - nothing is kept under it
        of: _T,
        currency: str,
        write: Callable[[_T, str], Any],
    ) -> Any:
        return write(of, currency)


def as_json(data: Any) -> orjson.Fragment:
    """Write data down, to be taken over letter by letter."""
    return orjson.Fragment(orjson.dumps(data))


_UNWRITTEN = _Unwritten()


@value
class Answer:
    """Everything a check's answer says."""

    decision_id: str
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
    findings, cancelled = _findings(answer)
    return {
        "decision_id": answer.decision_id,
        "decision": verdict.decision.value,
        "signal": verdict.signal.value,
        "not_controlled": verdict.not_controlled.value if verdict.not_controlled else None,
        "company": answer.check.company,
        "customer": answer.check.customer,
        "risk_customer": situation.facts.account.customer,
        "findings": findings,
        "cancelled": cancelled,
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
            situation,
            answer.configuration,
            as_of=answer.as_of,
            evaluated_at=answer.evaluated_at,
            written=answer.written,
        ),
    }


def _findings(answer: Answer) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What counts, and what exclusions cancelled."""
    verdict = answer.verdict
    if not (verdict.findings or verdict.cancelled):  # as with nearly every check
        return [], []
    audience = Audience(
        language=answer.language, user=answer.check.operator.id, own=answer.configuration.texts
    )
    return (
        [finding_as_data(finding, audience) for finding in verdict.findings],
        [finding_as_data(finding, audience) | {"cancelled_by": by} for finding, by in verdict.cancelled],
    )


def seen_by(principal: Principal, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of an answer that its caller may see: one who may only see signals is told no figures."""
    return answer if Scope.CHECK in principal.scopes else without_figures(answer)


def without_figures(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an answer that tells no amounts."""
    findings = [
        {key: finding[key] for key in ("code", "class", "demoted_by")} for finding in answer["findings"]
    ]
    told = {**{key: answer[key] for key in WITHOUT_FIGURES}, "findings": findings}
    if answer["reservation"] is not None:
        told["reservation"] = {k: value for k, value in answer["reservation"].items() if k != "amount"}
    return told


def figures(situation: Situation, written: Written = _UNWRITTEN) -> dict[str, Any]:
    """Exposure, limits and utilisation of a situation: the part that `GET …/exposure` shares with a check.

    `written` is what was written of its standing before; with it, parts of both are JSON already.
    """
    currency = situation.currency
    return {
        "exposure": exposure_as_data(situation, written),
        "limit": written.part("limit", _binding_limit(situation), currency, _limit_with_components),
        "limits": [
            {
                "source": applied.limit.source,
                "id": applied.limit.id,
                "amount": format_amount(applied.limit.amount or ZERO, currency),
                "current": format_amount(applied.exposure.current, currency),
                "projected": format_amount(applied.exposure.projected, currency),
                "exceeded": applied.exceeded,
            }
            for applied in situation.applied
        ],
        "utilisation": utilisation(situation),
    }


def limit_as_data(situation: Situation) -> dict[str, Any]:
    """The limit that binds most, without what it is made of."""
    return _limit(_binding_limit(situation), situation.currency)


def _limit_with_components(limit: Limit, currency: str) -> dict[str, Any]:
    components = [
        {
            "source": part.source,
            "amount": format_amount(part.amount, currency),
            **({"id": part.id} if part.id else {}),
        }
        for part in limit.components
    ]
    return {**_limit(limit, currency), "components": components}


def _limit(limit: Limit, currency: str) -> dict[str, Any]:
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
    situation: Situation,
    configuration: Configuration,
    *,
    as_of: date,
    evaluated_at: datetime,
    written: Written = _UNWRITTEN,
) -> dict[str, Any]:
    """What a situation was judged by: data, rates, policy and day; also part of `GET …/exposure`."""
    return {
        "freshness": {
            feed.source: {"as_of": instant(feed.as_of), "age_seconds": feed.age_seconds}
            for feed in situation.facts.feeds
        },
        "rates": written.rates(situation.converter),
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


def missing_rates(converter: Converter) -> list[dict[str, str]]:
    """The pairs of currencies whose amounts are left out, as they have no rate."""
    return [{"from": source, "to": target} for source, target in converter.missing]


@lru_cache(maxsize=1_000)
def instant(moment: datetime) -> str:
    """An instant as RFC 3339 in UTC."""
    # In the same letters as isoformat, which takes four times as long.
    return orjson.dumps(moment.astimezone(UTC), option=orjson.OPT_UTC_Z)[1:-1].decode()


def money_as_data(amount: Decimal, currency: str) -> dict[str, str]:
    """Money as the wire has it, rounded half to even to the minor unit."""
    return {"amount": format_amount(amount, currency), "currency": currency}


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


def exposure_as_data(situation: Situation, written: Written = _UNWRITTEN) -> dict[str, Any]:
    """Exposure without and with the document, by category, and what is overdue; see `figures`."""
    exposure, currency = situation.exposure, situation.currency
    return {
        "currency": currency,
        "current": format_amount(exposure.current, currency),
        "document": format_amount(exposure.document, currency),
        "projected": format_amount(exposure.projected, currency),
        "by_category": written.part("categories", exposure.by_category, currency, _amounts_as_data),
        "overdue": written.part("overdue", situation.overdue, currency, _overdue_as_data),
    }


def _amounts_as_data(amounts: Mapping[str, Decimal], currency: str) -> dict[str, str]:
    return dict(zip(amounts, format_amounts(amounts.values(), currency), strict=True))


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
    return str(EXACT.quantize(share, FOUR_DECIMALS) or ZERO_SHARE)


def _remedy(remedy: Remedy, currency: str) -> dict[str, Any]:
    headroom, payment = remedy.headroom, remedy.payment_needed
    return {
        "headroom": None if headroom is None else money_as_data(headroom, currency),
        "payment_needed": None
        if payment is None
        else {**money_as_data(payment, currency), "items": list(remedy.items)},
        "green_on": remedy.green_on.isoformat() if remedy.green_on else None,
        "unblocked_on": remedy.unblocked_on.isoformat() if remedy.unblocked_on else None,
    }
