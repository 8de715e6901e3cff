"""What people add beside the text: timeline events, editors."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import access
from domain.access import EditorLevel, Viewer
from domain.errors import NobodyToAdd, NotFound, StaleVersion
from domain.lifecycle import Status
from models.postmortem import PostmortemEditor, TimelineEvent
from models.queries.pages import Ask, Order, Page, fetch_page
from models.queries.people import check_people
from models.queries.postmortems import NewTimelineEvent, Seen, add_events, check_managing, content_changed
from models.queries.records import audit, notify, plain
from models.queries.teams import list_active_members

# Timeline


async def list_timeline(session: AsyncSession, seen: Seen, ask: Ask) -> Page[TimelineEvent]:
    statement = select(TimelineEvent).where(TimelineEvent.postmortem_id == seen.postmortem.id)
    order = Order("timeline", TimelineEvent.at, TimelineEvent.id, False)
    rows, cursor = await fetch_page(session, statement, order, ask)
    return Page([row[0] for row in rows], cursor)


async def add_to_timeline(
    session: AsyncSession, viewer: Viewer, seen: Seen, events: Sequence[NewTimelineEvent], now: datetime
) -> tuple[list[TimelineEvent], bool]:
    """The new events, and whether this started the draft. The row must be locked."""
    access.check_edit(Status(seen.postmortem.status), seen.relations)
    ids = await add_events(session, seen.postmortem.id, events)
    _audit(session, viewer, seen, "timeline.added", None, {"events": [_told(one) for one in events]})
    started = await content_changed(session, seen, now)
    rows = (await session.execute(select(TimelineEvent).where(TimelineEvent.id.in_(ids)))).scalars()
    found = {one.id: one for one in rows}
    return [found[one] for one in ids], started


async def change_timeline(
    session: AsyncSession,
    viewer: Viewer,
    seen: Seen,
    event_id: str,
    changes: Mapping[str, Any],
    expected: int | None,
    now: datetime,
) -> tuple[TimelineEvent, bool]:
    access.check_edit(Status(seen.postmortem.status), seen.relations)
    event = await _event(session, seen, event_id)
    if expected is not None and expected != event.version:
        raise StaleVersion(expected=str(expected), current=event.version)
    before = {name: getattr(event, name) for name, value in changes.items() if getattr(event, name) != value}
    if not before:
        return event, False
    for name in before:
        setattr(event, name, changes[name])
    event.version += 1
    after = {name: changes[name] for name in before}
    _audit(session, viewer, seen, "timeline.changed", plain(before), {"eventId": event_id, **plain(after)})
    return event, await content_changed(session, seen, now)


async def remove_from_timeline(session: AsyncSession, viewer: Viewer, seen: Seen, event_id: str, now: datetime) -> bool:
    access.check_edit(Status(seen.postmortem.status), seen.relations)
    event = await _event(session, seen, event_id)
    told = {"at": event.at.isoformat(), "event": event.event}
    _audit(session, viewer, seen, "timeline.removed", told, None)
    await session.delete(event)
    return await content_changed(session, seen, now)


async def _event(session: AsyncSession, seen: Seen, event_id: str) -> TimelineEvent:
    event = await session.get(TimelineEvent, event_id, populate_existing=True)
    if event is None or event.postmortem_id != seen.postmortem.id:
        raise NotFound(kind="timeline event", id=event_id)
    return event


def _told(event: NewTimelineEvent) -> dict[str, Any]:
    return {"at": event.at.isoformat(), "event": event.event, "type": event.type}


# Editors


async def list_editors(session: AsyncSession, seen: Seen) -> list[PostmortemEditor]:
    statement = select(PostmortemEditor).where(PostmortemEditor.postmortem_id == seen.postmortem.id)
    statement = statement.order_by(PostmortemEditor.added_at, PostmortemEditor.person_id)
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


async def add_editors(
    session: AsyncSession, viewer: Viewer, seen: Seen, person_ids: Sequence[str], level: EditorLevel, now: datetime
) -> list[PostmortemEditor]:
    """Those who were no editors yet are told; the others get that level. The row must be locked."""
    check_managing(seen, "name editors of")
    await check_people(session, "userId", person_ids)
    present = {one.person_id for one in await list_editors(session, seen)}
    rows = [
        {"postmortem_id": seen.postmortem.id, "person_id": one, "level": level.value, "added_at": now}
        for one in person_ids
    ]
    statement = insert(PostmortemEditor).values(rows)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["postmortem_id", "person_id"], set_={"level": level.value})
    )
    await content_changed(session, seen, now, counts=False)
    for one in person_ids:
        _audit(session, viewer, seen, "editor.set", None, {"userId": one, "level": level.value})
    new = [one for one in person_ids if one not in present and one != viewer.person_id]
    occasion = f"{seen.postmortem.id}:editor_added:{now.isoformat()}"
    await notify(session, new, "editor_added", occasion, at=now, postmortem_id=seen.postmortem.id)
    return [one for one in await list_editors(session, seen) if one.person_id in person_ids]


async def add_team_as_editors(
    session: AsyncSession, viewer: Viewer, seen: Seen, team_id: str, level: EditorLevel, now: datetime
) -> list[PostmortemEditor]:
    """Its active members who are neither the author nor editors already. Raises :class:`NobodyToAdd`."""
    check_managing(seen, "name editors of")
    passed_over = {one.person_id for one in await list_editors(session, seen)} | {seen.postmortem.author_id}
    new = [one for one in await list_active_members(session, team_id) if one not in passed_over]
    if not new:
        raise NobodyToAdd()
    return await add_editors(session, viewer, seen, new, level, now)


async def change_editor(
    session: AsyncSession, viewer: Viewer, seen: Seen, person_id: str, level: EditorLevel, now: datetime
) -> None:
    check_managing(seen, "name editors of")
    editor = await session.get(PostmortemEditor, (seen.postmortem.id, person_id), populate_existing=True)
    if editor is None:
        raise NotFound(kind="editor", id=person_id)
    if editor.level != level:
        before = {"userId": person_id, "level": editor.level}
        editor.level = level.value
        await content_changed(session, seen, now, counts=False)
        _audit(session, viewer, seen, "editor.set", before, {"userId": person_id, "level": level.value})


async def remove_editor(session: AsyncSession, viewer: Viewer, seen: Seen, person_id: str, now: datetime) -> None:
    """Editors may also leave by themselves."""
    if person_id != viewer.person_id:
        check_managing(seen, "name editors of")
    removed = await session.execute(
        delete(PostmortemEditor)
        .where(PostmortemEditor.postmortem_id == seen.postmortem.id, PostmortemEditor.person_id == person_id)
        .returning(PostmortemEditor.level)
    )
    level = removed.scalar_one_or_none()
    if level is None:
        raise NotFound(kind="editor", id=person_id)
    await content_changed(session, seen, now, counts=False)
    _audit(session, viewer, seen, "editor.removed", {"userId": person_id, "level": level}, None)


def _audit(
    session: AsyncSession,
    viewer: Viewer,
    seen: Seen,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    audit(
        session,
        viewer,
        action,
        "postmortem",
        seen.postmortem.id,
        postmortem_id=seen.postmortem.id,
        before=before,
        after=after,
    )
