"""Review meetings: planned, changed, cancelled, held; as a file, and with an agenda."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.files.answers import calendar_answer
from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, Listing, PathId, ask, expected_version, tag
from api.shapes.meetings import MeetingHeld, MeetingNew, MeetingOut, MeetingPatch, meeting_out
from api.v1.routing import router
from application.meetings import documents, planning, shown
from application.meetings.shown import ShownMeeting
from models.queries.pagination import Ask

routes: APIRouter = router("meetings", prefix="/postmortems/{postmortem_id}/meetings")

CALENDAR: dict[int | str, dict[str, Any]] = {200: {"content": {"text/calendar": {"schema": {"type": "string"}}}}}
MARKDOWN: dict[int | str, dict[str, Any]] = {200: {"content": {"text/markdown": {"schema": {"type": "string"}}}}}


def _out(context: RequestContext, found: ShownMeeting, response: Response) -> MeetingOut:
    tag(response, found.row.version)
    return meeting_out(found, context.parts.settings.base_url)


@routes.get("")
async def list_meetings(
    context: Context, postmortem_id: PathId, page: Annotated[Ask, Depends(ask)]
) -> Listing[MeetingOut]:
    """Lists the meetings about a postmortem, oldest first, also those that were cancelled."""
    found = await shown.list_meetings(context.session, context.viewer, postmortem_id, page)
    base_url = context.parts.settings.base_url
    return Listing(items=[meeting_out(one, base_url) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def create_meeting(context: Context, postmortem_id: PathId, given: MeetingNew, response: Response) -> MeetingOut:
    """Schedules a review meeting and invites people, in the background: by the calendar that is connected, or by
    e-mail. You are its organizer.

    409 ``MeetingExists`` if one is scheduled already, unless you send ``additional``; 409 ``AttendeesCannotSee`` with
    the names of those who can't see the postmortem.
    """
    base_url = context.parts.settings.base_url
    found = await planning.plan_meeting(
        context.session, context.viewer, postmortem_id, given.plan(), context.now, base_url
    )
    response.headers["Location"] = f"/api/postmortems/{postmortem_id}/meetings/{found.row.id}"
    return _out(context, found, response)


@routes.get("/{meeting_id}.ics", response_class=Response, responses=CALENDAR)
async def download_meeting_invitation(context: Context, postmortem_id: PathId, meeting_id: PathId) -> Response:
    """Returns the meeting as a file that every calendar can import (iCalendar)."""
    return await calendar_answer(context, postmortem_id, meeting_id)


@routes.get("/{meeting_id}/agenda", response_class=Response, responses=MARKDOWN)
async def get_meeting_agenda(context: Context, postmortem_id: PathId, meeting_id: PathId) -> Response:
    """Returns the agenda as the postmortem is now, as Markdown."""
    base_url = context.parts.settings.base_url
    loaded = await documents.load_agenda_of(
        context.session, context.viewer, postmortem_id, meeting_id, context.now, base_url
    )
    text = await context.between_transactions(lambda: asyncio.to_thread(loaded.text))
    return Response(text, media_type="text/markdown; charset=utf-8")


@routes.get("/{meeting_id}")
async def get_meeting(context: Context, postmortem_id: PathId, meeting_id: PathId, response: Response) -> MeetingOut:
    """Returns a meeting with the answers of everyone who is invited."""
    return _out(context, await shown.get_meeting(context.session, context.viewer, postmortem_id, meeting_id), response)


@routes.patch("/{meeting_id}")
async def update_meeting(
    context: Context,
    postmortem_id: PathId,
    meeting_id: PathId,
    given: MeetingPatch,
    response: Response,
    if_match: IfMatch = None,
) -> MeetingOut:
    """Changes the fields that you send, and tells everyone who is invited. 409 ``MeetingOver`` once it is held or
    cancelled."""

    async def current() -> MeetingOut:
        found = await shown.get_meeting(context.session, context.viewer, postmortem_id, meeting_id)
        return meeting_out(found, context.parts.settings.base_url)

    await given.check_unchanged(current)
    found = await planning.change_meeting(
        context.session,
        context.viewer,
        postmortem_id,
        meeting_id,
        given.changes(),
        expected_version(if_match),
        context.now,
    )
    return _out(context, found, response)


@routes.delete("/{meeting_id}", status_code=204)
async def cancel_meeting(context: Context, postmortem_id: PathId, meeting_id: PathId, if_match: IfMatch = None) -> None:
    """Cancels the meeting, and tells everyone who was invited."""
    await planning.cancel_meeting(
        context.session, context.viewer, postmortem_id, meeting_id, expected_version(if_match)
    )


@routes.post("/{meeting_id}/held")
async def record_meeting_held(
    context: Context, postmortem_id: PathId, meeting_id: PathId, given: MeetingHeld, response: Response
) -> MeetingOut:
    """Records whether the meeting was held. ``HELD`` is final; one that wasn't held is cancelled."""
    found = await planning.record_held(
        context.session,
        context.viewer,
        postmortem_id,
        meeting_id,
        held=given.held,
        notes=given.notes,
        now=context.now,
    )
    return _out(context, found, response)
