from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from creditrisk.application.keys import Scope
from tests.api.master_data.answers import complaints
from tests.api.master_data.site import Site

BLOCKS = "/v1/customers/C-1/manual-blocks"
BLOCK: dict[str, Any] = {
    "kinds": ["order", "delivery"],
    "from": "2026-11-01",
    "to": "2026-11-30",
    "note": "Disputed deliveries.\nAsk Anna.",
}


@pytest.mark.usefixtures("customer")
def test_a_block_is_answered_as_set(anna: httpx.Client) -> None:
    made = anna.post(BLOCKS, json=BLOCK)
    assert made.status_code == 201
    seen = made.json()
    assert {name: seen[name] for name in BLOCK} == BLOCK
    assert (seen["company"], seen["id"], seen["no"], seen["created_by"]) == ("main", 1, 1, "Anna")
    assert seen["lifted_by"] is seen["lifted_at"] is None
    assert anna.get(BLOCKS).json() == {"items": [seen], "next": None}


@pytest.mark.usefixtures("customer")
def test_a_block_needs_no_period_and_no_note(anna: httpx.Client) -> None:
    seen = anna.post(BLOCKS, json={"kinds": ["invoice"]}).json()
    assert (seen["from"], seen["to"], seen["note"]) == (None, None, None)


@pytest.mark.usefixtures("customer")
def test_end_and_note_of_a_block_can_be_changed_and_taken_away(anna: httpx.Client) -> None:
    anna.post(BLOCKS, json=BLOCK)
    seen = anna.patch(f"{BLOCKS}/1", json={"to": "2026-12-15"}).json()
    assert (seen["to"], seen["note"]) == ("2026-12-15", BLOCK["note"])
    seen = anna.patch(f"{BLOCKS}/1", json={"to": None, "note": None}).json()
    assert (seen["from"], seen["to"], seen["note"]) == ("2026-11-01", None, None)
    assert seen["lifted_by"] is None


@pytest.mark.usefixtures("customer")
def test_a_lifted_block_stays_listed_with_who_set_and_who_lifted_it(
    anna: httpx.Client, site: Site, acme: str
) -> None:
    anna.post(BLOCKS, json=BLOCK)
    with site.caller(acme, Scope.LIMITS, name="Bert") as bert:
        lifted = bert.patch(f"{BLOCKS}/1", json={"lifted": True, "note": "Settled."}).json()
    assert (lifted["created_by"], lifted["lifted_by"], lifted["note"]) == ("Anna", "Bert", "Settled.")
    assert lifted["lifted_at"] >= lifted["created_at"]
    assert anna.get(BLOCKS).json()["items"] == [lifted]


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize("before", ["2026-11-30", None])
def test_who_gives_a_block_an_earlier_last_day_lifts_it_and_who_gives_a_later_one_does_not(
    anna: httpx.Client, site: Site, acme: str, before: str | None
) -> None:
    anna.post(BLOCKS, json=BLOCK | {"to": before})
    with site.caller(acme, Scope.LIMITS, name="Bert") as bert:
        ended = bert.patch(f"{BLOCKS}/1", json={"to": "2026-11-20"}).json()
    assert (ended["to"], ended["created_by"], ended["lifted_by"]) == ("2026-11-20", "Anna", "Bert")
    assert ended["lifted_at"] >= ended["created_at"]
    noted = anna.patch(f"{BLOCKS}/1", json={"note": "Paid.", "to": "2026-11-20"}).json()
    assert noted == ended | {"note": "Paid."}
    assert anna.get(BLOCKS).json()["items"] == [noted]
    for later in ("2026-12-24", None):
        again = anna.patch(f"{BLOCKS}/1", json={"to": later}).json()
        assert (again["to"], again["lifted_by"], again["lifted_at"]) == (later, None, None)


@pytest.mark.usefixtures("customer")
def test_lifting_a_lifted_block_again_changes_nothing(anna: httpx.Client) -> None:
    anna.post(BLOCKS, json=BLOCK)
    lifted = anna.patch(f"{BLOCKS}/1", json={"lifted": True}).json()
    assert anna.patch(f"{BLOCKS}/1", json={"lifted": True}).json() == lifted


