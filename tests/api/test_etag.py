import httpx
import pytest

from creditrisk.api.etag import parse_if_match
from creditrisk.application.errors import InvalidRequest
from creditrisk.application.preconditions import Precondition

ORDER = {"total": {"amount": "1", "currency": "EUR"}}


@pytest.mark.parametrize(
    ("path", "if_match", "status", "code"),
    [
        ("/v1/orders/new", None, 200, None),
        ("/v1/orders/new", '"7"', 200, None),
        ("/v1/orders/new", '"6"', 412, "precondition_failed"),
        ("/v1/orders/existing", None, 428, "precondition_required"),
        ("/v1/orders/existing", '"7"', 200, None),
        ("/v1/orders/existing", '"6"', 412, "precondition_failed"),
        ("/v1/orders/existing", '"6", "7"', 200, None),
        ("/v1/orders/existing", 'W/"7"', 412, "precondition_failed"),
        ("/v1/orders/existing", "*", 200, None),
        ("/v1/orders/existing", "7", 422, "invalid_request"),
        ("/v1/orders/existing", '"7', 422, "invalid_request"),
        ("/v1/orders/existing", '"7" "8"', 422, "invalid_request"),
    ],
)
def test_an_object_is_replaced_only_in_the_version_the_caller_has_seen(
    client: httpx.Client, path: str, if_match: str | None, status: int, code: str | None
) -> None:
    headers = {} if if_match is None else {"If-Match": if_match}
    response = client.put(path, json=ORDER, headers=headers)
    assert response.status_code == status
    assert response.json().get("code") == code
    assert response.headers.get("ETag") == ('"8"' if status == 200 else None)


def test_if_match_is_read_as_a_list_of_strong_tags() -> None:
    assert parse_if_match(None) == Precondition()
    assert parse_if_match(" * ") == Precondition(any_version=True)
    assert parse_if_match('"a", W/"b" ,"c,d"') == Precondition(frozenset({"a", "c,d"}))
    with pytest.raises(InvalidRequest):
        parse_if_match("")
