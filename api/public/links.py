"""The page behind a link for outsiders, the password in front of it, and the attachments that the page refers to."""

from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from api.attempts import address_of
from api.files.answers import stored_answer
from api.public.routing import router
from api.public.shown import postmortem_page, summary_page
from api.rendering import render
from api.request_context import Parts
from application.sharing import public
from application.sharing.public import VISIT_LASTS, Shared
from domain.documents.attachments import IMAGE_TYPES, object_key, served_type
from domain.errors import LinkNotFound, WrongPassword

routes = router()

COOKIE = "afterword_share"


async def open_admitted(request: Request, token: str) -> Shared | None:
    """What the link shows; None for a visitor who has not entered its password. Raises LinkNotFound."""
    parts: Parts = request.app.state.parts
    shared = await public.open_link(parts.sessions, token)
    return shared if public.is_admitted(parts.keyring, shared, request.cookies.get(COOKIE, "")) else None


@routes.get("/p/{token}")
async def show_link(request: Request, token: str) -> Response:
    parts: Parts = request.app.state.parts
    shared = await open_admitted(request, token)
    if shared is None:
        return _ask(token)
    if shared.postmortem is not None:
        page = postmortem_page(shared.postmortem, parts.settings, f"/p/{token}/attachments")
    elif shared.summary is not None:
        page = summary_page(shared.summary, parts.settings)
    await page.draw(parts.formatter)
    parts.views.count(shared.link_id)
    return page


@routes.get("/p/{token}/attachments/{attachment_id}")
async def show_attachment(request: Request, token: str, attachment_id: str) -> Response:
    """One that the page refers to. Raises LinkNotFound for every other one."""
    parts: Parts = request.app.state.parts
    shared = await open_admitted(request, token)
    if shared is None:
        return _ask(token)
    attachments = shared.postmortem.attachments if shared.postmortem else ()
    found = next((one for one in attachments if one.id == attachment_id), None)
    stored = await parts.objects.open(object_key(found.id)) if found else None
    if found is None or stored is None:
        raise LinkNotFound()
    is_image = found.media_type in IMAGE_TYPES
    media_type = served_type(found.media_type)
    return stored_answer(stored, found.filename, media_type, inline=is_image, Cache_Control="no-store")


@routes.post("/p/{token}")
async def enter_password(request: Request, token: str) -> Response:
    """A right password sets a cookie for this link alone, and shows it."""
    parts: Parts = request.app.state.parts
    shared = await public.open_link(parts.sessions, token)
    answer = RedirectResponse(f"/p/{token}", HTTPStatus.SEE_OTHER)
    if shared.password_hash is None:
        return answer
    password = await _password(request)
    if not password:
        return _ask(token)
    try:
        visit = await public.admit(parts.sessions, parts.keyring, shared, password, address_of(request))
    except WrongPassword as refusal:
        return _ask(token, str(refusal))
    answer.set_cookie(
        COOKIE,
        visit,
        max_age=int(VISIT_LASTS.total_seconds()),
        path=f"/p/{token}",
        httponly=True,
        samesite="lax",
        secure=parts.settings.base_url.startswith("https://"),
    )
    return answer


def _ask(token: str, problem: str | None = None) -> Response:
    values = {"title": "Password required", "token": token, "problem": problem}
    return render("public/password.html", values, HTTPStatus.UNAUTHORIZED)


async def _password(request: Request) -> str:
    """Empty where the form can't be read."""
    body = (await request.body()).decode("ascii", "replace")
    try:
        return dict(parse_qsl(body, max_num_fields=10, errors="replace")).get("password", "")[:1000]
    except ValueError:
        return ""
