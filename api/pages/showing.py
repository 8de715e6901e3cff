"""Rendering a page for a signed-in person: its frame, and a form that was refused."""

import secrets
from collections.abc import Awaitable, Mapping
from typing import Any

from fastapi import Response

from api.errors import status_of
from api.files.answers import shown_files
from api.pages.routing import Visit
from api.rendering import Page
from application.notifications.reading import count_unread
from application.people.identities import count_waiting
from domain.comments.formatting import Passage
from domain.errors import DomainError, NotFound


async def show(
    visit: Visit,
    template: str,
    refusal: DomainError | None = None,
    *,
    texts_to_format: Mapping[str, Mapping[str, Passage]] | None = None,
    texts_of: str | None = None,
    opens: str | None = None,
    **values: Any,
) -> Response:
    """The page with its frame, drawn once the database is given back: what it shows must have been read by then.

    A ``refusal`` gives the status, and the template shows it beside the form. ``texts_to_format`` are Markdown by the
    template's name for them and by a key of each, and ``texts_of`` is the postmortem whose attachments they may show.
    ``opens`` is the postmortem or action item whose page it is.
    """
    context = visit.context
    passages = [one.text for group in (texts_to_format or {}).values() for one in group.values()]
    files = await shown_files(context, texts_of, passages, "/attachments") if texts_of else {}
    await context.session.flush()
    context.session.expunge_all()  # counting reads rows anew, without what the page read along with them
    in_settings = visit.request.url.path.startswith("/settings")
    frame = {
        **visit.request.state.frame,
        "key": secrets.token_urlsafe(12),
        "now": context.now,
        "path": visit.request.url.path,
        "unread": await count_unread(context.session, context.viewer, context.now, opened_id=opens),
        "waiting_accounts": await count_waiting(context.session, context.viewer) if in_settings else 0,
        "refusal": refusal,
        "form": visit.form,
        "refused_form": visit.form.get("form", "") if refusal else "",
    }
    status = status_of(refusal) if refusal else 200
    return Page(template, frame | values, texts_to_format or {}, status, context.person.time_zone, files)


async def attempted(visit: Visit, work: Awaitable[Any]) -> DomainError | None:
    """Runs the work of a form and returns its refusal, if there is one; then nothing is written.

    Raises NotFound, because a page that shows the form again would not exist either.
    """
    try:
        await work
    except NotFound:
        raise
    except DomainError as refusal:
        await visit.context.undo()
        return refusal
    return None
