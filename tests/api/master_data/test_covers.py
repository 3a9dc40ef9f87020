from typing import Any

import httpx
import pytest

from tests.api.master_data.answers import complaints

COVERS = "/v1/customers/C-1/covers"
POLICE: dict[str, Any] = {
    "kind": "insurance",
    "type": "whole turnover",
    "coverage_type": "commercial",
    "issuer": "Northern Credit Insurance",
    "reference": "P-778",
    "value": {"amount": "50000.00", "currency": "EUR"},
    "percent": "50",
    "effect": "at_least",
    "included_in_exposure": True,
    "from": "2026-01-01",
    "to": "2026-12-31",
}


@pytest.mark.usefixtures("customer")
def test_a_cover_is_answered_as_stated(anna: httpx.Client) -> None:
    made = anna.post(COVERS, json=POLICE)
    assert made.status_code == 201
    seen = made.json()
    assert {name: seen[name] for name in POLICE} == POLICE
    assert (seen["company"], seen["no"], seen["created_by"]) == ("main", 1, "Anna")
    assert anna.get(COVERS).json() == {"items": [seen], "next": None}


@pytest.mark.usefixtures("customer")
def test_a_plain_guarantee_adds_its_whole_value_for_ever(anna: httpx.Client) -> None:
    seen = anna.post(COVERS, json={"kind": "guarantee", "value": POLICE["value"]}).json()
    assert (seen["percent"], seen["effect"], seen["included_in_exposure"]) == ("100", "add", False)
    assert (seen["from"], seen["to"], seen["issuer"]) == (None, None, None)


@pytest.mark.usefixtures("customer")
def test_a_cover_may_be_informative_only(anna: httpx.Client) -> None:
    assert anna.post(COVERS, json=POLICE | {"percent": "0"}).json()["percent"] == "0"


@pytest.mark.usefixtures("customer")
def test_a_deleted_cover_is_gone(anna: httpx.Client) -> None:
    anna.post(COVERS, json=POLICE)
    assert anna.delete(f"{COVERS}/1").status_code == 204
    assert anna.get(COVERS).json()["items"] == []
    assert anna.post(COVERS, json=POLICE).json()["no"] == 2
    assert anna.delete(f"{COVERS}/1").status_code == 404


@pytest.mark.usefixtures("customer")
def test_a_key_of_one_company_reaches_the_covers_of_that_company(
    anna: httpx.Client, northerner: httpx.Client
) -> None:
    anna.post(COVERS, json=POLICE)
    assert northerner.get(COVERS).json()["items"] == []
    assert northerner.post(COVERS, json=POLICE).status_code == 403
    assert northerner.post(f"{COVERS}?company=north", json=POLICE).json()["company"] == "north"
    assert len(anna.get(COVERS).json()["items"]) == 2


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"kind": "pledge"}, "/kind", "not_allowed"),
        ({"percent": "100.01"}, "/percent", "out_of_range"),
        ({"percent": "-1"}, "/percent", "invalid_percent"),
        ({"percent": 50}, "/percent", "wrong_type"),
        ({"effect": "multiply"}, "/effect", "not_allowed"),
        ({"value": {"amount": "-1", "currency": "EUR"}}, "/value/amount", "out_of_range"),
        ({"to": "2025-12-31"}, "/to", "ends_before_it_begins"),
        ({"issuer": "a\nb"}, "/issuer", "invalid_text"),
        ({"valeu": 1}, "/valeu", "unknown_field"),
    ],
)
def test_a_slip_in_a_cover_is_refused_at_its_place(
    anna: httpx.Client, change: dict[str, Any], pointer: str, code: str
) -> None:
    assert complaints(anna.post(COVERS, json=POLICE | change)) == [(pointer, code)]


def test_nobody_unknown_has_covers(anna: httpx.Client) -> None:
    assert anna.post(COVERS, json=POLICE).status_code == 404
    assert anna.get(COVERS).status_code == 404


@pytest.mark.usefixtures("customer")
def test_another_tenants_covers_are_not_found(anna: httpx.Client, stranger: httpx.Client) -> None:
    anna.post(COVERS, json=POLICE)
    assert stranger.get(COVERS).status_code == 404
    assert stranger.delete(f"{COVERS}/1").status_code == 404
    assert len(anna.get(COVERS).json()["items"]) == 1


def test_covers_take_the_scope_limits(checker: httpx.Client) -> None:
    assert checker.get(COVERS).status_code == 403
    assert checker.post(COVERS, json=POLICE).status_code == 403
    assert checker.delete(f"{COVERS}/1").status_code == 403
