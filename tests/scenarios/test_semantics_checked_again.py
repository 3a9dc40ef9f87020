"""A document that was refused and saved is refused when it is checked again (docs/domain.md, Rules)."""

from collections.abc import Callable

import pytest

from tests.scenarios.erp import Erp, classes, figures
from tests.service import JSON, eur

O_1 = (("order", "O-1"),)


@pytest.fixture(autouse=True)
def limited(erp: Erp) -> None:
    erp.account(limit="100.00")


def demoted(answer: JSON) -> tuple[str, str | None]:
    return answer["decision"], answer["findings"][0]["demoted_by"]


def stated_open(erp: Erp) -> None:
    """The ERP says what is open of the order, and not yet anew."""
    erp.store("order", "O-1", "50.00", open_amount="50.00")
    erp.store("delivery", "D-1", "150.00", follows=O_1)


def without_link(erp: Erp) -> None:
    """The ERP says what it follows when it checks, and not when it saves."""
    erp.store("order", "O-1", "50.00")
    erp.store("delivery", "D-1", "150.00")


@pytest.mark.parametrize("saved", [stated_open, without_link])
def test_what_it_follows_lowers_nothing_twice(erp: Erp, saved: Callable[[Erp], None]) -> None:
    saved(erp)
    assert erp.exposure()["exposure"]["current"] == "200.00"
    again = erp.check("delivery", "150.00", "D-1", follows=O_1)
    assert (figures(again)[2], again["decision"]) == ("150.00", "block")
    assert erp.check("delivery", "199.99", "D-1", follows=O_1)["decision"] == "block"
    assert demoted(erp.check("delivery", "149.99", "D-1", follows=O_1)) == ("warn", "lowering")


def test_evaluating_its_hold_clears_nothing_either(erp: Erp) -> None:
    erp.policy(auto_release="without_posting")
    erp.store("order", "O-1", "50.00", open_amount="50.00")
    erp.check("delivery", "150.00", "D-1", follows=O_1)
    erp.store("delivery", "D-1", "150.00", follows=O_1)
    (hold,) = erp.post("/v1/holds:evaluate", {})["results"]
    assert (hold["status"], [found["code"] for found in hold["findings"]]) == ("open", ["LIMIT_EXCEEDED"])


@pytest.mark.parametrize(("limit", "ready"), [("199.99", False), ("200.00", True)])
def test_evaluated_it_takes_nothing_of_what_it_is_not_stored_to_follow(
    erp: Erp, limit: str, *, ready: bool
) -> None:
    erp.store("order", "O-1", "50.00")
    erp.check("delivery", "150.00", "D-1", follows=O_1)
    erp.store("delivery", "D-1", "150.00")
    erp.account(limit=limit)
    (hold,) = erp.post("/v1/holds:evaluate", {})["results"]
    assert hold["ready_to_release"] is ready


def test_days_overdue_are_no_less_when_it_is_checked_again(erp: Erp) -> None:
    erp.account(limit="1000.00", max_days_overdue=5)
    erp.store("open_item", "P-1", "10.00", due_date="2025-05-31")
    erp.store("order", "O-1", "50.00", open_amount="50.00")
    erp.store("delivery", "D-1", "50.00", follows=O_1)
    assert classes(erp.check("delivery", "50.00", "D-1", follows=O_1)) == {"DAYS_OVERDUE": "hard"}


def test_what_followers_have_taken_of_it_is_not_taken_again(erp: Erp) -> None:
    erp.store("order", "O-1", "150.00", open_amount="150.00")
    erp.store("delivery", "D-1", "30.00", follows=O_1)
    assert erp.exposure()["exposure"]["current"] == "180.00"
    for amount in ("150.00", "170.00"):
        assert erp.check("order", amount, "O-1")["decision"] == "block"
    assert demoted(erp.check("order", "149.99", "O-1")) == ("warn", "lowering")


def test_a_link_that_is_taken_back_lowers_nothing(erp: Erp) -> None:
    erp.store("order", "O-1", "120.00")
    erp.store("delivery", "D-1", "120.00", follows=O_1)
    assert erp.check("delivery", "119.00", "D-1")["decision"] == "block"
    whole = (("order", "O-1", "120.00"),)
    assert demoted(erp.check("delivery", "119.00", "D-1", follows=whole)) == ("warn", "lowering")


@pytest.mark.parametrize(("follows", "projected"), [((), "1150.00"), (O_1, "650.00")])
def test_what_it_gives_back_makes_nothing_larger_than_it_is(
    erp: Erp, follows: tuple[tuple[str, str], ...], projected: str
) -> None:
    erp.store("delivery", "D-1", "600.00", follows=O_1)
    erp.store("order", "O-1", "500.00", open_amount="500.00")
    assert figures(erp.check("delivery", "650.00", "D-1", follows=follows))[2] == projected


