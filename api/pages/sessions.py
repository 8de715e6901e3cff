"""The session of a signed-in person: a signed cookie that refers to a revocable row, and the tokens of forms.

The JSON API does not accept cookies. A form's token is bound to the session or, before there is one, to the visit.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from application.access.sign_in import SESSION_LASTS
from domain.errors import ForgedForm
from runtime.connections import secret_key
from runtime.settings import Settings

SESSION = "afterword_session"
VISIT = "afterword_visit"
SIGN_IN_LASTS = timedelta(minutes=10)
"""How long someone may take at their identity provider."""


@dataclass(frozen=True, slots=True)
class Session:
    """``token_id`` is the id of a row of ``api_token``; the tokens of forms are bound to ``nonce``."""

    token_id: str
    nonce: str


def _keys(settings: Settings) -> list[str]:
    """Oldest first, because itsdangerous signs with the last key."""
    return [one.strip() for one in secret_key(settings).split(",") if one.strip()][::-1]


def _signer(settings: Settings, cookie: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(_keys(settings), salt=f"afterword.pages.{cookie}")


def _read(request: Request, settings: Settings, cookie: str, lasts: timedelta = SESSION_LASTS) -> list[str]:
    """The values in the cookie, if its signature is valid and not expired; otherwise an empty list."""
    try:
        values = _signer(settings, cookie).loads(request.cookies.get(cookie, ""), int(lasts.total_seconds()))
    except BadSignature:
        return []
    return [str(one) for one in values]


def _write(response: Response, settings: Settings, cookie: str, *values: str, lasts: timedelta = SESSION_LASTS) -> None:
    response.set_cookie(
        cookie,
        str(_signer(settings, cookie).dumps(values)),
        max_age=int(lasts.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=settings.base_url.startswith("https://"),
    )


def find_session(request: Request, settings: Settings) -> Session | None:
    match _read(request, settings, SESSION):
        case [token_id, nonce]:
            return Session(token_id, nonce)
    return None


def remember(request: Request, response: Response, settings: Settings, token_id: str) -> None:
    """Sets the cookie. Each sign-in gets a new nonce, so that form tokens from before it are no longer valid."""
    _write(response, settings, SESSION, token_id, secrets.token_urlsafe(18))
    for name in _visits(request, settings):
        response.delete_cookie(name)


def forget(response: Response) -> None:
    response.delete_cookie(SESSION)


def nonce_of_visit(request: Request, settings: Settings) -> str:
    """The nonce of a visitor who is not signed in yet; a new one if there is none."""
    return next(iter(_visits(request, settings).values()), None) or secrets.token_urlsafe(18)


def begin_visit(response: Response, settings: Settings, nonce: str) -> None:
    """In a cookie of its own: of two tabs that are opened at once, the later answer doesn't take away the other's."""
    _write(response, settings, f"{VISIT}_{nonce[:8]}", nonce)


def _visits(request: Request, settings: Settings) -> dict[str, str]:
    """The nonces, by the names of their cookies."""
    names = [name for name in request.cookies if name.startswith(VISIT)]
    return {name: nonce for name in names for nonce in _read(request, settings, name)}


def begin_sign_in(response: Response, settings: Settings, state: str, *values: str) -> None:
    """Keeps what a sign-in at an identity provider needs when it comes back, for each tab by itself."""
    _write(response, settings, _sign_in_cookie(state), state, *values, lasts=SIGN_IN_LASTS)


def find_sign_in(request: Request, settings: Settings, state: str) -> list[str]:
    """The values that were kept for that state; none if this browser did not begin it, or long ago."""
    values = _read(request, settings, _sign_in_cookie(state), SIGN_IN_LASTS)
    return values[1:] if values[:1] == [state] else []


def finish_sign_in(response: Response, state: str) -> None:
    response.delete_cookie(_sign_in_cookie(state))


def _sign_in_cookie(state: str) -> str:
    return f"afterword_sign_in_{hashlib.sha256(state.encode('utf-8', 'replace')).hexdigest()[:12]}"


def form_token(settings: Settings, nonce: str) -> str:
    """Another one for each page, because a page may be compressed: a mask, and the session's token under it."""
    mask = secrets.token_bytes(32)
    return (mask + _under(mask, _session_token(settings, nonce))).hex()


def _session_token(settings: Settings, nonce: str) -> bytes:
    key = f"afterword.pages.form:{_keys(settings)[-1]}".encode()
    return hmac.new(key, nonce.encode(), hashlib.sha256).digest()


def _under(mask: bytes, token: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(mask, token, strict=True))


def _is_form_token(settings: Settings, nonce: str, token: str) -> bool:
    try:
        sent = bytes.fromhex(token)
    except ValueError:
        return False
    own = _session_token(settings, nonce)
    return len(sent) == 2 * len(own) and hmac.compare_digest(_under(sent[: len(own)], sent[len(own) :]), own)


def check_visitors_form(request: Request, settings: Settings, token: str) -> None:
    """Raises :class:`ForgedForm` unless the form comes from a page that was shown in one of this browser's visits."""
    _check_form(request, settings, _visits(request, settings).values(), token)


def check_form(request: Request, settings: Settings, nonce: str, token: str) -> None:
    """Raises :class:`ForgedForm` unless the form comes from a page that was shown in this session."""
    _check_form(request, settings, [nonce], token)


def _check_form(request: Request, settings: Settings, nonces: Iterable[str], token: str) -> None:
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign = site not in {None, "same-origin", "none"} or (
        origin is not None and not _is_ours(request, settings, origin)
    )
    if foreign or not any(_is_form_token(settings, one, token) for one in nonces):
        raise ForgedForm()


def _is_ours(request: Request, settings: Settings, origin: str) -> bool:
    """Compares hosts only, because the scheme behind a proxy differs from the one that people use."""
    return urlsplit(origin).netloc in {urlsplit(settings.base_url).netloc, request.headers.get("Host", "")} - {""}
