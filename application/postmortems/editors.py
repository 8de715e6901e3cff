"""Naming editors of a postmortem: people who may edit or comment beside the author."""

from collections.abc import Sequence
from datetime import datetime

from application.notifications.notices import notify
from application.people.references import check_people, list_active_members
from application.postmortems.editing import check_may_manage
from domain import access
from domain.access import EditorLevel, Verb, Viewer
from domain.errors import NobodyToAdd, NotFound
from domain.postmortems.lifecycle import Status
from models.postmortem import PostmortemEditor
from models.queries.postmortems import editors
from models.queries.postmortems.postmortems import VisiblePostmortem, audit_seen, content_changed
from models.session import Session

ACTION = "name editors of"


async def add_editors(
    session: Session,
    viewer: Viewer,
    visible: VisiblePostmortem,
    person_ids: Sequence[str],
    level: EditorLevel,
    now: datetime,
) -> list[PostmortemEditor]:
    """Adds editors and notifies them; those who are editors already get that level. The row must be locked."""
    check_may_manage(visible, ACTION)
    await check_people(session, "userId", person_ids)
    postmortem_id = visible.postmortem.id
    present = {one.person_id for one in await editors.list_editors(session, visible)}
    await editors.upsert_editors(session, postmortem_id, person_ids, level, now)
    await content_changed(session, visible, now, counts=False)
    for one in person_ids:
        audit_seen(session, viewer, visible, "editor.set", None, {"userId": one, "level": level.value})
    new = [one for one in person_ids if one not in present and one != viewer.person_id]
    occasion = f"{postmortem_id}:editor_added:{now.isoformat()}"
    await notify(session, new, "editor_added", occasion, at=now, postmortem_id=postmortem_id)
    return [one for one in await editors.list_editors(session, visible) if one.person_id in person_ids]


async def add_team_as_editors(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, team_id: str, level: EditorLevel, now: datetime
) -> list[PostmortemEditor]:
    """Its active members who are neither the author nor editors already. Raises :class:`NobodyToAdd`."""
    check_may_manage(visible, ACTION)
    present = {one.person_id for one in await editors.list_editors(session, visible)} | {visible.postmortem.author_id}
    new = [one for one in await list_active_members(session, team_id) if one not in present]
    if not new:
        raise NobodyToAdd()
    return await add_editors(session, viewer, visible, new, level, now)


async def change_editor(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, person_id: str, level: EditorLevel, now: datetime
) -> None:
    """The row must be locked. Raises NotAllowed, NotFound."""
    check_may_manage(visible, ACTION)
    editor = await editors.find_editor(session, visible.postmortem.id, person_id)
    if editor is None:
        raise NotFound(kind="editor", id=person_id)
    if editor.level != level:
        before = {"userId": person_id, "level": editor.level}
        editor.level = level.value
        await content_changed(session, visible, now, counts=False)
        audit_seen(session, viewer, visible, "editor.set", before, {"userId": person_id, "level": level.value})


async def remove_editor(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, person_id: str, now: datetime
) -> None:
    """Editors may also remove themselves. The row must be locked. Raises NotAllowed, NotFound."""
    leaves = person_id == viewer.person_id
    if not (leaves and access.may(Verb.LEAVE, Status(visible.postmortem.status), visible.relations)):
        check_may_manage(visible, ACTION)
    level = await editors.delete_editor(session, visible.postmortem.id, person_id)
    if level is None:
        raise NotFound(kind="editor", id=person_id)
    await content_changed(session, visible, now, counts=False)
    audit_seen(session, viewer, visible, "editor.removed", {"userId": person_id, "level": level}, None)