def test_nor_is_a_return_made_larger(erp: Erp) -> None:
    erp.store("invoice", "I-1", "-600.00", follows=[("delivery", "D-1")])
    erp.store("delivery", "D-1", "-300.00", open_amount="-100.00")
    assert figures(erp.check("invoice", "-600.00", "I-1"))[0] == "-300.00"


def test_a_new_document_may_lower_what_is_stored(erp: Erp) -> None:
    """It takes more of what it follows than it adds."""
    erp.store("order", "O-1", "200.00")
    whole = (("order", "O-1", "200.00"),)
    for number in ("D-1", None):
        answer = erp.check("delivery", "150.00", number, follows=whole)
        assert (figures(answer)[2], demoted(answer)) == ("150.00", ("warn", "lowering"))
    assert erp.check("delivery", "200.00", "D-1", follows=whole)["decision"] == "block"


def test_orders_may_be_made_into_a_smaller_one(erp: Erp) -> None:
    for number in ("O-1", "O-2"):
        erp.store("order", number, "100.00")
    both = (("order", "O-1", "100.00"), ("order", "O-2", "100.00"))
    assert demoted(erp.check("order", "150.00", "O-3", follows=both)) == ("warn", "lowering")


def test_what_only_another_paper_names_is_new(erp: Erp) -> None:
    erp.store("order", "O-1", "200.00")
    erp.store("invoice", "I-1", "10.00", follows=(("delivery", "D-1", "10.00"),))
    whole = (("order", "O-1", "200.00"),)
    assert demoted(erp.check("delivery", "150.00", "D-1", follows=whole)) == ("warn", "lowering")


def test_an_order_that_counts_whole_and_is_all_taken_lowers_nothing(erp: Erp) -> None:
    erp.policy(orders={"amount": "total"})
    erp.store("order", "O-1", "150.00", open_amount="90.00")
    erp.store("delivery", "D-1", "150.00", follows=O_1)
    assert erp.check("order", "150.00", "O-1")["decision"] == "block"


def test_an_order_that_counts_whole_is_lowered_by_its_total_alone(erp: Erp) -> None:
    erp.policy(orders={"amount": "total"})
    erp.store("order", "O-1", "150.00", open_amount="90.00")
    assert erp.check("order", "150.00", "O-1")["decision"] == "block"
    assert demoted(erp.check("order", "149.99", "O-1")) == ("warn", "lowering")


def test_a_posted_invoice_is_lowered_by_less_than_its_items(erp: Erp) -> None:
    erp.store("invoice", "I-1", "150.00")
    erp.store("open_item", "P-1", "150.00", document={"kind": "invoice", "number": "I-1"})
    assert erp.check("invoice", "150.00", "I-1")["decision"] == "block"
    assert demoted(erp.check("invoice", "149.99", "I-1")) == ("warn", "lowering")


def test_a_held_document_that_does_not_count_is_not_lowered(erp: Erp) -> None:
    """Nothing of it is exposure: let pass, it would add all it has."""
    erp.policy(count_held=False)
    erp.store("order", "A", "150.00")
    assert erp.check("order", "150.00", "A")["decision"] == "block"
    erp.store("order", "B", "100.00")
    answer = erp.check("order", "149.99", "A")
    assert (figures(answer), answer["decision"]) == (("100.00", "149.99", "249.99"), "block")


def test_a_held_document_that_does_not_count_blocks_no_account(erp: Erp) -> None:
    erp.policy(count_held=False, auto_block=True)
    erp.store("order", "A", "150.00")
    assert erp.check("order", "150.00", "A")["decision"] == "block"
    assert erp.check("order", "50.00", "A")["decision"] == "allow"


@pytest.mark.parametrize("asked", [[{}], [{"ids": ["A"]}, {"ids": ["B"]}]])
def test_holds_are_cleared_one_after_the_other_where_they_do_not_count(erp: Erp, asked: list[JSON]) -> None:
    erp.policy(count_held=False, auto_release="without_posting")
    for number in ("A", "B"):
        erp.store("order", number, "150.00")
    holds = {number: erp.check("order", "150.00", number)["hold"]["id"] for number in ("A", "B")}
    erp.account(limit="200.00")
    for order in asked:
        ids = {"ids": [holds[number] for number in order["ids"]]} if order else {}
        erp.post("/v1/holds:evaluate", ids)
    first, second = erp.holds()
    assert (first["document"]["number"], first["status"]) == ("A", "cleared")
    assert (second["document"]["number"], second["status"]) == ("B", "open")
    assert second["findings"][0]["observed"] == "300.00"
    assert erp.exposure()["exposure"]["current"] == "150.00"


