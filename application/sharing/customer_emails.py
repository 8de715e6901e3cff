"""E-mails to customers: looking at one first, asking for it, following it. A workflow sends it: see ``mailing``."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit
from application.sharing.summaries import read_facts
from domain import access
from domain.access import Verb, Viewer
from domain.errors import CredentialsLocked, IdempotencyKeyReused, MailRunning, NoMailConnection, NotShareable
from domain.postmortems.lifecycle import Status
from domain.sharing.mailing import RecipientState
from domain.sharing.publications import check_publishable
from integrations.bounce import MAIL
from models.keyring import Keyring
from models.queries.connections.connections import list_by_kind
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.queries.sharing import customer_emails, summaries
from models.session import Session
from models.sharing import CustomerEmail, CustomerEmailRecipient

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class ShownRecipient:
    """``address`` is None once it was removed, and where its key was lost."""

    address: str | None
    state: RecipientState
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ShownEmail:
    """``recipients`` is empty in lists; ``counts`` are by state."""

    row: CustomerEmail
    counts: Mapping[str, int]
    recipients: Sequence[ShownRecipient] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent. ``unsubscribed`` of the ``addresses`` would be left out."""

    text: str
    summary_version: int
    addresses: int
    unsubscribed: int


@dataclass(frozen=True, slots=True)
class ListedEmails:
    items: Sequence[ShownEmail]
    next_cursor: str | None


async def _check(
    session: Session, viewer: Viewer, postmortem_id: str, verb: Verb, *, lock: bool = False
) -> VisiblePostmortem:
    visible = await get_visible(session, viewer, postmortem_id, lock=lock)
    access.check(verb, Status(visible.postmortem.status), visible.relations)
    return visible


async def _approved(session: Session, visible: VisiblePostmortem) -> tuple[str, int]:
    """The text and its version. Raises NotShareable."""
    row = await summaries.find_summary(session, visible.postmortem.id)
    check_publishable(await read_facts(session, visible, row), carries_summary=True)
    if row is None or not row.text:
        raise NotShareable(reasons=[])
    return row.text, row.version


async def preview_email(
    session: Session, viewer: Viewer, keyring: Keyring, postmortem_id: str, addresses: Sequence[str]
) -> Preview:
    """Nothing is sent or kept. Raises NotFound, NotAllowed, NotShareable."""
    text, version = await _approved(session, await _check(session, viewer, postmortem_id, Verb.MAIL_CUSTOMERS))
    key = await _address_key(session, keyring, make=False)
    hashes = {hash_address(key, one) for one in addresses} if key else set(map(str.encode, addresses))
    left_out = await customer_emails.list_unsubscribed(session, sorted(hashes)) if key else set()
    return Preview(text, version, len(hashes), len(left_out))


async def request_email(
    session: Session,
    viewer: Viewer,
    keyring: Keyring,
    postmortem_id: str,
    email_id: str,
    *,
    subject: str,
    addresses: Sequence[str],
    now: datetime,
) -> ShownEmail:
    """Has the approved summary sent to each address once. Locks the postmortem. ``email_id`` is the same for a repeat
    of the request, which gets the e-mail that it asked for.

    Raises NotFound, NotAllowed, NotShareable, NoMailConnection, MailRunning.
    """
    visible = await _check(session, viewer, postmortem_id, Verb.MAIL_CUSTOMERS, lock=True)
    text, version = await _approved(session, visible)
    if (made := await customer_emails.lock_email_unscoped(session, email_id)) is not None:
        if made.postmortem_id != postmortem_id or made.subject != subject:
            raise IdempotencyKeyReused()
        return await _shown(session, keyring, made)
    if not await list_by_kind(session, [MAIL]):
        raise NoMailConnection()
    if await customer_emails.has_running(session, postmortem_id):
        raise MailRunning()
    key = await _address_key(session, keyring, make=True)
    by_hash = {hash_address(key, one): one for one in addresses}
    left_out = await customer_emails.list_unsubscribed(session, sorted(by_hash))
    row = CustomerEmail(
        id=email_id,
        postmortem_id=postmortem_id,
        subject=subject,
        text=text,
        summary_version=version,
        created_by_id=viewer.person_id,
        created_at=now,
    )
    recipients: list[dict[str, Any]] = [
        {
            "ordinal": place,
            "address": keyring.seal({"address": address}),
            "address_hash": hashed,
            "state": (RecipientState.UNSUBSCRIBED if hashed in left_out else RecipientState.QUEUED).value,
            "tries": 0,
            "at": now,
        }
        for place, (hashed, address) in enumerate(by_hash.items(), 1)
    ]
    await customer_emails.insert_email(session, row, recipients)
    after = {"summaryVersion": version, "recipients": len(recipients), "unsubscribed": len(left_out)}
    audit(
        session, viewer, "customer_email.requested", "customer_email", row.id, postmortem_id=postmortem_id, after=after
    )
    await session.flush()
    return await _shown(session, keyring, row)


async def list_emails(session: Session, viewer: Viewer, postmortem_id: str, ask: Ask) -> ListedEmails:
    """Newest first, without their recipients. Raises NotFound, NotAllowed."""
    await _check(session, viewer, postmortem_id, Verb.SHARE_SUMMARY)
    page = await customer_emails.list_emails(session, postmortem_id, ask)
    counts = await customer_emails.count_states(session, [one.id for one in page.items])
    return ListedEmails([ShownEmail(one, counts.get(one.id, {})) for one in page.items], page.next_cursor)


async def get_email(
    session: Session, viewer: Viewer, keyring: Keyring, postmortem_id: str, email_id: str
) -> ShownEmail:
    """With each recipient. Raises NotFound, NotAllowed."""
    await _check(session, viewer, postmortem_id, Verb.SHARE_SUMMARY)
    return await _shown(session, keyring, await customer_emails.get_email(session, postmortem_id, email_id))


async def _shown(session: Session, keyring: Keyring, row: CustomerEmail) -> ShownEmail:
    recipients = [
        ShownRecipient(open_address(keyring, one), RecipientState(one.state), one.reason, one.at)
        for one in await customer_emails.list_recipients(session, row.id)
    ]
    counts: dict[str, int] = {}
    for one in recipients:
        counts[one.state.value] = counts.get(one.state.value, 0) + 1
    return ShownEmail(row, counts, recipients)


def open_address(keyring: Keyring, recipient: CustomerEmailRecipient) -> str | None:
    if recipient.address is None:
        return None
    try:
        return str(keyring.open(recipient.address).get("address") or "") or None
    except CredentialsLocked:
        return None


def hash_address(key: bytes, address: str) -> bytes:
    """By which an address is known again that was removed."""
    return hmac.new(key, address.strip().lower().encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


async def _address_key(session: Session, keyring: Keyring, *, make: bool) -> bytes:
    """The organization's own key, made with the first e-mail; empty before. Raises CredentialsLocked."""
    row = await summaries.get_settings(session, lock=make)
    if row.address_key is None:
        if not make:
            return b""
        row.address_key = keyring.seal({"key": secrets.token_hex(KEY_BYTES)})
        await session.flush()
    return bytes.fromhex(str(keyring.open(row.address_key)["key"]))
