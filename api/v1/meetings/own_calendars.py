"""Your own calendars, which tell when you are busy."""

from fastapi import APIRouter

from api.request_context import Context
from api.shapes.base import Listing, PathId
from api.shapes.meetings import OwnCalendarNew, OwnCalendarOut, own_calendar_out
from api.v1.routing import router
from application.meetings import own_calendars

routes: APIRouter = router("meetings", prefix="/me/calendars")


@routes.get("")
async def list_own_calendars(context: Context) -> Listing[OwnCalendarOut]:
    """Lists the calendars that you have connected."""
    found = await own_calendars.list_calendars(context.session, context.viewer)
    return Listing(items=[own_calendar_out(one) for one in found])


@routes.post("", status_code=201)
async def connect_own_calendar(context: Context, given: OwnCalendarNew) -> OwnCalendarOut:
    """Connects a calendar. Only when you are busy is read from it, never what you do then, and it is kept for an hour
    at most. Credentials are only for a CalDAV server."""
    row = await own_calendars.connect_calendar(
        context.session,
        context.viewer,
        context.between_transactions,
        context.parts.keyring,
        kind=given.kind,
        address=given.address,
        secrets=given.secrets(),
        now=context.now,
    )
    return own_calendar_out(row)


@routes.delete("/{calendar_id}", status_code=204)
async def disconnect_own_calendar(context: Context, calendar_id: PathId) -> None:
    """Disconnects a calendar. What was read from it is forgotten."""
    await own_calendars.disconnect_calendar(context.session, context.viewer, calendar_id)
