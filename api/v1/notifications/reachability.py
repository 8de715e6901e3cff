"""People and teams whom messages do not reach, for administrators. See ``/api/integrations`` for connections."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from api.request_context import Context
from api.shapes.base import Listing, Shape, ask
from api.v1.routing import router
from models.queries.notifications import receivers
from models.queries.pagination import Ask

routes: APIRouter = router("people", prefix="/health")

Paging = Annotated[Ask, Depends(ask)]


class UnreachableOut(Shape):
    """Exactly one of ``userId`` and ``teamId`` is set. ``reason`` lists each channel's error."""

    user_id: str | None
    team_id: str | None
    name: str
    since: datetime
    reason: str


@routes.get("/people")
async def list_unreachable_people(context: Context, page: Paging) -> Listing[UnreachableOut]:
    """Lists people and teams whose last message could only be delivered to their inbox, newest first. Administrators
    only."""
    context.require_admin("see whose messages can't be delivered")
    found = await receivers.list_unreachable(context.session, page)
    return Listing(
        items=[
            UnreachableOut(
                user_id=None if one.is_team else one.receiver_id,
                team_id=one.receiver_id if one.is_team else None,
                name=one.name,
                since=one.since,
                reason=one.why,
            )
            for one in found.items
        ],
        next_cursor=found.next_cursor,
    )
