"""A simulation of a policy as calendar pages: a grid for each month, with what is due and who is reminded each day."""

from calendar import Calendar as Weeks
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from api.pages.escalation.policy_words import step_of
from api.rendering import words
from domain.escalation.policy import Policy, due_instants
from domain.escalation.reminders import Reminder
from domain.escalation.simulation import simulate

RECEIVERS = {
    "owner": "the person who has to act",
    "author": "the author",
    "team-channel": "the team's channel",
    "team-lead": "the team's lead",
    "administrators": "administrators",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """Reminders of one step of one target at one time."""

    at: datetime
    target: str
    step: str
    to: str


@dataclass(frozen=True, slots=True)
class DayCell:
    """``note`` says why nobody works that day; empty on a working day. ``is_within`` the simulated days."""

    day: date
    is_within: bool
    note: str
    due: Sequence[str]
    sent: Sequence[Sent]


@dataclass(frozen=True, slots=True)
class Month:
    """Weeks of seven days from Monday on; None outside of the month."""

    first: date
    weeks: Sequence[Sequence[DayCell | None]]


@dataclass(frozen=True, slots=True)
class Simulation:
    start: datetime
    days: int
    months: Sequence[Month]
    sent: Sequence[Sent]
    due: Sequence[tuple[datetime, str]]
    """When each target is due, in the policy's time zone, also after these days."""


def simulation_of(policy: Policy, begin: date, days: int) -> Simulation:
    """For an incident that is resolved at the opening hour of ``begin``, if nobody does anything."""
    zone = ZoneInfo(policy.office.hours.zone)
    opens = policy.office.hours.opens
    start = datetime.combine(begin, time(opens // 60, opens % 60), zone)
    sent = _together(simulate(policy, start, days), zone)
    due = [(at.astimezone(zone), words(name.value)) for name, at in due_instants(start, policy).items()]
    last = (start + timedelta(days=days)).date()
    return Simulation(start, days, _months(policy, begin, last, sent, due), sent, due)


def _together(reminders: Sequence[Reminder], zone: ZoneInfo) -> list[Sent]:
    ordered = sorted(reminders, key=lambda one: (one.at, one.target, one.step, one.to))
    grouped = groupby(ordered, key=lambda one: (one.at, one.target, one.step))
    return [
        Sent(
            at.astimezone(zone), words(target), step_of(step), ", ".join(RECEIVERS.get(one.to, one.to) for one in each)
        )
        for (at, target, step), each in grouped
    ]


def _months(
    policy: Policy, begin: date, last: date, sent: Sequence[Sent], due: Sequence[tuple[datetime, str]]
) -> list[Month]:
    by_day: dict[date, list[Sent]] = {}
    for one in sent:
        by_day.setdefault(one.at.date(), []).append(one)
    due_on: dict[date, list[str]] = {}
    for at, name in due:
        due_on.setdefault(at.date(), []).append(name)
    found, first = [], begin.replace(day=1)
    while first <= last:
        weeks = [
            [
                DayCell(day, begin <= day <= last, _note(policy, day), due_on.get(day, ()), by_day.get(day, ()))
                if day.month == first.month
                else None
                for day in week
            ]
            for week in Weeks().monthdatescalendar(first.year, first.month)
        ]
        found.append(Month(first, weeks))
        first = (first + timedelta(days=31)).replace(day=1)
    return found


def _note(policy: Policy, day: date) -> str:
    office = policy.office
    notes: Mapping[str, bool] = {
        "public holiday": day in office.holidays,
        "closed": day in office.closed_on,
        "no working day": day.isoweekday() not in office.hours.days,
    }
    return next((note for note, holds in notes.items() if holds), "")
