"""Re-encrypts stored credentials after ``AFTERWORD_SECRET_KEY`` gets a new first key. Safe to run twice."""

from datetime import UTC, datetime

from application.audit.audit_log import audit
from application.notifications.connection_trouble import record_trouble
from domain.errors import CredentialsLocked
from models.integration import Integration
from models.keyring import Keyring
from models.queries.connections import connections
from models.queries.installation import replace_key_check
from models.queries.meetings import own_calendars
from models.queries.sharing import customer_emails, links
from models.queries.sharing.summaries import get_settings
from models.session import Session, Sessions
from runtime.connections import open_database, open_keyring
from runtime.database_checks import seal_check
from runtime.settings import Settings

AT_ONCE = 100


async def rotate_keys(settings: Settings, *, discard_unreadable: bool = False) -> tuple[int, list[str]]:
    """Returns how many connections' credentials were re-encrypted, and the ids of those that no key can decrypt.

    Only when none of those is left, or their credentials are discarded, do the keys of this process become those that
    every other one must have.
    """
    database, keyring = open_database(settings), open_keyring(settings)
    done, locked, after = 0, [], ""
    try:
        while True:
            async with database.sessions.begin() as session:
                rows = await connections.list_sealed_unscoped(session, after, AT_ONCE)
                for row in rows:
                    try:
                        row.secrets = keyring.rotate(row.secrets or b"")
                    except CredentialsLocked:
                        locked.append(row.id)
                        if discard_unreadable:
                            await _discard(session, row, datetime.now(UTC))
                        continue
                    audit(session, None, "integration.key_rotated", "integration", row.id, origin="cli")
                    done += 1
            if not rows:
                break
            after = rows[-1].id
        await _rotate_links(database.sessions, keyring, discard_unreadable=discard_unreadable)
        await _rotate_calendars(database.sessions, keyring, discard_unreadable=discard_unreadable)
        await _rotate_addresses(database.sessions, keyring, discard_unreadable=discard_unreadable)
        if discard_unreadable or not locked:
            async with database.sessions.begin() as session:
                await replace_key_check(session, seal_check(keyring))
        return done, locked
    finally:
        await database.close()


async def _rotate_links(sessions: Sessions, keyring: Keyring, *, discard_unreadable: bool) -> None:
    """Links go on working without a key, which only shows their addresses again. They are neither counted nor named."""
    after = ""
    while True:
        async with sessions.begin() as session:
            rows = await links.list_sealed_unscoped(session, after, AT_ONCE)
            for row in rows:
                try:
                    row.token_sealed = keyring.rotate(row.token_sealed or b"")
                except CredentialsLocked:
                    if discard_unreadable:
                        row.token_sealed = None
        if not rows:
            return
        after = rows[-1].id


async def _rotate_calendars(sessions: Sessions, keyring: Keyring, *, discard_unreadable: bool) -> None:
    """People's own: without its credentials a calendar says nothing, and its owner connects it again."""
    after = ""
    while True:
        async with sessions.begin() as session:
            rows = await own_calendars.list_sealed_unscoped(session, after, AT_ONCE)
            for row in rows:
                row.secrets = _rotated(keyring, row.secrets, discard_unreadable=discard_unreadable)
        if not rows:
            return
        after = rows[-1].id


async def _rotate_addresses(sessions: Sessions, keyring: Keyring, *, discard_unreadable: bool) -> None:
    """Customers' addresses, and the key by which those are known again that unsubscribed."""
    after = ("", 0)
    while True:
        async with sessions.begin() as session:
            rows = await customer_emails.list_sealed_unscoped(session, after, AT_ONCE)
            for row in rows:
                row.address = _rotated(keyring, row.address, discard_unreadable=discard_unreadable)
            if not rows:
                settings = await get_settings(session, lock=True)
                settings.address_key = _rotated(keyring, settings.address_key, discard_unreadable=discard_unreadable)
                return
        after = (rows[-1].email_id, rows[-1].ordinal)


def _rotated(keyring: Keyring, sealed: bytes | None, *, discard_unreadable: bool) -> bytes | None:
    if sealed is None:
        return None
    try:
        return keyring.rotate(sealed)
    except CredentialsLocked:
        return None if discard_unreadable else sealed


async def _discard(session: Session, row: Integration, now: datetime) -> None:
    row.secrets = None
    audit(session, None, "integration.credentials_discarded", "integration", row.id, origin="cli")
    await session.flush()
    await record_trouble(session, row.id, "Its credentials were discarded with a lost key. Enter them again.", now)
