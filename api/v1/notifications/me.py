"""The signed-in person: how and when they are notified, their absences, and their inbox."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.answers import NOT_MODIFIED, hashed_answer
from api.rendering import zone_of
from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, IfNoneMatch, Listing, PathId, ask, expected_version, tag
from api.shapes.notifications import KindName, MarkedOut, MeOut, MePatch, NoticeOut, preferences
from api.shapes.people import user_out
from api.v1.routing import router
from application.notifications.inbox import InboxRow, read_inbox
from application.notifications.preferences import change_preferences
from models.notification import Notice
from models.queries.notifications import notices
from models.queries.pagination import Ask
from models.queries.people import people

routes: APIRouter = router("me", prefix="/me")

Paging = Annotated[Ask, Depends(ask)]


@routes.get("")
async def get_me(context: Context, response: Response) -> MeOut:
    """Returns you, with your notification settings and the scopes of your token."""
    return await _read_me(context, response)


@routes.patch("")
async def update_me(context: Context, given: MePatch, response: Response, if_match: IfMatch = None) -> MeOut:
    """Changes your name, working hours, absences, and notification settings."""
    await given.check_unchanged(lambda: _read_me(context, response))
    await change_preferences(
        context.session,
        context.viewer,
        given.changes(),
        expected_version(if_match),
        holidays=given.holidays(context.now.year),
    )
    return await _read_me(context, response)


async def _read_me(context: RequestContext, response: Response) -> MeOut:
    person = await people.get_person(context.session, context.viewer.person_id)
    team_ids = (await people.teams_of(context.session, [person.id])).get(person.id, [])
    tag(response, person.version)
    user = user_out(person, team_ids)
    return MeOut(**user.model_dump(), **preferences(person), scopes=sorted(context.viewer.scopes))


# The inbox


@routes.get("/notifications", response_model=Listing[NoticeOut], responses=NOT_MODIFIED)
async def list_notifications(
    context: Context,
    page: Paging,
    unread: bool = False,
    kind: Annotated[KindName | None, Query()] = None,
    done: bool | None = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Lists your notifications, newest first. ``done`` false leaves out those that you put away."""
    found = await notices.list_notices(context.session, context.viewer, page, unread=unread, kind=kind, done=done)
    items = [NoticeOut.of(one).model_dump(mode="json", by_alias=True) for one in await _rows(context, found.items)]
    return hashed_answer({"items": items, "nextCursor": found.next_cursor}, if_none_match)


async def _rows(context: RequestContext, found: Sequence[Notice]) -> list[InboxRow]:
    zone, base = zone_of(context.person.time_zone).key, context.parts.settings.base_url
    return await read_inbox(context.session, context.viewer, found, context.now, zone=zone, base_url=base)


@routes.post("/notifications/read")
async def mark_all_notifications_read(context: Context) -> MarkedOut:
    """Marks all notifications as read and returns how many were unread."""
    return MarkedOut(marked=await notices.mark_all_read(context.session, context.viewer, context.now))


@routes.post("/notifications/{notice_id}/read")
async def mark_notification_read(context: Context, notice_id: PathId) -> NoticeOut:
    """Marks a notification as read."""
    notice = await notices.mark_read(context.session, context.viewer, notice_id, context.now)
    return NoticeOut.of((await _rows(context, [notice]))[0])


@routes.post("/notifications/{notice_id}/done")
async def mark_notification_done(context: Context, notice_id: PathId) -> NoticeOut:
    """Puts the notification away; it counts as read."""
    await notices.mark_done(context.session, context.viewer, context.now, notice_id=notice_id)
    return await mark_notification_read(context, notice_id)
