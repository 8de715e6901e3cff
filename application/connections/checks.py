"""Checks that a connection has what it needs. It reads from the vendor and writes nothing there."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Any

from application.connections.connections import check_is_tracker
from application.outside import Outside
from domain.errors import DomainError
from domain.tickets.projection import Destination, Projection, read_projection
from integrations import registry
from integrations.connection import PermissionCheck
from integrations.meetings.calendar import CalendarUnavailable
from integrations.meetings.conference import ConferenceUnavailable
from integrations.notifier import NotifierUnavailable
from integrations.publisher import PublisherUnavailable
from integrations.tracker import RequiredField, Tracker, TrackerUnavailable
from models.keyring import Keyring
from models.queries.connections.connections import get_connected
from models.session import Session

SECONDS = 60.0
"""How long a vendor may take to answer all requests of a check."""
RecordTrouble = Callable[[Session, str, str, datetime], Awaitable[bool]]
RecordRecovery = Callable[[Session, str, datetime], Awaitable[bool]]


async def check_connection(
    session: Session,
    outside: Outside,
    keyring: Keyring,
    integration_id: str,
    now: datetime,
    record_recovery: RecordRecovery,
    record_trouble: RecordTrouble,
) -> list[PermissionCheck]:
    """Every permission, and for a tracker every required field without a value.

    If all are granted, ``record_recovery`` ends the connection's trouble. A permission that is missing from a
    connection which never worked is its trouble. Raises NotFound, Disconnected or NoTracker.
    """
    row = await get_connected(session, integration_id)
    if not registry.speaks(row.kind):
        check_is_tracker(row)
    kind, config, secrets, kept_host = row.kind, row.config, keyring.open(row.secrets), row.kept_host
    projection = read_projection(row.projection)
    never_worked, fields = row.verified_at is None, list[PermissionCheck]()
    if kind in registry.notifier_kinds():
        checks = await outside(lambda: _check_channel(kind, config, secrets, kept_host))
    elif kind in registry.tracker_kinds():
        checks, fields = await outside(lambda: _in_time(_check_tracker, kind, config, secrets, kept_host, projection))
    else:
        checks, fields = await outside(lambda: _in_time(_check_vendor, kind, config, secrets, kept_host))
    refused = [one for one in checks if not one.granted]
    if all(one.granted for one in (*checks, *fields)):
        await record_recovery(session, integration_id, now)
    elif refused and never_worked:  # it never worked, so this is no passing trouble
        await record_trouble(session, integration_id, f"{refused[0].name}: {refused[0].detail or 'missing'}", now)
    return [*checks, *fields]


Checks = tuple[list[PermissionCheck], list[PermissionCheck]]
"""Permissions, and required fields."""


async def _in_time(check: Callable[..., Checks], *args: Any) -> Checks:
    """On a thread."""
    try:
        async with asyncio.timeout(SECONDS):
            return await asyncio.to_thread(check, *args)
    except TimeoutError:
        return [PermissionCheck("Reachable", granted=False, detail=f"No answer within {SECONDS:.0f} seconds.")], []


def _check_vendor(kind: str, config: dict[str, Any], secrets: dict[str, object], kept_host: str | None) -> Checks:
    """What isn't a tracker, and neither asks for fields nor sends messages."""
    try:
        with registry.connect_other(kind, config, secrets, kept_host) as vendor:
            return vendor.check_permissions(), []
    except (PublisherUnavailable, CalendarUnavailable, ConferenceUnavailable) as stumble:
        return [PermissionCheck("Reachable", granted=False, detail=str(stumble))], []


def _check_tracker(
    kind: str, config: dict[str, Any], secrets: dict[str, object], kept_host: str | None, projection: Projection
) -> Checks:
    """That a tracker is unavailable is a result too."""
    try:
        with registry.connect(kind, config, secrets, kept_host) as tracker:
            checks = tracker.check_permissions()
            granted = all(one.granted for one in checks)
            return checks, list(_missing_fields(tracker, projection)) if granted else []
    except TrackerUnavailable as stumble:
        return [PermissionCheck("Reachable", granted=False, detail=str(stumble))], []


async def _check_channel(
    kind: str, config: dict[str, Any], secrets: dict[str, object], kept_host: str | None
) -> list[PermissionCheck]:
    try:
        async with (
            asyncio.timeout(SECONDS),
            registry.connect_notifier(kind, config, secrets, kept_host) as channel,
        ):
            return await channel.check_permissions()
    except NotifierUnavailable as stumble:
        return [PermissionCheck("Reachable", granted=False, detail=str(stumble))]
    except TimeoutError:
        return [PermissionCheck("Reachable", granted=False, detail=f"No answer within {SECONDS:.0f} seconds.")]


def _missing_fields(tracker: Tracker, projection: Projection) -> Iterator[PermissionCheck]:
    """Required fields that have no value yet, for each destination of tickets."""
    places = {(one.project, one.issue_type) for one in (Destination(), *projection.destinations)}
    for project, issue_type in sorted(places, key=str):
        where = " ".join(one for one in (project, issue_type) if one)
        try:
            required = tracker.required_fields(project, issue_type)
        except DomainError as refusal:
            yield PermissionCheck(f"Create form of {where or tracker.label}", granted=False, detail=str(refusal))
            continue
        for one in required:
            if problem := problem_of_value(one, projection.fields.get(one.id)):
                name = f"Required field {one.name}" + (f" in {where}" if where else "")
                yield PermissionCheck(name, granted=False, detail=problem)


def problem_of_value(required: RequiredField, value: object) -> str | None:
    """Why a ticket cannot be created with this value of a required field; None if it can."""
    known = ", ".join(f"{name} ({one})" for one, name in list(required.options.items())[:10])
    choices = f" One of: {known}." if known else ""
    if value in (None, "", [], {}):
        return f"Set a value for '{required.id}' in the ticket mapping's required fields.{choices}"
    if required.options and isinstance(value, str) and value not in required.options:
        return f"'{value}' isn't an allowed value of '{required.id}'.{choices}"
    return None
