"""What visitors without a session may do: open a link, enter its password, read the feed.

It reads nothing but ``models.queries.sharing.public``, and ``api.public`` calls nothing else of ``application``.
"""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog

from application.access.attempts import count_try
from domain.errors import LinkNotFound, TooManyPasswords, WrongPassword
from integrations import passwords
from models.keyring import Keyring
from models.queries.sharing import public
from models.queries.sharing.public import FeedEntry, Shared, SharedAttachment, SharedPostmortem, SharedSummary
from models.queries.sharing.views import add_views, insert_unsubscribe
from models.session import Sessions, StoreError

__all__ = [
    "FeedEntry",
    "Shared",
    "SharedAttachment",
    "SharedPostmortem",
    "SharedSummary",
    "ViewCounter",
    "admit",
    "is_admitted",
    "open_link",
    "read_feed",
    "recipient_of",
    "unsubscribe",
]

log = structlog.get_logger()

TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
VISIT_LASTS = timedelta(hours=1)
"""After that, the password is asked for again."""
PURPOSE = "share link"
LEAVING = "customer unsubscribe"
"""What unsubscribe links are signed for."""
MAX_TOKEN = 300
FEED_LIMIT = 50
"""Summaries in the feed."""
FLUSH_AFTER = 1.0
"""Seconds until counted views are written."""


async def open_link(sessions: Sessions, token: str) -> Shared:
    """One statement. Raises LinkNotFound, whatever the reason."""
    if TOKEN.fullmatch(token) is None:
        raise LinkNotFound()
    hashed = hashlib.sha256(token.encode()).digest()
    async with sessions.begin() as session:
        found = await public.find_shared(session, hashed, datetime.now(UTC))
    if found is None:
        raise LinkNotFound()
    return found


def is_admitted(keyring: Keyring, shared: Shared, visit: str) -> bool:
    """Whether this visit's cookie was set for the link's password in the last hour; true without a password."""
    if shared.password_hash is None:
        return True
    link_id, _, until = (keyring.unsign(PURPOSE, visit) or "").partition("|")
    return link_id == shared.link_id and until.isdigit() and datetime.now(UTC).timestamp() < int(until)


async def admit(sessions: Sessions, keyring: Keyring, shared: Shared, password: str, address: str) -> str:
    """The cookie's value for who has the password. Each try is counted before it is checked.

    Raises WrongPassword, TooManyPasswords, TooManyHashes.
    """
    now = datetime.now(UTC)
    async with sessions.begin() as session:
        is_counted = await count_try(session, shared.link_id, address, now)
    if not is_counted:
        raise TooManyPasswords()
    if shared.password_hash is None or not await passwords.is_password(shared.password_hash, password):
        raise WrongPassword()
    return keyring.sign(PURPOSE, f"{shared.link_id}|{int((now + VISIT_LASTS).timestamp())}")


def recipient_of(keyring: Keyring, token: str) -> tuple[str, int]:
    """The e-mail to customers and the place of the recipient that an unsubscribe link is for. Raises LinkNotFound."""
    text = keyring.unsign(LEAVING, token) if token.isascii() and len(token) < MAX_TOKEN else None
    email_id, _, ordinal = (text or "").partition("|")
    if not ordinal.isdigit():
        raise LinkNotFound()
    return email_id, int(ordinal)


async def unsubscribe(sessions: Sessions, keyring: Keyring, token: str) -> None:
    """No more e-mail for that customer. A second time, nothing changes. Raises LinkNotFound."""
    email_id, ordinal = recipient_of(keyring, token)
    async with sessions.begin() as session:
        if not await insert_unsubscribe(session, email_id, ordinal):
            raise LinkNotFound()


async def read_feed(sessions: Sessions) -> Sequence[FeedEntry]:
    """The newest listed summaries. Raises LinkNotFound while the feed is off."""
    async with sessions.begin() as session:
        found = await public.find_feed(session, FEED_LIMIT)
    if found is None:
        raise LinkNotFound()
    return found


class ViewCounter:
    """Counts views in memory, and writes them together a second later: no visitor waits for a row.

    One for each process; what a killed process has counted in its last second is lost.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._views: dict[str, tuple[int, datetime]] = {}
        self._writing: asyncio.Task[None] | None = None

    def count(self, link_id: str) -> None:
        count, _ = self._views.get(link_id, (0, None))
        self._views[link_id] = (count + 1, datetime.now(UTC))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon())

    async def _write_soon(self) -> None:
        while self._views:
            await asyncio.sleep(FLUSH_AFTER)
            await self._write()

    async def _write(self) -> None:
        views, self._views = self._views, {}
        try:
            async with self._sessions.begin() as session:
                await add_views(session, views)
        except (StoreError, OSError) as error:
            log.warning("views not counted", links=len(views), reason=type(error).__name__)

    async def close(self) -> None:
        """Writes what is left."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait([self._writing])
        if self._views:
            await self._write()
