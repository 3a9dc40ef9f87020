"""The limit of an account: its states, parts, boundaries and effects (docs/domain.md, The limit)."""

import pytest

from tests.scenarios.erp import DAY, Erp, classes, codes, found, money
from tests.service import JSON, eur


@pytest.mark.parametrize(
    ("order", "outcome", "finding", "utilisation"),
    [
        ("800.00", ("allow", "green"), [], "0.8000"),
        ("800.01", ("warn", "yellow"), ["UTILISATION_HIGH"], "0.8000"),
        ("1000.00", ("warn", "yellow"), ["UTILISATION_HIGH"], "1.0000"),
        ("1000.01", ("block", "red"), ["LIMIT_EXCEEDED"], "1.0000"),
    ],
)
def test_exactly_eighty_percent_is_green_and_exactly_a_hundred_is_yellow(
    erp: Erp, order: str, outcome: tuple[str, str], finding: list[str], utilisation: str
) -> None:
    erp.account(limit="1000.00")
    answer = erp.check("order", order)
    assert (answer["decision"], answer["signal"]) == outcome
    assert (codes(answer), answer["utilisation"]) == (finding, utilisation)


@pytest.mark.parametrize(
    ("stated", "state", "amount", "decision"),
    [
        ({}, "none", None, "allow"),
        ({"limit": eur("0.00")}, "limited", "0.00", "block"),
        ({"unlimited": True}, "unlimited", None, "allow"),
        ({"unlimited": True, "limit": eur("1.00"), "mandatory": True}, "unlimited", None, "allow"),
    ],
)
def test_no_limit_a_limit_of_zero_and_unlimited_are_three_different_states(
    erp: Erp, stated: JSON, state: str, amount: str | None, decision: str
) -> None:
    erp.put("/v1/customers/C-1/credit", stated)
    answer = erp.check("order", "1000000.00")
    assert (answer["limit"]["state"], answer["limit"]["amount"]) == (state, amount)
    assert (answer["decision"], answer["utilisation"]) == (decision, None)


def test_zero_means_no_limit_where_the_policy_says_so_unless_it_is_mandatory(erp: Erp) -> None:
    erp.policy(zero_limit="no_limit")
    erp.account(limit="0.00")
    assert erp.check("order", "1.00")["limit"]["state"] == "none"
    erp.account(limit="0.00", mandatory=True)
    answer = erp.check("order", "1.00")
    assert (answer["decision"], answer["limit"]["amount"], codes(answer)) == (
        "block",
        "0.00",
        ["LIMIT_EXCEEDED"],
    )


def test_a_mandatory_zero_blocks_every_positive_document_even_where_credits_would_pay_for_it(
    erp: Erp,
) -> None:
    erp.policy(on_limit_exceeded="warn")
    erp.account(limit="0.00", mandatory=True)
    erp.store("open_item", "P-1", "-500.00")
    assert erp.check("order", "1.00")["decision"] == "block"
    assert erp.check("order", "0.00")["decision"] == "allow"
    assert erp.check("delivery", "-1.00")["decision"] == "allow"


@pytest.mark.parametrize(
    ("mandatory", "policy", "expected"),
    [
        (False, "allow", {}),
        (False, "warn", {"LIMIT_MISSING": "soft"}),
        (False, "block", {"LIMIT_MISSING": "hard"}),
        (True, "allow", {"LIMIT_MISSING": "hard"}),
    ],
)
def test_a_missing_limit_weighs_what_the_policy_says_and_blocks_where_one_is_mandatory(
    erp: Erp, *, mandatory: bool, policy: str, expected: JSON
) -> None:
    erp.policy(missing_limit=policy)
    erp.account(mandatory=mandatory)
    assert classes(erp.check("order", "1.00")) == expected


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [("2025-06-30", []), ("2025-07-05", []), ("2025-07-06", ["LIMIT_EXPIRED"])],
)
def test_a_limit_is_expired_from_the_day_after_its_expiry_and_grace_and_stays_in_force(
    erp: Erp, as_of: str, expected: list[str]
) -> None:
    erp.policy(expiry_grace_days=5)
    erp.account(limit="1000.00", expires_on=DAY)
    answer = erp.check("order", "1.00", as_of=as_of)
    assert (codes(answer), answer["limit"]["amount"]) == (expected, "1000.00")
    exceeded = erp.check("order", "1000.01", as_of=as_of)
    assert codes(exceeded) == ["LIMIT_EXCEEDED", *expected]


