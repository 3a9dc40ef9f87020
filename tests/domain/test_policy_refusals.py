"""Parameters that are not accepted: every one is refused where it stands, all of them together."""

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.policy import (
    CHECKPOINTS,
    InvalidPolicy,
    Policy,
    compile_policy,
    effective_parameters,
)


def refusal(overrides: Mapping[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidPolicy) as refused:
        compile_policy({}, overrides)
    return [(problem.pointer, problem.code) for problem in refused.value.problems]


NO_SWITCH: tuple[object, ...] = ("true", 1, 0, None, [], {})
NO_WORD: tuple[object, ...] = (True, 1, None, [], {})
NO_DAYS: tuple[object, ...] = ("1", 1.0, True, [], {})
NO_DECIMAL: tuple[object, ...] = (80, 80.5, True, [], {})
NO_LIST: tuple[object, ...] = ("cash", {}, None, 1, True)
NO_OBJECT: tuple[object, ...] = ([], "x", None, 1, True)
NO_TEXT: tuple[object, ...] = (1, True, None, [], {})

WRONG_TYPES: dict[str, tuple[object, ...]] = {
    "currency": NO_TEXT,
    "time_zone": NO_TEXT,
    "rate_type": NO_TEXT,
    "categories": NO_OBJECT,
    "categories/orders": NO_SWITCH,
    "balance_basis": NO_WORD,
    "orders": NO_OBJECT,
    "orders/require_printed": NO_SWITCH,
    "orders/require_confirmed": NO_SWITCH,
    "orders/count_force_fulfilled": NO_SWITCH,
    "orders/amount": NO_WORD,
    "deliveries": NO_OBJECT,
    "deliveries/require_printed": NO_SWITCH,
    "deliveries/require_confirmed": NO_SWITCH,
    "invoices": NO_OBJECT,
    "invoices/require_printed": NO_SWITCH,
    "invoices/require_confirmed": NO_SWITCH,
    "controlled_kinds": NO_LIST,
    "default_document_type": NO_OBJECT,
    "default_document_type/credit": NO_SWITCH,
    "default_document_type/exclude_block": NO_SWITCH,
    "provisional_items": NO_SWITCH,
    "count_held": NO_SWITCH,
    "floor_at_zero": NO_SWITCH,
    "overdue_only": NO_SWITCH,
    "include_current_document": NO_SWITCH,
    "bank_risk_days": NO_DAYS,
    "bills": NO_OBJECT,
    "bills/discount_days": (*NO_DAYS, None),
    "bills/subject_to_collection_days": (*NO_DAYS, None),
    "bills/after_collection_days": (*NO_DAYS, None),
    "calculation_start": (20260101, True, [], {}),
    "limit_check": NO_WORD,
    "on_limit_exceeded": NO_WORD,
    "zero_limit": NO_WORD,
    "missing_limit": NO_WORD,
    "expired_limit": NO_WORD,
    "expiry_grace_days": (*NO_DAYS, None),
    "blank_expiry": NO_WORD,
    "limit_below_exposure": NO_WORD,
    "limits_only_by_adjustment": NO_SWITCH,
    "warn_percent": NO_DECIMAL,
    "on_utilisation_high": NO_WORD,
    "max_days_overdue": NO_DAYS,
    "on_days_overdue": NO_WORD,
    "time_limit_gates_amount": NO_SWITCH,
    "max_overdue_amount": NO_DECIMAL,
    "on_overdue_amount": NO_WORD,
    "overdue_grace_days": (*NO_DAYS, None),
    "overdue_tolerance": (*NO_DECIMAL, None),
    "disputed_items_overdue": NO_SWITCH,
    "overdue_scope": NO_WORD,
    "grouping": NO_WORD,
    "group_limit": NO_WORD,
    "default_control": NO_WORD,
    "new_account": NO_OBJECT,
    "new_account/limit": NO_DECIMAL,
    "new_account/max_days_overdue": NO_DAYS,
    "new_account/cash_only": NO_SWITCH,
    "new_account/documents_blocked": NO_LIST,
    "new_account/payment_method": (1, True, [], {}),
    "operator_default_strict": NO_SWITCH,
    "trust_request_operator": NO_SWITCH,
    "override_roles": NO_LIST,
    "override_effect": NO_WORD,
    "unknown_customer": NO_WORD,
    "missing_rate": NO_WORD,
    "obligations": NO_OBJECT,
    "obligations/save": NO_WORD,
    "obligations/proceed": NO_WORD,
    "obligations/print": NO_WORD,
    "checkpoints": NO_OBJECT,
    **{f"checkpoints/{name}": NO_OBJECT for name in CHECKPOINTS},
    "checkpoints/pick/check": NO_SWITCH,
    "checkpoints/pick/pro_forma": NO_SWITCH,
    "checkpoints/pick/grace_days": NO_DAYS,
    "release_covers": NO_WORD,
    "recheck_after_release": NO_WORD,
    "auto_release": NO_WORD,
    "hold_on_payment_terms_rank": NO_SWITCH,
    "hold_on_cash_discount_rank": NO_SWITCH,
    "auto_block": NO_SWITCH,
    "blocked_kinds": NO_LIST,
    "manual_block_follows": NO_SWITCH,
    "cash_methods": NO_LIST,
    "max_feed_age": NO_OBJECT,
    "max_feed_age/ledger": (*NO_DAYS, None),
    "on_stale": NO_WORD,
    "estimate_multiplier": (*NO_DECIMAL, None),
}


def at(path: str, value: object) -> dict[str, Any]:
    first, _, rest = path.partition("/")
    return {first: at(rest, value) if rest else value}


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, values in WRONG_TYPES.items() for value in values]
)
def test_a_value_of_the_wrong_type_is_refused_where_it_stands(path: str, value: object) -> None:
    assert refusal(at(path, value)) == [(f"/{path}", "wrong_type")]


