"""Limits that several accounts share (docs/domain.md, The limit, table of groupings)."""

import pytest

from tests.scenarios.erp import Erp, codes, figures
from tests.service import JSON, Site, eur, ok


def binding(answer: JSON) -> tuple[str, str, str]:
    """Source and amount of the limit that binds, and the exposure projected against it."""
    return answer["limit"]["source"], answer["limit"]["amount"], answer["exposure"]["projected"]


def test_the_same_customer_in_all_companies_is_compared_with_the_accounts_own_limit(erp: Erp) -> None:
    erp.policy(grouping="all_companies")
    erp.policy(company="north", grouping="all_companies")
    erp.account(limit="1000.00")
    erp.account(limit="50.00", company="north")
    erp.store("order", "O-1", "700.00", company="north")
    erp.store("order", "O-1", "100.00")
    erp.store("order", "O-9", "5000.00", customer="C-2")
    answer = erp.check("order", "200.01")
    assert (codes(answer), binding(answer)) == (["LIMIT_EXCEEDED"], ("own", "1000.00", "1000.01"))
    assert erp.check("order", "200.00")["decision"] == "warn"
    assert binding(erp.check("order", "1.00", company="north")) == ("own", "50.00", "801.00")


def test_papers_of_companies_that_a_key_does_not_reach_are_in_the_sums_and_not_listed(
    erp: Erp, site: Site
) -> None:
    erp.policy(grouping="all_companies")
    erp.store("order", "O-1", "100.00")
    erp.store("order", "O-2", "700.00", company="north")
    key = erp.post("/v1/keys", {"scopes": ["check"], "companies": ["main"], "name": "main"})["key"]
    with site.caller(key) as caller:
        told = ok(caller.get("/v1/customers/C-1/exposure?detail=true"))
    assert (told["exposure"]["current"], [paper["number"] for paper in told["papers"]]) == ("800.00", ["O-1"])
    everything = erp.get("/v1/customers/C-1/exposure", detail="true")
    assert [paper["number"] for paper in everything["papers"]] == ["O-1", "O-2"]


def test_a_document_of_the_same_number_in_another_company_is_another_document(erp: Erp) -> None:
    erp.policy(grouping="all_companies")
    erp.account(limit="1000.00")
    erp.store("order", "O-1", "700.00", company="north")
    assert figures(erp.check("order", "100.00", "O-1")) == ("700.00", "100.00", "800.00")


def test_the_heads_limit_alone_counts_for_the_head_and_for_all_accounts_naming_it(erp: Erp) -> None:
    erp.policy(grouping="head_account")
    erp.customer("H")
    erp.customer("C-1", head_account="H")
    erp.account("H", "100.00")
    erp.account("C-1", "1000.00")
    erp.store("order", "O-1", "60.00", customer="H")
    assert binding(erp.check("order", "40.01")) == ("head", "100.00", "100.01")
    answer = erp.check("order", "40.01", customer="H")
    assert (codes(answer), binding(answer)) == (["GROUP_LIMIT_EXCEEDED"], ("head", "100.00", "100.01"))


def test_an_account_without_a_head_keeps_its_own_limit(erp: Erp) -> None:
    erp.policy(grouping="head_account")
    erp.account(limit="100.00")
    assert binding(erp.check("order", "1.00")) == ("own", "100.00", "1.00")


@pytest.fixture
def group(erp: Erp) -> Erp:
    """C-1 and C-2 in a credit group with a limit of 15,000."""
    erp.policy(grouping="credit_group", warn_percent=None)
    erp.put("/v1/credit-groups/G", {"limit": eur("15000.00")})
    for customer in ("C-1", "C-2"):
        erp.customer(customer, credit_group="G")
    return erp


def test_each_limit_is_compared_with_the_exposure_of_its_own_members(group: Erp) -> None:
    group.account("C-1", "10000.00")
    group.store("order", "O-1", "9000.00", customer="C-2")
    group.store("order", "O-2", "2000.00", customer="C-1")
    answer = group.check("order", "4000.01")
    assert codes(answer) == ["GROUP_LIMIT_EXCEEDED"]
    assert [(each["source"], each["projected"], each["exceeded"]) for each in answer["limits"]] == [
        ("own", "6000.01", False),
        ("group", "15000.01", True),
    ]
    assert binding(answer) == ("group", "15000.00", "15000.01")
    both = group.check("order", "8000.01")
    assert codes(both) == ["GROUP_LIMIT_EXCEEDED", "LIMIT_EXCEEDED"]


