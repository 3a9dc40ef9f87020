"""Checks under many rules that they do not meet beside the same checks under none."""

from collections.abc import Iterator

import httpx

from bench.data import JSON, Portfolio, load, money
from bench.load import Load, take_turns
from bench.stage import Stage
from bench.table import Goal, Row

_CONNECTIONS = 16
_CHECKS = 5_000


def rule_rows(stage: Stage) -> list[Row]:
    """Throughput and median of a check in a tenant with rules, against an equal one without."""
    portfolio = Portfolio(prefix="C", accounts=stage.sizes.accounts, today=stage.portfolio.today)
    requests = stage.requests("ruled", portfolio.checks(_CHECKS, of=portfolio.ample))
    keys = {name: stage.installation.new_key(f"{name}-rules") for name in ("many", "no")}
    installation = stage.installation
    with installation.service() as service:
        for name, key in keys.items():
            stage.say(f"Loading a tenant with {name} rules …")
            with installation.caller(service, key=key) as caller:
                load(portfolio, caller)
                if name == "many":
                    _set_rules(caller, stage.sizes.rules)
        installation.settle()
        stage.say("Checks under rules …")
        found = take_turns(
            {
                name: stage.sending(
                    Load(url=service.url, requests=requests, key=key), connections=_CONNECTIONS
                )
                for name, key in keys.items()
            },
            slices=stage.sizes.slices,
        )
    many, none = found["many"], found["no"]
    figures = {name: each.figures() for name, each in found.items()}
    what = f"POST /v1/check with {stage.sizes.rules:,} rules for everybody, {_CONNECTIONS} connections"
    return [
        Row(
            what=f"median of {what}",
            unit="ms",
            ours=many.p50,
            yardstick=none.p50,
            beside="without rules",
            goal=Goal(1.1, at_most=True),
            figures=figures,
        ),
    ]


def _set_rules(caller: httpx.Client, rules: int) -> None:
    for number, rule in enumerate(_rules(rules)):
        caller.put(f"/v1/rules/R-{number:04d}", json=rule).raise_for_status()


def _rules(rules: int) -> Iterator[JSON]:
    """Rules for all documents, which nobody with credit enough meets; half of them compare two figures."""
    for number in range(rules):
        amount = money(f"{50_000 + 100 * number}.00")
        kinds: tuple[JSON, ...] = (
            {"kind": "overdue_amount", "amount": amount, "percent": str(60 + number % 40)},
            {"kind": "overdue_amount", "amount": amount, "percent": str(100 - number % 40)},
            {"kind": "document_amount", "amount": amount},
            {"kind": "limit_used", "percent": str(100 + number)},
            {"kind": "days_overdue", "days": 400 + number},
            {
                "kind": "overdue_amount",
                "type": "exclusion",
                "amount": money("1.00"),
                "percent": str(number % 9),
            },
        )
        yield {"type": "blocking", **kinds[number % len(kinds)]}
