"""One check as a call: what is stored, who sees what, which company and tenant (docs/api.md)."""

from creditrisk.application.keys import Scope
from tests.scenarios.erp import DAY, Erp, asked, codes, counted, figures, money
from tests.service import Site, eur, ok

HIDDEN = {"exposure", "limit", "limits", "utilisation", "remedy", "rates"}


def test_a_dry_run_decides_and_stores_nothing(erp: Erp) -> None:
    erp.account(limit="100.00")
    answer = erp.check("order", "150.00", "O-1", dry_run=True)
    assert (answer["decision"], answer["hold"]) == ("block", None)
    assert erp.holds() == []
    assert erp.get("/v1/decisions")["items"] == []
    assert erp.caller.get(f"/v1/decisions/{answer['decision_id']}").status_code == 404


def test_a_decision_can_be_looked_up_with_its_inputs_and_listed(erp: Erp) -> None:
    allowed = erp.check("order", "1.00", operator={"id": "u1"})
    erp.check("order", "1.00", customer="NOBODY")
    stored = erp.get(f"/v1/decisions/{allowed['decision_id']}")
    assert stored["answer"] == allowed
    assert (stored["operator"], stored["request"]["document"]["total"]) == ("u1", eur("1.00"))
    assert [each["decision"] for each in erp.get("/v1/decisions")["items"]] == ["allow", "block"]
    (of_customer,) = erp.get("/v1/decisions", customer="C-1")["items"]
    assert of_customer["id"] == allowed["decision_id"]
    assert len(erp.get("/v1/decisions", decision="block")["items"]) == 1


def test_a_decision_says_what_was_asked_as_it_was_sent(erp: Erp) -> None:
    erp.account(limit="100.00")
    sent = asked("order", "150.00", "O-1", operator=None)
    for answer in (
        ok(erp.caller.post("/v1/check", json=sent)),
        erp.post("/v1/checks", {"checks": [sent]})["results"][0],
        ok(erp.caller.post("/v1/check", json=sent, headers={"Idempotency-Key": "once"})),
    ):
        assert erp.get(f"/v1/decisions/{answer['decision_id']}")["request"] == sent
    (hold,) = erp.holds()
    (evaluated,) = erp.post("/v1/holds:evaluate", {})["results"]
    assert (hold["checked_by"], evaluated["id"]) == (None, hold["id"])


def test_a_blocked_decision_is_stored_with_its_hold(erp: Erp) -> None:
    erp.account(limit="100.00")
    answer = erp.check("order", "150.00", "O-1")
    assert erp.get(f"/v1/decisions/{answer['decision_id']}")["answer"] == answer


def test_the_paper_names_the_operator_whose_check_last_let_it_pass(erp: Erp) -> None:
    erp.account(limit="100.00")
    erp.store("order", "O-1", "50.00")
    erp.check("order", "50.00", "O-1", operator={"id": "u1"})
    erp.check("order", "150.00", "O-1", operator={"id": "u2"})
    assert erp.get("/v1/documents/order/O-1")["processed_by"] == "u1"


def test_the_short_path_is_an_alias_of_the_check(erp: Erp) -> None:
    answer = ok(erp.caller.post("/check", json=asked("order", "1.00")))
    assert answer["decision"] == "allow"
    assert erp.get(f"/v1/decisions/{answer['decision_id']}")["answer"] == answer


def test_many_checks_are_answered_in_order_each_alone_and_a_bad_one_in_its_place(erp: Erp) -> None:
    erp.account(limit="100.00")
    bad = asked("order", "1.00") | {"checkpoint": "lunch"}
    members = [asked("order", "60.00"), bad, asked("order", "70.00"), asked("order", "170.00"), 7]
    results = erp.post("/v1/checks", {"checks": members})["results"]
    assert [each.get("decision") for each in results] == ["allow", None, "allow", "block", None]
    assert (results[1]["error"]["status"], results[4]["error"]["status"]) == (422, 422)
    assert results[1]["error"]["errors"][0]["pointer"] == "/checks/1/checkpoint"


def test_no_more_than_a_thousand_checks_are_taken_at_once(erp: Erp) -> None:
    assert erp.caller.post("/v1/checks", json={"checks": [{}] * 1_001}).status_code == 422
    assert erp.post("/v1/checks", {"checks": []}) == {"results": []}


def test_a_signal_key_learns_decision_colour_codes_and_hold_and_no_figures(site: Site) -> None:
    with site.caller(site.key(tenant="acceptance-signal")) as owner:
        erp = Erp(owner)
        erp.customer("C-1")
        erp.account(limit="100.00")
        with site.caller(site.key(tenant="acceptance-signal", scopes=frozenset({Scope.SIGNAL}))) as cashier:
            answer = ok(cashier.post("/v1/check", json=asked("order", "12345.67", "O-1")))
            assert (answer["decision"], answer["signal"]) == ("block", "red")
            assert codes(answer) == ["LIMIT_EXCEEDED"]
            assert answer["hold"]["status"] == "open"
            assert answer["obligations"]["proceed"] == "refused"
            assert not HIDDEN & answer.keys()
            assert "12345" not in str(answer)
            assert "100.00" not in str(answer)
            member = ok(cashier.post("/v1/checks", json={"checks": [asked("order", "1.00")]}))["results"][0]
            assert not HIDDEN & member.keys()
            assert cashier.get("/v1/customers/C-1/exposure").status_code == 403
            assert cashier.get(f"/v1/decisions/{answer['decision_id']}").status_code == 403
            assert cashier.get(f"/v1/holds/{answer['hold']['id']}").status_code == 403