@pytest.mark.parametrize(("effect", "expected"), [("ignore", {}), ("block", {"LIMIT_EXPIRED": "hard"})])
def test_an_expired_limit_weighs_what_the_policy_says(erp: Erp, effect: str, expected: JSON) -> None:
    erp.policy(expired_limit=effect)
    erp.account(limit="1000.00", expires_on="2025-06-29")
    assert classes(erp.check("order", "1.00")) == expected


def test_a_limit_without_an_expiry_date_is_expired_where_the_policy_says_so(erp: Erp) -> None:
    erp.policy(blank_expiry="expired")
    erp.account(limit="1000.00")
    assert codes(erp.check("order", "1.00")) == ["LIMIT_EXPIRED"]


def test_a_temporary_limit_replaces_the_own_one_even_when_lower_and_both_its_ends_are_in(erp: Erp) -> None:
    erp.account(limit="1000.00")
    erp.post(
        "/v1/customers/C-1/temporary-limits",
        {"limit": eur("600.00"), "from": "2025-06-30", "to": "2025-07-02"},
    )
    amounts = {
        day: erp.exposure(as_of=day)["limit"]["amount"]
        for day in ("2025-06-29", "2025-06-30", "2025-07-02", "2025-07-03")
    }
    assert list(amounts.values()) == ["1000.00", "600.00", "600.00", "1000.00"]
    limit = erp.exposure()["limit"]
    assert (limit["source"], limit["valid_until"]) == ("temporary", "2025-07-02")


def test_of_several_temporary_limits_the_latest_from_wins_then_the_latest_made(erp: Erp) -> None:
    erp.account(limit="1000.00")
    for amount, start in (
        ("2.00", "2025-03-01"),
        ("3.00", "2025-03-01"),
        ("9.00", "2025-01-01"),
        ("5.00", None),
    ):
        erp.post("/v1/customers/C-1/temporary-limits", {"limit": eur(amount), "from": start})
    assert erp.exposure()["limit"]["amount"] == "3.00"
    erp.caller.delete("/v1/customers/C-1/temporary-limits/2")
    assert erp.exposure()["limit"]["amount"] == "2.00"


@pytest.mark.parametrize(
    ("covers", "limit"),
    [
        ([("50000.00", "50", {})], "125000.00"),
        ([("50000.00", "50", {"included_in_exposure": True})], "75000.00"),
        ([("50000.00", "0", {})], "100000.00"),
        ([("50000.00", "50", {}), ("1000.00", "100", {})], "126000.00"),
        ([("150000.00", "100", {"effect": "at_least"})], "150000.00"),
        ([("99999.99", "100", {"effect": "at_least"})], "100000.00"),
        ([("50000.00", "50", {"to": "2025-06-29"})], "100000.00"),
        ([("50000.00", "50", {"from": DAY, "to": DAY})], "125000.00"),
    ],
)
def test_covers_raise_the_limit_by_their_share(
    erp: Erp, covers: list[tuple[str, str, JSON]], limit: str
) -> None:
    erp.account(limit="100000.00")
    for value, percent, fields in covers:
        cover = {"kind": "insurance", "value": eur(value), "percent": percent, **fields}
        erp.post("/v1/customers/C-1/covers", cover)
    assert erp.exposure()["limit"]["amount"] == limit


def test_the_parts_of_a_limit_add_up_to_it(erp: Erp) -> None:
    erp.account(limit="100.00")
    erp.post("/v1/customers/C-1/covers", {"kind": "guarantee", "value": eur("50.00"), "percent": "50"})
    components = erp.exposure()["limit"]["components"]
    assert [(part["source"], part["amount"]) for part in components] == [
        ("own", "100.00"),
        ("cover", "25.00"),
    ]


