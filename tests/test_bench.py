"""What the benchmark shows is what was measured; how fast anything is, no test asks."""

import xml.etree.ElementTree as ET
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from bench.floor import model_like
from bench.load import Slice, Slices
from bench.plot import Curve, Panel, draw
from bench.table import Goal, Row, print_table


def row(ours: float | None, yardstick: float | None, goal: Goal | None, **more: Any) -> Row:
    return Row(what="something", unit="requests/s", ours=ours, yardstick=yardstick, goal=goal, **more)


@pytest.mark.parametrize(
    ("ours", "yardstick", "goal", "met"),
    [
        (100.0, 100.0, Goal(1.0), True),
        (99.0, 100.0, Goal(1.0), False),
        (12.0, 10.0, Goal(1.2, at_most=True), True),
        (12.1, 10.0, Goal(1.2, at_most=True), False),
        (250.0, None, Goal(250, at_most=True), True),
        (251.0, None, Goal(250, at_most=True), False),
        (5.0, 10.0, None, None),
        (None, 10.0, Goal(1.0), None),
    ],
)
def test_a_goal_bounds_the_ratio_or_without_a_yardstick_the_figure(
    *, ours: float | None, yardstick: float | None, goal: Goal | None, met: bool | None
) -> None:
    assert row(ours, yardstick, goal).met is met


def test_missed_goals_and_what_was_not_measured_are_shown() -> None:
    written = StringIO()

    print_table(
        [row(1.0, 2.0, Goal(1.0)), row(None, None, Goal(1.0), note="not measured: no client")],
        title="A run",
        console=Console(file=written, width=160),
    )

    assert "missed" in written.getvalue()
    assert "not measured: no client" in written.getvalue()


def test_a_figure_is_the_median_of_its_slices() -> None:
    slices = Slices([Slice(100, 5.0, 9.0), Slice(300, 4.0, 8.0), Slice(200, 6.0, 70.0)])

    assert (slices.per_second, slices.p50, slices.p99) == (200, 5.0, 9.0)


def test_the_floor_answers_in_the_shape_of_the_sample() -> None:
    sample = {
        "decision": "allow",
        "hold": None,
        "findings": [],
        "ageing": {"1-30": "2.00", "oldest_days": 3},
        "rates": [{"from": "USD", "inverse": False}],
    }

    assert model_like("Answer", sample).model_validate(sample).model_dump() == sample


def test_the_plot_is_an_image_with_every_point() -> None:
    curves = [Curve("creditrisk", [(10, 1.5), (1_000_000, 2.0)]), Curve("floor", [(10, 3.0)])]

    image = ET.fromstring(draw([Panel("Checks/s, by papers & accounts", curves)]))

    assert len(list(image.iter("{http://www.w3.org/2000/svg}circle"))) == 3