def test_on_a_tie_of_headroom_the_own_limit_binds(group: Erp) -> None:
    group.account("C-1", "15000.00")
    assert binding(group.check("order", "1.00")) == ("own", "15000.00", "1.00")


def test_members_of_other_companies_count_in_a_credit_group(group: Erp) -> None:
    group.store("order", "O-1", "9000.00", customer="C-2", company="north")
    group.store("order", "O-2", "5000.00", customer="C-1", company="south")
    assert binding(group.check("order", "1000.00")) == ("group", "15000.00", "15000.00")


def test_a_member_with_control_off_still_counts(group: Erp) -> None:
    group.account("C-2", control="off")
    group.store("order", "O-1", "14000.00", customer="C-2")
    assert codes(group.check("order", "1000.01")) == ["GROUP_LIMIT_EXCEEDED"]


def test_an_unlimited_account_is_not_checked_against_its_group_either(group: Erp) -> None:
    group.account("C-1", unlimited=True)
    answer = group.check("order", "1000000.00")
    assert (answer["decision"], answer["limit"]["state"], answer["limits"]) == ("allow", "unlimited", [])


def test_a_missing_but_mandatory_own_limit_blocks_in_a_group_too(group: Erp) -> None:
    group.policy(grouping="credit_group", missing_limit="block")
    assert codes(group.check("order", "1.00")) == []
    group.account("C-1", mandatory=True)
    assert codes(group.check("order", "1.00")) == ["LIMIT_MISSING"]


def test_a_groups_limit_expires_and_is_replaced_for_a_time_like_any_other(group: Erp) -> None:
    group.put("/v1/credit-groups/G", {"limit": eur("15000.00"), "expires_on": "2025-06-29"})
    assert codes(group.check("order", "1.00")) == ["LIMIT_EXPIRED"]
    group.post("/v1/credit-groups/G/temporary-limits", {"limit": eur("200.00"), "from": "2025-06-30"})
    answer = group.check("order", "200.01")
    assert (codes(answer), binding(answer)) == (["GROUP_LIMIT_EXCEEDED"], ("group", "200.00", "200.01"))


@pytest.mark.parametrize(("rule", "limit"), [("own", "100.00"), ("highest", "300.00"), ("sum", "400.00")])
@pytest.mark.parametrize("grouping", ["company_id", "relation:owner"])
def test_accounts_of_one_legal_person_or_relation_share_the_own_the_highest_or_all_limits(
    erp: Erp, grouping: str, rule: str, limit: str
) -> None:
    erp.policy(grouping=grouping, group_limit=rule)
    related = {"registration_number": "77"} if grouping == "company_id" else {"relations": {"owner": "77"}}
    for customer, own in (("C-1", "100.00"), ("C-2", "300.00"), ("C-3", None)):
        erp.customer(customer, **related)
        erp.account(customer, own)
    erp.store("order", "O-1", "50.00", customer="C-3")
    erp.store("order", "O-2", "9.00", customer="C-4")
    answer = erp.check("order", "1.00")
    source = "own" if rule == "own" else grouping.partition(":")[0]
    assert binding(answer) == (source, limit, "51.00")
    assert len(answer["limits"]) == 1
    over = erp.check("order", "400.01")
    assert codes(over) == ["LIMIT_EXCEEDED" if rule == "own" else "GROUP_LIMIT_EXCEEDED"]


def test_an_unlimited_member_makes_a_combined_limit_unlimited(erp: Erp) -> None:
    erp.policy(grouping="company_id", group_limit="sum")
    for customer in ("C-1", "C-2"):
        erp.customer(customer, registration_number="77")
    erp.account("C-1", "100.00")
    erp.account("C-2", unlimited=True)
    assert erp.check("order", "1000.00")["limit"]["state"] == "unlimited"


