"""Rendering a page for a signed-in person: its frame, and a form that was refused."""

import secrets
from collections.abc import Awaitable
from typing import Any

from fastapi import Response

from api.errors import status_of
from api.pages.routing import Visit
from api.rendering import render
from domain.errors import DomainError, NotFound
from models.queries.notifications import notices


async def show(visit: Visit, template: str, refusal: DomainError | None = None, **values: Any) -> Response:
    """Renders the page with its frame. A ``refusal`` gives the status, and the template shows it beside the form."""
    context = visit.context
    frame = {
        **visit.request.state.frame,
        "key": secrets.token_urlsafe(12),
        "now": context.now,
        "path": visit.request.url.path,
        "unread": await notices.count_unread(context.session, context.viewer),
        "refusal": refusal,
        "form": visit.form,
        "refused_form": visit.form.get("form", "") if refusal else "",
    }
    status = status_of(refusal) if refusal else 200
    return render(template, frame | values, status, context.person.time_zone)


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