def test_tenants_know_nothing_of_each_other(erp: Erp, site: Site) -> None:
    erp.account(limit="100.00")
    erp.store("order", "O-1", "90.00")
    answer = erp.check("order", "150.00", "O-2")
    with site.tenant() as caller:
        stranger = Erp(caller)
        assert codes(stranger.check("order", "1.00")) == ["CUSTOMER_UNKNOWN"]
        stranger.customer("C-1")
        assert figures(stranger.check("order", "1.00")) == ("0.00", "1.00", "1.00")
        assert caller.get(f"/v1/decisions/{answer['decision_id']}").status_code == 404
        assert caller.get(f"/v1/holds/{answer['hold']['id']}").status_code == 404
        assert caller.post(f"/v1/holds/{answer['hold']['id']}/release", json={}).status_code == 404
        assert caller.get("/v1/documents/order/O-1").status_code == 404
        assert (stranger.holds(), len(stranger.get("/v1/decisions")["items"])) == ([], 2)


def test_a_company_without_a_policy_is_blocked_and_main_begins_with_the_standard(erp: Erp) -> None:
    assert erp.check("order", "1.00")["policy"]["preset"] == "standard"
    answer = erp.check("order", "1.00", company="north")
    assert (answer["decision"], codes(answer)) == ("block", ["POLICY_MISSING"])
    erp.policy(company="north")
    assert erp.check("order", "1.00", company="north")["decision"] == "allow"


def test_companies_have_accounts_papers_and_policies_of_their_own(erp: Erp) -> None:
    erp.policy(company="north", currency="USD", warn_percent=None)
    erp.account(limit="100.00")
    erp.account(limit=money("5.00", "USD"), company="north")
    erp.store("order", "O-1", money("4.00", "USD"), company="north")
    erp.store("order", "O-1", "60.00")
    assert counted(erp.check("order", "1.00")) == {"orders": "60.00"}
    answer = erp.check("order", money("1.00", "USD"), company="north")
    assert (answer["decision"], figures(answer)) == ("allow", ("4.00", "1.00", "5.00"))
    assert counted(erp.exposure(company="north")) == {"orders": "4.00"}


def test_every_decision_names_the_version_of_the_policy_that_made_it(erp: Erp) -> None:
    before = erp.check("order", "1.00")["policy"]["version"]
    erp.policy(warn_percent="50")
    assert erp.check("order", "1.00")["policy"]["version"] > before


def test_an_unknown_customer_is_refused_by_policy_with_an_answer_not_an_error(erp: Erp) -> None:
    answer = erp.check("order", "1.00", customer="NOBODY")
    assert (answer["decision"], answer["signal"], codes(answer)) == ("block", "red", ["CUSTOMER_UNKNOWN"])
    for word, decision in (("warn", "warn"), ("allow", "allow")):
        erp.policy(unknown_customer=word)
        answer = erp.check("order", "1.00", customer="NOBODY")
        assert (answer["decision"], codes(answer)) == (decision, ["CUSTOMER_UNKNOWN"])
    assert erp.caller.get("/v1/customers/NOBODY/exposure").status_code == 404


def test_a_customer_first_named_by_a_paper_is_known_from_then_on(erp: Erp) -> None:
    erp.store("order", "O-1", "10.00", customer="NEW")
    assert figures(erp.check("order", "1.00", customer="NEW")) == ("10.00", "1.00", "11.00")


def test_a_paper_is_stored_whatever_the_limit_says_and_the_answer_tells(erp: Erp) -> None:
    erp.account(limit="100.00")
    assert erp.store("order", "O-1", "100.00") == {"status": "created", "over_limit": False}
    assert erp.store("open_item", "P-1", "0.01") == {"status": "created", "over_limit": True}
    assert erp.store("order", "O-1", "99.99") == {"status": "changed", "over_limit": False}
    assert erp.store("order", "O-1", "99.99") == {"status": "unchanged", "over_limit": False}


def test_a_feed_older_than_the_policy_accepts_or_never_seen_makes_the_data_stale(erp: Erp) -> None:
    erp.policy(max_feed_age={"sap": 3600})
    assert codes(erp.check("order", "1.00")) == ["DATA_STALE"]
    erp.store("order", "O-1", "1.00", source="sap")
    answer = erp.check("order", "1.00")
    assert (codes(answer), answer["freshness"].keys()) == ([], {"sap"})
    erp.policy(max_feed_age={"other": 3600}, on_stale="block")
    assert erp.check("order", "1.00")["decision"] == "block"


def test_the_stored_exposure_has_a_colour_of_its_own(erp: Erp) -> None:
    erp.account(limit="100.00")
    for number, colour in (("80.00", "green"), ("80.01", "yellow"), ("100.00", "yellow"), ("100.01", "red")):
        erp.store("order", "O-1", number)
        assert erp.exposure()["signal"] == colour
    assert erp.exposure()["utilisation"] == "1.0001"
    erp.account(limit="100.00", control="off")
    assert erp.exposure()["signal"] == "off"


def test_exposure_can_be_listed_paper_by_paper(erp: Erp) -> None:
    erp.store("order", "O-1", "10.00")
    erp.store("open_item", "P-1", "5.00", due_date="2025-06-20")
    erp.store("quotation", "Q-1", "500.00")
    papers = erp.exposure(detail="true", as_of=DAY)["papers"]
    shown = [(paper["kind"], paper["number"], paper["amount"], paper["days_past_due"]) for paper in papers]
    assert shown == [("open_item", "P-1", "5.00", 10), ("order", "O-1", "10.00", None)]
