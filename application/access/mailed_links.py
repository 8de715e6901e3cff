"""Sign-in links by e-mail, for people without another way in.

Asking for one does the same whether or not anyone has the address: only the activity that sends it looks. The link is
made there, right before it is sent, so that its code is in no workflow's history and in no table.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import quote

from application.access import sign_in
from application.audit.audit_log import audit
from domain.errors import AddressGone
from integrations import registry
from integrations.bounce import MAIL
from integrations.notifier import HandOverLost, Letter
from models.base import new_id
from models.keyring import Keyring
from models.queries.access import mails, tokens
from models.queries.connections.connections import list_by_kind
from models.session import Session, Sessions

LASTS = timedelta(minutes=15)
NAME = "Sign-in link by e-mail"
GIVEN_UP_AFTER = timedelta(minutes=30)
"""A request that is older than this is dropped: the person has asked again, or given up."""


@dataclass(frozen=True, slots=True, repr=False)
class _Prepared:
    address: str
    letter: Letter
    config: dict[str, Any]
    secrets: dict[str, object]
    kept_host: str | None


async def can_send(session: Session) -> bool:
    """Whether there is an e-mail connection."""
    return bool(await list_by_kind(session, [MAIL]))


def ask_for_link(session: Session, email: str, wanted: str) -> str:
    """The id of the row whose workflow sends it. Count it before: ``application.access.attempts``."""
    mail_id = new_id("lnk")
    mails.insert_mail(session, mail_id=mail_id, email=email.strip().lower()[:254], wanted=wanted)
    return mail_id


async def send_link(sessions: Sessions, keyring: Keyring, mail_id: str, now: datetime, base_url: str) -> None:
    """Sends it, if an active person has that address; each time with a new link, and the former one ends.

    Raises NotifierUnavailable and PutOff where it may be tried again, and the connection's refusals.
    """
    async with sessions.begin() as session:
        prepared = await _prepare(session, keyring, mail_id, now, base_url)
    if prepared is not None:
        await _send(prepared)
        async with sessions.begin() as session:
            await mails.delete_mail(session, mail_id)


async def _prepare(session: Session, keyring: Keyring, mail_id: str, now: datetime, base_url: str) -> _Prepared | None:
    """None where nothing is to be sent; then the row is gone."""
    row = await mails.take_mail_unscoped(session, mail_id)
    if row is None:
        return None
    person = await mails.find_active_by_email(session, row.email)
    connections = await list_by_kind(session, [MAIL])
    if person is None or not connections or now - row.created_at > GIVEN_UP_AFTER:
        await mails.delete_mail(session, mail_id)
        return None
    await tokens.revoke_links(session, person.id, NAME, sign_in.LINK_SCOPE, now)
    link = await sign_in.create_link(session, person.id, now, name=NAME, lasts=LASTS)
    audit(session, None, "sign_in_link.mailed", "token", link.token_id, after={"userId": person.id})
    after = f"&next={quote(row.wanted, safe='')}" if row.wanted != "/" else ""
    letter = _letter(link.token_id, f"{base_url}/sign-in?code={link.code}{after}", now)
    connection = connections[0]
    secrets = keyring.open(connection.secrets)
    return _Prepared(row.email, letter, dict(connection.config), secrets, connection.kept_host)


async def _send(prepared: _Prepared) -> None:
    async def claim() -> None:
        """Nothing: a second link does no harm."""

    sender = registry.connect_mail(prepared.config, prepared.secrets, prepared.kept_host)
    try:
        async with sender.posting() as post:
            await post(prepared.letter, prepared.address, claim)
    except (AddressGone, HandOverLost):
        return


def _letter(letter_id: str, link: str, now: datetime) -> Letter:
    use = "Open this link to sign in to Afterword. It works once, within 15 minutes."
    not_you = "If you didn't ask for it, ignore this e-mail. Without the link, no one can sign in."
    text = f"{use}\n\n{link}\n\n{not_you}\n"
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in to Afterword</title></head>'
        '<body style="font-family:system-ui,sans-serif;font-size:15px;line-height:1.5;color:#1f2328;max-width:40em">'
        f'<p>{use}</p><p><a href="{escape(link)}">Sign in to Afterword</a></p>'
        f'<p style="color:#59636e;font-size:13px">{not_you}</p></body></html>\n'
    )
    return Letter(letter_id, "Sign in to Afterword", text, html, None, now)