@pytest.mark.parametrize(("rule", "until"), [("highest", "2025-01-31"), ("sum", "2024-12-31")])
def test_a_combined_limit_ends_with_what_it_is_made_of(erp: Erp, rule: str, until: str) -> None:
    erp.policy(grouping="company_id", group_limit=rule, expired_limit="block")
    for customer, own, ends in (("C-1", "100.00", "2024-12-31"), ("C-2", "300.00", "2025-01-31")):
        erp.customer(customer, registration_number="77")
        erp.account(customer, own, expires_on=ends)
    answer = erp.check("order", "1.00")
    assert (answer["decision"], codes(answer)) == ("block", ["LIMIT_EXPIRED"])
    assert answer["limit"]["valid_until"] == until
    assert erp.check("order", "1.00", as_of=until)["decision"] == "allow"


def test_without_any_limit_a_mandatory_one_is_missing_in_a_combined_limit_too(erp: Erp) -> None:
    erp.policy(grouping="company_id", group_limit="highest")
    for customer in ("C-1", "C-2"):
        erp.customer(customer, registration_number="77")
    erp.account("C-1", mandatory=True)
    assert codes(erp.check("order", "1.00")) == ["LIMIT_MISSING"]
    erp.account("C-2", "100.00")
    assert erp.check("order", "1.00")["decision"] == "allow"


def test_a_mandatory_0_allows_nothing_where_all_limits_together_are_0(erp: Erp) -> None:
    erp.policy(grouping="company_id", group_limit="highest")
    erp.customer("C-1", registration_number="77")
    erp.account("C-1", "0.00", mandatory=True)
    erp.store("open_item", "R", "-50.00")
    assert codes(erp.check("order", "1.00")) == ["GROUP_LIMIT_EXCEEDED"]


def test_a_temporary_limit_of_0_stops_a_member_of_a_credit_group(erp: Erp) -> None:
    erp.policy(grouping="credit_group")
    erp.put("/v1/credit-groups/G", {"limit": eur("150.00")})
    erp.customer("C-1", credit_group="G")
    erp.account("C-1", "0.00")
    assert erp.check("order", "100.00")["decision"] == "allow"
    erp.post("/v1/customers/C-1/temporary-limits", {"limit": eur("0.00"), "from": "2025-06-01"})
    answer = erp.check("order", "100.00")
    assert (codes(answer), answer["limit"]["source"]) == (["LIMIT_EXCEEDED"], "temporary")


def test_relations_are_not_chained(erp: Erp) -> None:
    erp.policy(grouping="relation:owner", group_limit="sum")
    erp.customer("C-1", relations={"owner": "77", "lender": "88"})
    erp.customer("C-2", relations={"owner": "78", "lender": "88"})
    erp.account("C-1", "100.00")
    erp.account("C-2", "100.00")
    erp.store("order", "O-1", "50.00", customer="C-2")
    assert binding(erp.check("order", "1.00")) == ("relation", "100.00", "1.00")


def test_an_accounts_own_grouping_wins_over_the_policys(group: Erp) -> None:
    group.store("order", "O-1", "9000.00", customer="C-2")
    group.account("C-1", "10000.00", grouping="own")
    assert [each["source"] for each in group.check("order", "1.00")["limits"]] == ["own"]


def test_overdue_tests_look_at_the_account_alone_unless_the_policy_says_all_members(group: Erp) -> None:
    group.store("open_item", "P-1", "10.00", customer="C-2", due_date="2025-06-20")
    group.policy(grouping="credit_group", max_days_overdue=5)
    assert codes(group.check("order", "1.00")) == []
    group.policy(grouping="credit_group", max_days_overdue=5, overdue_scope="group")
    assert codes(group.check("order", "1.00")) == ["DAYS_OVERDUE"]


def test_papers_of_all_members_are_taken_under_the_policy_of_the_asked_company(erp: Erp) -> None:
    erp.policy(grouping="all_companies", categories={"deliveries": False})
    erp.policy(company="north", categories={"orders": False})
    erp.account(limit="100.00")
    erp.store("order", "O-1", "10.00", company="north")
    erp.store("delivery", "D-1", "10.00", company="north")
    assert erp.check("order", "1.00")["exposure"]["by_category"]["orders"] == "10.00"
    assert figures(erp.check("order", "1.00")) == ("10.00", "1.00", "11.00")
