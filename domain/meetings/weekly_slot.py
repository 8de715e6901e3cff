"""The time that a team keeps for reviews each week."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class WeeklySlot:
    """``weekday`` is ISO's (1 is Monday), ``opens`` a minute of that day in ``zone``."""

    weekday: int
    opens: int
    minutes: int
    zone: str

    def dates(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Each that begins between the two instants, in UTC. A time that a zone skips is the one after the gap."""
        zone = ZoneInfo(self.zone)
        day = since.astimezone(zone).date() - timedelta(days=1)
        while True:
            day += timedelta(days=(self.weekday - day.isoweekday()) % 7)
            local = datetime.combine(day, time(self.opens // 60, self.opens % 60), tzinfo=zone)
            begin = local.astimezone(UTC)
            if begin >= until:
                return
            if begin >= since:
                yield begin, begin + timedelta(minutes=self.minutes)
            day += timedelta(days=1)
