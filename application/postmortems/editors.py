"""Naming editors of a postmortem: people who may edit or comment beside the author."""

from datetime import datetime

from application.audit.audit_log import audit_postmortem
from application.content.changes import record_change
from application.notifications.notices import notify
from application.people.references import check_people, list_active_members
from application.postmortems.editing import check_may_manage
from domain import access
from domain.access import EditorLevel, Verb, Viewer
from domain.errors import NobodyToAdd, NotFound
from domain.notifications.notices import NoticeKind
from domain.postmortems.lifecycle import Status
from models.postmortem import PostmortemEditor
from models.queries.postmortems import editors
from models.queries.postmortems.postmortems import get_visible
from models.session import Session

ACTION = "change the editors of this postmortem"


async def add_editors(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    *,
    person_id: str | None,
    team_id: str | None,
    level: EditorLevel,
    now: datetime,
) -> list[PostmortemEditor]:
    """Adds a person, or the active members of a team who are neither the author nor editors already.

    They are notified; a person who is an editor already gets that level. Raises NotFound, NotAllowed,
    UnknownReference, NobodyToAdd.
    """
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    check_may_manage(visible, ACTION)
    present = {one.person_id for one in await editors.list_editors(session, visible)}
    if team_id is None:
        chosen = [person_id] if person_id else []
        await check_people(session, "userId", chosen)
    else:
        members = await list_active_members(session, team_id)
        chosen = [one for one in members if one not in present | {visible.postmortem.author_id}]
    if not chosen:
        raise NobodyToAdd()
    await editors.upsert_editors(session, postmortem_id, chosen, level, now)
    await record_change(session, viewer, visible, now, is_content=False)
    for one in chosen:
        audit_postmortem(session, viewer, visible, "editor.set", None, {"userId": one, "level": level.value})
    new = [one for one in chosen if one not in present and one != viewer.person_id]
    occasion = f"{postmortem_id}:editor_added:{now.isoformat()}"
    await notify(
        session, new, NoticeKind.EDITOR_ADDED, occasion, at=now, postmortem_id=postmortem_id, actor_id=viewer.person_id
    )
    return [one for one in await editors.list_editors(session, visible) if one.person_id in chosen]


async def change_editor(
    session: Session, viewer: Viewer, postmortem_id: str, person_id: str, level: EditorLevel, now: datetime
) -> None:
    """Raises NotFound, NotAllowed."""
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    check_may_manage(visible, ACTION)
    editor = await editors.find_editor(session, postmortem_id, person_id)
    if editor is None:
        raise NotFound(kind="editor", id=person_id)
    if editor.level != level:
        before = {"userId": person_id, "level": editor.level}
        editor.level = level.value
        await record_change(session, viewer, visible, now, is_content=False)
        audit_postmortem(session, viewer, visible, "editor.set", before, {"userId": person_id, "level": level.value})


async def remove_editor(session: Session, viewer: Viewer, postmortem_id: str, person_id: str, now: datetime) -> None:
    """Editors may also remove themselves. Raises NotFound, NotAllowed."""
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    leaves = person_id == viewer.person_id
    if not (leaves and access.may(Verb.LEAVE, Status(visible.postmortem.status), visible.relations)):
        check_may_manage(visible, ACTION)
    level = await editors.delete_editor(session, postmortem_id, person_id)
    if level is None:
        raise NotFound(kind="editor", id=person_id)
    await record_change(session, viewer, visible, now, is_content=False)
    audit_postmortem(session, viewer, visible, "editor.removed", {"userId": person_id, "level": level}, None)
