"""Rules of kinds that a package of the tenant's own offers through an entry point (M26)."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from creditrisk.adapters.own_rule_kinds import AmbiguousKind, installed_kinds
from tests.scenarios import own_kinds
from tests.scenarios.erp import Erp, classes, found
from tests.service import JSON, Site, key_of, running_service

ENTRY_POINTS = """
[creditrisk.rule_kinds]
seasonal = acme_rules:seasonal
small = acme_rules:small
broken = acme_rules:broken
"""


def install(into: Path, *, distribution: str = "acme-rules", version: str = "1.2.0") -> None:
    """Put the package where an installer would, with what it says about itself."""
    shutil.copy(own_kinds.__file__, into / "acme_rules.py")
    described = into / f"{distribution.replace('-', '_')}-{version}.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n", encoding="utf-8"
    )
    (described / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")


@pytest.fixture(scope="module")
def site(own_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service where the package is installed."""
    folder = tmp_path_factory.mktemp("site-packages")
    install(folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(folder)
        with running_service(own_database_url) as site:
            yield site


def rule(erp: Erp, id: str, own_kind: str, values: JSON, **fields: Any) -> None:
    body = {"kind": "own", "type": "blocking", "own_kind": own_kind, "values": values}
    erp.put(f"/v1/rules/{id}", body | fields)


def test_a_rule_of_a_tenants_own_kind_holds_and_says_why(erp: Erp) -> None:
    rule(erp, "SUMMER", "seasonal", {"months": [7, 8], "most": "500.00"})
    assert erp.check("order", "600.00", as_of="2025-06-30")["decision"] == "allow"
    assert erp.check("order", "500.00", as_of="2025-07-01")["decision"] == "allow"
    answer = erp.check("order", "600.00", as_of="2025-07-01")
    finding = found(answer, "OWN_RULE")
    assert (answer["decision"], finding["rule"]) == ("block", "SUMMER")
    assert finding["message"] == "In month 7 less credit is given."
    assert (finding["observed"], finding["threshold"], finding["unit"]) == ("600.00", "500.00", "EUR")
    assert (finding["params"]["own_kind"], finding["params"]["version"]) == ("seasonal", "acme-rules 1.2.0")


def test_its_values_are_stored_and_changed_like_those_of_any_rule(erp: Erp) -> None:
    rule(erp, "SUMMER", "seasonal", {"months": [6], "most": "500.00"})
    assert erp.check("order", "600.00")["decision"] == "block"
    rule(erp, "SUMMER", "seasonal", {"months": [6], "most": "600.00"})
    assert erp.check("order", "600.00")["decision"] == "allow"
    assert erp.get("/v1/rules/SUMMER")["values"] == {"months": [6], "most": "600.00"}


def test_an_exclusion_of_a_kind_cancels_its_blocks_of_wider_scopes(erp: Erp) -> None:
    rule(erp, "BIG", "small", {"most": "1000000.00"})
    assert erp.check("order", "5.00")["decision"] == "block"
    own = {"type": "exclusion", "scope": "customer", "scope_id": "C-1"}
    rule(erp, "FREE", "small", {"most": "10.00"}, **own)
    answer = erp.check("order", "10.00")
    assert (answer["decision"], [each["cancelled_by"] for each in answer["cancelled"]]) == ("allow", ["FREE"])
    assert erp.check("order", "10.01")["decision"] == "block"


@pytest.mark.parametrize("how", ["nothing", "text", "unit", "figure"])
def test_a_kind_that_does_not_do_what_it_should_holds_and_frees_nothing(erp: Erp, how: str) -> None:
    rule(erp, "BROKEN", "broken", {"how": how})
    answer = erp.check("order", "5.00")
    assert classes(answer) == {"OWN_RULE": "hard"}
    said = "A rule of the kind broken cannot be worked out, and so it holds."
    assert found(answer, "OWN_RULE")["message"] == said
    rule(erp, "BROKEN-TOO", "broken", {"how": how}, type="exclusion", release_document=True)
    assert erp.check("order", "5.00")["decision"] == "block"


def test_what_is_not_accepted_is_refused_when_it_is_set(erp: Erp) -> None:
    body: JSON = {"kind": "own", "type": "blocking"}
    for more, pointer, code in (
        ({}, "/own_kind", "required"),
        ({"own_kind": "seasonal"}, "/values", "required"),
        ({"own_kind": "unheard-of", "values": {}}, "/own_kind", "unknown_kind"),
        ({"own_kind": "seasonal", "values": {}}, "/values", "not_accepted"),
        ({"own_kind": "small", "values": {}}, "/values", "not_accepted"),
        ({"own_kind": "small", "values": {"most": "much"}}, "/values", "not_accepted"),
        ({"own_kind": "small", "values": {"most": "1"}, "days": 3}, "/days", "not_allowed"),
    ):
        answer = erp.caller.put("/v1/rules/R", json=body | more)
        assert answer.status_code == 422
        assert (pointer, code) in [(each["pointer"], each["code"]) for each in answer.json()["errors"]]
    other = {"kind": "days_overdue", "type": "blocking", "days": 1, "own_kind": "small"}
    assert erp.caller.put("/v1/rules/R", json=other).status_code == 422


def test_it_can_be_tried_before_it_is_set(erp: Erp) -> None:
    erp.check("order", "600.00", "SO-1")
    summer = {"kind": "own", "own_kind": "seasonal", "values": {"months": [6], "most": "500.00"}}
    put = [{"id": "SUMMER", "type": "blocking", **summer}]
    answer = erp.post("/v1/policy:try", {"against": {"decisions": 1}, "rules": {"put": put}})
    assert answer["blocks"]["more"]["documents"] == 1


def test_other_values_of_a_kind_are_no_duplicates(erp: Erp) -> None:
    rule(erp, "R-1", "small", {"most": "1.00"})
    rule(erp, "R-2", "small", {"most": "2.00"})
    rule(erp, "R-3", "small", {"most": "2.00"})
    warnings = erp.post("/v1/rules:lint", {})["warnings"]
    assert [(each["rule"], each["code"], each["other"]) for each in warnings] == [("R-3", "duplicate", "R-2")]


def test_a_rule_whose_package_is_gone_holds(
    erp: Erp, own_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(erp, "SMALL", "small", {"most": "1.00"})
    monkeypatch.setattr("sys.path", [each for each in sys.path if "site-packages0" not in each])
    with running_service(own_database_url) as site, site.caller(key_of(erp.caller)) as caller:
        answer = Erp(caller).check("order", "5.00")
    assert classes(answer) == {"OWN_RULE": "hard"}
    assert found(answer, "OWN_RULE")["params"]["version"] is None


def test_two_packages_that_offer_a_kind_of_one_name_stop_the_service_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path)
    install(tmp_path, distribution="other-rules")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(AmbiguousKind, match="seasonal"):
        installed_kinds()
