"""Who is signed in to the pages: a signed cookie that names a row which can be revoked, and tokens for forms.

Cookies never open the JSON API. A form's token is bound to its session (or, before there is one, to the visit).
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from domain.errors import ForgedForm
from models.queries.access.sign_in import SESSION_LASTS
from runtime.connections import secret_key
from runtime.settings import Settings

SESSION = "afterword_session"
VISIT = "afterword_visit"


@dataclass(frozen=True, slots=True)
class Session:
    """``token_id`` names the row of ``api_token``; ``nonce`` is what the form tokens are bound to."""

    token_id: str
    nonce: str


def _keys(settings: Settings) -> list[str]:
    """Oldest first, as itsdangerous wants them: it signs with the last one."""
    return [one.strip() for one in secret_key(settings).split(",") if one.strip()][::-1]


def _signer(settings: Settings, cookie: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(_keys(settings), salt=f"afterword.pages.{cookie}")


def _read(request: Request, settings: Settings, cookie: str) -> list[str]:
    """What the cookie says, if it is ours and young enough; else nothing."""
    try:
        said = _signer(settings, cookie).loads(request.cookies.get(cookie, ""), int(SESSION_LASTS.total_seconds()))
    except BadSignature:
        return []
    return [str(one) for one in said]


def _write(response: Response, settings: Settings, cookie: str, *said: str) -> None:
    response.set_cookie(
        cookie,
        str(_signer(settings, cookie).dumps(said)),
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=settings.base_url.startswith("https://"),
    )


def find_session(request: Request, settings: Settings) -> Session | None:
    match _read(request, settings, SESSION):
        case [token_id, nonce]:
            return Session(token_id, nonce)
    return None


def remember(response: Response, settings: Settings, token_id: str) -> None:
    """A new nonce with each sign-in: nothing from before it is worth anything after it."""
    _write(response, settings, SESSION, token_id, secrets.token_urlsafe(18))
    response.delete_cookie(VISIT)


def forget(response: Response) -> None:
    response.delete_cookie(SESSION)


def find_visit(request: Request, settings: Settings) -> str | None:
    """The nonce of somebody who is not signed in yet."""
    match _read(request, settings, VISIT):
        case [nonce]:
            return nonce
    return None


def begin_visit(response: Response, settings: Settings, nonce: str) -> None:
    _write(response, settings, VISIT, nonce)


def form_token(settings: Settings, nonce: str) -> str:
    key = f"afterword.pages.form:{_keys(settings)[-1]}".encode()
    return hmac.new(key, nonce.encode(), hashlib.sha256).hexdigest()


def check_form(request: Request, settings: Settings, nonce: str | None, token: str) -> None:
    """Raises :class:`ForgedForm` unless the form came from a page that this very session was shown."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign = site not in {None, "same-origin", "none"} or (
        origin is not None and not _is_ours(request, settings, origin)
    )
    if foreign or nonce is None or not hmac.compare_digest(form_token(settings, nonce).encode(), token.encode()):
        raise ForgedForm()


def _is_ours(request: Request, settings: Settings, origin: str) -> bool:
    """Behind a proxy the scheme that we see is not the one that people use, so hosts are compared."""
    return urlsplit(origin).netloc in {urlsplit(settings.base_url).netloc, request.headers.get("Host", "")} - {""}
