"""The OpenAPI document: committed as it is served, and complete enough to work from."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from creditrisk.cli.describing import openapi_text
from tests.service import JSON, Site, ok

COMMITTED = Path(__file__).parents[2] / "openapi" / "openapi.json"
STREAMS = {"import_documents", "import_ledger", "import_customers", "import_credit"}


@pytest.fixture(scope="module")
def document() -> JSON:
    found: JSON = json.loads(openapi_text())
    return found


def operations(document: JSON) -> Iterator[tuple[str, JSON]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_committed_document_is_what_this_release_says() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == openapi_text(), "run `make openapi`"


def test_the_service_answers_the_committed_document(site: Site) -> None:
    served = ok(httpx.get(f"{site.url}/openapi.json", timeout=60))

    assert served == json.loads(COMMITTED.read_text(encoding="utf-8"))


def test_every_field_of_every_object_says_what_it_means(document: JSON) -> None:
    silent = [
        (name, field)
        for name, schema in document["components"]["schemas"].items()
        for field, stated in schema.get("properties", {}).items()
        if not stated.get("description")
    ]

    assert silent == []


def test_every_object_and_every_parameter_says_what_it_is(document: JSON) -> None:
    objects = [
        name for name, schema in document["components"]["schemas"].items() if not schema.get("description")
    ]
    parameters = [
        (operation, parameter["name"])
        for operation, stated in operations(document)
        for parameter in stated.get("parameters", ())
        if not (parameter.get("description") or parameter["schema"].get("description"))
    ]

    assert objects == []
    assert parameters == []


def test_no_object_is_named_after_a_module(document: JSON) -> None:
    # That is how two models of one name are told apart, and clients would be generated with such names.
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


def test_every_operation_has_an_id_of_its_own_and_explains_itself(document: JSON) -> None:
    found = dict(operations(document))
    ids = [operation["operationId"] for operation in found.values()]

    assert len(ids) == len(set(ids))
    for name, operation in found.items():
        assert operation["summary"], name
        assert operation["description"].endswith("."), name
        assert operation["tags"], name


def test_ids_of_operations_stay_so_that_generated_clients_do_not_change(document: JSON) -> None:
    found = {operation["operationId"]: name for name, operation in operations(document)}

    assert found["check"] == "POST /v1/check"
    assert found["check_many"] == "POST /v1/checks"
    assert found["put_document"] == "PUT /v1/documents/{kind}/{number}"
    assert found["put_ledger_entry"] == "PUT /v1/ledger/{kind}/{id}"
    assert found["put_customer"] == "PUT /v1/customers/{id}"
    assert found["put_credit"] == "PUT /v1/customers/{id}/credit"
    assert found["release_hold"] == "POST /v1/holds/{id}/release"


def test_everything_but_operations_asks_for_a_key(document: JSON) -> None:
    free = {name for name, operation in operations(document) if not operation.get("security")}

    assert free == {"GET /livez", "GET /readyz", "GET /metrics", "GET /problems/{name}"}


def test_every_operation_names_the_problems_it_answers(document: JSON) -> None:
    for name, operation in operations(document):
        if operation.get("security"):
            wanted = {"400", "401", "403", "422", "429", "500", "503"}
            wanted |= {"413", "415"} if "application/json" in _content(operation) else set()
            wanted |= {"404"} if "{" in name else set()
            assert wanted <= set(operation["responses"]), name


def test_every_request_has_an_example_and_the_check_several(document: JSON) -> None:
    without = [
        name
        for name, operation in operations(document)
        if "requestBody" in operation
        and operation["operationId"] not in STREAMS
        and not list(examples(document, operation))
    ]

    assert without == []
    check = document["paths"]["/v1/check"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert len(check) >= 5
    assert all(example["summary"] for example in check.values())


def examples(document: JSON, operation: JSON) -> Iterator[Any]:
    """The bodies shown with an operation, beside its schema or in it."""
    for content in _content(operation).values():
        yield from (example["value"] for example in content.get("examples", {}).values())
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        yield from document["components"]["schemas"].get(name, {}).get("examples", ())


def _content(operation: JSON) -> JSON:
    content: JSON = operation.get("requestBody", {}).get("content", {})
    return content
