"""The JSON API of event streams: what changes, while one waits."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from api.live.answer import EventStream
from api.request_context import Context
from api.shapes.base import RefQuery
from api.v1.routing import router
from models.queries.postmortems.postmortems import get_visible

routes: APIRouter = router("live", prefix="/events")

_STREAM = {"text/event-stream": {"schema": {"type": "string"}}}


@routes.get(
    "",
    response_class=Response,
    responses={200: {"description": "Events, until the client closes the connection.", "content": _STREAM}},
)
async def follow_events(
    context: Context,
    postmortem_id: Annotated[RefQuery, Query(alias="postmortemId")] = None,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
    after: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Streams what changes: each event's data is JSON with the kind, ID, postmortem, and version of what changed, and
    never its text. With ``postmortemId``, only what changes about that postmortem; without, all that you may see.

    The kinds are ``postmortem``, ``section``, ``timeline``, ``comment``, ``review``, ``action_item``, ``meeting``,
    ``inbox`` and ``presence``. ``refresh`` means that events may have been missed: read again what you show. ``end``
    means that the token is no longer valid. ``Last-Event-ID`` (or ``after``) goes on after that event. One person may
    have 20 streams, and a process of the API serves 500; beyond that the answer is 429 or 503."""
    if postmortem_id is not None:
        await get_visible(context.session, context.viewer, postmortem_id)
    streams = context.parts.live
    token_id, person_id = context.credential.token_id, context.viewer.person_id
    return EventStream(streams, streams.open(token_id, person_id, postmortem_id, last_event_id or after))
