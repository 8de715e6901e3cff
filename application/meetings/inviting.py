"""Who is invited to a review meeting. Attendance grants nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application.people.references import check_active
from application.postmortems.editors import add_editors
from domain import access
from domain.access import EditorLevel, Verb, Viewer
from domain.errors import AttendeesCannotSee
from domain.meetings.meeting import Response
from domain.postmortems.lifecycle import Status
from models.meeting import Meeting
from models.queries.meetings import meetings, people
from models.queries.people.people import people_by_id
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.session import Session


@dataclass(frozen=True, slots=True)
class Wanted:
    """Someone to invite: either a person or an outside address, never both."""

    person_id: str | None
    address: str | None
    required: bool = True


async def invite(
    session: Session,
    viewer: Viewer,
    visible: VisiblePostmortem,
    row: Meeting,
    wanted: Iterable[Wanted],
    now: datetime,
    *,
    adds_commenters: bool,
) -> bool:
    """Makes these the attendees, each once; whether anything changed. Raises UnknownReference, PersonNotActive, and
    AttendeesCannotSee unless the viewer may manage editors and ``adds_commenters``."""
    listed = await _as_people(session, wanted)
    ids = [one.person_id for one in listed if one.person_id]
    await check_active(session, "attendees", ids)
    known = await people_by_id(session, ids)
    sees = await people.list_invitable(session, visible.postmortem.id, ids)
    blind = [one for one in ids if one not in sees]
    if blind:
        may_add = access.may(Verb.MANAGE, Status(visible.postmortem.status), visible.relations)
        if not (adds_commenters and may_add):
            raise AttendeesCannotSee(names=", ".join(known[one].name for one in blind))
        await _add_commenters(session, viewer, visible, blind, now)
    rows: list[dict[str, Any]] = []
    for one in listed:
        person = known.get(one.person_id or "")
        said = Response.ACCEPTED if one.person_id == row.organizer_id else Response.NEEDS_ACTION
        rows.append(
            {
                "meeting_id": row.id,
                "address": person.email if person else one.address,
                "person_id": one.person_id,
                "name": person.name if person else one.address,
                "required": one.required,
                "response": said.value,
            }
        )
    return await _keep(session, row, rows, now)


async def _keep(session: Session, row: Meeting, rows: list[dict[str, Any]], now: datetime) -> bool:
    before = (await meetings.list_attendees(session, [row.id]))[row.id]
    present = {(one.address, one.required) for one in before if one.removed_at is None}
    wanted = {(one["address"], one["required"]) for one in rows}
    addresses = {address for address, _ in wanted}
    for one in before:
        if one.address not in addresses and one.removed_at is None:
            one.removed_at = now
    await session.flush()
    await meetings.upsert_attendees(session, rows)
    return present != wanted


async def _add_commenters(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, person_ids: Iterable[str], now: datetime
) -> None:
    for one in person_ids:
        await add_editors(
            session, viewer, visible.postmortem.id, person_id=one, team_id=None, level=EditorLevel.COMMENT, now=now
        )


async def _as_people(session: Session, wanted: Iterable[Wanted]) -> list[Wanted]:
    """An address that is a colleague's means the colleague. The first mention of anyone counts."""
    listed = list(wanted)
    colleagues = await meetings.find_people_by_address(session, [one.address for one in listed if one.address])
    found: dict[str, Wanted] = {}
    for one in listed:
        colleague = colleagues.get(one.address or "")
        person_id = colleague.id if colleague else one.person_id
        address = None if person_id else one.address
        found.setdefault(person_id or address or "", Wanted(person_id, address, one.required))
    return list(found.values())
