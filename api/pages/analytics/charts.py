"""Where the bars of a chart stand: numbers for templates to draw as SVG, with no style in it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from application.analytics.links import ListLink
from domain.analytics.periods import Period

WIDTH, HEIGHT = 400, 190
LEFT, RIGHT, TOP, BOTTOM = 38, 6, 12, 22
MOST_LABELS, WIDEST = 8, 48


@dataclass(frozen=True, slots=True)
class Point:
    """A number of one period, as people read it; None where nothing is counted."""

    start: date
    value: float | None
    written: str
    link: ListLink


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    says: str


@dataclass(frozen=True, slots=True)
class Label:
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """``rows`` are for the table behind the picture; ``says`` tells in words what it shows."""

    key: str
    title: str
    says: str
    bars: Sequence[Bar]
    lines: Sequence[Label]
    labels: Sequence[Label]
    rows: Sequence[tuple[str, str, ListLink]]


def chart(
    key: str, title: str, points: Sequence[Point], period: Period, written: Callable[[float], str], *, most: float = 0
) -> Chart:
    """``most`` is the least top of the scale: 1 for rates."""
    values = [one.value for one in points if one.value is not None]
    top, step = _scale(max([*values, most]))
    width = (WIDTH - LEFT - RIGHT) / max(len(points), 1)
    height = HEIGHT - TOP - BOTTOM
    bar = min(width * 0.76, WIDEST)

    def above(value: float) -> float:
        return round(TOP + height * (1 - value / top), 2)

    bars = [
        Bar(
            round(LEFT + width * (place + 0.5) - bar / 2, 2),
            above(one.value),
            round(bar, 2),
            round(height * one.value / top, 2),
            f"{name_of(one.start, period)}: {one.written}",
        )
        for place, one in enumerate(points)
        if one.value is not None
    ]
    lines = [Label(above(step * n), written(step * n)) for n in range(round(top / step) + 1)]
    every = math.ceil(len(points) / MOST_LABELS)
    labels = [
        Label(round(LEFT + width * (place + 0.5), 2), _short(one.start, period, is_first=place == 0))
        for place, one in enumerate(points)
        if place % every == 0
    ]
    rows = [(name_of(one.start, period), one.written, one.link) for one in points]
    return Chart(key, title, _words(points, values, period, written), bars, lines, labels, rows)


def _scale(most: float) -> tuple[float, float]:
    """The top of the scale and the step between its lines: round numbers, three to five steps."""
    if most <= 0:
        return 1, 1
    if most == 1:
        return 1, 0.25
    power = 10 ** math.floor(math.log10(most / 4))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power * 4 >= most)
    step = max(step, 1) if most > 1 else step
    return step * math.ceil(most / step), step


def name_of(start: date, period: Period) -> str:
    """A period as a heading has it."""
    match period:
        case Period.WEEK:
            return f"week of {start:%b} {start.day}, {start.year}"
        case Period.MONTH:
            return f"{start:%B} {start.year}"
        case Period.QUARTER:
            return f"Q{(start.month - 1) // 3 + 1} {start.year}"
        case Period.YEAR:
            return str(start.year)


def _short(start: date, period: Period, *, is_first: bool) -> str:
    match period:
        case Period.WEEK:
            return f"{start:%b} {start.day}"
        case Period.MONTH:
            return f"{start:%b} '{start:%y}" if is_first or start.month == 1 else f"{start:%b}"
        case Period.QUARTER:
            return f"Q{(start.month - 1) // 3 + 1} '{start:%y}"
        case Period.YEAR:
            return str(start.year)


def _words(points: Sequence[Point], values: Sequence[float], period: Period, written: Callable[[float], str]) -> str:
    if not values:
        return "Nothing is counted in this time."
    first, last = name_of(points[0].start, period), name_of(points[-1].start, period)
    most = max(values)
    peak = next(one for one in points if one.value == most)
    return (
        f"{len(points)} bars, from {first} to {last}. The lowest is {written(min(values))}, and the highest"
        f" {written(most)}, in {name_of(peak.start, period)}."
    )
