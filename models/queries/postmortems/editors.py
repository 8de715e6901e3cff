"""Who may write and comment beside the author: editors."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import access
from domain.access import EditorLevel, Verb, Viewer
from domain.errors import NobodyToAdd, NotFound
from domain.postmortems.lifecycle import Status
from models.postmortem import PostmortemEditor
from models.queries.notifications.notices import notify
from models.queries.people.people import check_people
from models.queries.people.teams import list_active_members
from models.queries.postmortems.postmortems import VisiblePostmortem, audit_seen, check_managing, content_changed


async def list_editors(session: AsyncSession, seen: VisiblePostmortem) -> list[PostmortemEditor]:
    statement = select(PostmortemEditor).where(PostmortemEditor.postmortem_id == seen.postmortem.id)
    statement = statement.order_by(PostmortemEditor.added_at, PostmortemEditor.person_id)
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


async def add_editors(
    session: AsyncSession,
    viewer: Viewer,
    seen: VisiblePostmortem,
    person_ids: Sequence[str],
    level: EditorLevel,
    now: datetime,
) -> list[PostmortemEditor]:
    """Those who were no editors yet are told; the others get that level. The row must be locked."""
    check_managing(seen, "change the editors of this postmortem")
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
        audit_seen(session, viewer, seen, "editor.set", None, {"userId": one, "level": level.value})
    new = [one for one in person_ids if one not in present and one != viewer.person_id]
    occasion = f"{seen.postmortem.id}:editor_added:{now.isoformat()}"
    await notify(session, new, "editor_added", occasion, at=now, postmortem_id=seen.postmortem.id)
    return [one for one in await list_editors(session, seen) if one.person_id in person_ids]


async def add_team_as_editors(
    session: AsyncSession, viewer: Viewer, seen: VisiblePostmortem, team_id: str, level: EditorLevel, now: datetime
) -> list[PostmortemEditor]:
    """Its active members who are neither the author nor editors already. Raises :class:`NobodyToAdd`."""
    check_managing(seen, "change the editors of this postmortem")
    passed_over = {one.person_id for one in await list_editors(session, seen)} | {seen.postmortem.author_id}
    new = [one for one in await list_active_members(session, team_id) if one not in passed_over]
    if not new:
        raise NobodyToAdd()
    return await add_editors(session, viewer, seen, new, level, now)


async def change_editor(
    session: AsyncSession, viewer: Viewer, seen: VisiblePostmortem, person_id: str, level: EditorLevel, now: datetime
) -> None:
    check_managing(seen, "change the editors of this postmortem")
    editor = await session.get(PostmortemEditor, (seen.postmortem.id, person_id), populate_existing=True)
    if editor is None:
        raise NotFound(kind="editor", id=person_id)
    if editor.level != level:
        before = {"userId": person_id, "level": editor.level}
        editor.level = level.value
        await content_changed(session, seen, now, counts=False)
        audit_seen(session, viewer, seen, "editor.set", before, {"userId": person_id, "level": level.value})


async def remove_editor(
    session: AsyncSession, viewer: Viewer, seen: VisiblePostmortem, person_id: str, now: datetime
) -> None:
    """Editors may also leave by themselves."""
    leaves = person_id == viewer.person_id
    if not (leaves and access.may(Verb.LEAVE, Status(seen.postmortem.status), seen.relations)):
        check_managing(seen, "change the editors of this postmortem")
    removed = await session.execute(
        delete(PostmortemEditor)
        .where(PostmortemEditor.postmortem_id == seen.postmortem.id, PostmortemEditor.person_id == person_id)
        .returning(PostmortemEditor.level)
    )
    level = removed.scalar_one_or_none()
    if level is None:
        raise NotFound(kind="editor", id=person_id)
    await content_changed(session, seen, now, counts=False)
    audit_seen(session, viewer, seen, "editor.removed", {"userId": person_id, "level": level}, None)
