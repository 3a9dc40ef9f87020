"""What a call does not know is refused, not left aside."""

from typing import Any

import httpx
import pytest

from tests.scenarios.erp import Erp


def complaints(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        (b'{"as_of": "2025-06-30", "foo": 1}', [("/as_of", "unknown_field"), ("/foo", "unknown_field")]),
        (b"garbage{", [("", "unexpected_body")]),
        (b"[]", [("", "unexpected_body")]),
        (b"null", [("", "unexpected_body")]),
    ],
)
def test_a_call_that_takes_no_body_refuses_one(
    erp: Erp, content: bytes, errors: list[tuple[str, str]]
) -> None:
    assert complaints(erp.caller.post("/v1/reports/exposure", content=content)) == errors


def test_complaints_about_a_body_have_an_end(erp: Erp) -> None:
    answer = erp.caller.post("/v1/reports/exposure", json={f"name-{number}": 1 for number in range(1_000)})
    assert len(complaints(answer)) == 100


@pytest.mark.parametrize("content", [b"", b"{}", b" {} "])
def test_an_empty_object_says_nothing(erp: Erp, content: bytes) -> None:
    assert erp.caller.post("/v1/reports/exposure", content=content).status_code == 201


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/v1/reports/exposure?country=IT&country=DE", "query/country"),
        ("/v1/decisions?decision=block&decision=allow", "query/decision"),
        ("/v1/holds?limit=1&limit=2", "query/limit"),
        ("/v1/holds?company=main&company=north", "query/company"),
    ],
)
def test_one_of_two_values_is_not_swallowed(erp: Erp, path: str, pointer: str) -> None:
    assert complaints(erp.caller.get(path)) == [(pointer, "given_twice")]


def test_a_check_does_not_choose_between_two_companies(erp: Erp) -> None:
    asked: dict[str, Any] = {"customer": "C-1"}
    answer = erp.caller.post("/v1/check?company=main&company=main", json=asked)
    assert complaints(answer) == [("query/company", "given_twice")]


def test_a_parameter_that_is_a_list_is_given_as_often_as_wanted(erp: Erp) -> None:
    erp.customer("C-1")
    answer = erp.caller.get("/v1/customers/C-1/behaviour", params={"months": ["3", "6"]})
    assert [window["months"] for window in answer.json()["windows"]] == [3, 6]
