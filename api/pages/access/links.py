"""Asking for a sign-in link by e-mail. The answer is the same whether or not anyone has the address."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from api.attempts import address_of
from api.pages import sessions
from api.pages.routing import fields, local_path, read_form
from api.pages.sign_in_form import sign_in_form
from api.request_context import Parts
from api.shapes.access import SignInMailNew
from application.access import mailed_links
from application.access.attempts import count_link
from domain.errors import DomainError

routes = APIRouter(include_in_schema=False)


@routes.post("/sign-in/link")
async def ask_for_link(request: Request) -> Response:
    parts: Parts = request.app.state.parts
    form = fields(request, await request.body())
    sessions.check_visitors_form(request, parts.settings, form.get("csrf", ""))
    wanted = local_path(form.get("next", "/"))
    try:
        given = read_form(SignInMailNew, {"email": form.get("email", "").strip()})
        await _keep(request, parts, given.email, wanted)
    except DomainError as refusal:
        return await sign_in_form(request, code="", wanted=wanted, refusal=refusal)
    return await sign_in_form(request, code="", wanted=wanted, sent_to=given.email)


async def _keep(request: Request, parts: Parts, email: str, wanted: str) -> None:
    """Raises TooManyLinks."""
    async with parts.sessions.begin() as session:
        may_send = await count_link(session, email, address_of(request), datetime.now(UTC))
        mail_id = mailed_links.ask_for_link(session, email, wanted) if may_send else None
    if mail_id is not None:
        await parts.dispatch.start_sign_in_mail(mail_id)
