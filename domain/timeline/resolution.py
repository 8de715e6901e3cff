"""Decides which instant a written moment is, by the date and the zone that apply where it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from domain.people.time_zones import Clock, NoZone, Zone, instant, out_of_season, read_zone, stated_zone
from domain.timeline.clocks import ClockTime
from domain.timeline.dates import Day, Unreadable, stated_order
from domain.timeline.moments import Moment
from domain.timeline.remarks import Reading, Remarks

NEXT_DAY = timedelta(hours=6)
"""A time without a date that goes back by more than this belongs to the next day."""
DATE_ORDER = "dateOrder"
"""The choice between the day first and the month first, for a whole text."""

Days = Sequence[tuple[str, date]]
"""The readings of a date with their names. One: it is known. None: it is missing."""


@dataclass(slots=True)
class TimeContext:
    """The date and zone that apply, and the last local time. ``default`` resolves ambiguous abbreviations.

    ``choices`` are what a person decided about ambiguous lines. ``twelve``: the text uses a 12-hour clock, so a time
    without AM or PM has two readings.
    """

    default: Zone
    days: Days
    zone: Zone | NoZone
    remarks: Remarks
    choices: Mapping[str, str] = field(default_factory=dict)
    twelve: bool = False
    last: datetime | None = None
    seasons: set[tuple[str, str]] = field(default_factory=set)
    order: str | None = None
    days_choice: str = DATE_ORDER

    def state_zone(self, line: int, raw: str, text: str) -> None:
        """Apply the zone and the order of dates that a text states, if it states them, from here on."""
        self.order = stated_order(text) or self.order
        written = stated_zone(text)
        if written is None:
            return
        self.zone = self._zone_of(written)
        if isinstance(self.zone, NoZone):
            self.remarks.problem(line, raw, self.zone.why.value, zone=self.zone.name, choices=self.zone.choices)

    def set_day(self, line: int, raw: str, moment: Moment) -> None:
        """Apply the moment's date to times without a date, from here on."""
        self.last = None
        if moment.day:
            found = self._days_of(moment.day)
            self.forget_day()
            if isinstance(found, Unreadable):
                self.remarks.problem(line, raw, found.value)
            else:
                self.days, self.days_choice = found, _choice_of(moment.day)

    def forget_day(self) -> None:
        """A date could not be read: what follows has none."""
        self.days, self.last = (), None

    def instant_of(self, line: int, raw: str, moment: Moment) -> datetime | None:
        """In UTC; None if a problem was noted."""
        if moment.at:
            return moment.at
        days = self._days_of(moment.day) if moment.day else self.days
        zone = self._zone_of(moment.zone) if moment.zone else self.zone
        times = self._times_of(raw, moment)
        if isinstance(days, Unreadable) or not days:
            self.forget_day()
            self.remarks.problem(line, raw, days.value if isinstance(days, Unreadable) else "no_date")
        elif isinstance(zone, NoZone):
            self._refuse_zone(line, raw, zone, days[0][1], times[0][1])
        elif len(days) > 1:
            choice = _choice_of(moment.day) if moment.day else self.days_choice
            self.days, self.days_choice, self.last = days, choice, None
            readings = [Reading(name, _at(day, times[0][1], zone)) for name, day in days]
            self.remarks.ambiguous(line, raw, "ambiguous_date", choice, readings)
        elif len(times) > 1:
            readings = [Reading(name, _at(days[0][1], since, zone)) for name, since in times]
            self.days = days if moment.day else self.days
            self.remarks.ambiguous(line, raw, "ambiguous_time", _time_choice(raw), readings)
        else:
            return self._instant(line, raw, self._local(line, raw, moment, days[0][1], times[0][1]), zone)
        return None

    def _instant(self, line: int, raw: str, local: datetime, zone: Zone) -> datetime | None:
        at, clock = instant(local, zone)
        if at.year < 1970:
            self.remarks.problem(line, raw, Unreadable.NO_SUCH_DATE.value)
            return None
        if clock is not Clock.ONCE:
            self.remarks.warning(line, raw, f"clock_{clock.value}", zone=zone.name, at=at.isoformat())
        shown = out_of_season(zone, at)
        if shown and (zone.name, shown) not in self.seasons:
            self.seasons.add((zone.name, shown))
            self.remarks.warning(line, raw, "out_of_season", zone=zone.name, shown=shown, day=local.date().isoformat())
        return at

    def _local(self, line: int, raw: str, moment: Moment, day: date, since_midnight: timedelta) -> datetime:
        """The local date and time; without a date in the line, the day that follows from the lines before."""
        local = datetime.combine(day, time()) + since_midnight
        if moment.day is None and self.last:
            if self.last - local > NEXT_DAY:
                local += timedelta(days=1)
                day += timedelta(days=1)
                self.remarks.warning(line, raw, "next_day", day=day.isoformat())
            elif local - self.last > timedelta(days=1) - NEXT_DAY:
                self.remarks.warning(line, raw, "newest_first", day=day.isoformat())
        if moment.day and not moment.day.month:
            self.remarks.warning(line, raw, "weekday", day=day.isoformat())
        self.days, self.last = (("", day),), local
        return local

    def _days_of(self, day: Day) -> Days | Unreadable:
        around = self.days[0][1] if self.days else None
        return day.readings(around, self.choices.get(_choice_of(day)) or self.order)

    def _times_of(self, raw: str, moment: Moment) -> list[tuple[str, timedelta]]:
        found = (moment.time or ClockTime(None, moment.precision)).readings(twelve=self.twelve)
        chosen = self.choices.get(_time_choice(raw))
        return [one for one in found if one[0] == chosen] or found

    def _zone_of(self, written: str) -> Zone | NoZone:
        zone = read_zone(written, self.default)
        chosen = self.choices.get(_zone_choice(zone.name))
        if isinstance(zone, NoZone) and chosen in zone.choices:
            return read_zone(chosen)
        return zone

    def _refuse_zone(self, line: int, raw: str, zone: NoZone, day: date, since_midnight: timedelta) -> None:
        if not zone.choices:
            self.remarks.problem(line, raw, zone.why.value, zone=zone.name, choices=zone.choices)
            return
        zones = [(name, found) for name in zone.choices if isinstance(found := read_zone(name), Zone)]
        readings = [Reading(name, _at(day, since_midnight, one)) for name, one in zones]
        choice = _zone_choice(zone.name)
        self.remarks.ambiguous(line, raw, zone.why.value, choice, readings, zone=zone.name, choices=zone.choices)


def _at(day: date, since_midnight: timedelta, zone: Zone) -> datetime:
    return instant(datetime.combine(day, time()) + since_midnight, zone)[0]


def _time_choice(raw: str) -> str:
    """Named by the words of the line, so that it stays with them when lines are added above."""
    return f"time {' '.join(raw.split())[:80]}"


def _zone_choice(name: str) -> str:
    return f"zone {name.upper()}"


def _choice_of(day: Day) -> str:
    """The name of the decision: the order of numbers, or the meaning of a month's name."""
    return f"month {day.reading.partition('=')[0]}" if "=" in day.reading else DATE_ORDER
