"""Rows of ``meeting`` and ``meeting_attendee``. The callers check who may read or write."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Visibility
from domain.errors import NotFound
from domain.meetings.meeting import MeetingStatus
from models.meeting import Meeting, MeetingAttendee
from models.person import Person
from models.postmortem import Postmortem, PostmortemTarget, PostmortemTeam
from models.queries.access.visibility import effective_visibility
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.prebuilt import Prebuilt, instant_of, number_of, without_workflow
from models.team import Team

_ORDER = Order("meetings", Meeting.created_at, Meeting.id, descending=False)
_OPEN = Meeting.status == MeetingStatus.SCHEDULED.value


async def list_meetings(session: AsyncSession, postmortem_id: str, ask: Ask) -> Page[Meeting]:
    """Oldest first."""
    statement = select(Meeting).where(Meeting.postmortem_id == postmortem_id)
    rows, cursor = await fetch_page(session, statement, _ORDER, ask)
    return Page([row[0] for row in rows], cursor)


async def list_recent(session: AsyncSession, postmortem_id: str, limit: int) -> Sequence[Meeting]:
    """Latest first, those that are still to come before all."""
    statement = select(Meeting).where(Meeting.postmortem_id == postmortem_id)
    order = (_OPEN.desc(), Meeting.starts_at.desc(), Meeting.id)
    return list((await session.execute(statement.order_by(*order).limit(limit))).scalars())


async def get_meeting(session: AsyncSession, postmortem_id: str, meeting_id: str) -> Meeting:
    """Raises NotFound."""
    found = await find_meeting(session, postmortem_id, meeting_id)
    if found is None:
        raise NotFound(kind="meeting", id=meeting_id)
    return found


async def find_meeting(
    session: AsyncSession, postmortem_id: str, meeting_id: str, *, lock: bool = False
) -> Meeting | None:
    statement = select(Meeting).where(Meeting.postmortem_id == postmortem_id, Meeting.id == meeting_id)
    return await _one(session, statement, lock=lock)


async def find_open(session: AsyncSession, postmortem_id: str) -> Meeting | None:
    """The one that is no additional one."""
    statement = select(Meeting).where(Meeting.postmortem_id == postmortem_id, _OPEN, ~Meeting.is_additional)
    return await _one(session, statement, lock=False)


async def lock_all_open(session: AsyncSession, postmortem_id: str) -> Sequence[Meeting]:
    statement = select(Meeting).where(Meeting.postmortem_id == postmortem_id, _OPEN).order_by(Meeting.id)
    found = await session.execute(statement.with_for_update().execution_options(populate_existing=True))
    return list(found.scalars())


async def lock_meeting_unscoped(session: AsyncSession, meeting_id: str) -> Meeting | None:
    """Its postmortem first, as the doors do, against removal: a notice about it needs that lock, too."""
    held = select(Postmortem.id).join(Meeting, Meeting.postmortem_id == Postmortem.id).where(Meeting.id == meeting_id)
    await session.execute(held.with_for_update(key_share=True, read=True, of=Postmortem))
    return await _one(session, select(Meeting).where(Meeting.id == meeting_id), lock=True)


async def find_meeting_unscoped(session: AsyncSession, meeting_id: str) -> Meeting | None:
    return await _one(session, select(Meeting).where(Meeting.id == meeting_id), lock=False)


async def _one(session: AsyncSession, statement: Any, *, lock: bool) -> Meeting | None:
    statement = statement.with_for_update() if lock else statement
    found: Meeting | None = (
        await session.execute(statement.execution_options(populate_existing=True))
    ).scalar_one_or_none()
    return found


async def wake_workflows(session: AsyncSession, postmortem_id: str) -> None:
    """Has the meetings that are still to come looked at: something of their postmortem changed."""
    statement = update(Meeting).where(Meeting.postmortem_id == postmortem_id, _OPEN)
    await session.execute(statement.values(workflow_started=False))


async def list_attendees(session: AsyncSession, meeting_ids: Collection[str]) -> dict[str, list[MeetingAttendee]]:
    """By meeting, also those who were taken out; people before addresses outside, then by name."""
    statement = select(MeetingAttendee).where(MeetingAttendee.meeting_id.in_(sorted(meeting_ids)))
    order = (MeetingAttendee.person_id.is_(None), func.lower(MeetingAttendee.name), MeetingAttendee.address)
    rows = await session.execute(statement.order_by(*order).execution_options(populate_existing=True))
    found: dict[str, list[MeetingAttendee]] = {one: [] for one in meeting_ids}
    for one in rows.scalars():
        found[one.meeting_id].append(one)
    return found


async def upsert_attendees(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Somebody who is invited again after they were taken out has not answered yet."""
    if not rows:
        return
    statement = insert(MeetingAttendee).values(rows)
    new = statement.excluded
    changed: dict[str, Any] = {
        "required": new.required,
        "name": new.name,
        "person_id": new.person_id,
        "removed_at": None,
    }
    is_back = MeetingAttendee.removed_at.is_not(None)
    changed["response"] = case((is_back, new.response), else_=MeetingAttendee.response)
    await session.execute(statement.on_conflict_do_update(index_elements=["meeting_id", "address"], set_=changed))


