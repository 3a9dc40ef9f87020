"""Policies: what each preset says, spelled out, and how a company's overrides lie over it."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.policy import (
    CHECKPOINTS,
    Checkpoint,
    Grouping,
    InvalidGrouping,
    Obligations,
    Policy,
    compile_policy,
    effective_parameters,
    policy_parameters,
)
from creditrisk.presets.loader import load_presets

PRESETS = load_presets()
NO_CATEGORY = {
    "orders": False,
    "deliveries": False,
    "invoices": False,
    "open_items": False,
    "bills": False,
    "unpaid_bills": False,
    "advances": False,
    "reservations": False,
    "other": False,
}
ALL_REFUSED = {"save": "refused", "proceed": "refused", "print": "refused"}


def counting(*categories: str) -> dict[str, bool]:
    return NO_CATEGORY | dict.fromkeys(categories, True)


STANDARD: dict[str, Any] = {
    "currency": "EUR",
    "time_zone": "UTC",
    "rate_type": "default",
    "categories": counting(*NO_CATEGORY),
    "balance_basis": "open_items",
    "orders": {
        "require_printed": False,
        "require_confirmed": False,
        "count_force_fulfilled": False,
        "amount": "open",
    },
    "deliveries": {"require_printed": False, "require_confirmed": False},
    "invoices": {"require_printed": False, "require_confirmed": False},
    "controlled_kinds": ["order", "delivery", "invoice"],
    "default_document_type": {"credit": True, "exclude_block": False},
    "provisional_items": False,
    "count_held": True,
    "floor_at_zero": False,
    "overdue_only": False,
    "include_current_document": True,
    "bank_risk_days": None,
    "bills": {"discount_days": 0, "subject_to_collection_days": 0, "after_collection_days": 0},
    "calculation_start": None,
    "limit_check": "built_in",
    "on_limit_exceeded": "block",
    "zero_limit": "no_credit",
    "missing_limit": "allow",
    "expired_limit": "warn",
    "expiry_grace_days": 0,
    "blank_expiry": "never",
    "limit_below_exposure": "allow",
    "limits_only_by_adjustment": False,
    "warn_percent": "80",
    "on_utilisation_high": "warn",
    "max_days_overdue": None,
    "on_days_overdue": "block",
    "time_limit_gates_amount": False,
    "max_overdue_amount": None,
    "on_overdue_amount": "block",
    "overdue_grace_days": 0,
    "overdue_tolerance": "0",
    "disputed_items_overdue": True,
    "overdue_scope": "account",
    "grouping": "own",
    "group_limit": "own",
    "default_control": "block",
    "new_account": {
        "limit": None,
        "max_days_overdue": None,
        "cash_only": False,
        "documents_blocked": [],
        "payment_method": None,
    },
    "operator_default_strict": True,
    "trust_request_operator": True,
    "override_roles": ["supervisor"],
    "override_effect": "warn",
    "unknown_customer": "block",
    "missing_rate": "block",
    "obligations": {"save": "allowed", "proceed": "refused", "print": "refused"},
    "checkpoints": {
        name: {"check": True, "pro_forma": False, "grace_days": None}
        for name in ("save", "confirm", "pick", "ship", "invoice", "print")
    },
    "release_covers": "document",
    "recheck_after_release": "on_increase",
    "auto_release": "off",
    "hold_on_payment_terms_rank": False,
    "hold_on_cash_discount_rank": False,
    "auto_block": False,
    "blocked_kinds": [],
    "manual_block_follows": True,
    "cash_methods": ["cash"],
    "max_feed_age": {},
    "on_stale": "warn",
    "estimate_multiplier": "1",
}
FLUENTIS = {
    "orders": STANDARD["orders"] | {"require_printed": True, "require_confirmed": True},
    "deliveries": {"require_printed": True, "require_confirmed": False},
    "invoices": {"require_printed": True, "require_confirmed": False},
    "warn_percent": None,
    "expired_limit": "ignore",
}
MTJ = {
    "categories": counting("invoices", "open_items", "reservations", "other"),
    "invoices": {"require_printed": False, "require_confirmed": True},
    "warn_percent": None,
    "expired_limit": "ignore",
    "on_limit_exceeded": "warn",
    "on_days_overdue": "warn",
    "group_limit": "highest",
    "obligations": ALL_REFUSED,
}
DYNAMICS = {
    "limit_check": "rules_only",
    "zero_limit": "no_limit",
    "expired_limit": "ignore",
    "warn_percent": None,
    "grouping": "credit_group",
    "balance_basis": "open_items",
    "categories": counting("orders", "deliveries", "open_items", "reservations", "other"),
    "release_covers": "checkpoint",
}
DUIR = {
    "warn_percent": "80",
    "on_utilisation_high": "none",
    "expired_limit": "ignore",
    "bank_risk_days": 0,
    "categories": counting(
        "orders", "deliveries", "invoices", "open_items", "advances", "reservations", "other"
    ),
    "obligations": {"save": "allowed", "proceed": "refused", "print": "unmarked"},
}


def compiled(**overrides: Any) -> Policy:
    return compile_policy({}, overrides)


@pytest.mark.parametrize(
    ("preset", "differs"),
    [
        ("standard", {}),
        ("dynamics365", DYNAMICS),
        ("fluentis", FLUENTIS),
        ("mtj", MTJ),
        ("duir", DUIR),
    ],
)
def test_a_preset_differs_from_standard_in_what_the_specification_says_and_in_nothing_else(
    preset: str, differs: dict[str, Any]
) -> None:
    effective = effective_parameters(compile_policy(PRESETS[preset].parameters, {}))
    assert effective == STANDARD | differs
    assert list(effective) == list(STANDARD)


def test_a_company_that_overrides_nothing_gets_the_defaults() -> None:
    assert effective_parameters(compiled()) == STANDARD


def test_the_standard_preset_spells_out_every_parameter() -> None:
    assert set(PRESETS["standard"].parameters) == set(STANDARD)


def test_the_other_presets_state_only_what_they_do_differently() -> None:
    assert PRESETS["dynamics365"].parameters.keys() == DYNAMICS.keys()
    assert PRESETS["fluentis"].parameters.keys() == FLUENTIS.keys()
    assert PRESETS["mtj"].parameters.keys() == MTJ.keys()
    assert PRESETS["duir"].parameters.keys() == DUIR.keys()


def test_the_presets_are_listed_with_standard_first_and_explain_themselves() -> None:
    assert list(PRESETS) == ["standard", "duir", "dynamics365", "fluentis", "mtj"]
    assert all(preset.title and preset.description.endswith(".") for preset in PRESETS.values())
    assert all(name == preset.name for name, preset in PRESETS.items())


def test_every_parameter_explains_itself() -> None:
    declared = policy_parameters()
    assert [each.name for each in declared] == list(STANDARD)
    assert {each.name: each.default for each in declared} == STANDARD
    assert all(each.meaning.endswith(".") and each.source and each.values.accepts for each in declared)


def test_an_object_is_overridden_key_by_key_at_every_depth() -> None:
    policy = compiled(
        orders={"amount": "total"},
        obligations={"print": "unmarked"},
        categories={"bills": False},
        checkpoints={"ship": {"grace_days": 2}},
    )
    assert (policy.orders.amount, policy.orders.require_printed) == ("total", False)
    assert policy.obligations == Obligations(save="allowed", proceed="refused", print="unmarked")
    assert "bills" not in policy.categories
    assert len(policy.categories) == 8
    assert policy.checkpoints["ship"] == Checkpoint(check=True, pro_forma=False, grace_days=2)
    assert policy.checkpoints["save"] == Checkpoint(check=True, pro_forma=False, grace_days=None)


def test_an_override_lies_over_the_preset_not_over_the_defaults() -> None:
    policy = compile_policy(PRESETS["fluentis"].parameters, {"orders": {"require_confirmed": False}})
    assert (policy.orders.require_printed, policy.orders.require_confirmed) == (True, False)


def test_a_list_replaces_the_whole_list() -> None:
    assert compiled(controlled_kinds=["invoice"]).controlled_kinds == {"invoice"}
    assert compiled(override_roles=[]).override_roles == frozenset()


def test_stated_values_become_exact_ones() -> None:
    policy = compiled(
        warn_percent="87.5",
        estimate_multiplier="1.50",
        max_overdue_amount="5000.00",
        overdue_tolerance="1.5",
        time_zone="Europe/Rome",
        calculation_start="2026-02-28",
        new_account={"limit": "1000"},
        max_feed_age={"ledger": 3600},
    )
    assert policy.time_zone == "Europe/Rome"
    assert policy.warn_percent == Decimal("87.5")
    assert policy.estimate_multiplier == Decimal("1.5")
    assert policy.max_overdue_amount == Decimal(5000)
    assert policy.overdue_tolerance == Decimal("1.5")
    assert policy.calculation_start == date(2026, 2, 28)
    assert policy.new_account.limit == Decimal(1000)
    assert policy.max_feed_age == {"ledger": 3600}


def test_names_are_compared_after_unicode_normalisation() -> None:
    assert compiled(override_roles=["Ve\u0301doucí"]).override_roles == {"Védoucí"}
    assert compiled(grouping="relation:de\u0301po\u0302t").grouping == "relation:dépôt"


def test_a_compiled_policy_cannot_be_changed() -> None:
    policy = compiled(max_feed_age={"ledger": 1})
    with pytest.raises(TypeError):
        policy.max_feed_age["ledger"] = 2  # type: ignore[index]  # the point of the test
    with pytest.raises(AttributeError):
        policy.currency = "USD"  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize(
    ("text", "kind", "relation"),
    [
        *(
            (kind, kind, None)
            for kind in ("own", "all_companies", "head_account", "credit_group", "company_id")
        ),
        ("relation:branch", "relation", "branch"),
        ("relation:a:b c", "relation", "a:b c"),
    ],
)
def test_a_grouping_names_its_kind_and_its_relation(text: str, kind: str, relation: str | None) -> None:
    assert Grouping.parse(text) == (kind, relation)


@pytest.mark.parametrize("text", ["", "relation", "relation:", "Own", " own", "relation:" + "x" * 65])
def test_anything_else_is_no_grouping(text: str) -> None:
    with pytest.raises(InvalidGrouping):
        Grouping.parse(text)


percentages = st.decimals(0, 999, places=2).map(str)
overrides = st.fixed_dictionaries(
    {},
    optional={
        "warn_percent": st.none() | percentages,
        "max_overdue_amount": st.none() | percentages,
        "max_days_overdue": st.none() | st.integers(0, 36_500),
        "calculation_start": st.none() | st.dates().map(date.isoformat),
        "controlled_kinds": st.lists(st.sampled_from(["quotation", "order", "delivery", "invoice"])),
        "categories": st.dictionaries(st.sampled_from(list(NO_CATEGORY)), st.booleans()),
        "checkpoints": st.dictionaries(
            st.sampled_from(CHECKPOINTS),
            st.fixed_dictionaries({}, optional={"check": st.booleans(), "grace_days": st.integers(0, 9)}),
        ),
        "max_feed_age": st.dictionaries(st.sampled_from(["ledger", "documents"]), st.integers(0, 86_400)),
        "grouping": st.sampled_from(["own", "company_id", "relation:branch"]),
    },
)


@given(st.sampled_from(sorted(PRESETS)), overrides)
def test_the_effective_parameters_are_json_and_compile_to_the_same_policy(
    preset: str, stated: dict[str, Any]
) -> None:
    policy = compile_policy(PRESETS[preset].parameters, stated)
    answered = json.loads(json.dumps(effective_parameters(policy)))
    assert compile_policy({}, answered) == policy
