"""Values at the ends of what may be said: the calendar, amounts and rates, names."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import httpx
import pytest

from tests.api.bodies import replaced, texts
from tests.api.everything import ID, Writing
from tests.service import Site, eur, ok

pytestmark = pytest.mark.usefixtures("stock")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_date_at_the_end_of_the_calendar_is_refused_or_kept_and_checks_go_on(
    erp: httpx.Client, requests: list[Writing], day: str
) -> None:
    broken = []
    for writing in requests:
        for at, value in texts(writing.body):
            if re.match(r"\d{4}-\d\d-\d\d", value):
                stated = writing.send(erp, replaced(writing.body, at, day + value[10:]))
                answers = [stated, *(_looks(erp) if stated.is_success else ())]
                broken += [(writing.path, at, each.text) for each in answers if each.status_code >= 500]
        writing.send(erp)

    assert broken == []


def _looks(caller: httpx.Client) -> Iterator[httpx.Response]:
    """Ask everything that adds up the account, today and at both ends of what may be asked."""
    document = {
        "kind": "invoice",
        "number": "X",
        "total": eur("5.00"),
        "follows": [{"kind": "order", "number": ID}],
    }
    days = (None, "1900-01-01", "2999-12-31")
    checks = [{"customer": ID, "document": document, "as_of": as_of} for as_of in days]
    yield caller.post("/v1/checks", json={"checks": checks})
    for as_of in days[1:]:
        yield caller.get(f"/v1/customers/{ID}/exposure", params={"detail": "true", "as_of": as_of})
    for path in ("holds", "rates", "keys", "decisions", f"customers/{ID}/covers", f"customers/{ID}/credit"):
        yield caller.get(f"/v1/{path}")


@pytest.mark.parametrize("field", ["review_on", "valid_until", "as_of"])
@pytest.mark.parametrize("day", ["0001-01-01", "1900-01-01", "2999-12-31", "9999-12-31"])
def test_a_release_at_the_end_of_the_calendar_does_not_break_the_next_check(
    erp: httpx.Client, field: str, day: str
) -> None:
    document = {"kind": "order", "number": f"{field} {day}", "total": eur("900000.00")}
    asked = {"customer": ID, "document": document}
    hold = ok(erp.post("/v1/check", json=asked))["hold"]["id"]

    released = erp.post(f"/v1/holds/{hold}/release", json={field: day})

    assert released.status_code in {200, 422}
    for as_of in (None, "1900-01-01", "2999-12-31"):
        ok(erp.post("/v1/check", json=asked | {"as_of": as_of}))
    ok(erp.get(f"/v1/holds/{hold}"))


def test_an_instant_at_the_end_of_the_calendar_is_kept_as_stated(site: Site) -> None:
    instant = "9999-12-31T23:59:59.999999Z"
    with site.tenant() as caller:
        made = ok(caller.post("/v1/keys", json={"scopes": ["check"], "expires_at": instant}))
        assert made["expires_at"] == instant
        assert instant in {key["expires_at"] for key in ok(caller.get("/v1/keys"))["items"]}
        ok(caller.get("/v1/decisions", params={"since": instant}))


@pytest.mark.parametrize("rate", ["0.000000000001", "1", "999999999999.999999999999"])
def test_the_largest_amounts_at_the_wildest_rates_are_added_up(site: Site, rate: str) -> None:
    most = {"amount": "999999999999999.99", "currency": "USD"}
    with site.tenant() as caller:
        stated = {"from": "USD", "to": "EUR", "date": "2020-01-01", "rate": rate}
        ok(caller.put("/v1/rates", json={"rates": [stated]}))
        ok(caller.put("/v1/customers/C-1", json={}))
        ok(caller.put("/v1/customers/C-1/credit", json={"limit": eur("0.01")}))
        for kind in ("order", "delivery", "invoice"):
            ok(caller.put(f"/v1/documents/{kind}/1", json={"customer": "C-1", "total": most}))
        ok(
            caller.put(
                "/v1/ledger/open_item/1", json={"customer": "C-1", "total": most, "due_date": "2020-01-01"}
            )
        )

        document = {"kind": "order", "number": "2", "total": most}
        answer = ok(caller.post("/v1/check", json={"customer": "C-1", "document": document}))

        assert answer["decision"] == "block"
        assert ok(caller.get("/v1/customers/C-1/exposure"))["signal"] == "red"


AWKWARD: Final = [
    "A/B",
    "100%",
    "a?b",
    "a b",
    "%2F",
    "..",
    ".",
    "a#b",
    "a;b=1",
    "+",
    "客户",
    "\U0001f4b6",
    "ü" * 64,
]


def test_an_id_may_hold_whatever_can_be_printed(erp: httpx.Client, requests: list[Writing]) -> None:
    named = {each.path for each in requests if each.method == "PUT" and each.path.endswith(ID)}
    wrong = []
    for writing in (each for each in requests if each.path in named):
        for n, id_ in enumerate(AWKWARD, 1_000):
            path = writing.path.removesuffix(ID) + _escaped(id_)
            # Risk groups share no score.
            apart = {"from": str(n), "to": str(n)} if writing.operation == "put_risk_group" else {}
            stated = erp.put(path, json=writing.body | apart)
            seen = erp.get(path)
            shown = seen.json() if seen.is_success else {}
            if not stated.is_success or id_ not in {shown.get(name) for name in ("id", "code", "number")}:
                wrong.append((path, stated.text, seen.text))

    assert wrong == []
    assert len(named) > 15


def _escaped(id_: str) -> str:
    # Clients take "." and ".." for steps of the path unless their dots are escaped, too.
    return quote(id_, safe="").replace(".", "%2E")


def test_ids_that_look_the_same_are_the_same(erp: httpx.Client) -> None:
    decomposed, composed = "Mu\u0308ller", "M\u00fcller"

    stated = ok(erp.put(f"/v1/customers/{quote(decomposed)}", json={"risk_customer": decomposed}))

    assert (stated["id"], stated["risk_customer"]) == (composed, composed)
    assert ok(erp.get(f"/v1/customers/{quote(composed)}")) == stated
