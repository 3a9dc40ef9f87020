"""What one process has answered is in the very next check through another: accounts and what they obey."""

from typing import Any

import httpx
import pytest

from tests.api.feeds.bodies import item, ndjson
from tests.cli.neighbours import Alternation, current, deletes, imports, limit, of_the_group
from tests.scenarios.erp import DAY, codes, counted
from tests.scenarios.reserving import resolve
from tests.service import JSON, Site, eur, ok


def test_limits_and_settings_of_an_account(pair: Alternation) -> None:
    pair.wrote(lambda erp: erp.account(limit="100.00"), limit, "100.00")
    temporary = {"limit": eur("200.00"), "from": "2025-01-01", "to": "2025-12-31"}
    pair.wrote(lambda erp: erp.post("/v1/customers/C-1/temporary-limits", temporary), limit, "200.00")
    pair.wrote(deletes("/v1/customers/C-1/temporary-limits/1"), limit, "100.00")
    cover = {"kind": "insurance", "value": eur("50.00"), "percent": "50"}
    pair.wrote(lambda erp: erp.post("/v1/customers/C-1/covers", cover), limit, "125.00")
    pair.wrote(deletes("/v1/customers/C-1/covers/1"), limit, "100.00")
    pair.wrote(
        lambda erp: erp.account(limit=None, unlimited=True), lambda a: a["limit"]["state"], "unlimited"
    )
    pair.wrote(
        lambda erp: erp.account(limit="5.00", control="off"), lambda a: a["not_controlled"], "control_off"
    )
    pair.wrote(
        lambda erp: erp.account(limit="5.00", control="monitor"),
        lambda a: a["decision"],
        "warn",
        total="6.00",
    )
    pair.wrote(
        lambda erp: erp.account(limit="5.00", documents_blocked=["order"]), codes, ["DOCUMENTS_BLOCKED"]
    )
    pair.wrote(
        lambda erp: erp.account(limit="5.00", category_limits={"orders": eur("0.50")}),
        codes,
        ["CATEGORY_LIMIT_EXCEEDED"],
    )


def test_manual_blocks(pair: Alternation) -> None:
    block = {"kinds": ["order"], "from": "2025-01-01"}
    pair.wrote(lambda erp: erp.post("/v1/customers/C-1/manual-blocks", block), codes, ["MANUAL_BLOCK"])

    def changed(**change: Any) -> Any:
        return lambda erp: ok(erp.caller.patch("/v1/customers/C-1/manual-blocks/1", json=change))

    pair.wrote(changed(to="2025-02-01"), codes, [])
    pair.wrote(changed(to=None), codes, ["MANUAL_BLOCK"])
    pair.wrote(changed(lifted=True), codes, [])


def test_customers_and_who_bears_their_papers(pair: Alternation) -> None:
    for number, customer in enumerate(("C-1", "C-2", "R"), start=1):
        pair.writer.store("order", f"O-{number}", f"{10**number}.00", customer=customer)
    borne = {"customer": "R"}
    pair.wrote(lambda erp: erp.customer("C-1", risk_customer="R"), current, "1010.00", **borne)
    pair.wrote(lambda erp: erp.customer("C-2", risk_customer="R"), current, "1110.00", **borne)
    pair.wrote(lambda erp: erp.store("order", "O-1", "20.00"), current, "1120.00", **borne)
    pair.wrote(
        lambda erp: erp.store("order", "O-9", "1.00", customer="C-9", bill_to="R"),
        current,
        "1121.00",
        **borne,
    )
    pair.wrote(deletes("/v1/documents/order/O-2"), current, "1021.00", customer="C-2")
    pair.wrote(lambda erp: erp.customer("R", risk_customer="Z"), current, "21.00", customer="C-1")
    pair.wrote(lambda erp: erp.customer("C-1"), current, "20.00", customer="C-1")
    pair.wrote(lambda erp: erp.customer("C-1", closed=True), codes, ["ACCOUNT_STATUS"])
    pair.writer.put("/v1/account-statuses/STOP", {"effect": "all"})
    pair.wrote(
        lambda erp: erp.customer("C-1", account_status="STOP"),
        lambda a: a["findings"][0]["params"].get("status"),
        "STOP",
    )
    pair.wrote(lambda erp: erp.put("/v1/account-statuses/STOP", {"effect": "none"}), codes, [])
    pair.wrote(lambda erp: erp.customer("NEW"), codes, [], customer="NEW")


