"""Findings in sentences."""

from typing import Any

import pytest

from creditrisk.application.messages import Audience, OwnTexts, message
from creditrisk.locale.languages import MessageLanguage


def finding(
    code: str,
    *,
    observed: str | int | None = None,
    threshold: str | int | None = None,
    unit: str | None = None,
    **params: Any,
) -> dict[str, Any]:
    """A finding as it is answered."""
    return {"code": code, "observed": observed, "threshold": threshold, "unit": unit, "params": params}


EXCEEDED = finding("LIMIT_EXCEEDED", observed="112000.00", threshold="100000.00", unit="EUR")
OVERDUE = finding("DAYS_OVERDUE", observed=33, threshold=1, unit="days")
CAPPED = finding(
    "CATEGORY_LIMIT_EXCEEDED", observed="1234.500", threshold="0.000", unit="TND", category="open_items"
)


def said(found: dict[str, Any], language: MessageLanguage = "en", **audience: Any) -> str:
    """The message, no-break spaces as plain ones."""
    return message(found, Audience(language=language, **audience)).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("language", "exceeded", "overdue"),
    [
        (
            "en",
            "Exposure of 112,000.00 EUR would exceed the limit of 100,000.00 EUR.",
            "The oldest open item is 33 days past due, accepted: 1 day.",
        ),
        (
            "it",
            "L'esposizione di 112.000,00 EUR supererebbe il fido di 100.000,00 EUR.",
            "La partita aperta più vecchia è scaduta da 33 giorni, ammessi: 1 giorno.",
        ),
        (
            "hr",
            "Izloženost od 112.000,00 EUR premašila bi kreditni limit od 100.000,00 EUR.",
            "Najstarija otvorena stavka kasni 33 dana, dopušteno: 1 dan.",
        ),
        (
            "cs",
            "Angažovanost 112 000,00 EUR by překročila kreditní limit 100 000,00 EUR.",
            "Nejstarší otevřená položka je 33 dní po splatnosti, přípustné: 1 den.",
        ),
        (
            "pt",
            "A exposição de 112.000,00 EUR excederia o limite de crédito de 100.000,00 EUR.",
            "O item em aberto mais antigo venceu há 33 dias, aceite: 1 dia.",
        ),
        (
            "es",
            "El riesgo de 112.000,00 EUR superaría el límite de riesgo de 100.000,00 EUR.",
            "La partida abierta más antigua venció hace 33 días, admitido: 1 día.",
        ),
    ],
)
def test_a_finding_is_told_in_the_readers_language_and_its_figures_are_too(
    language: MessageLanguage, exceeded: str, overdue: str
) -> None:
    assert said(EXCEEDED, language) == exceeded
    assert said(OVERDUE, language) == overdue


def test_words_of_the_wire_are_translated_and_names_are_not() -> None:
    assert said(CAPPED, "cs").endswith("strop 0,000 TND pro jednu kategorii (otevřené položky).")
    block = finding("MANUAL_BLOCK", kinds=["delivery", "order"], customers=["C-1"], notes=["Call {x}."])
    assert said(block, "es") == (
        "Este tipo de documento (albarán y pedido) está bloqueado manualmente para C-1. Call {x}."
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (finding("LIMIT_EXPIRED", expires_on="2026-11-22"), "The credit limit expired on Nov 22, 2026."),
        (
            finding("LIMIT_EXPIRED", expires_on=None),
            "The credit limit has no expiry date and counts as expired.",
        ),
        (
            finding("DATA_STALE", observed=None, threshold=3600, unit="seconds", feeds=["erp"]),
            "Data is missing or too old, accepted: 3,600 seconds. Feeds concerned: erp.",
        ),
        (finding("ACCOUNT_STATUS", customer="C-1", closed=True), "The customer C-1 is closed."),
        (
            finding("UTILISATION_HIGH", observed="8.50", threshold="8.00", unit="EUR", percent="80"),
            "Exposure of 8.50 EUR would use more than 80% of the limit.",
        ),
        (finding("CUSTOMER_WARNING", text="Call {first}."), "Call {first}."),
    ],
)
def test_the_sentence_is_one_whose_values_are_there(found: dict[str, Any], expected: str) -> None:
    assert said(found) == expected


@pytest.mark.parametrize(
    ("own", "language", "expected"),
    [
        ({("LIMIT_EXCEEDED", "it"): "Fido!", ("LIMIT_EXCEEDED", ""): "Limit!"}, "it", "Fido!"),
        ({("LIMIT_EXCEEDED", "it"): "Fido!", ("LIMIT_EXCEEDED", ""): "Limit!"}, "cs", "Limit!"),
        (
            {("LIMIT_EXCEEDED", "it"): "Fido!"},
            "en",
            "Exposure of 112,000.00 EUR would exceed the limit of 100,000.00 EUR.",
        ),
        (
            {("LIMIT_EXCEEDED", ""): "{{{user}}}: {observed} > {threshold}"},
            "it",
            "{u2}: 112.000,00 EUR > 100.000,00 EUR",
        ),
    ],
)
def test_a_companys_own_text_goes_before_the_shipped_one(
    own: OwnTexts, language: MessageLanguage, expected: str
) -> None:
    assert said(EXCEEDED, language, user="u2", own=own) == expected


def test_what_a_finding_does_not_have_is_a_dash_in_a_companys_own_text() -> None:
    own = {("FORCED_HOLD", ""): "{user}, {observed}"}

    assert said(finding("FORCED_HOLD"), own=own) == "–, –"
