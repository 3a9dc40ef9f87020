"""The service against its own OpenAPI document: Schemathesis makes up requests and judges the answers.

Of its checks these are left out:

- `positive_data_acceptance`: the contract has rules that a JSON schema cannot say (printable characters, days
  in order, fields that exclude each other, codes that must be stored): what the schema allows may be refused.
- `negative_data_rejection`, for `POST /v1/checks` and imports alone: a bad member is a problem in its place,
  a bad line is reported; the answer is 200.
"""

from collections.abc import Iterator
from typing import Any, Final

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.api.everything import Stock, stocked
from tests.service import Site, running_service

# The same requests on every run, and few enough of them to be asked every time.
SETTINGS: Final = hypothesis.settings(
    max_examples=2,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[hypothesis.Phase.generate],
)


@schemathesis.serializer("application/x-ndjson")
def lines(_context: Any, value: Any) -> bytes:
    """The schema of a stream is a string: its lines."""
    return str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def site(own_database_url: str) -> Iterator[Site]:
    """A service of this module's own, since whatever is made up is sent to it."""
    with running_service(own_database_url) as running:
        yield running


@pytest.fixture(scope="module")
def key(site: Site) -> str:
    """A key that may do everything, of a tenant that has one of everything."""
    return site.key(tenant="made-up")


@pytest.fixture(scope="module")
def kept(site: Site, key: str) -> Stock:
    """One object of everything, so that requests get further than "not found"."""
    with site.caller(key) as caller:
        return stocked(caller)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_whatever_is_asked_the_answer_is_one_the_document_describes(
    site: Site, key: str, kept: Stock, mode: GenerationMode
) -> None:
    broken = [
        (operation.label, str(failure))
        for operation in described(site)
        for failure in _failures(operation, mode, key=key, kept=kept)
    ]

    assert broken == []


def described(site: Site) -> Iterator[Any]:
    """Every operation of the document the service answers."""
    document = schemathesis.openapi.from_url(f"{site.url}/openapi.json")
    # The key is given with each call; what is wrong with credentials is asked in tests/api/test_tenancy.py.
    document.config.generation.update(with_security_parameters=False)
    # A body of too many members may be refused for its length before anybody counts them.
    rejection = document.config.checks.negative_data_rejection
    rejection.expected_statuses = [*rejection.expected_statuses, "413"]
    return (operation.ok() for operation in document.get_all_operations() if isinstance(operation, Ok))


def _failures(operation: Any, mode: GenerationMode, *, key: str, kept: Stock) -> Iterator[Exception]:
    @SETTINGS
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        if mode.is_positive and case.method != "DELETE":
            names = kept.names(case.path)
            case.path_parameters = {name: names[name] for name in case.path_parameters}
        excluded = [positive_data_acceptance]
        if case.path.endswith(("/checks", ":import", "/snapshots")):
            excluded.append(negative_data_rejection)
        case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, excluded_checks=excluded)

    try:
        ask()
    except FailureGroup as group:
        yield from group.exceptions
    except Unsatisfiable:
        # Where nothing can be said, nothing can be said wrongly.
        assert not mode.is_positive
