"""Credit set aside by a check: what it counts with, for whom, and until when."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from creditrisk.application.keys import Scope
from tests.scenarios.erp import Erp, asked, codes, counted, figures
from tests.scenarios.reserving import QUARTER_OF_AN_HOUR, reserve, reserved, resolve, status
from tests.service import JSON, Site, eur, ok


def test_a_reservation_takes_credit_from_every_later_check(erp: Erp) -> None:
    erp.account(limit="1000.00")
    granted = reserve(erp, "order", "600.00", "SO-1")
    assert granted["amount"] == eur("600.00")
    assert granted["status"] == "held"

    second = erp.check("order", "500.00", "SO-2", reserve=QUARTER_OF_AN_HOUR)
    assert second["decision"] == "block"
    assert second["reservation"] is None
    assert figures(second) == ("600.00", "500.00", "1100.00")
    assert counted(second) == {"reservations": "600.00"}
    assert second["hold"]["status"] == "open"
    assert erp.check("order", "400.00")["decision"] == "warn"


def test_a_warned_document_is_reserved_too(erp: Erp) -> None:
    erp.account(limit="1000.00")
    answer = erp.check("order", "900.00", "SO-1", reserve=QUARTER_OF_AN_HOUR)
    assert answer["decision"] == "warn"
    assert answer["reservation"]["amount"] == eur("900.00")


def test_the_documents_own_reservation_does_not_count_against_it(erp: Erp) -> None:
    erp.account(limit="1000.00")
    reserve(erp, "order", "600.00", "SO-1")
    assert figures(erp.check("order", "700.00", "SO-1")) == ("0.00", "700.00", "700.00")


def test_a_new_granted_check_of_a_document_supersedes_its_reservation(erp: Erp) -> None:
    erp.account(limit="1000.00")
    first = reserve(erp, "order", "600.00", "SO-1")
    second = reserve(erp, "order", "700.00", "SO-1")
    assert status(erp, first) == "superseded"
    assert status(erp, second) == "held"
    assert reserved(erp) == "700.00"


def test_a_blocked_or_plain_check_leaves_the_reservation_as_it_is(erp: Erp) -> None:
    erp.account(limit="1000.00")
    first = reserve(erp, "order", "600.00", "SO-1")
    assert erp.check("order", "1600.00", "SO-1", reserve=QUARTER_OF_AN_HOUR)["reservation"] is None
    assert erp.check("order", "100.00", "SO-1")["reservation"] is None
    assert status(erp, first) == "held"
    assert reserved(erp) == "600.00"


def test_only_what_is_at_risk_is_reserved(erp: Erp) -> None:
    erp.account(limit="1000.00")
    erp.put("/v1/document-types/GIFT", {"credit": False})
    assert reserve(erp, "order", "600.00", "SO-1", prepaid="200.00")["amount"] == eur("400.00")
    assert reserve(erp, "delivery", "-50.00", "DN-1")["amount"] == eur("0.00")
    assert reserve(erp, "order", "50.00", "SO-2", type="GIFT")["amount"] == eur("0.00")
    assert reserved(erp) == "400.00"


def test_storing_the_document_consumes_its_reservation(erp: Erp) -> None:
    erp.account(limit="1000.00")
    granted = reserve(erp, "order", "600.00", "SO-1")
    stored = erp.store("order", "SO-1", "600.00")
    assert stored["over_limit"] is False
    assert stored["reservation"] == {
        "id": granted["id"],
        "status": "consumed",
        "amount": eur("600.00"),
        "exceeded": False,
    }
    assert status(erp, granted) == "consumed"
    assert counted(erp.exposure()) == {"orders": "600.00"}


def test_a_document_for_which_nothing_was_reserved_is_stored_without_a_word_of_it(erp: Erp) -> None:
    assert erp.store("order", "SO-1", "600.00") == {"status": "created", "over_limit": False}


def test_a_consumed_reservation_does_not_come_back_when_the_document_is_deleted(erp: Erp) -> None:
    erp.account(limit="1000.00")
    granted = reserve(erp, "order", "600.00", "SO-1")
    erp.store("order", "SO-1", "600.00")
    ok(erp.caller.delete("/v1/documents/order/SO-1"))
    assert status(erp, granted) == "consumed"
    assert counted(erp.exposure()) == {}


def test_a_document_stored_by_a_stream_consumes_its_reservation(erp: Erp) -> None:
    granted = reserve(erp, "order", "600.00", "SO-1")
    lines = "kind,number,customer,total,currency\norder,SO-1,C-1,600.00,EUR\n"
    ok(erp.caller.post("/v1/documents:import", content=lines, headers={"Content-Type": "text/csv"}))
    assert counted(erp.exposure()) == {"orders": "600.00"}
    assert status(erp, granted) == "consumed"


def test_a_document_beyond_its_reservation_is_stored_and_flagged(erp: Erp) -> None:
    erp.account(limit="1000.00")
    reserve(erp, "order", "600.00", "SO-1")
    stored = erp.store("order", "SO-1", "1100.00")
    assert stored["status"] == "created"
    assert stored["over_limit"] is True
    assert stored["reservation"]["exceeded"] is True


def test_a_document_after_expiry_is_stored_and_flagged(erp: Erp) -> None:
    granted = reserve(erp, "order", "600.00", "SO-1", seconds=1)
    time.sleep(1.1)
    stored = erp.store("order", "SO-1", "600.00")
    assert stored["status"] == "created"
    assert stored["reservation"]["status"] == "expired"
    assert status(erp, granted) == "expired"


def test_credit_comes_back_when_the_time_is_up(erp: Erp) -> None:
    erp.account(limit="1000.00")
    granted = reserve(erp, "order", "600.00", "SO-1", seconds=1)
    assert reserved(erp) == "600.00"
    time.sleep(1.1)
    assert reserved(erp) == "0.00"
    assert status(erp, granted) == "expired"
    reserve(erp, "order", "1000.00", "SO-2")


def test_a_released_reservation_counts_no_more(erp: Erp) -> None:
    granted = reserve(erp, "order", "600.00", "SO-1")
    released = ok(resolve(erp, granted, "release"))
    assert released["status"] == "released"
    assert released["resolved_at"]
    assert reserved(erp) == "0.00"


def test_a_captured_part_counts_until_the_document_arrives_and_the_rest_is_returned(erp: Erp) -> None:
    granted = reserve(erp, "order", "600.00", "SO-1", seconds=1)
    captured = ok(resolve(erp, granted, "capture", {"amount": eur("250.00")}))
    assert captured["status"] == "captured"
    assert captured["amount"] == eur("600.00")
    assert captured["captured_amount"] == eur("250.00")
    assert captured["expires_at"] is None
    time.sleep(1.1)
    assert reserved(erp) == "250.00"
    stored = erp.store("order", "SO-1", "250.00")
    assert stored["reservation"] == {
        "id": granted["id"],
        "status": "consumed",
        "amount": eur("250.00"),
        "exceeded": False,
    }
    assert counted(erp.exposure()) == {"orders": "250.00"}


def test_a_reservation_is_captured_as_a_whole_where_no_amount_is_given(erp: Erp) -> None:
    granted = reserve(erp, "order", "600.00", "SO-1")
    assert ok(resolve(erp, granted, "capture"))["captured_amount"] == eur("600.00")
    assert reserved(erp) == "600.00"


def test_an_extended_reservation_is_held_for_so_long_from_then_on(erp: Erp) -> None:
    granted = reserve(erp, "order", "600.00", "SO-1", seconds=1)
    extended = ok(resolve(erp, granted, "extend", {"ttl_seconds": 900}))
    assert extended["expires_at"] > granted["expires_at"]
    time.sleep(1.1)
    assert reserved(erp) == "600.00"
    ok(resolve(erp, granted, "extend", {"ttl_seconds": 900}))


@pytest.mark.parametrize("end", ["capture", "release", "expire", "supersede", "consume"])
@pytest.mark.parametrize("how", ["capture", "release", "extend"])
def test_a_reservation_resolves_once(erp: Erp, end: str, how: str) -> None:
    granted = reserve(erp, "order", "600.00", "SO-1", seconds=1 if end == "expire" else 900)
    match end:
        case "capture" | "release":
            ok(resolve(erp, granted, end))
        case "expire":
            time.sleep(1.1)
        case "supersede":
            reserve(erp, "order", "600.00", "SO-1")
        case _:
            erp.store("order", "SO-1", "600.00")
    again = resolve(erp, granted, how, {"ttl_seconds": 900} if how == "extend" else None)
    final = {"supersede": "superseded", "consume": "consumed"}.get(end, f"{end}d")
    assert again.status_code == 409
    assert again.json()["code"] == "reservation_resolved"
    assert again.json()["errors"][0]["code"] == final
    assert final in again.json()["detail"]
    assert status(erp, granted) == final


@pytest.mark.parametrize(
    ("amount", "complaint"),
    [
        (eur("600.01"), ("/amount/amount", "out_of_range")),
        (eur("-1.00"), ("/amount/amount", "out_of_range")),
        ({"amount": "1.00", "currency": "USD"}, ("/amount/currency", "other_currency")),
    ],
)
def test_no_more_is_captured_than_reserved(erp: Erp, amount: JSON, complaint: tuple[str, str]) -> None:
    granted = reserve(erp, "order", "600.00", "SO-1")
    refused = resolve(erp, granted, "capture", {"amount": amount})
    assert refused.status_code == 422
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [complaint]
    assert status(erp, granted) == "held"


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"number": None}, ("/document/number", "required")),
        ({"number": "SO-1", "dry_run": True}, ("/reserve", "not_allowed")),
        ({"number": "SO-1", "reserve": {"ttl_seconds": 0}}, ("/reserve/ttl_seconds", "out_of_range")),
        ({"number": "SO-1", "reserve": {"ttl_seconds": 2_592_001}}, ("/reserve/ttl_seconds", "out_of_range")),
        ({"number": "SO-1", "reserve": {}}, ("/reserve/ttl_seconds", "required")),
    ],
)
def test_a_reservation_needs_a_number_a_time_and_a_check_that_is_kept(
    erp: Erp, fields: JSON, complaint: tuple[str, str]
) -> None:
    body = asked("order", "1.00", **{"reserve": QUARTER_OF_AN_HOUR, **fields})
    refused = erp.caller.post("/v1/check", json=body)
    many = erp.caller.post("/v1/checks", json={"checks": [body]}).json()["results"][0]["error"]
    assert refused.status_code == many["status"] == 422
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [complaint]
    assert [error["pointer"] for error in many["errors"]] == ["/checks/0" + complaint[0]]


def test_a_reservation_is_borne_by_the_risk_party(erp: Erp) -> None:
    erp.customer("C-2", risk_customer="C-1")
    erp.customer("C-3")
    reserve(erp, "order", "100.00", "SO-1", customer="C-2")
    reserve(erp, "order", "20.00", "SO-2", customer="C-3", bill_to="C-1")
    assert reserved(erp) == "120.00"
    assert erp.exposure("C-3")["exposure"]["by_category"]["reservations"] == "0.00"


def test_a_reservation_counts_in_its_own_currency_at_the_rate_of_the_day(erp: Erp) -> None:
    erp.put("/v1/rates", {"rates": [{"from": "USD", "to": "EUR", "date": "2020-01-01", "rate": "0.5"}]})
    answer = erp.check("order", {"amount": "100.00", "currency": "USD"}, "SO-1", reserve=QUARTER_OF_AN_HOUR)
    assert answer["reservation"]["amount"] == {"amount": "100.00", "currency": "USD"}
    assert reserved(erp) == "50.00"


def test_two_companies_of_one_customer_share_what_is_reserved(erp: Erp) -> None:
    erp.policy(company="north", grouping="all_companies")
    erp.policy(grouping="all_companies")
    for company in (None, "north"):
        erp.account(limit="1000.00", company=company)
    reserve(erp, "order", "700.00", "SO-1", company="north")
    second = erp.check("order", "400.00", "SO-1", reserve=QUARTER_OF_AN_HOUR)
    assert second["decision"] == "block"
    assert second["exposure"]["by_category"]["reservations"] == "700.00"


def test_a_group_shares_what_is_reserved(erp: Erp) -> None:
    erp.policy(grouping="credit_group")
    erp.put("/v1/credit-groups/G", {"limit": eur("1000.00")})
    for customer in ("C-1", "C-2", "C-3"):
        erp.customer(customer, credit_group="G")
    reserve(erp, "order", "400.00", "SO-1", customer="C-1")
    reserve(erp, "order", "400.00", "SO-2", customer="C-2")
    refused = erp.check("order", "300.00", "SO-3", customer="C-3", reserve=QUARTER_OF_AN_HOUR)
    assert codes(refused) == ["GROUP_LIMIT_EXCEEDED"]


def test_of_several_checks_at_once_each_sees_what_those_before_it_reserved(erp: Erp) -> None:
    erp.account(limit="1000.00")
    checks = [
        asked("order", "600.00", "SO-1", reserve=QUARTER_OF_AN_HOUR),
        asked("order", "500.00"),
        asked("order", "600.00", "SO-2", reserve=QUARTER_OF_AN_HOUR),
        asked("order", "400.00", "SO-3", reserve=QUARTER_OF_AN_HOUR),
    ]
    results = erp.post("/v1/checks", {"checks": checks})["results"]
    assert [result["decision"] for result in results] == ["allow", "block", "block", "warn"]
    assert [bool(result["reservation"]) for result in results] == [True, False, False, True]


def test_a_reserving_check_is_kept_with_its_reservation(erp: Erp) -> None:
    answer = erp.check("order", "600.00", "SO-1", reserve=QUARTER_OF_AN_HOUR)
    kept = erp.get(f"/v1/decisions/{answer['decision_id']}")
    assert kept["answer"]["reservation"] == answer["reservation"]


def test_a_passed_check_that_reserves_clears_the_hold(erp: Erp) -> None:
    erp.account(limit="100.00")
    assert erp.check("order", "600.00", "SO-1")["hold"]["status"] == "open"
    erp.account(limit="1000.00")
    answer = erp.check("order", "600.00", "SO-1", reserve=QUARTER_OF_AN_HOUR)
    assert answer["hold"]["status"] == "cleared"
    assert answer["reservation"]["status"] == "held"


def test_a_key_that_sees_signals_reserves_without_seeing_the_amount(erp: Erp, site: Site) -> None:
    key = erp.post("/v1/keys", {"name": "till", "scopes": ["signal"]})["key"]
    with site.caller(key) as till:
        answer = ok(till.post("/v1/check", json=asked("order", "1.00", "SO-1", reserve=QUARTER_OF_AN_HOUR)))
        assert set(answer["reservation"]) == {"id", "status", "expires_at"}
        assert till.get(f"/v1/reservations/{answer['reservation']['id']}").status_code == 403


def test_a_reservation_of_somebody_else_is_not_found(erp: Erp, site: Site) -> None:
    granted = reserve(erp, "order", "1.00", "SO-1")
    with site.tenant() as stranger:
        for method, path in (("GET", ""), ("POST", "/release"), ("POST", "/capture")):
            answer = stranger.request(method, f"/v1/reservations/{granted['id']}{path}")
            assert answer.status_code == 404
    key = erp.post("/v1/keys", {"name": "north", "scopes": ["check"], "companies": ["north"]})["key"]
    with site.caller(key) as north:
        assert north.get(f"/v1/reservations/{granted['id']}").json()["code"] == "company_forbidden"
    assert erp.caller.get("/v1/reservations/never-made").status_code == 404
    assert erp.caller.get(f"/v1/reservations/{uuid4()}").status_code == 404


def test_reservations_need_the_scope_check(erp: Erp, site: Site) -> None:
    granted = reserve(erp, "order", "1.00", "SO-1")
    scopes = sorted(set(Scope) - {Scope.CHECK, Scope.PLATFORM})
    key = erp.post("/v1/keys", {"name": "other", "scopes": scopes})["key"]
    with site.caller(key) as other:
        assert other.get(f"/v1/reservations/{granted['id']}").status_code == 403


def test_many_reservations_of_a_group_in_one_transaction_do_not_get_in_each_others_way(erp: Erp) -> None:
    erp.policy(grouping="credit_group")
    erp.put("/v1/credit-groups/G", {"limit": eur("100000.00")})
    customers = [f"C-{number}" for number in range(1, 7)]
    for customer in customers:
        erp.customer(customer, credit_group="G")

    def ask(turn: int) -> int:
        order = customers if turn % 2 else reversed(customers)
        checks = [
            asked("order", "1.00", f"SO-{turn}-{customer}", customer=customer, reserve=QUARTER_OF_AN_HOUR)
            for customer in order
        ]
        # With a key all of it is kept in one transaction, so the first locks are held until the last one.
        headers = {"Idempotency-Key": f"request-{turn}"}
        answer = erp.caller.post("/v1/checks", json={"checks": checks}, headers=headers)
        return sum(bool(result["reservation"]) for result in ok(answer)["results"])

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(ask, range(12))) == [len(customers)] * 12


def test_a_repeated_request_reserves_once(erp: Erp) -> None:
    body = asked("order", "600.00", "SO-1", reserve=QUARTER_OF_AN_HOUR)
    headers = {"Idempotency-Key": "once"}
    first, second = (ok(erp.caller.post("/v1/check", json=body, headers=headers)) for _ in range(2))
    assert first == second
    assert status(erp, first["reservation"]) == "held"
