"""Who is at the keyboard, and what that changes (docs/domain.md, Operator and From facts to decision)."""

import pytest

from tests.scenarios.erp import Erp, classes, codes, found
from tests.service import JSON


@pytest.fixture
def full(erp: Erp) -> Erp:
    """C-1 is over its limit of 100 with any document."""
    erp.account(limit="100.00")
    erp.store("open_item", "P-1", "100.00")
    return erp


def demoted(answer: JSON) -> tuple[str, str | None]:
    """What the exceeded limit weighs, and why it weighs less."""
    finding = found(answer, "LIMIT_EXCEEDED")
    return finding["class"], finding["demoted_by"]


@pytest.mark.parametrize(
    ("operator", "decision", "weight"),
    [
        (None, "block", ("hard", None)),
        ({"id": "u1"}, "block", ("hard", None)),
        ({"strict": True}, "block", ("hard", None)),
        ({"strict": False}, "warn", ("soft", "operator")),
        ({"roles": ["sales"]}, "block", ("hard", None)),
        ({"roles": ["supervisor"]}, "warn", ("soft", "role")),
        ({"strict": False, "roles": ["supervisor"]}, "warn", ("soft", "operator")),
    ],
)
def test_an_open_padlock_or_a_supervisor_gets_past_red_and_the_colour_stays(
    full: Erp, operator: JSON | None, decision: str, weight: tuple[str, str | None]
) -> None:
    answer = full.check("order", "1.00", operator=operator)
    assert (answer["decision"], answer["signal"], demoted(answer)) == (decision, "red", weight)


@pytest.mark.parametrize(
    ("stored", "stated", "weight"),
    [
        ({"strict": False}, {}, ("soft", "operator")),
        ({"strict": False}, {"strict": True}, ("hard", None)),
        ({"strict": True}, {"strict": False}, ("hard", None)),
        ({"strict": True}, {"roles": ["supervisor"]}, ("hard", None)),
        ({"strict": True, "roles": ["supervisor"]}, {"roles": []}, ("soft", "role")),
        ({}, {"strict": False}, ("hard", None)),
    ],
)
def test_a_stored_operator_can_only_be_made_stricter_by_a_request(
    full: Erp, stored: JSON, stated: JSON, weight: tuple[str, str | None]
) -> None:
    full.put("/v1/operators/u1", stored)
    assert demoted(full.check("order", "1.00", operator={"id": "u1", **stated})) == weight


@pytest.mark.parametrize(
    ("stated", "weight"),
    [
        ({"strict": False}, ("hard", None)),
        ({"roles": ["supervisor"]}, ("hard", None)),
        ({}, ("hard", None)),
    ],
)
def test_where_requests_are_not_trusted_their_roles_and_open_padlocks_are_ignored(
    full: Erp, stated: JSON, weight: tuple[str, str | None]
) -> None:
    full.policy(trust_request_operator=False)
    assert demoted(full.check("order", "1.00", operator={"id": "u9", **stated})) == weight


def test_without_trust_a_request_can_still_close_the_padlock_that_the_policy_leaves_open(full: Erp) -> None:
    full.policy(trust_request_operator=False, operator_default_strict=False)
    assert demoted(full.check("order", "1.00")) == ("soft", "operator")
    assert demoted(full.check("order", "1.00", operator={"strict": True})) == ("hard", None)


def test_an_overriding_role_may_leave_findings_as_mere_information(full: Erp) -> None:
    full.policy(override_roles=["chief"], override_effect="allow")
    answer = full.check("order", "1.00", operator={"roles": ["chief"]})
    assert (answer["decision"], answer["signal"], demoted(answer)) == ("allow", "red", ("info", "role"))
    assert full.check("order", "1.00", operator={"roles": ["supervisor"]})["decision"] == "block"


def test_a_role_gets_past_orders_of_people_but_not_past_gaps_in_the_data(erp: Erp) -> None:
    erp.account(documents_blocked=["order"])
    supervisor = {"roles": ["supervisor"]}
    assert classes(erp.check("order", "1.00", operator=supervisor)) == {"DOCUMENTS_BLOCKED": "soft"}
    dollars = {"amount": "1.00", "currency": "USD"}
    answer = erp.check("order", dollars, operator=supervisor)
    assert answer["decision"] == "block"
    assert classes(answer) == {"RATE_MISSING": "hard", "DOCUMENTS_BLOCKED": "soft"}


def test_an_open_padlock_does_not_get_past_what_people_ordered(erp: Erp) -> None:
    erp.account(documents_blocked=["order"])
    assert erp.check("order", "1.00", operator={"strict": False})["decision"] == "block"


def test_the_first_reason_for_weighing_less_is_named(full: Erp) -> None:
    full.put("/v1/document-types/SOFT", {"exclude_block": True})
    full.account(limit="100.00", control="monitor")
    lax = {"strict": False, "roles": ["supervisor"]}
    assert demoted(full.check("order", "1.00", type="SOFT", operator=lax)) == ("soft", "document_type")
    assert demoted(full.check("order", "1.00", operator=lax)) == ("soft", "control")
    full.store("order", "O-1", "100.00", type="SOFT")
    assert demoted(full.check("order", "50.00", "O-1", type="SOFT", operator=lax)) == ("soft", "lowering")


def test_findings_are_in_order_of_precedence_whatever_their_class(full: Erp) -> None:
    full.policy(max_days_overdue=0, max_overdue_amount="0")
    full.store("open_item", "P-2", "1.00", due_date="2025-01-01")
    full.account(
        limit="100.00",
        expires_on="2025-01-01",
        documents_blocked=["order"],
        always_authorise=["order"],
        warning={"text": "Call first."},
    )
    full.post("/v1/customers/C-1/manual-blocks", {"kinds": ["order"]})
    assert codes(full.check("order", "1.00")) == [
        "MANUAL_BLOCK",
        "DOCUMENTS_BLOCKED",
        "ALWAYS_AUTHORISE",
        "DAYS_OVERDUE",
        "OVERDUE_AMOUNT",
        "LIMIT_EXCEEDED",
        "LIMIT_EXPIRED",
        "CUSTOMER_WARNING",
    ]
