"""How scenarios are drawn: few of each property, because each of their papers goes through the service."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

FEW = settings(
    max_examples=10,
    # What fails is not made smaller: every attempt would be as slow.
    phases=[Phase.generate],
    deadline=None,
    # The fixtures are a service and its caller; each scenario has a tenant of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

NUMBERS = st.sampled_from(["1", "2"])
HUNDREDS = st.integers(min_value=1, max_value=9)
"""Amounts, as `hundreds` takes them."""