def test_a_category_limit_caps_its_category_whether_or_not_the_policy_includes_it(erp: Erp) -> None:
    erp.policy(categories={"orders": False})
    erp.account(category_limits={"orders": eur("100.00"), "deliveries": eur("0.00")})
    erp.store("order", "O-1", "60.00")
    assert codes(erp.check("order", "40.00")) == []
    over = erp.check("order", "40.01")
    assert (over["decision"], found(over, "CATEGORY_LIMIT_EXCEEDED")["observed"]) == ("block", "100.01")
    assert codes(erp.check("delivery", "0.01")) == ["CATEGORY_LIMIT_EXCEEDED"]
    assert codes(erp.check("delivery", "0.00")) == []


def test_the_halves_of_open_items_can_be_capped_and_an_invoice_adds_to_what_is_not_due(erp: Erp) -> None:
    erp.account(category_limits={"overdue": eur("100.00"), "not_due": eur("50.00")})
    erp.store("open_item", "P-1", "100.00", due_date="2025-06-29")
    erp.store("open_item", "P-2", "30.00", due_date=DAY)
    assert codes(erp.check("invoice", "20.00")) == []
    over = erp.check("invoice", "20.01")
    assert found(over, "CATEGORY_LIMIT_EXCEEDED")["params"] == {"category": "not_due"}
    assert codes(erp.check("order", "20.01")) == []
    erp.store("open_item", "P-3", "0.01", due_date="2025-06-29")
    late = found(erp.check("order", "1.00"), "CATEGORY_LIMIT_EXCEEDED")
    assert (late["params"], late["observed"]) == ({"category": "overdue"}, "100.01")


def test_category_limits_obey_the_effect_of_an_exceeded_limit(erp: Erp) -> None:
    erp.policy(on_limit_exceeded="warn")
    erp.account(limit="10.00", category_limits={"orders": eur("5.00")})
    answer = erp.check("order", "11.00")
    assert (answer["decision"], answer["signal"]) == ("warn", "red")
    assert classes(answer) == {"LIMIT_EXCEEDED": "soft", "CATEGORY_LIMIT_EXCEEDED": "soft"}


def test_without_a_limit_check_the_colour_tells_the_truth_and_nothing_blocks(erp: Erp) -> None:
    for check in ("off", "rules_only"):
        erp.policy(limit_check=check)
        erp.account(limit="10.00", category_limits={"orders": eur("5.00")})
        answer = erp.check("order", "11.00")
        assert (answer["decision"], answer["signal"], codes(answer)) == ("allow", "red", [])


def test_negative_limits_are_refused_and_limits_below_exposure_where_the_policy_says_so(erp: Erp) -> None:
    assert erp.caller.put("/v1/customers/C-1/credit", json={"limit": eur("-1.00")}).status_code == 422
    erp.store("order", "O-1", "100.00")
    erp.account(limit="99.99")
    erp.policy(limit_below_exposure="refuse")
    etag = erp.caller.get("/v1/customers/C-1/credit").headers["ETag"]
    refused = erp.caller.put(
        "/v1/customers/C-1/credit", json={"limit": eur("99.99")}, headers={"If-Match": etag}
    )
    assert refused.status_code == 422
    erp.account(limit="100.00")
    erp.account(limit="1.00", unlimited=True)


def test_an_account_nobody_set_begins_as_the_policy_says(erp: Erp) -> None:
    erp.policy(
        new_account={
            "limit": "100.00",
            "max_days_overdue": 5,
            "cash_only": True,
            "documents_blocked": ["delivery"],
        }
    )
    erp.store("open_item", "P-1", "50.00", due_date="2025-06-24")
    assert codes(erp.check("order", "50.01")) == ["DAYS_OVERDUE", "LIMIT_EXCEEDED"]
    assert codes(erp.check("delivery", "1.00", as_of="2025-06-20")) == ["DOCUMENTS_BLOCKED"]
    assert codes(erp.check("invoice", "1.00", as_of="2025-06-20", payment_method="transfer")) == ["CASH_ONLY"]
    erp.account(limit=money("20.00", "EUR"))
    assert codes(erp.check("order", "1.00")) == ["LIMIT_EXCEEDED"]


def test_a_new_account_pays_as_the_policy_says_until_its_customer_states_a_method(erp: Erp) -> None:
    erp.policy(new_account={"cash_only": True, "payment_method": "cash"})
    assert codes(erp.check("invoice", "1.00")) == []
    erp.customer("C-1", payment_method="transfer")
    assert codes(erp.check("invoice", "1.00")) == ["CASH_ONLY"]
