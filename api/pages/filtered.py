"""Lists that a link from elsewhere has filtered: what it asked for, in words and as fields of the search form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from fastapi import Request

from api.rendering import words, zone_of


@dataclass(frozen=True, slots=True)
class Filtered:
    """``fields`` are kept when the list is searched; ``says`` describes each."""

    fields: Sequence[tuple[str, str]]
    says: Sequence[str]


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
}


def filtered(request: Request, shown_elsewhere: set[str], time_zone: str) -> Filtered:
    """What the query asks for beside the fields that the page shows."""
    fields = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if (name in NAMES or name == "status") and name not in shown_elsewhere and value
    ]
    return Filtered(fields, [_said(name, value, time_zone) for name, value in fields])


def _said(name: str, value: str, time_zone: str) -> str:
    if name == "status":
        return f"status: {words(value)}"
    if value in {"true", "false"}:
        return NAMES[name] if value == "true" else f"not {NAMES[name]}"
    if name in {"slippedTarget", "type"}:
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
