"""What a list is filtered by, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from api.rendering import words, zone_of

NAMES = {
    "teamId": "team",
    "serviceId": "service",
    "createdFrom": "created from",
    "createdTo": "created before",
    "publishedFrom": "first published from",
    "publishedTo": "first published before",
    "completedFrom": "completed from",
    "completedTo": "completed before",
    "firstDueFrom": "first due from",
    "firstDueTo": "first due until",
    "dueFrom": "due from",
    "dueTo": "due until",
    "openAt": "open on",
    "overdue": "overdue",
    "rootCauseCategory": "root cause",
    "tag": "tag",
    "slippedTarget": "late",
    "type": "type",
    "hasTicket": "with a ticket",
    "imported": "imported",
    "ownerId": "owner",
    "priority": "priority",
    "postmortemId": "postmortem",
    "visibility": "visibility",
    "authorId": "author",
    "urgency": "urgency",
    "source": "source",
    "startedFrom": "started from",
    "startedTo": "started before",
    "hasPostmortem": "with a postmortem",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """One parameter of a list's address, and what it means."""

    name: str
    value: str
    says: str


def filters_of(
    given: Sequence[tuple[str, str]],
    shown_elsewhere: set[str],
    time_zone: str,
    names: Mapping[str, Mapping[str, str]],
) -> list[Filter]:
    """``names`` are what ids of a parameter stand for."""
    wanted = [one for one in given if (one[0] in NAMES or one[0] == "status") and one[0] not in shown_elsewhere]
    found = []
    for name, value in wanted:
        named = names.get(name, {}).get(value)
        says = f"{NAMES[name]}: {named}" if named else _said(name, value, time_zone)
        found.append(Filter(name, value, says))
    return found


def _said(name: str, value: str, time_zone: str) -> str:
    if name == "status":
        return f"status: {words(value)}"
    if value == "true":
        return NAMES[name]
    if value == "false":
        what = NAMES[name].removeprefix("with ")
        return f"without {what}" if what != NAMES[name] else f"not {what}"
    if name in {"slippedTarget", "type", "priority", "visibility", "urgency"}:
        return f"{NAMES[name]}: {words(value)}"
    return f"{NAMES[name]}: {_day(value, time_zone)}"


def _day(value: str, time_zone: str) -> str:
    """A time as its day there, and any other value as it is."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    is_day = len(value) == len(date.min.isoformat())
    local = at if is_day else at.astimezone(zone_of(time_zone))
    return f"{local:%b} {local.day}, {local.year}"
