"""Every reminder of a policy as a table or as JSON. Needs no server, and no database for the default policy."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from domain.errors import NotFound
from domain.escalation.policy import Policy
from domain.escalation.reminders import Reminder
from domain.escalation.simulation import simulate
from models.queries.escalation import policies
from models.session import StoreError
from runtime.connections import open_database
from runtime.processes import CannotStart
from runtime.settings import Settings

COLUMNS = ("at", "target", "rung", "to", "channel")


def read_instant(written: str) -> datetime:
    """In UTC, as which it is taken where it names no zone. Raises CannotStart."""
    try:
        at = datetime.fromisoformat(written)
        at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        at = None
    if at is None or not 1970 <= at.year <= 2200:
        raise CannotStart(f"--from needs an ISO 8601 time such as 2026-11-23T08:00:00Z, not {written!r}")
    return at


def read_policy(settings: Settings, policy_id: str) -> Policy:
    """The latest version in the database. Raises CannotStart."""
    try:
        return asyncio.run(_read(settings, policy_id))
    except NotFound:
        raise CannotStart(f"the database has no policy {policy_id!r}") from None
    except (StoreError, OSError) as problem:
        raise CannotStart(f"can't read the policy: the database answered with {type(problem).__name__}") from problem


async def _read(settings: Settings, policy_id: str) -> Policy:
    database = open_database(settings)
    try:
        async with database.sessions.begin() as session:
            return policies.content_of(await policies.get_latest(session, policy_id))
    finally:
        await database.close()


def told(policy: Policy, start: datetime, days: int, *, as_json: bool) -> str:
    reminders = simulate(policy, start, days)
    return _json(reminders) if as_json else _table(policy, reminders, start, days)


def _json(reminders: Sequence[Reminder]) -> str:
    rows = [
        {
            "at": one.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "target": one.target,
            "rung": one.step,
            "to": one.to,
            "channel": one.channel.value,
        }
        for one in reminders
    ]
    return json.dumps(rows, indent=2)


def _table(policy: Policy, reminders: Sequence[Reminder], start: datetime, days: int) -> str:
    """Times are those of the receivers' zone, which here is the policy's, with its name."""
    zone = policy.office.hours.zone
    rows = [COLUMNS]
    rows += [(_shown(one.at, zone), one.target, one.step, one.to, one.channel.value) for one in reminders]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    lines = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    begun = f"{policy.name}: resolved {_shown(start, zone)}, {days} days, if no one does anything"
    return "\n".join([begun, "", *lines])


def _shown(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M} {zone}"
