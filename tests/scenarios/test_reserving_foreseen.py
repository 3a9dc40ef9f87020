"""A process that was the last to reserve on an account foresees the next check; changes beside are seen."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from tests.scenarios.erp import DAY, Erp, counted, figures, new_erp
from tests.scenarios.reserving import QUARTER_OF_AN_HOUR, reserve, resolve
from tests.service import JSON, Site, eur, key_of, ok, running_service

ENOUGH = 3
"""So many reservations, and the next one is foreseen."""


@pytest.fixture
def shop(erp: Erp) -> Erp:
    """An ERP that has reserved 30 of 1,000 for C-1, and whose next reservation is foreseen."""
    erp.policy(warn_percent=None)
    erp.account(limit="1000.00")
    erp.put("/v1/operators/anna", {"strict": False, "roles": ["clerk"]})
    erp.store("open_item", "R-0", "5.00", source="sap")
    for number in range(ENOUGH):
        reserve(erp, "order", "10.00", f"SO-{number}", operator={"id": "anna"})
    return erp


def _release(erp: Erp) -> None:
    granted = reserve(erp, "order", "10.00", "SO-0", operator={"id": "anna"})
    reserve(erp, "order", "10.00", "SO-X", operator={"id": "anna"})
    ok(resolve(erp, granted, "release"))


def _in_another_company(erp: Erp) -> None:
    erp.policy(grouping="all_companies")
    erp.store("open_item", "R-1", "100.00", company="north")


def _hold(erp: Erp) -> None:
    erp.store("order", "SO-NEW", "20.00")
    erp.post("/v1/holds", {"kind": "order", "number": "SO-NEW", "reason": "Check address."})


CHANGES: dict[str, Callable[[Erp], object]] = {
    "nothing": lambda _: None,
    "an item": lambda erp: erp.store("open_item", "R-1", "100.00"),
    "an order": lambda erp: erp.store("order", "SO-9", "100.00"),
    "a stored document": lambda erp: erp.store("order", "SO-1", "40.00"),
    "the limit": lambda erp: erp.account(limit="30.00"),
    "a temporary limit": lambda erp: erp.post(
        "/v1/customers/C-1/temporary-limits", {"limit": eur("1.00"), "from": DAY, "to": DAY}
    ),
    "a block": lambda erp: erp.post("/v1/customers/C-1/manual-blocks", {"kinds": ["order"]}),
    "the policy": lambda erp: erp.policy(include_current_document=False, overdue_only=True),
    "a group": _in_another_company,
    "a release": _release,
    "the document": lambda erp: reserve(erp, "order", "70.00", "SO-NEW", operator={"id": "anna"}),
    "a hold": _hold,
    "the operator": lambda erp: erp.caller.delete("/v1/operators/anna"),
    "a feed": lambda erp: erp.store("open_item", "R-1", "1.00", customer="C-2", source="crm"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_meanwhile_is_known_to_the_check(shop: Erp, change: str) -> None:
    CHANGES[change](shop)
    anna = {"id": "anna"}
    plain = shop.check("order", "20.00", "SO-NEW", dry_run=True, operator=anna)
    reserving = shop.check("order", "20.00", "SO-NEW", reserve=QUARTER_OF_AN_HOUR, operator=anna)

    told = {"decision", "signal", "findings", "exposure", "limits", "remedy"}
    assert {name: reserving[name] for name in told} == {name: plain[name] for name in told}
    assert sources(reserving) == sources(plain)
    assert (reserving["reservation"] is not None) == (plain["decision"] != "block")


def sources(answer: JSON) -> list[str]:
    """The feeds whose ages the answer tells."""
    return sorted(answer["freshness"])


def test_what_is_foreseen_is_reserved_to_the_last_cent(shop: Erp) -> None:
    assert figures(shop.check("order", "965.00", "SO-NEW"))[2] == "1000.00"
    assert reserve(shop, "order", "965.00", "SO-NEW")
    assert shop.check("order", "0.01", "SO-MORE", reserve=QUARTER_OF_AN_HOUR)["decision"] == "block"


@pytest.fixture(scope="module")
def other_site(site: Site) -> Iterator[Site]:
    """Another service over the same database."""
    with running_service(site.database_url) as running:
        yield Site(running.url, site.database_url)


def test_two_services_never_foresee_what_the_other_one_reserves(
    site: Site, other_site: Site, platform: Erp
) -> None:
    with new_erp(site, platform) as erp, other_site.caller(key_of(erp.caller)) as there:
        erp.account(limit="1000.00")
        both = [erp, Erp(there)]
        for number in range(2 * ENOUGH):
            reserve(both[number % 2], "order", "1.00", f"A-{number}")

        def ask(number: int) -> tuple[Decimal, Decimal, bool]:
            amount = f"{number % 7 + 1}.00"
            answer = both[number % 3 % 2].check("order", amount, f"SO-{number}", reserve=QUARTER_OF_AN_HOUR)
            granted = answer["reservation"] is not None
            return Decimal(answer["exposure"]["current"]), Decimal(amount), granted

        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(ask, range(300)))
        # Each was decided with all that was granted before it: one begins where another one ended.
        reached = Decimal(2 * ENOUGH)
        for current, amount, _ in sorted(each for each in answers if each[2]):
            assert current == reached
            reached += amount
        assert reached <= Decimal(1000)
        refused = [amount for _, amount, granted in answers if not granted]
        assert all(reached + amount > Decimal(1000) for amount in refused)
        assert counted(erp.exposure()) == {"reservations": f"{reached}"}
