"""The sign-in page: for whoever asks for it, and for those whose session ends while they send a form."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request, Response

from api.errors import status_of
from api.pages import sessions
from api.rendering import render
from api.request_context import Parts
from application.access import mailed_links
from application.demo.data import PEOPLE
from application.people.first_administrator import needs_set_up
from domain.errors import DomainError, NotSignedIn
from models.session import StoreError
from runtime.settings import Settings

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class WaysIn:
    """What the page offers. ``needs_set_up``: there is no administrator yet."""

    sends_links: bool = False
    needs_set_up: bool = False


async def ways_in(parts: Parts) -> WaysIn:
    """Without the database, none that needs it: the page is shown all the same."""
    try:
        async with parts.sessions.begin() as session:
            return WaysIn(await mailed_links.can_send(session), await needs_set_up(session))
    except (StoreError, OSError):
        return WaysIn()


async def sign_in_form(
    request: Request,
    *,
    code: str,
    wanted: str,
    refusal: DomainError | None = None,
    kept: Sequence[tuple[str, str]] | None = None,
    sent_to: str | None = None,
) -> Response:
    """``kept``: the session has ended while somebody sent a form, and that is what they wrote. ``sent_to``: the address
    for which a link was asked for."""
    parts: Parts = request.app.state.parts
    nonce = sessions.nonce_of_visit(request, parts.settings)
    values = {
        "me": None,
        "csrf": sessions.form_token(parts.settings, nonce),
        "code": code,
        "wanted": wanted,
        "refusal": refusal,
        "demo": demo_people(request, parts.settings),
        "ended": kept is not None,
        "kept": kept or (),
        "providers": [(name, one.rules.label) for name, one in parts.providers.items()],
        "sends_links": (await ways_in(parts)).sends_links,
        "sent_to": sent_to,
    }
    refused = 403 if isinstance(refusal, NotSignedIn) else status_of(refusal) if refusal else None
    status = refused or (200 if kept is None else 401)
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
