"""A page for somebody signed in: what its frame shows, and a refused form shown again where it was sent from."""

import secrets
from collections.abc import Awaitable
from typing import Any

from fastapi import Response

from api.errors import status_of
from api.pages.rendering import render
from api.pages.routing import Visit
from domain.errors import DomainError, NotFound
from models.queries.notifications import notices


async def show(visit: Visit, template: str, refusal: DomainError | None = None, **values: Any) -> Response:
    """``refusal``, where there is one, gives the status; the template says its reasons beside the form."""
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
    """Does what a form asks; its refusal where there is one, with nothing of it written.

    Raises NotFound: a page that shows the form again would not be there either.
    """
    try:
        async with visit.context.session.begin_nested():
            await work
    except NotFound:
        raise
    except DomainError as refusal:
        return refusal
    return None
