"""Verdicts under rules: nothing else looks at limits."""

from typing import Any

from creditrisk.domain.decision import Verdict
from creditrisk.domain.facts import Facts
from creditrisk.domain.papers import Document
from creditrisk.domain.rules import Rule
from tests.builders import configuration, decided, order


def judged(rules: list[Rule], stored: Facts, asked: Document | None = None, **settings: Any) -> Verdict:
    """The verdict where nothing but rules looks at limits."""
    settings = {"preset": "standard", "limit_check": "rules_only", "warn_percent": None} | settings
    return decided(asked or order(), stored, configuration(rules=rules, expired_limit="ignore", **settings))


def of(rules: list[Rule], stored: Facts, asked: Document | None = None, **settings: Any) -> list[str | None]:
    """Which rules found something that is left."""
    return [finding.rule for finding in judged(rules, stored, asked, **settings).findings]