def test_the_table_of_wrong_types_covers_every_parameter() -> None:
    assert {path.partition("/")[0] for path in WRONG_TYPES} == {each.name for each in fields(Policy)}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *(("currency", "eur"), ("currency", "XXX"), ("currency", "")),
        *(
            ("time_zone", "Mars/Olympus"),
            ("time_zone", ""),
            ("time_zone", "../etc/passwd"),
            ("time_zone", "Europe"),
        ),
        *(("time_zone", "/etc/localtime"), ("time_zone", "Europe/Rome\0"), ("time_zone", "x" * 5000)),
        *(("rate_type", ""), ("rate_type", "a\nb"), ("rate_type", "x" * 65), ("rate_type", "\ud800")),
        *(("balance_basis", "ledger"), ("orders/amount", "OPEN"), ("limit_check", "built-in")),
        *(("bank_risk_days", -1), ("bank_risk_days", 36_501), ("bills/discount_days", 10**30)),
        *(("calculation_start", "2026-02-30"), ("calculation_start", "20260201"), ("calculation_start", "")),
        *(("calculation_start", "2026-W01-1"), ("calculation_start", "2026-02-01\n")),
        *(
            ("warn_percent", "-1"),
            ("warn_percent", "-0"),
            ("warn_percent", "80%"),
            ("warn_percent", "NaN"),
            ("warn_percent", "1e2"),
        ),
        *(
            ("warn_percent", "\u0668\u0660"),
            ("max_overdue_amount", "1.00000"),
            ("max_overdue_amount", "1.001"),
        ),
        *(("overdue_tolerance", "0.005"), ("new_account/limit", "1.234"), ("new_account/payment_method", "")),
        *(
            ("grouping", "relation:"),
            ("grouping", "relation:a\tb"),
            ("grouping", "Own"),
            ("grouping", "relation"),
        ),
        *(("max_feed_age/ledger", -1), ("cash_methods", ["x"] * 1001)),
    ],
)
def test_a_value_outside_its_range_is_refused_where_it_stands(path: str, value: object) -> None:
    assert refusal(at(path, value)) == [(f"/{path}", "invalid_value")]


def test_an_entry_of_a_list_is_refused_where_it_stands() -> None:
    assert refusal({"controlled_kinds": ["order", "lorry", 3]}) == [
        ("/controlled_kinds/1", "invalid_value"),
        ("/controlled_kinds/2", "wrong_type"),
    ]


@pytest.mark.parametrize(
    "path",
    [
        *("warn_percentage", "categories/ledger_balance", "orders/printed", "bills/days", "obligations/post"),
        *(
            "checkpoints/reserve",
            "checkpoints/save/days",
            "new_account/grouping",
            "default_document_type/kind",
        ),
    ],
)
def test_an_unknown_parameter_is_refused_at_every_depth(path: str) -> None:
    assert refusal(at(path, value=True)) == [(f"/{path}", "unknown_parameter")]


def test_pointers_escape_what_json_pointers_reserve() -> None:
    assert refusal({"a/b~c": 1}) == [("/a~1b~0c", "unknown_parameter")]


def test_all_problems_are_reported_together() -> None:
    found = refusal({"currency": "EURO", "orders": {"amount": 1, "x": 1}, "warn_percent": 80, "y": None})
    assert sorted(found) == [
        ("/currency", "invalid_value"),
        ("/orders/amount", "wrong_type"),
        ("/orders/x", "unknown_parameter"),
        ("/warn_percent", "wrong_type"),
        ("/y", "unknown_parameter"),
    ]


def test_amounts_have_no_more_decimals_than_the_company_currency() -> None:
    assert refusal({"currency": "JPY", "max_overdue_amount": "0.5", "new_account": {"limit": "0.10"}}) == [
        ("/max_overdue_amount", "invalid_value"),
        ("/new_account/limit", "invalid_value"),
    ]
    dinar = compile_policy({}, {"currency": "KWD", "max_overdue_amount": "0.125"})
    assert dinar.max_overdue_amount == Decimal("0.125")


def test_a_problem_never_repeats_the_value() -> None:
    with pytest.raises(InvalidPolicy) as refused:
        compile_policy({}, dict.fromkeys(("currency", "warn_percent", "grouping", "time_zone"), "SECRET"))
    assert len(refused.value.problems) == 4
    assert "SECRET" not in str(refused.value.problems)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(WRONG_TYPES)) | st.text(max_size=8), json_values, max_size=4))
def test_whatever_json_is_sent_it_is_compiled_or_refused_with_problems(stated: dict[str, Any]) -> None:
    try:
        policy = compile_policy({}, stated)
    except InvalidPolicy as refused:
        problems = refused.problems
    else:
        problems = ()
        assert set(stated) <= {each.name for each in fields(policy)}
        assert compile_policy({}, effective_parameters(policy)) == policy
    assert all(problem.pointer.startswith("/") for problem in problems)
