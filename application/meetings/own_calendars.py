"""Calendars that people have connected as their own: they tell when somebody is busy, and nothing else."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from application.audit.audit_log import audit
from application.meetings.busy_times import ask_now, own_question
from application.outside import Outside
from domain.access import Viewer
from domain.errors import AlreadyExists, Malformed, NoCalendar, reason
from domain.meetings.suggestion import HORIZON
from integrations import registry
from models.base import new_id
from models.keyring import Keyring
from models.meeting import OwnCalendar
from models.queries.connections.connections import list_by_kind
from models.queries.meetings import own_calendars
from models.session import Session

LIMIT = 10
"""Calendars of one person."""


async def list_calendars(session: Session, viewer: Viewer) -> Sequence[OwnCalendar]:
    """Oldest first."""
    return await own_calendars.list_of_person(session, viewer.person_id)


async def connect_calendar(
    session: Session,
    viewer: Viewer,
    outside: Outside,
    keyring: Keyring,
    *,
    kind: str,
    address: str,
    secrets: Mapping[str, str],
    now: datetime,
) -> OwnCalendar:
    """Adds a calendar, and asks it once. With ``secrets`` its address is that of a server, which is checked as every
    connection is; without them the organization's connection of that kind asks for the address.

    Raises NoCalendar, AlreadyExists, Malformed, InvalidIntegrationConfig.
    """
    kinds = registry.calendar_kinds()
    if kind not in kinds:
        raise NoCalendar(kind=kind, known=", ".join(kinds))
    present = await own_calendars.list_of_person(session, viewer.person_id)
    if any(one.address == address for one in present):
        raise AlreadyExists(kind="calendar", field="address", value=address)
    if len(present) >= LIMIT:
        words = f"You can't have more than {LIMIT} calendars. Remove one first."
        raise Malformed(reasons=[reason("too_many", words, where="body")])
    if registry.calendar(kind).invites:
        if "@" not in address:
            words = "Enter the e-mail address of your calendar."
            raise Malformed(reasons=[reason("address", words, where="body.address")])
    else:
        registry.check_connection(kind, {"baseUrl": address}, dict(secrets))
    calendar_id = new_id("cal")
    row = OwnCalendar(
        id=calendar_id,
        person_id=viewer.person_id,
        kind=kind,
        address=address,
        secrets=None if registry.calendar(kind).invites else keyring.seal(dict(secrets)),
        created_at=now,
    )
    session.add(row)
    after = {"kind": kind, "address": address}
    audit(session, viewer, "own_calendar.connected", "own_calendar", row.id, after=after)
    await session.flush()
    if row.secrets is not None:
        question = own_question(keyring, row)
        covers = (now, now + HORIZON + timedelta(days=7))
        found, problem = await outside(lambda: asyncio.to_thread(ask_now, question, *covers))
        await own_calendars.keep_busy(session, calendar_id, found.get(calendar_id), problem, covers, now)
    elif not await list_by_kind(session, [kind]):
        row.problem = "No calendar connection of this kind is in use. Ask an administrator to connect one."
    await session.flush()
    return await own_calendars.get_of_person(session, viewer.person_id, calendar_id)


async def disconnect_calendar(session: Session, viewer: Viewer, calendar_id: str) -> None:
    """What was known by it is forgotten. Raises NotFound."""
    row = await own_calendars.get_of_person(session, viewer.person_id, calendar_id)
    before = {"kind": row.kind, "address": row.address}
    audit(session, viewer, "own_calendar.disconnected", "own_calendar", row.id, before=before)
    await session.delete(row)
    await session.flush()
