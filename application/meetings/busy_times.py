"""When people are busy, by the calendars that they have connected: kept for an hour at most, and never with titles.

No database session stays open during a request to a calendar. A calendar that doesn't answer in time counts as unknown.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.errors import DomainError
from domain.meetings.suggestion import Span
from integrations import registry
from integrations.meetings.calendar import CalendarUnavailable
from models.keyring import Keyring
from models.meeting import OwnCalendar
from models.queries.connections.connections import list_by_kind
from models.queries.meetings import own_calendars
from models.queries.people.people import people_by_id
from models.session import Sessions

KEPT_FOR = timedelta(minutes=30)
"""So old may an answer be. It is removed after an hour."""
SECONDS = 5.0
"""The longest that a person waits for all calendars together."""

Busy = dict[str, tuple[Span, ...] | None]


@dataclass(frozen=True, slots=True, repr=False)
class BusyQuestion:
    """What to ask one connection: ``addresses`` are by the calendar's id. Its ``repr`` has no credentials."""

    kind: str
    config: dict[str, Any]
    secrets: dict[str, object]
    kept_host: str | None
    addresses: dict[str, str]
    asked_by: str


Answer = tuple[dict[str, list[Span] | None], str | None]
"""By calendar, and what went wrong."""


async def busy_times(
    sessions: Sessions,
    keyring: Keyring,
    person_ids: Sequence[str],
    asked_by: str,
    begin: datetime,
    end: datetime,
    now: datetime,
) -> Busy:
    """Busy spans by person; someone whose calendar we can't read is left out. ``asked_by`` is the person who asks."""
    async with sessions.begin() as session:
        rows = await own_calendars.list_of_people(session, person_ids)
        stale = [one for one in rows if not _covers(one, begin, end, now)]
        questions = []
        if stale:
            asker = (await people_by_id(session, [asked_by]))[asked_by].email
            connections = await list_by_kind(session, sorted({one.kind for one in stale}))
            by_kind = {one.kind: one for one in reversed(connections)}
            for kind in sorted({one.kind for one in stale if one.secrets is None and one.kind in by_kind}):
                row = by_kind[kind]
                asked = {one.id: one.address for one in stale if one.kind == kind and one.secrets is None}
                secrets = keyring.open(row.secrets)
                questions.append(BusyQuestion(kind, dict(row.config), secrets, row.kept_host, asked, asker))
            questions += [own_question(keyring, one) for one in stale if one.secrets is not None]
    answers = await asyncio.gather(*(_ask(one, begin, end) for one in questions))
    known = {one.id: _spans(one) for one in rows if one not in stale}
    async with sessions.begin() as session:
        for found, problem in answers:
            for calendar_id, busy in found.items():
                await own_calendars.keep_busy(session, calendar_id, busy, problem, (begin, end), now)
                known[calendar_id] = None if busy is None else tuple(busy)
    return _by_person(rows, known)


def own_question(keyring: Keyring, row: OwnCalendar) -> BusyQuestion:
    """The question for a calendar that has its own credentials. It can't reach addresses inside our network."""
    secrets = keyring.open(row.secrets)
    return BusyQuestion(row.kind, {"baseUrl": row.address}, secrets, None, {row.id: row.address}, row.address)


def _by_person(rows: Sequence[OwnCalendar], known: dict[str, tuple[Span, ...] | None]) -> Busy:
    """Someone with several calendars is busy where any of them says so, and known where one of them is."""
    found: Busy = {}
    for one in rows:
        spans = known.get(one.id)
        if spans is not None:
            found[one.person_id] = tuple(sorted({*(found.get(one.person_id) or ()), *spans}))
    return found


def _covers(row: OwnCalendar, begin: datetime, end: datetime, now: datetime) -> bool:
    if row.busy_at is None or row.busy_from is None or row.busy_until is None or now - row.busy_at > KEPT_FOR:
        return False
    return row.busy_from <= begin + KEPT_FOR and end <= row.busy_until


def _spans(row: OwnCalendar) -> tuple[Span, ...] | None:
    if row.busy is None:
        return None
    return tuple((datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end in row.busy)


async def _ask(question: BusyQuestion, begin: datetime, end: datetime) -> Answer:
    try:
        async with asyncio.timeout(SECONDS):
            return await asyncio.to_thread(ask_now, question, begin, end)
    except TimeoutError:
        return dict.fromkeys(question.addresses), f"No answer within {SECONDS:.0f} seconds."


def ask_now(question: BusyQuestion, begin: datetime, end: datetime) -> Answer:
    """On a thread."""
    nothing: dict[str, list[Span] | None] = dict.fromkeys(question.addresses)
    try:
        with registry.connect_calendar(
            question.kind, question.config, question.secrets, question.kept_host
        ) as calendar:
            found = calendar.busy(list(question.addresses.values()), begin, end, question.asked_by)
    except (DomainError, CalendarUnavailable) as trouble:
        return nothing, str(trouble)
    return {key: found.get(address) for key, address in question.addresses.items()}, None