def test_credit_groups_and_their_members(pair: Alternation) -> None:
    for company in ("main", "north"):
        pair.writer.policy(company=company, grouping="credit_group")
    group = "/v1/credit-groups/G"
    pair.writer.put(group, {"limit": eur("900.00")})
    pair.wrote(lambda erp: erp.customer("C-1", credit_group="G"), of_the_group, "0.00 of 900.00")
    pair.wrote(lambda erp: erp.store("order", "O-1", "5.00"), of_the_group, "5.00 of 900.00")
    pair.wrote(
        lambda erp: erp.store("order", "O-2", "10.00", customer="C-2"), current, "10.00", customer="C-2"
    )
    pair.wrote(lambda erp: erp.customer("C-2", credit_group="G"), of_the_group, "15.00 of 900.00")
    pair.wrote(
        lambda erp: erp.store("order", "O-2", "20.00", customer="C-2"), of_the_group, "25.00 of 900.00"
    )
    pair.wrote(
        lambda erp: erp.store("order", "O-3", "1.00", customer="C-2", company="north"),
        of_the_group,
        "26.00 of 900.00",
    )
    pair.wrote(lambda erp: erp.customer("S", risk_customer="C-2"), codes, [], customer="S")
    pair.wrote(lambda erp: erp.store("order", "O-4", "3.00", customer="S"), of_the_group, "29.00 of 900.00")
    pair.wrote(lambda erp: erp.put(group, {"limit": eur("800.00")}), of_the_group, "29.00 of 800.00")
    temporary = {"limit": eur("700.00"), "from": None, "to": None}
    pair.wrote(lambda erp: erp.post(f"{group}/temporary-limits", temporary), of_the_group, "29.00 of 700.00")
    pair.wrote(deletes(f"{group}/temporary-limits/1"), of_the_group, "29.00 of 800.00")
    pair.wrote(lambda erp: erp.customer("C-2", credit_group=None), of_the_group, "5.00 of 800.00")


@pytest.mark.parametrize(
    ("grouping", "belongs"),
    [
        ("head_account", {"head_account": "H"}),
        ("company_id", {"registration_number": "HRB 1"}),
        ("relation:owner", {"relations": {"owner": "Brown"}}),
    ],
)
def test_members_of_other_groupings(pair: Alternation, grouping: str, belongs: JSON) -> None:
    for customer in ("C-1", "H"):
        pair.writer.customer(customer, **belongs)
    pair.writer.account("H", "900.00")
    pair.writer.policy(grouping=grouping, group_limit="highest")
    pair.wrote(lambda erp: erp.store("order", "O-1", "5.00", customer="H"), current, "5.00")
    pair.wrote(
        lambda erp: erp.store("order", "O-2", "10.00", customer="C-2"), current, "10.00", customer="C-2"
    )
    pair.wrote(lambda erp: erp.customer("C-2", **belongs), current, "15.00")
    pair.wrote(lambda erp: erp.account("H", "800.00"), limit, "800.00")
    pair.wrote(lambda erp: erp.customer("C-2"), current, "5.00")


def test_policy_types_terms_rates_and_operators(pair: Alternation) -> None:
    pair.writer.store("order", "O-1", "10.00", type="X")
    pair.wrote(lambda erp: erp.put("/v1/document-types/X", {"credit": False}), current, "0.00")
    pair.wrote(lambda erp: erp.put("/v1/document-types/X", {"credit": True}), current, "10.00")
    pair.wrote(lambda erp: erp.policy(categories={"orders": False}), current, "0.00")
    pair.wrote(lambda erp: erp.policy(orders={"require_printed": True}), lambda a: a["policy"]["version"], 2)
    pair.wrote(lambda erp: erp.store("order", "O-1", "10.00", printed=True), current, "10.00")
    pair.wrote(
        lambda erp: erp.store("order", "O-2", {"amount": "8.00", "currency": "USD"}, printed=True),
        codes,
        ["RATE_MISSING"],
    )

    def rated(rate: str) -> Any:
        row = {"from": "USD", "to": "EUR", "date": "2025-01-01", "rate": rate, "type": "default"}
        return lambda erp: erp.put("/v1/rates", {"rates": [row]})

    pair.wrote(rated("0.5"), current, "14.00")
    pair.wrote(rated("2"), current, "26.00")
    pair.writer.policy(hold_on_payment_terms_rank=True)
    pair.writer.customer("C-1", payment_terms="NET30")
    pair.writer.put("/v1/payment-terms/NET30", {"rank": 10})
    terms = {"payment_terms": "NET60"}
    pair.wrote(
        lambda erp: erp.put("/v1/payment-terms/NET60", {"rank": 30}), codes, ["PAYMENT_TERMS_RANK"], **terms
    )
    stored = {"strict": True, "roles": ["supervisor"]}
    pair.wrote(
        lambda erp: erp.put("/v1/operators/u1", stored),
        lambda a: a["decision"],
        "warn",
        **terms,
        operator={"id": "u1"},
    )
    pair.wrote(lambda erp: erp.policy(company="north"), codes, [], company="north")


