"""The growth curves as one SVG image: a panel each, the horizontal axis logarithmic, the vertical from 0."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 380, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 28, 40, 32
_COLOURS: Final = ("#1f5fa8", "#c2571a")
_STYLE: Final = "text { font: 11px sans-serif; fill: #333 } .title { font-size: 13px; font-weight: bold }"


@dataclass(frozen=True, slots=True)
class Curve:
    """Points (x, y) in order of x."""

    name: str
    points: Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves over the same axes."""

    title: str
    curves: Sequence[Curve]


def draw(panels: Sequence[Panel]) -> str:
    """Draw the panels side by side, on white."""
    parts = "".join(
        f'<g transform="translate({number * _WIDTH} 0)">{_panel(panel)}</g>'
        for number, panel in enumerate(panels)
    )
    width = _WIDTH * len(panels)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT}">'
        f'<style>{_STYLE}</style><rect width="{width}" height="{_HEIGHT}" fill="white"/>{parts}</svg>\n'
    )


def _panel(panel: Panel) -> str:
    places = sorted({x for curve in panel.curves for x, _ in curve.points})
    step = _step(max(y for curve in panel.curves for _, y in curve.points))
    top = step * math.ceil(max(y for curve in panel.curves for _, y in curve.points) / step)
    span = math.log(places[-1] / places[0]) or 1.0

    def across(x: int) -> float:
        return _LEFT + math.log(x / places[0]) / span * (_WIDTH - _LEFT - _RIGHT)

    def up(y: float) -> float:
        return _HEIGHT - _BOTTOM - y / top * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<text class="title" x="{_LEFT}" y="16">{escape(panel.title)}</text>']
    for number in range(round(top / step) + 1):
        y = number * step
        parts.append(f'<path d="M{_LEFT} {up(y):.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{up(y) + 4:.1f}" text-anchor="end">{y:g}</text>')
    parts += [
        f'<text x="{across(x):.1f}" y="{_HEIGHT - 12}" text-anchor="middle">{_short(x)}</text>'
        for x in places
    ]
    for number, (curve, colour) in enumerate(zip(panel.curves, _COLOURS, strict=False)):
        line = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in curve.points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="3" fill="{colour}"/>' for x, y in curve.points
        ]
        legend = _LEFT + number * 110
        parts.append(f'<text x="{legend}" y="32" style="fill:{colour}">{escape(curve.name)}</text>')
    return "".join(parts)


def _step(largest: float) -> float:
    """A round distance between lines that gives some four of them."""
    rough = largest / 4 or 1.0
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)


def _short(number: int) -> str:
    if number >= 1_000_000:
        return f"{number // 1_000_000}M"
    return f"{number // 1_000}k" if number >= 1_000 else str(number)