async def list_unstarted_unscoped(session: AsyncSession, before: datetime, limit: int) -> list[str]:
    """Those with news for their workflow, and those whose workflow should have looked before then: it is lost."""
    news = await _UNSTARTED.rows(session, limit=limit)
    return [one["id"] for one in (*news, *await _LOST.rows(session, before=before, limit=limit))]


_UNSTARTED = without_workflow(Meeting, Meeting.id)
_LOST = Prebuilt(
    select(Meeting.id)
    .where(Meeting.next_at < instant_of("before"), Meeting.workflow_started)
    .order_by(Meeting.next_at)
    .limit(number_of("limit"))
)


async def find_people_by_address(session: AsyncSession, addresses: Collection[str]) -> dict[str, Person]:
    """Active people by their e-mail addresses."""
    statement = select(Person).where(Person.email.in_(sorted(addresses)), Person.is_active)
    return {one.email: one for one in (await session.execute(statement)).scalars()}


async def find_postmortem_unscoped(
    session: AsyncSession, postmortem_id: str | None
) -> tuple[Postmortem, Visibility] | None:
    """With its visibility."""
    statement = select(Postmortem, effective_visibility()).where(Postmortem.id == postmortem_id)
    row = (await session.execute(statement.execution_options(populate_existing=True))).one_or_none()
    return (row[0], Visibility(row[1])) if row else None


async def find_target_unscoped(session: AsyncSession, postmortem_id: str, name: str) -> datetime | None:
    """Until when, as long as it is neither met nor waived."""
    due = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at)
    statement = select(due).where(
        PostmortemTarget.postmortem_id == postmortem_id,
        PostmortemTarget.name == name,
        PostmortemTarget.met_at.is_(None),
        PostmortemTarget.waived_at.is_(None),
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def list_teams(session: AsyncSession, postmortem_id: str) -> Sequence[Team]:
    """Of the postmortem, by name."""
    statement = select(Team).join(PostmortemTeam, PostmortemTeam.team_id == Team.id)
    found = await session.execute(statement.where(PostmortemTeam.postmortem_id == postmortem_id).order_by(Team.name))
    return list(found.scalars())


async def list_past_times(
    session: AsyncSession, postmortem_id: str, limit: int
) -> Sequence[tuple[datetime, int, list[str]]]:
    """When the last meetings of the postmortem's teams were, how long, and the ids of who was invited; held ones, and
    those whose time is over though nobody said whether they were held."""
    theirs = select(PostmortemTeam.team_id).where(PostmortemTeam.postmortem_id == postmortem_id)
    same_team = exists().where(
        PostmortemTeam.postmortem_id == Meeting.postmortem_id, PostmortemTeam.team_id.in_(theirs)
    )
    is_over = or_(Meeting.status == MeetingStatus.HELD.value, and_(_OPEN, Meeting.starts_at < func.now()))
    people = func.array_agg(MeetingAttendee.person_id).filter(MeetingAttendee.person_id.is_not(None))
    statement = (
        select(Meeting.starts_at, Meeting.minutes, func.coalesce(people, []))
        .join(MeetingAttendee, MeetingAttendee.meeting_id == Meeting.id)
        .where(same_team, is_over, MeetingAttendee.removed_at.is_(None))
        .group_by(Meeting.id)
        .order_by(Meeting.starts_at.desc())
    )
    return [(row[0], row[1], [one for one in row[2] if one]) for row in await session.execute(statement.limit(limit))]


async def list_taken(
    session: AsyncSession, team_ids: Collection[str], since: datetime, until: datetime
) -> Sequence[tuple[datetime, int]]:
    """When these teams have review meetings already."""
    theirs = exists().where(
        PostmortemTeam.postmortem_id == Meeting.postmortem_id, PostmortemTeam.team_id.in_(sorted(team_ids))
    )
    statement = select(Meeting.starts_at, Meeting.minutes).where(
        _OPEN, theirs, Meeting.starts_at >= since, Meeting.starts_at < until
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]
