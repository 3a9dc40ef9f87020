"""What is past due, and what follows from it (docs/domain.md, Exposure: Overdue)."""

import pytest

from tests.scenarios.erp import DAY, Erp, classes, codes, found


def test_due_today_is_not_overdue_and_ageing_follows_the_days_past_due(erp: Erp) -> None:
    for number, due, amount in (
        ("1", DAY, "1.00"),
        ("2", "2025-06-29", "2.00"),
        ("3", "2025-05-31", "4.00"),
        ("4", "2025-05-30", "8.00"),
        ("5", "2025-05-01", "16.00"),
        ("6", "2025-04-30", "32.00"),
        ("7", "2025-04-01", "64.00"),
        ("8", "2025-03-31", "128.00"),
    ):
        erp.store("open_item", number, amount, due_date=due)
    erp.store("open_item", "9", "256.00")
    overdue = erp.exposure()["exposure"]["overdue"]
    assert overdue == {
        "amount": "254.00",
        "oldest_days": 91,
        "ageing": {
            "not_due": "257.00",
            "1-30": "6.00",
            "31-60": "24.00",
            "61-90": "96.00",
            "over_90": "128.00",
        },
    }


def test_days_of_grace_delay_being_overdue_but_days_count_from_the_due_date(erp: Erp) -> None:
    erp.policy(overdue_grace_days=3)
    erp.store("open_item", "P-1", "10.00", due_date=DAY)
    shown = {day: erp.exposure(as_of=day)["exposure"]["overdue"] for day in ("2025-07-03", "2025-07-04")}
    assert (shown["2025-07-03"]["amount"], shown["2025-07-03"]["oldest_days"]) == ("0.00", 0)
    assert (shown["2025-07-04"]["amount"], shown["2025-07-04"]["oldest_days"]) == ("10.00", 4)


def test_credits_do_not_hide_an_overdue_invoice(erp: Erp) -> None:
    erp.store("open_item", "P-1", "10.00", due_date="2025-06-29")
    erp.store("open_item", "P-2", "-1000.00", due_date="2025-06-29")
    erp.store("payment", "Z-1", "50.00")
    assert erp.exposure()["exposure"]["overdue"]["amount"] == "10.00"


@pytest.mark.parametrize(("as_of", "expected"), [("2025-07-30", []), ("2025-07-31", ["DAYS_OVERDUE"])])
def test_the_time_limit_is_breached_the_day_after_it_is_reached(
    erp: Erp, as_of: str, expected: list[str]
) -> None:
    erp.policy(max_days_overdue=30)
    erp.store("open_item", "P-1", "10.00", due_date=DAY)
    answer = erp.check("order", "1.00", as_of=as_of)
    assert codes(answer) == expected
    if expected:
        finding = found(answer, "DAYS_OVERDUE")
        assert (finding["observed"], finding["threshold"], finding["unit"]) == (31, 30, "days")


def test_an_accounts_own_time_limit_wins_over_the_policys(erp: Erp) -> None:
    erp.policy(max_days_overdue=30)
    erp.account(max_days_overdue=0)
    erp.store("open_item", "P-1", "10.00", due_date="2025-06-29")
    assert found(erp.check("order", "1.00"), "DAYS_OVERDUE")["threshold"] == 0


def test_a_breach_of_either_limit_suffices_and_the_time_limit_is_listed_first(erp: Erp) -> None:
    erp.policy(max_days_overdue=0)
    erp.account(limit="100.00")
    erp.store("open_item", "P-1", "10.00", due_date="2025-06-29")
    assert codes(erp.check("order", "90.01")) == ["DAYS_OVERDUE", "LIMIT_EXCEEDED"]
    assert codes(erp.check("order", "90.01", as_of="2025-06-29")) == ["LIMIT_EXCEEDED"]


def test_the_amount_may_count_only_once_the_time_limit_is_breached(erp: Erp) -> None:
    erp.policy(max_days_overdue=0, time_limit_gates_amount=True)
    erp.account(limit="100.00")
    erp.store("open_item", "P-1", "10.00", due_date=DAY)
    gated = erp.check("order", "90.01")
    assert (gated["decision"], gated["signal"], codes(gated)) == ("allow", "red", [])
    assert codes(erp.check("order", "90.01", as_of="2025-07-01")) == ["DAYS_OVERDUE", "LIMIT_EXCEEDED"]


@pytest.mark.parametrize(("late", "expected"), [("100.00", []), ("100.01", ["OVERDUE_AMOUNT"])])
def test_more_overdue_than_the_policy_accepts_blocks(erp: Erp, late: str, expected: list[str]) -> None:
    erp.policy(max_overdue_amount="100.00")
    erp.store("open_item", "P-1", late, due_date="2025-06-29")
    assert codes(erp.check("order", "1.00")) == expected


def test_overdue_findings_may_only_warn(erp: Erp) -> None:
    erp.policy(max_overdue_amount="0", on_overdue_amount="warn", max_days_overdue=0, on_days_overdue="warn")
    erp.store("open_item", "P-1", "1.00", due_date="2025-06-29")
    answer = erp.check("order", "1.00")
    assert classes(answer) == {"DAYS_OVERDUE": "soft", "OVERDUE_AMOUNT": "soft"}
    assert (answer["decision"], answer["signal"]) == ("warn", "yellow")


@pytest.mark.parametrize(("second", "expected"), [("4.99", []), ("5.00", ["DAYS_OVERDUE"])])
def test_a_due_date_below_the_tolerance_is_shown_but_not_tested(
    erp: Erp, second: str, expected: list[str]
) -> None:
    erp.policy(max_days_overdue=0, overdue_tolerance="10.00")
    erp.store("open_item", "P-1", "5.00", due_date="2025-06-29")
    erp.store("open_item", "P-2", second, due_date="2025-06-29")
    erp.store("open_item", "P-3", "9.00", due_date="2025-06-28")
    answer = erp.check("order", "1.00")
    assert codes(answer) == expected
    assert answer["exposure"]["overdue"]["oldest_days"] == 2
    if expected:
        assert found(answer, "DAYS_OVERDUE")["observed"] == 1


def test_disputed_items_can_be_left_out_of_the_tests(erp: Erp) -> None:
    erp.store("open_item", "P-1", "5.00", due_date="2025-06-29", disputed=True)
    erp.policy(max_days_overdue=0)
    assert codes(erp.check("order", "1.00")) == ["DAYS_OVERDUE"]
    erp.policy(max_days_overdue=0, disputed_items_overdue=False)
    answer = erp.check("order", "1.00")
    assert (codes(answer), answer["exposure"]["overdue"]["amount"]) == ([], "5.00")


def test_what_is_overdue_is_never_added_to_exposure(erp: Erp) -> None:
    erp.store("open_item", "P-1", "5.00", due_date="2025-01-01")
    assert erp.exposure()["exposure"]["current"] == "5.00"