@pytest.mark.usefixtures("customer")
def test_a_lifted_block_is_not_changed_any_more(anna: httpx.Client) -> None:
    anna.post(BLOCKS, json=BLOCK)
    lifted = anna.patch(f"{BLOCKS}/1", json={"lifted": True}).json()
    refused = anna.patch(f"{BLOCKS}/1", json={"to": None})
    assert (refused.status_code, refused.json()["code"]) == (409, "already_lifted")
    assert anna.get(BLOCKS).json()["items"] == [lifted]


@pytest.mark.usefixtures("customer")
def test_a_block_is_lifted_once_however_many_try(anna: httpx.Client) -> None:
    anna.post(BLOCKS, json=BLOCK)
    with ThreadPoolExecutor(8) as pool:
        lifted = list(pool.map(lambda _: anna.patch(f"{BLOCKS}/1", json={"lifted": True}).json(), range(8)))
    assert all(each == lifted[0] for each in lifted)


@pytest.mark.usefixtures("customer")
def test_a_block_cannot_be_made_to_end_before_it_begins(anna: httpx.Client) -> None:
    anna.post(BLOCKS, json=BLOCK)
    refused = anna.patch(f"{BLOCKS}/1", json={"to": "2026-10-31"})
    assert complaints(refused) == [("/to", "ends_before_it_begins")]
    assert anna.patch(f"{BLOCKS}/1", json={"to": "2026-11-01"}).status_code == 200


@pytest.mark.usefixtures("customer")
def test_a_block_belongs_to_one_company(anna: httpx.Client, northerner: httpx.Client) -> None:
    anna.post(BLOCKS, json=BLOCK)
    assert northerner.patch(f"{BLOCKS}/1", json={"lifted": True}).status_code == 403
    assert northerner.patch(f"{BLOCKS}/1?company=north", json={"lifted": True}).status_code == 404
    assert northerner.post(BLOCKS, json={**BLOCK, "company": "north"}).status_code == 201
    assert [item["company"] for item in northerner.get(BLOCKS).json()["items"]] == ["north"]
    lifted = northerner.patch(f"{BLOCKS}/1", json={"company": "north", "lifted": True}).json()
    assert (lifted["company"], lifted["lifted_by"]) == ("north", "Nora")


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"kinds": []}, "/kinds", "too_short"),
        ({"kinds": ["order", "bill"]}, "/kinds/1", "not_allowed"),
        ({"kinds": "order"}, "/kinds", "wrong_type"),
        ({"to": "2026-10-31"}, "/to", "ends_before_it_begins"),
        ({"note": "\x00"}, "/note", "invalid_text"),
        ({"lifted": True}, "/lifted", "unknown_field"),
    ],
)
def test_a_slip_in_a_block_is_refused_at_its_place(
    anna: httpx.Client, change: dict[str, Any], pointer: str, code: str
) -> None:
    assert complaints(anna.post(BLOCKS, json=BLOCK | change)) == [(pointer, code)]


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"lifted": False}, "/lifted", "not_allowed"),
        ({"kinds": ["order"]}, "/kinds", "unknown_field"),
        ({"from": "2026-01-01"}, "/from", "unknown_field"),
        ({"to": "never"}, "/to", "invalid_date"),
    ],
)
def test_a_slip_in_a_change_is_refused_at_its_place(
    anna: httpx.Client, change: dict[str, Any], pointer: str, code: str
) -> None:
    anna.post(BLOCKS, json=BLOCK)
    assert complaints(anna.patch(f"{BLOCKS}/1", json=change)) == [(pointer, code)]


def test_nobody_unknown_is_blocked(anna: httpx.Client) -> None:
    assert anna.post(BLOCKS, json=BLOCK).status_code == 404
    assert anna.get(BLOCKS).status_code == 404
    assert anna.patch(f"{BLOCKS}/1", json={"lifted": True}).status_code == 404


@pytest.mark.usefixtures("customer")
def test_another_tenants_blocks_are_not_found(anna: httpx.Client, stranger: httpx.Client) -> None:
    anna.post(BLOCKS, json=BLOCK)
    assert stranger.get(BLOCKS).status_code == 404
    assert stranger.patch(f"{BLOCKS}/1", json={"lifted": True}).status_code == 404
    assert anna.get(BLOCKS).json()["items"][0]["lifted_at"] is None


def test_manual_blocks_take_the_scope_limits(checker: httpx.Client) -> None:
    assert checker.get(BLOCKS).status_code == 403
    assert checker.post(BLOCKS, json=BLOCK).status_code == 403
    assert checker.patch(f"{BLOCKS}/1", json={"lifted": True}).status_code == 403