def evaluated(erp: Erp) -> list[tuple[str, bool, list[str]]]:
    """The status of each hold, whether it is ready, and the amounts that still hold its document."""
    results = erp.post("/v1/holds:evaluate", {})["results"]
    return [
        (hold["status"], hold["ready_to_release"], [found["observed"] for found in hold["findings"]])
        for hold in results
    ]


def test_what_is_not_cleared_is_judged_with_what_is(erp: Erp) -> None:
    erp.policy(count_held=False, auto_release="without_posting")
    for number, total in (("A", "150.00"), ("B", "250.00"), ("C", "150.00")):
        erp.store("order", number, total)
    erp.check("order", "150.00", "A")
    erp.check("order", "250.00", "B")
    erp.post("/v1/holds", {"kind": "order", "number": "C", "reason": "Check address."})
    erp.account(limit="200.00")
    first, *others = evaluated(erp)
    assert first[0] == "cleared"
    assert others == [("open", False, ["400.00"]), ("open", False, ["300.00"])]


def test_holds_of_others_are_cleared_together(erp: Erp) -> None:
    erp.policy(count_held=False, auto_release="without_posting")
    for customer in ("C-1", "C-2"):
        erp.customer(customer)
        erp.account(customer, limit="100.00")
        for number in ("A", "B"):
            erp.store("order", f"{customer}-{number}", "150.00", customer=customer)
            erp.check("order", "150.00", f"{customer}-{number}", customer=customer)
        erp.account(customer, limit="200.00")
    assert [status for status, *_ in evaluated(erp)] == ["cleared", "open", "cleared", "open"]


def test_each_checkpoint_keeps_its_release(erp: Erp) -> None:
    erp.policy(release_covers="checkpoint")
    for checkpoint in ("save", "confirm"):
        hold = erp.check("order", "150.00", "O-1", checkpoint=checkpoint)["hold"]["id"]
        erp.post(f"/v1/holds/{hold}/release", {})
    answers = [erp.check("order", "150.00", "O-1", checkpoint=step) for step in ("save", "confirm", "ship")]
    assert [answer["decision"] for answer in answers] == ["allow", "allow", "block"]


def test_a_newer_release_takes_the_place_of_the_one_before(erp: Erp) -> None:
    for amount in ("150.00", "160.00"):
        hold = erp.check("order", amount, "O-1")["hold"]["id"]
        erp.post(f"/v1/holds/{hold}/release", {})
    assert erp.check("order", "160.00", "O-1")["decision"] == "allow"
    assert erp.check("order", "160.01", "O-1")["decision"] == "block"


@pytest.mark.parametrize("key", [None, "batch-1"])
def test_a_check_that_passes_clears_what_one_before_it_in_the_batch_has_held(
    erp: Erp, key: str | None
) -> None:
    checks = [
        {"customer": "C-1", "document": {"kind": "order", "number": "A", "total": eur(total)}}
        for total in ("150.00", "50.00", "150.00", "50.00")
    ]
    headers = {} if key is None else {"Idempotency-Key": key}
    results = erp.caller.post("/v1/checks", json={"checks": checks}, headers=headers).json()["results"]
    assert [result["decision"] for result in results] == ["block", "allow", "block", "allow"]
    assert [result["hold"]["status"] for result in results] == ["open", "cleared", "open", "cleared"]
    assert [hold["status"] for hold in erp.holds()] == ["cleared", "cleared"]


@pytest.mark.parametrize("recheck", ["never", "on_increase", "on_any_change", "always"])
def test_a_release_is_for_who_ordered(erp: Erp, recheck: str) -> None:
    erp.policy(recheck_after_release=recheck)
    erp.release(erp.check("order", "150.00", "O-1")["hold"]["id"])
    erp.customer("C-2")
    erp.account("C-2", limit="1.00")
    assert classes(erp.check("order", "150.00", "O-1", customer="C-2")) == {"LIMIT_EXCEEDED": "hard"}
    assert erp.check("order", "150.00", "O-1")["decision"] == "allow"


@pytest.mark.parametrize("step", [{"checkpoint": "print"}, {"pro_forma": True}])
def test_a_step_that_is_not_checked_leaves_the_hold(erp: Erp, step: JSON) -> None:
    erp.policy(checkpoints={"print": {"check": False}})
    hold = erp.check("order", "150.00", "O-1")["hold"]["id"]
    answer = erp.check("order", "150.00", "O-1", **step)
    assert (answer["decision"], answer["not_controlled"], answer["hold"]) == ("allow", "checkpoint_off", None)
    assert erp.get(f"/v1/holds/{hold}")["status"] == "open"
    assert erp.check("order", "90.00", "O-1")["hold"] == {"id": hold, "status": "cleared"}
