"""The picture of a timeline: events, phases and gaps to scale, as numbers for an SVG with no style in it.

Places on the time axis are percentages of its width, so that text keeps its size on a phone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise

from api.rendering import span, words, zone_of
from domain.incidents.phases import Phase, Phases
from domain.timeline.moments import Precision

FIRST, LAST = 2.0, 98.0
LANES = 4
APART = 4.0
"""Two dots of one lane are at least this far from each other: a dot's width on a phone."""
GAP_SHARE, SHORTEST_GAP = 0.2, timedelta(minutes=10)
"""What is marked as a gap: at least this share of the whole, and no shorter than that."""
WIDE_GAP = 25.0
STEPS = tuple(
    timedelta(minutes=one) for one in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7 * 1440, 28 * 1440)
)
MOST_TICKS = 4
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """An event to draw. ``spot`` is the id of its place on the page."""

    at: datetime
    event: str
    spot: str
    type: str = "OTHER"
    precision: str = Precision.MINUTE.value


@dataclass(frozen=True, slots=True)
class Dot:
    """``more`` counts events that are too close to it for a dot of their own."""

    x: float
    lane: int
    spot: str
    kind: str
    says: str
    is_exact: bool
    more: int = 0


@dataclass(frozen=True, slots=True)
class Bar:
    """A phase, from ``x``."""

    x: float
    width: float
    kind: str
    says: str


@dataclass(frozen=True, slots=True)
class Gap:
    x: float
    width: float
    middle: float
    length: str
    start: datetime
    is_wide: bool


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant of the incident. ``after`` is the time since it started, as people read it."""

    kind: str
    name: str
    at: datetime
    after: str


@dataclass(frozen=True, slots=True)
class Picture:
    """``says`` tells in words what it shows; ``untimed`` counts events of which only the day is known."""

    dots: Sequence[Dot]
    bars: Sequence[Bar]
    gaps: Sequence[Gap]
    ticks: Sequence[Tick]
    moments: Sequence[Moment]
    lanes: int
    says: str
    untimed: int


@dataclass(frozen=True, slots=True)
class _Scale:
    first: datetime
    last: datetime

    def place(self, at: datetime) -> float:
        share = (min(max(at, self.first), self.last) - self.first) / (self.last - self.first)
        return round(FIRST + (LAST - FIRST) * share, 2)


def draw(marks: Sequence[Mark], phases: Phases, time_zone: str) -> Picture | None:
    """None where there is nothing to compare: fewer than two instants."""
    zone = zone_of(time_zone)
    timed = sorted((one for one in marks if one.precision != Precision.DAY), key=lambda one: one.at)
    instants = [*(one.at for one in timed), *(at for _, at in phases.instants())]
    if len(set(instants)) < 2:
        return None
    scale = _Scale(min(instants), max(instants))
    dots = _dots(timed, scale, zone)
    gaps = _gaps(sorted(instants), scale)
    moments = [_moment(phase, at, phases) for phase, at in phases.instants()]
    return Picture(
        dots=dots,
        bars=_bars(phases, scale, zone),
        gaps=gaps,
        ticks=_ticks(scale, zone),
        moments=moments,
        lanes=max((one.lane + 1 for one in dots), default=1),
        says=_words(timed, scale, gaps, moments, zone),
        untimed=len(marks) - len(timed),
    )


def _dots(timed: Sequence[Mark], scale: _Scale, zone: tzinfo) -> list[Dot]:
    dots: list[Dot] = []
    ends = [-APART] * LANES
    last_in: dict[int, int] = {}
    for one in timed:
        x = scale.place(one.at)
        lane = next((lane for lane, end in enumerate(ends) if x - end >= APART), None)
        if lane is None:
            place = last_in[LANES - 1]
            near = dots[place]
            dots[place] = Dot(near.x, near.lane, near.spot, near.kind, near.says, near.is_exact, near.more + 1)
            continue
        ends[lane] = x
        last_in[lane] = len(dots)
        kind = "" if one.type == "OTHER" else f" ({words(one.type).lower()})"
        text = one.event if len(one.event) <= 80 else f"{one.event[:79].rstrip()}…"
        is_exact = one.precision in {Precision.SECOND, Precision.MINUTE}
        says = f"{'' if is_exact else 'about '}{_clock(one.at, zone)} {text}{kind}"
        dots.append(Dot(x, lane, one.spot, one.type.lower(), says, is_exact))
    return dots


def _bars(phases: Phases, scale: _Scale, zone: tzinfo) -> list[Bar]:
    bars = []
    for phase, start, end in phases.spans():
        x, until = scale.place(start), scale.place(end or scale.last)
        says = f"{phases.during(phase)} for {span((end or scale.last) - start)}, from {_clock(start, zone)}"
        bars.append(Bar(x, round(until - x, 2), phase.value, says))
    return bars


def _gaps(instants: Sequence[datetime], scale: _Scale) -> list[Gap]:
    shortest = max(SHORTEST_GAP, (scale.last - scale.first) * GAP_SHARE)
    gaps = []
    for start, end in pairwise(instants):
        if end - start >= shortest:
            x, until = scale.place(start), scale.place(end)
            width = round(until - x, 2)
            gaps.append(Gap(x, width, round((x + until) / 2, 2), span(end - start), start, width >= WIDE_GAP))
    return gaps


def _ticks(scale: _Scale, zone: tzinfo) -> list[Tick]:
    length = scale.last - scale.first
    step = next((one for one in STEPS if length / one <= MOST_TICKS), STEPS[-1] * (length // (STEPS[-1] * 4) + 1))
    local = scale.first.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + ((local - midnight) // step) * step
    ticks = []
    while at <= scale.last:
        if at >= scale.first:
            x = scale.place(at)
            anchor = "start" if x < 7 else "end" if x > 93 else "middle"
            is_day = step >= DAY or (at.hour == at.minute == 0 and length >= DAY / 2)
            ticks.append(Tick(x, f"{at:%b} {at.day}" if is_day else f"{at:%H:%M}", anchor))
        at += step
    return ticks


def _moment(phase: Phase, at: datetime, phases: Phases) -> Moment:
    started = phases.started_at
    after = f"after {span(at - started)}" if started and at > started else ""
    return Moment(phase.value, phase.name_of_start, at, after)


def _words(timed: Sequence[Mark], scale: _Scale, gaps: Sequence[Gap], moments: Sequence[Moment], zone: tzinfo) -> str:
    count = f"{len(timed)} event{'' if len(timed) == 1 else 's'}"
    said = [f"{count} between {_full(scale.first, zone)} and {_full(scale.last, zone)}."]
    said += [f"{one.name} at {_clock(one.at, zone)}{', ' + one.after if one.after else ''}." for one in moments]
    said += [f"No events for {one.length} from {_clock(one.start, zone)}." for one in gaps]
    return " ".join(said)


def _clock(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def _full(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%b} {local.day}, {local:%H:%M}"
