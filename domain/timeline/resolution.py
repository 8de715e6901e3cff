"""Decides which instant a written moment is, by the date and the zone that apply where it is written."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from domain.people.time_zones import Clock, NoZone, Zone, instant, out_of_season, read_zone, stated_zone
from domain.timeline.moments import Moment, Unreadable
from domain.timeline.remarks import Remarks

NEXT_DAY = timedelta(hours=6)
"""A time without a date that goes back by more than this belongs to the next day."""


@dataclass(slots=True)
class TimeContext:
    """The date and zone that apply, and the last local time. ``default`` resolves ambiguous abbreviations."""

    default: Zone
    day: date | None
    zone: Zone | NoZone
    remarks: Remarks
    last: datetime | None = None
    seasons: set[tuple[str, str]] = field(default_factory=set)

    def state_zone(self, line: int, raw: str, text: str) -> None:
        """Apply the zone that a text states, if it states one, from here on."""
        written = stated_zone(text)
        if written is None:
            return
        self.zone = read_zone(written, self.default)
        if isinstance(self.zone, NoZone):
            self._refuse_zone(line, raw, self.zone)

    def set_day(self, moment: Moment) -> None:
        """Apply the moment's date to times without a date, from here on."""
        self.day = moment.day.near(self.day) if moment.day else self.day
        self.last = None

    def instant_of(self, line: int, raw: str, moment: Moment) -> datetime | None:
        """In UTC; None if a problem was noted."""
        if moment.at:
            return moment.at
        zone = read_zone(moment.zone, self.default) if moment.zone else self.zone
        if isinstance(zone, NoZone):
            self._refuse_zone(line, raw, zone)
            return None
        day = moment.day.near(self.day) if moment.day else self.day
        if day is None:
            self.remarks.problem(line, raw, "no_date")
            return None
        local = self._local(line, raw, moment, day)
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

    def _local(self, line: int, raw: str, moment: Moment, day: date) -> datetime:
        """The local date and time; without a date in the line, the day that follows from the lines before."""
        local = datetime.combine(day, time()) + (moment.clock or timedelta())
        if moment.day is None and self.last:
            if self.last - local > NEXT_DAY:
                local += timedelta(days=1)
                day += timedelta(days=1)
                self.remarks.warning(line, raw, "next_day", day=day.isoformat())
            elif local - self.last > timedelta(days=1) - NEXT_DAY:
                self.remarks.warning(line, raw, "newest_first", day=day.isoformat())
        self.day, self.last = day, local
        return local

    def _refuse_zone(self, line: int, raw: str, zone: NoZone) -> None:
        self.remarks.problem(line, raw, zone.why.value, zone=zone.name, choices=zone.choices)
