"""Checks that reserve at one moment share a transaction: each knows what those before it were granted."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import uuid4

import httpx

from tests.scenarios.erp import Erp, Followed
from tests.scenarios.reserving import QUARTER_OF_AN_HOUR, reserved
from tests.service import JSON, eur

CLIENTS = 24


def at_once(calls: Sequence[Callable[[], JSON]]) -> list[JSON]:
    """Make all calls at the same moment."""
    with ThreadPoolExecutor(CLIENTS) as threads:
        return [each.result() for each in [threads.submit(call) for call in calls]]


def reserving(
    erp: Erp, kind: str, total: str, number: str, *, customer: str = "C-1", follows: Sequence[Followed] = ()
) -> Callable[[], JSON]:
    """A check that reserves, to be made later."""

    def check() -> JSON:
        answer = erp.check(
            kind, total, number, customer=customer, follows=follows, reserve=QUARTER_OF_AN_HOUR
        )
        assert isinstance(answer, dict)
        return answer

    return check


def granted(answers: Sequence[JSON]) -> list[JSON]:
    return [answer["reservation"] for answer in answers if answer["reservation"]]


def test_exactly_as_many_are_granted_as_the_limit_holds(erp: Erp) -> None:
    erp.account(limit="1000.00")
    answers = at_once([reserving(erp, "order", "100.00", f"SO-{n}") for n in range(CLIENTS)])

    assert len(granted(answers)) == 10
    assert reserved(erp) == "1000.00"
    # Each was told the exposure it was decided with.
    seen = sorted(Decimal(answer["exposure"]["current"]) for answer in answers)
    assert seen[:10] == [Decimal(100) * n for n in range(10)]


def test_members_of_a_group_see_what_the_others_were_granted(erp: Erp) -> None:
    erp.policy(grouping="credit_group")
    erp.put("/v1/credit-groups/G", {"limit": {"amount": "700.00", "currency": "EUR"}})
    for customer in ("C-1", "C-2", "C-3"):
        erp.customer(customer, credit_group="G")
        erp.account(customer, limit="300.00")

    answers = at_once(
        [reserving(erp, "order", "100.00", f"SO-{n}", customer=f"C-{n % 3 + 1}") for n in range(CLIENTS)]
    )

    assert len(granted(answers)) == 7
    per_customer = [
        sum(1 for answer in answers if answer["reservation"] and answer["customer"] == customer)
        for customer in ("C-1", "C-2", "C-3")
    ]
    assert max(per_customer) <= 3


def test_of_checks_of_one_document_the_last_granted_one_counts_alone(erp: Erp) -> None:
    erp.account(limit="10000.00")
    amounts = [f"{n + 1}00.00" for n in range(CLIENTS)]
    answers = at_once([reserving(erp, "order", amount, "SO-1") for amount in amounts])

    states = [erp.get(f"/v1/reservations/{each['id']}") for each in granted(answers)]
    (held,) = [each for each in states if each["status"] == "held"]
    assert len(states) == CLIENTS
    assert {each["status"] for each in states} == {"held", "superseded"}
    assert reserved(erp) == held["amount"]["amount"]


def test_deliveries_of_one_order_never_take_more_of_it_than_it_has(erp: Erp) -> None:
    erp.account(limit="1000.00")
    erp.store("order", "SO-1", "600.00")
    answers = at_once(
        [
            reserving(erp, "delivery", "100.00", f"DN-{n}", follows=[("order", "SO-1", "100.00")])
            for n in range(CLIENTS)
        ]
    )

    # Six of them move what the order counts already; for the others there are the 400.00 that are left.
    assert len(granted(answers)) == 10
    exposure = erp.exposure()["exposure"]
    assert exposure["current"] == "1000.00"


def test_a_new_configuration_is_loaded_while_all_who_write_wait_for_one_lock(erp: Erp) -> None:
    """More keyed checks than there are connections; one has the lock they wait for, and loads it, too."""
    erp.account(limit="100000.00")

    def checks(clerk: int) -> list[httpx.Response]:
        answers: list[httpx.Response] = []
        for each in range(8):
            number = f"SO-{clerk}-{each}"
            body = {"customer": "C-1", "document": {"kind": "order", "number": number, "total": eur("1.00")}}
            keyed = {"Idempotency-Key": uuid4().hex}
            answers += [
                erp.caller.post("/v1/check", json=body | {"reserve": QUARTER_OF_AN_HOUR}, headers=keyed),
                erp.caller.post("/v1/check", json=body),
            ]
        return answers

    with ThreadPoolExecutor(CLIENTS) as threads:
        clerks = [threads.submit(checks, clerk) for clerk in range(CLIENTS)]
        percent = 0
        while not all(clerk.done() for clerk in clerks):
            percent = percent % 99 + 1
            erp.policy(warn_percent=str(percent))
        answers = [answer for clerk in clerks for answer in clerk.result()]
    assert [answer.text for answer in answers if answer.status_code != httpx.codes.OK] == []
