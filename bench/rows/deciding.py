"""The pure decision alone, without HTTP and PostgreSQL, and where its time goes."""

import cProfile
import pstats
import statistics
import time
from datetime import timedelta
from typing import Any

from bench.stage import Stage
from bench.table import Row
from creditrisk.domain.decision import decide
from creditrisk.domain.facts import Check, Configuration, Facts
from tests.builders import TODAY, check, configuration, dollar_rate, facts, item, line, order

_CALLS = 500
_REPEATS = 15
_SHOWN = 15


def decide_rows(stage: Stage) -> list[Row]:
    """How long `decide` takes for a typical account."""
    stage.say("Decisions …")
    asked, stored, settings = _typical()
    microseconds = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        for _ in range(_CALLS):
            decide(asked, stored, settings, as_of=TODAY)
        microseconds.append((time.perf_counter() - began) / _CALLS * 1e6)
    return [
        Row(
            what=f"decide alone, an account with {len(stored.lines)} sums of papers",
            unit="µs",
            ours=statistics.median(microseconds),
            note=f"fastest {min(microseconds):.0f}; its profile is in the results",
            figures={"microseconds": microseconds, "profile": _profile(asked, stored, settings)},
        )
    ]


def _typical() -> tuple[Check, Facts, Configuration]:
    """Orders, deliveries, an invoice, and open items around today in two currencies."""
    items = [item(f"{100 * n}.50", due=TODAY + timedelta(days=20 * n - 90)) for n in range(1, 9)]
    dollars = [item(f"{50 * n}.25", due=TODAY + timedelta(days=15 * n), currency="USD") for n in (1, 2)]
    under_way = [
        line("orders", "1200.00", flags="PC"),
        line("orders", "300.00"),
        line("deliveries", "800.00", since=TODAY - timedelta(days=3)),
        line("deliveries", "150.00", since=TODAY - timedelta(days=9)),
        line("invoices", "450.00", since=TODAY - timedelta(days=2)),
    ]
    stored = facts(*items, *dollars, *under_way, limit="10000.00")
    return check(order("500.00")), stored, configuration(rates=[dollar_rate()])


def _profile(asked: Check, stored: Facts, settings: Configuration) -> list[dict[str, Any]]:
    """The functions that take the most time themselves."""
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(_CALLS):
        decide(asked, stored, settings, as_of=TODAY)
    profiler.disable()
    entries = pstats.Stats(profiler).get_stats_profile().func_profiles.items()
    whole = sum(found.tottime for _, found in entries)
    ordered = sorted(entries, key=lambda entry: entry[1].tottime, reverse=True)
    return [
        {
            "function": name,
            "where": f"{found.file_name.rpartition('creditrisk/')[2]}:{found.line_number}",
            "calls_per_decision": int(str(found.ncalls).partition("/")[0]) / _CALLS,
            "share_itself": round(found.tottime / whole, 3),
            "share_with_called": round(found.cumtime / whole, 3),
        }
        for name, found in ordered[:_SHOWN]
    ]
