"""The sign-in page: for whoever asks for it, and for those whose session ends while they send a form."""

import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

from fastapi import Request, Response

from api.pages import sessions
from api.rendering import render
from api.request_context import Parts
from application.demo import PEOPLE
from domain.errors import DomainError
from runtime.settings import Settings

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def sign_in_form(
    request: Request,
    *,
    code: str,
    wanted: str,
    refusal: DomainError | None = None,
    kept: Sequence[tuple[str, str]] | None = None,
) -> Response:
    """``kept``: the session has ended while somebody sent a form, and that is what they wrote."""
    parts: Parts = request.app.state.parts
    nonce = sessions.find_visit(request, parts.settings) or secrets.token_urlsafe(18)
    values = {
        "me": None,
        "csrf": sessions.form_token(parts.settings, nonce),
        "code": code,
        "wanted": wanted,
        "refusal": refusal,
        "demo": demo_people(request, parts.settings),
        "ended": kept is not None,
        "kept": kept or (),
    }
    status = 403 if refusal else 200 if kept is None else 401
    response = render("access/sign_in.html", values, status)
    sessions.begin_visit(response, parts.settings, nonce)
    return response


def demo_people(request: Request, settings: Settings) -> dict[str, str]:
    """Names, by id, of the demo people as whom a visitor on this machine may sign in. Empty if others could reach it.

    The requested host is checked, too, because a foreign site may let its own name point to this machine.
    """
    host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    client = request.client.host if request.client else ""
    if not (settings.demo and settings.demo_sign_in and {host, client, settings.host} <= LOOPBACK):
        return {}
    return {person_id: f"{name}, {role.value.lower()}" for person_id, _, name, role in PEOPLE}
