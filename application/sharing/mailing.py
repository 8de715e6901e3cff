"""Sending e-mails to customers, a batch at a time: what the activity does.

Each letter is sent at most once: its row is claimed, in a transaction of its own, right before it is handed to the mail
server. A letter that was claimed by a process that ended is not sent again, and says that it isn't known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from application import text_work
from application.audit.audit_log import audit
from application.notifications.connection_trouble import record_trouble
from application.sharing.customer_emails import open_address
from application.sharing.public import LEAVING
from application.sharing.summaries import read_facts
from domain.access import Visibility
from domain.errors import AddressGone, CredentialsRejected, DomainError, Fact, NoMailConnection
from domain.sharing.mailing import (
    SUSPENDED_FOR,
    TOGETHER,
    TRIES,
    UNKNOWN,
    MailState,
    Progress,
    RecipientState,
)
from domain.sharing.publications import publishing_obstacles
from domain.sharing.rendering import render_for_outsiders
from domain.sharing.summary import split_title
from integrations import registry
from integrations.bounce import MAIL
from integrations.notifier import HandOverLost, Letter, NotifierUnavailable, Post, PutOff
from models.keyring import Keyring
from models.queries.connections.connections import list_by_kind
from models.queries.people.people import find_person
from models.queries.sharing import customer_emails, publications, summaries
from models.session import Session, Sessions
from models.sharing import CustomerEmail

LINE = "You get this e-mail because you use our services."


class _Withdrawn(Exception):
    """The summary may no longer be shown: nothing more is sent, from this letter on."""


@dataclass(frozen=True, slots=True, repr=False)
class _Batch:
    email: CustomerEmail
    connection_id: str
    config: dict[str, Any]
    secrets: dict[str, object]
    kept_host: str | None
    recipients: Sequence[tuple[int, str]]
    """Ordinals and addresses."""


async def send_batch(sessions: Sessions, keyring: Keyring, email_id: str, now: datetime, base_url: str) -> Progress:
    """Raises NotifierUnavailable where the mail server is away; nothing is lost then."""
    try:
        batch = await _begin(sessions, keyring, email_id, now)
    except NoMailConnection as refusal:
        await _note(sessions, email_id, str(refusal))
        return Progress.SUSPENDED
    if isinstance(batch, Progress):
        return batch
    own_host = base_url.partition("://")[2].partition("/")[0].partition(":")[0]
    text = batch.email.text
    html = await text_work.run(render_for_outsiders, split_title(text)[1], own_host, length=len(text))
    sender = registry.connect_mail(batch.config, batch.secrets, batch.kept_host)
    try:
        async with sender.posting() as post:
            for ordinal, address in batch.recipients:
                letter = _letter(batch.email, ordinal, html, keyring, base_url)
                await _send(sessions, post, batch, letter, ordinal, address, now)
    except _Withdrawn:
        pass  # it says why below
    except NotifierUnavailable as stumble:
        await _note(sessions, email_id, str(stumble))
        raise
    except DomainError as refusal:  # of the connection: a person must act
        await _trouble(sessions, batch, refusal, now)
        return Progress.SUSPENDED
    left = await _begin(sessions, keyring, email_id, now)
    return left if isinstance(left, Progress) else Progress.MORE


async def _begin(sessions: Sessions, keyring: Keyring, email_id: str, now: datetime) -> _Batch | Progress:
    async with sessions.begin() as session:
        row = await customer_emails.lock_email_unscoped(session, email_id)
        if row is None:
            return Progress.OVER
        row.workflow_started = True
        if MailState(row.state).is_over:
            return Progress.OVER
        row.state = MailState.SENDING.value
        await customer_emails.fail_unknown(session, email_id, UNKNOWN, now)
        if (problem := await _obstacle(session, row, now)) is not None:
            words, is_final = problem
            row.problem = words
            if is_final:
                _end(session, row, MailState.STOPPED, now)
            return Progress.OVER if is_final else Progress.SUSPENDED
        waiting = await customer_emails.list_queued(session, email_id, TOGETHER)
        if not waiting:
            row.problem = None
            _end(session, row, MailState.DONE, now)
            return Progress.OVER
        connections = await list_by_kind(session, [MAIL])
        if not connections:
            raise NoMailConnection()
        connection, row.problem = connections[0], None
        opened = [(one.ordinal, open_address(keyring, one) or "") for one in waiting]
        secrets = keyring.open(connection.secrets)
        return _Batch(row, connection.id, dict(connection.config), secrets, connection.kept_host, opened)


async def _obstacle(session: Session, row: CustomerEmail, now: datetime) -> tuple[str, bool] | None:
    """Why nothing may be sent now, and whether that is for good."""
    visible = await publications.get_postmortem_unscoped(session, row.postmortem_id)
    summary = await summaries.find_summary(session, row.postmortem_id)
    if visible.visibility is Visibility.PRIVATE:
        return "The postmortem was made private.", True
    person = await find_person(session, row.created_by_id)
    if person is None or not person.is_active:
        return "The person who sent it left.", True
    if summary is None or summary.text is None:
        return "The public summary was deleted.", True
    reasons = list(publishing_obstacles(await read_facts(session, visible, summary), carries_summary=True))
    if reasons:
        return f"Suspended. {_words(reasons)}", now - row.created_at > SUSPENDED_FOR
    if summary.text != row.text:
        return "Another text of the public summary was approved.", True
    return None


def _words(reasons: Sequence[Fact]) -> str:
    return " ".join(str(one["message"]) for one in reasons if isinstance(one, dict))


def _end(session: Session, row: CustomerEmail, state: MailState, now: datetime) -> None:
    row.state, row.finished_at = state.value, now
    action = "customer_email.sent" if state is MailState.DONE else "customer_email.stopped"
    key = row.postmortem_id
    audit(session, None, action, "customer_email", row.id, postmortem_id=key, after={"problem": row.problem}, at=now)


async def _send(
    sessions: Sessions, post: Post, batch: _Batch, letter: Letter, ordinal: int, address: str, now: datetime
) -> None:
    """What becomes of the letter is written down at once."""

    async def claim() -> None:
        async with sessions.begin() as session:
            if await _obstacle(session, batch.email, now) is not None:
                raise _Withdrawn
            await customer_emails.update_recipient(session, batch.email.id, ordinal, claimed_at=now)

    values: dict[str, Any]
    try:
        await post(letter, address, claim)
    except PutOff as later:
        values = {"claimed_at": None, "reason": str(later)}
    except HandOverLost:
        values = {"state": RecipientState.FAILED.value, "reason": UNKNOWN}
    except AddressGone as refusal:
        values = {"state": RecipientState.FAILED.value, "reason": str(refusal.facts.get("detail", refusal))}
    else:
        values = {"state": RecipientState.SENT.value, "integration_id": batch.connection_id, "reason": None}
    async with sessions.begin() as session:
        await customer_emails.settle_recipient(session, batch.email.id, ordinal, now, TRIES, values)


def _letter(email: CustomerEmail, ordinal: int, html: str, keyring: Keyring, base_url: str) -> Letter:
    title, below = split_title(email.text)
    token = keyring.sign(LEAVING, f"{email.id}|{ordinal}")
    leave = f"{base_url}/p/unsubscribe/{token}"
    text = f"{title}\n\n{below.strip()}\n\n-- \n{LINE}\nUnsubscribe: {leave}\n"
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        '<body style="font-family:system-ui,sans-serif;font-size:15px;line-height:1.5;color:#1f2328;max-width:40em">'
        f"<h1>{escape(title)}</h1>{html}"
        f'<p style="color:#59636e;font-size:13px">{LINE} <a href="{escape(leave)}">Unsubscribe</a></p></body></html>\n'
    )
    return Letter(f"{email.id}.{ordinal}", email.subject, text, page, leave, email.created_at)


async def _note(sessions: Sessions, email_id: str, problem: str) -> None:
    async with sessions.begin() as session:
        row = await customer_emails.lock_email_unscoped(session, email_id)
        if row is not None and not MailState(row.state).is_over:
            row.problem = problem


async def _trouble(sessions: Sessions, batch: _Batch, refusal: DomainError, now: datetime) -> None:
    await _note(sessions, batch.email.id, str(refusal))
    if isinstance(refusal, CredentialsRejected):
        async with sessions.begin() as session:
            await record_trouble(session, batch.connection_id, str(refusal), now)
