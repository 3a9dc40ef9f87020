"""Messages over HTTP: in the caller's language, and in the words of the caller's company."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.configuration.site import Site
from tests.api.parts import complaints
from tests.service import JSON, eur, ok

CHECK = {
    "customer": "C-1",
    "document": {"kind": "order", "number": "SO-1", "total": eur("1234.50")},
    "operator": {"id": "u2"},
}
ENGLISH = "Exposure of 1,234.50 EUR would exceed the limit of 1,000.00 EUR."
ITALIAN = "L'esposizione di 1.234,50 EUR supererebbe il fido di 1.000,00 EUR."
SPANISH = "El riesgo de 1.234,50 EUR superaría el límite de riesgo de 1.000,00 EUR."
PATH = "/v1/messages/LIMIT_EXCEEDED"


@pytest.fixture
def erp(admin: httpx.Client) -> httpx.Client:
    """A tenant whose customer C-1 may owe 1,000 EUR."""
    ok(admin.put("/v1/customers/C-1", json={}))
    ok(admin.put("/v1/customers/C-1/credit", json={"limit": eur("1000.00")}))
    return admin


def ask(
    erp: httpx.Client, language: str | None = None, *, body: JSON = CHECK, key: str | None = None
) -> httpx.Response:
    stated = {"Accept-Language": language, "Idempotency-Key": key}
    headers = {name: value for name, value in stated.items() if value is not None}
    return erp.post("/v1/check", json=body, headers=headers)


def message(answer: Any) -> str:
    """The text of the only finding, no-break spaces as plain ones."""
    (finding,) = answer["findings"]
    return str(finding["message"]).replace("\u00a0", " ")


def test_a_check_is_answered_in_the_language_asked_for_and_says_so(erp: httpx.Client) -> None:
    for language, told, text in (("it-CH", "it", ITALIAN), ("de", "en", ENGLISH), (None, "en", ENGLISH)):
        answer = ask(erp, language)
        assert message(ok(answer)) == text
        assert (answer.headers["content-language"], answer.headers["vary"]) == (told, "Accept-Language")


def test_only_the_message_depends_on_the_language(erp: httpx.Client) -> None:
    def rest(language: str) -> Any:
        answer = ok(ask(erp, language, body=CHECK | {"dry_run": True}))
        assert answer["findings"][0].pop("message")
        return {name: value for name, value in answer.items() if name not in {"decision_id", "evaluated_at"}}

    assert rest("it") == rest("cs") == rest("en")


def test_several_lines_of_the_header_are_one(erp: httpx.Client) -> None:
    lines = [("Accept-Language", "de"), ("Accept-Language", "es;q=0.5")]

    assert message(ok(erp.post("/v1/check", json=CHECK, headers=lines))) == SPANISH


def test_a_header_too_long_to_be_meant_is_answered_in_english(erp: httpx.Client) -> None:
    assert message(ok(ask(erp, "it," * 1000))) == ENGLISH


def test_many_checks_are_answered_in_one_language(erp: httpx.Client) -> None:
    answer = erp.post("/v1/checks", json={"checks": [CHECK, CHECK]}, headers={"Accept-Language": "es"})

    assert [message(each) for each in ok(answer)["results"]] == [SPANISH, SPANISH]
    assert answer.headers["content-language"] == "es"


def test_a_decision_is_kept_as_it_was_answered(erp: httpx.Client) -> None:
    answer = ok(ask(erp, "it"))

    kept = ok(erp.get(f"/v1/decisions/{answer['decision_id']}", headers={"Accept-Language": "cs"}))

    assert message(kept["answer"]) == ITALIAN


def test_a_repeated_request_is_answered_in_the_language_of_the_first(erp: httpx.Client) -> None:
    first, again = ask(erp, "it", key="once"), ask(erp, "es", key="once")

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == first.content
    assert [again.headers[name] for name in ("content-language", "vary")] == ["it", "Accept-Language"]


def test_a_hold_is_told_in_the_language_of_who_reads_it(erp: httpx.Client) -> None:
    hold = ok(ask(erp, "it"))["hold"]["id"]

    listed = erp.get("/v1/holds", headers={"Accept-Language": "es"})
    shown = erp.get(f"/v1/holds/{hold}")
    released = erp.post(f"/v1/holds/{hold}/release", headers={"Accept-Language": "it"})

    assert message(ok(listed)["items"][0]) == SPANISH
    assert listed.headers["content-language"] == "es"
    assert message(ok(shown)) == ENGLISH
    assert message(ok(released)) == ITALIAN


def test_a_hold_is_told_in_the_words_that_its_company_has_now(erp: httpx.Client) -> None:
    hold = ok(ask(erp))["hold"]["id"]
    ok(erp.put(PATH, json={"text": "{user}: no."}))
    ok(erp.put(PATH, json={"company": "north", "text": "Elsewhere."}))

    assert message(ok(erp.get(f"/v1/holds/{hold}"))) == "u2: no."


def test_a_text_is_set_read_replaced_and_deleted(erp: httpx.Client) -> None:
    created = erp.put(f"{PATH}?language=it", json={"text": "Fido superato."})
    assert created.status_code == 201
    assert (created.json()["code"], created.json()["language"]) == ("LIMIT_EXCEEDED", "it")
    assert (created.json()["company"], created.json()["updated_by"]) == (None, "Anna")
    assert ok(erp.get(f"{PATH}?language=it")) == created.json()
    assert message(ok(ask(erp, "it"))) == "Fido superato."
    assert message(ok(ask(erp))) == ENGLISH

    replaced = erp.put(f"{PATH}?language=it", json={"text": "Fido: {threshold}."})
    assert replaced.status_code == 200
    assert ok(erp.get("/v1/messages")) == {"items": [replaced.json()], "next": None}
    assert message(ok(ask(erp, "it"))) == "Fido: 1.000,00 EUR."

    assert erp.get(PATH).status_code == 404
    assert erp.delete(PATH).status_code == 404
    assert erp.delete(f"{PATH}?language=it").status_code == 204
    assert message(ok(ask(erp, "it"))) == ITALIAN


def test_a_text_without_a_language_is_for_all_that_have_none_of_their_own(erp: httpx.Client) -> None:
    ok(erp.put(PATH, json={"text": "{observed} > {threshold}"}))
    ok(erp.put(f"{PATH}?language=it", json={"text": "Fido superato da {user}."}))

    assert message(ok(ask(erp, "it"))) == "Fido superato da u2."
    assert message(ok(ask(erp, "es"))) == "1.234,50 EUR > 1.000,00 EUR"
    assert ok(erp.get(PATH))["language"] is None


def test_a_companys_own_text_goes_before_that_of_every_company(erp: httpx.Client) -> None:
    ok(erp.put(PATH, json={"text": "Everywhere."}))
    ok(erp.put(f"{PATH}?company=main", json={"text": "In main."}))
    ok(erp.put("/v1/policy?company=north", json={}))
    ok(erp.put("/v1/customers/C-1/credit?company=north", json={"limit": eur("1000.00")}))

    assert message(ok(ask(erp))) == "In main."
    assert message(ok(ask(erp, body=CHECK | {"company": "north"}))) == "Everywhere."
    assert ok(erp.get(f"{PATH}?company=north"))["text"] == "Everywhere."
    assert erp.delete(f"{PATH}?company=north").status_code == 404
    assert [each["company"] for each in ok(erp.get("/v1/messages?company=main"))["items"]] == [None, "main"]


def test_who_works_with_a_document_made_before_a_block_is_told_why_in_the_companys_words(
    erp: httpx.Client,
) -> None:
    ok(erp.put("/v1/customers/C-2", json={}))
    document = {"kind": "order", "number": "SO-9", "total": eur("10.00")}
    ok(erp.put("/v1/documents/order/SO-9", json={"customer": "C-2", "total": eur("10.00")}))
    ok(erp.put("/v1/customers/C-2/credit", json={"documents_blocked": ["order"]}))
    ok(erp.put("/v1/messages/DOCUMENTS_BLOCKED", json={"text": "{user}: nothing more for them ({kind})."}))

    later = ask(erp, body=CHECK | {"customer": "C-2", "document": document, "checkpoint": "print"})

    assert message(ok(later)) == "u2: nothing more for them (order)."


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (PATH, {"text": "{customer}"}, ("/text", "unknown_placeholder")),
        (PATH, {"text": "{}"}, ("/text", "unknown_placeholder")),
        (PATH, {"text": "{0}"}, ("/text", "unknown_placeholder")),
        (PATH, {"text": "{observed.__class__}"}, ("/text", "unknown_placeholder")),
        (PATH, {"text": "{observed[0]}"}, ("/text", "unknown_placeholder")),
        (PATH, {"text": "{observed!r}"}, ("/text", "malformed_placeholder")),
        (PATH, {"text": "{observed:>999999999}"}, ("/text", "malformed_placeholder")),
        (PATH, {"text": "{observed:{user}}"}, ("/text", "malformed_placeholder")),
        (PATH, {"text": "{observed"}, ("/text", "malformed_placeholder")),
        (PATH, {"text": "observed}"}, ("/text", "malformed_placeholder")),
        (PATH, {"text": ""}, ("/text", "too_short")),
        (PATH, {"text": "x" * 1001}, ("/text", "too_long")),
        (PATH, {"text": "\u0007"}, ("/text", "invalid_text")),
        (PATH, {}, ("/text", "required")),
        (f"{PATH}?language=de", {"text": "x"}, ("query/language", "not_allowed")),
        ("/v1/messages/NO_SUCH_CODE", {"text": "x"}, ("path/code", "not_allowed")),
    ],
)
def test_what_cannot_be_filled_in_or_breaks_the_contract_is_named(
    admin: httpx.Client, path: str, body: JSON, expected: tuple[str, str]
) -> None:
    assert complaints(admin.put(path, json=body)) == [expected]
    assert ok(admin.get("/v1/messages"))["items"] == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("LIMIT_EXPIRED", "{expires_on}"),
        ("CUSTOMER_WARNING", "{text} {user}"),
        ("MANUAL_BLOCK", "{kinds} {notes}"),
        ("FORCED_HOLD", "{{{observed}}} {threshold}"),
    ],
)
def test_a_text_may_name_what_the_shipped_sentences_name(admin: httpx.Client, code: str, text: str) -> None:
    assert ok(admin.put(f"/v1/messages/{code}", json={"text": text}))["text"] == text


def test_texts_stay_in_their_tenant_and_a_limited_key_changes_only_its_companies(
    erp: httpx.Client, stranger: httpx.Client, northerner: httpx.Client
) -> None:
    ok(erp.put(PATH, json={"text": "Ours."}))

    assert stranger.get(PATH).status_code == 404
    assert stranger.delete(PATH).status_code == 404
    assert northerner.put(PATH, json={"text": "x"}).json()["code"] == "company_forbidden"
    assert northerner.put(f"{PATH}?company=main", json={"text": "x"}).status_code == 403
    assert northerner.put(f"{PATH}?company=north", json={"text": "North."}).status_code == 201
    assert northerner.get(f"{PATH}?company=main").status_code == 403


def test_texts_are_the_business_of_the_scope_policy(site: Site) -> None:
    with site.caller(site.key_of(f"other-{uuid4().hex}", ["check", "holds", "limits"])) as other:
        assert other.put(PATH, json={"text": "x"}).json()["code"] == "scope_missing"
        for method, path in (("GET", PATH), ("DELETE", PATH), ("GET", "/v1/messages")):
            assert other.request(method, path).status_code == 403
