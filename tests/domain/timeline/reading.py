"""What was read of a pasted text."""

from datetime import date

from domain.people.time_zones import Zone, read_zone
from domain.timeline.pasted import Parsed, parse_timeline

DAY = date(2024, 1, 15)


def zone(name: str) -> Zone:
    found = read_zone(name)
    assert isinstance(found, Zone)
    return found


def read(text: str, *, day: date | None = DAY, default: str = "UTC") -> Parsed:
    return parse_timeline(text, day=day, zone=zone(default))


def told(parsed: Parsed) -> list[tuple[str, str]]:
    return [(one.at.strftime("%Y-%m-%d %H:%M"), one.event) for one in parsed.events]


def problems(parsed: Parsed) -> list[tuple[int, str]]:
    return [(one.line, one.code) for one in parsed.problems]