def test_holds_and_what_people_decide_about_them(pair: Alternation) -> None:
    pair.writer.account(limit="100.00")
    held = {"total": "101.00", "number": "O-1"}
    hold = pair.reader.check("order", **held)["hold"]["id"]
    pair.wrote(lambda erp: erp.release(hold), lambda a: a["decision"], "allow", **held)
    pair.writer.store("order", "O-2", "1.00")
    one = {"kind": "order", "number": "O-2", "reason": "Wait."}
    forced = pair.wrote(lambda erp: erp.post("/v1/holds", one), codes, ["FORCED_HOLD"], number="O-2")[
        "results"
    ][0]["id"]
    pair.wrote(lambda erp: erp.release(forced), codes, [], number="O-2")
    pair.writer.policy(count_held=False)
    pair.wrote(lambda erp: erp.post("/v1/holds", one), current, "0.00")
    (again,) = pair.reader.holds(status="open")
    pair.wrote(lambda erp: erp.post(f"/v1/holds/{again['id']}/reject", {}), current, "1.00")


def test_reservations_in_every_way_they_end(pair: Alternation) -> None:
    def reserves(number: str, total: str, seconds: int = 900) -> Any:
        body = {
            "customer": "C-1",
            "as_of": DAY,
            "reserve": {"ttl_seconds": seconds},
            "document": {"kind": "order", "number": number, "total": eur(total)},
        }
        return lambda erp: erp.post("/v1/check", body)["reservation"]

    def resolves(reservation: JSON, how: str, body: JSON | None = None) -> Any:
        return lambda erp: ok(resolve(erp, reservation, how, body))

    captured = pair.wrote(reserves("O-1", "100.00"), counted, {"reservations": "100.00"})
    pair.wrote(resolves(captured, "capture", {"amount": eur("60.00")}), current, "60.00")
    released = pair.wrote(reserves("O-2", "10.00"), current, "70.00")
    pair.wrote(resolves(released, "release"), current, "60.00")
    pair.wrote(reserves("O-3", "5.00"), current, "65.00")
    pair.wrote(reserves("O-3", "7.00"), current, "67.00")
    pair.wrote(
        lambda erp: erp.store("order", "O-3", "8.00"), counted, {"orders": "8.00", "reservations": "60.00"}
    )
    pair.wrote(deletes("/v1/documents/order/O-3"), current, "60.00")
    pair.wrote(lambda erp: erp.store("order", "O-1", "1.00"), counted, {"orders": "1.00"})


def test_a_reservation_lapses_everywhere_at_the_instant_it_was_given(pair: Alternation) -> None:
    body = {
        "customer": "C-1",
        "reserve": {"ttl_seconds": 1},
        "document": {"kind": "order", "number": "O-1", "total": eur("9.00")},
    }
    until = pair.writer.post("/v1/check", body)["reservation"]["expires_at"]
    seen: set[tuple[str, bool, int]] = set()
    while not {("0.00", True, way) for way in (0, 1)} <= seen:
        for way, erp in enumerate((pair.reader, pair.writer)):
            answer = erp.check("order", "1.00")
            lapsed = answer["evaluated_at"] >= until
            assert current(answer) == ("0.00" if lapsed else "9.00")
            seen.add((current(answer), lapsed, way))
    assert {("9.00", False, way) for way in (0, 1)} <= seen


def test_an_extension_is_seen_after_the_first_expiry(pair: Alternation) -> None:
    body = {
        "customer": "C-1",
        "reserve": {"ttl_seconds": 1},
        "document": {"kind": "order", "number": "O-1", "total": eur("9.00")},
    }
    granted = pair.writer.post("/v1/check", body)["reservation"]
    assert current(pair.reader.check("order", "1.00")) == "9.00"
    ok(resolve(pair.writer, granted, "extend", {"ttl_seconds": 60}))
    answer = pair.reader.check("order", "1.00")
    while answer["evaluated_at"] <= granted["expires_at"]:
        assert current(answer) == "9.00"
        answer = pair.reader.check("order", "1.00")
    assert current(answer) == "9.00"


def test_a_feed_is_fresh_everywhere_once_it_has_written(pair: Alternation) -> None:
    pair.writer.policy(max_feed_age={"sap": 3600})
    pair.wrote(imports("/v1/ledger/snapshots", ndjson([item("A", "1.00")]), source="sap"), codes, [])


def test_a_revoked_key_is_refused_everywhere_at_once(pair: Alternation, sites: tuple[Site, Site]) -> None:
    for _ in range(10):
        made = pair.writer.post("/v1/keys", {"name": "spare", "scopes": ["check"]})
        body = {"customer": "C-1", "document": {"kind": "order", "total": eur("1.00")}}
        callers = [site.caller(made["key"]) for site in sites]
        for caller in callers * 2:
            ok(caller.post("/v1/check", json=body))
        ok(pair.writer.caller.delete(f"/v1/keys/{made['id']}"))
        assert [caller.post("/v1/check", json=body).status_code for caller in callers] == [
            httpx.codes.UNAUTHORIZED
        ] * 2
        for caller in callers:
            caller.close()
        pair.writer, pair.reader = pair.reader, pair.writer
