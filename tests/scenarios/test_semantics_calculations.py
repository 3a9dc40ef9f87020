"""Stored calculations: what an account was exposed to, whatever became of its papers (docs/domain.md)."""

from uuid import uuid4

from tests.scenarios.erp import DAY, Erp
from tests.service import JSON

PATH = "/v1/customers/C-1/calculations"


def stored(erp: Erp, **query: str) -> list[JSON]:
    items = erp.get(PATH, **query)["items"]
    assert isinstance(items, list)
    return items


def lines(calculation: JSON) -> list[tuple[str, str, str, str]]:
    return [(line["kind"], line["number"], line["category"], line["amount"]) for line in calculation["lines"]]


def test_a_calculation_is_the_exposure_as_shown_with_every_line(erp: Erp) -> None:
    erp.account(limit="100.00")
    erp.store("order", "O-1", "70.00")
    erp.store("open_item", "R-1", "50.00", due_date="2025-05-31")
    erp.store("open_item", "R-2", "-5.00")
    erp.store("quotation", "Q-1", "1000.00")
    shown = erp.exposure()

    made = erp.post(PATH, {"as_of": DAY})

    assert made["as_of"] == DAY
    assert (made["batch"], bool(made["created_by"])) == (None, True)
    assert made["signal"] == "red"
    for name in ("company", "customer", "exposure", "limit", "limits", "utilisation", "headroom", "policy"):
        assert made[name] == shown[name]
    assert lines(made) == [
        ("open_item", "R-1", "open_items", "50.00"),
        ("open_item", "R-2", "open_items", "-5.00"),
        ("order", "O-1", "orders", "70.00"),
    ]
    assert made["lines"][0]["days_past_due"] == 30
    assert stored(erp) == [made]


def test_a_calculation_outlives_its_papers(erp: Erp) -> None:
    erp.store("order", "O-1", "70.00")
    erp.post(PATH, {"as_of": DAY})
    assert erp.caller.delete("/v1/documents/order/O-1").is_success
    erp.post(PATH, {"as_of": DAY})

    then, now = stored(erp)

    assert (then["exposure"]["current"], now["exposure"]["current"]) == ("70.00", "0.00")
    assert (lines(then), lines(now)) == ([("order", "O-1", "orders", "70.00")], [])


def test_calculations_are_listed_by_the_page_in_order_of_time_and_by_company(erp: Erp) -> None:
    erp.policy(company="north")
    made = [erp.post(PATH, {"as_of": DAY, "company": company})["id"] for company in ("main", "north", "main")]

    assert [each["id"] for each in stored(erp)] == made
    assert [each["id"] for each in stored(erp, company="north")] == made[1:2]
    first = erp.get(PATH, limit="2")
    rest = erp.get(PATH, limit="2", cursor=first["next"])
    assert [each["id"] for each in first["items"] + rest["items"]] == made
    assert rest["next"] is None


def test_a_list_can_do_without_lines(erp: Erp) -> None:
    erp.store("order", "O-1", "70.00")
    erp.post(PATH, {"as_of": DAY})
    assert [each["lines"] for each in stored(erp, lines="false")] == [None]


def test_a_request_sent_again_under_its_key_stores_one_calculation(erp: Erp) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    first, again = (erp.caller.post(PATH, json={"as_of": DAY}, headers=headers) for _ in range(2))
    assert (first.status_code, again.json()) == (201, first.json())
    assert [each["id"] for each in stored(erp)] == [first.json()["id"]]


def test_there_are_no_calculations_of_nobody(erp: Erp) -> None:
    path = PATH.replace("C-1", "NOBODY")
    assert erp.caller.get(path).status_code == 404
    assert erp.caller.post(path, json={}).status_code == 404


def test_a_cursor_must_be_one_of_the_list(erp: Erp) -> None:
    assert erp.caller.get(PATH, params={"cursor": "x"}).status_code == 422
