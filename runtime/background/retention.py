"""Old rows are deleted, and public holidays are kept known years ahead."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

from application.documents.attachments import SWEPT_TOGETHER, sweep
from domain.documents.jobs import archive_key
from domain.sharing.mailing import ADDRESSES_KEPT
from integrations import public_holidays
from integrations.object_store import ObjectStore
from integrations.slack.settings import KIND as CHAT
from models.queries.access import attempts
from models.queries.access import mails as sign_in_mails
from models.queries.audit import command_log, kept_answers
from models.queries.chat import deliveries as chat_deliveries
from models.queries.connections import deliveries, sync_log
from models.queries.content import autosaves, drafts
from models.queries.documents import jobs
from models.queries.meetings import own_calendars
from models.queries.people import calendars
from models.queries.sharing import customer_emails
from models.session import Session, Sessions

KEEP_ANSWERS = timedelta(days=2)
KEEP_ATTEMPTS = timedelta(days=90)
KEEP_SIGN_IN_MAILS = timedelta(hours=1)
"""Addresses of sign-in links that could not be sent."""
KEEP_DELIVERIES = timedelta(days=30)
"""A delivery that is sent again after that counts as new."""
KEEP_CHAT_TEXT = timedelta(days=1)
"""What people wrote in a chat is kept for dialogs that are still open."""
KEEP_REPLACED_TEXT = timedelta(days=1)
"""A text that its author went on typing in is the base of what others began with until then."""
KEEP_DRAFTS = timedelta(days=90)
"""A person's copy of a section that they neither saved nor discarded."""
BATCH_SIZE, BATCH_LIMIT = 1000, 20
"""Rows in one statement, and statements in one round."""
HOLIDAYS_AHEAD = 2
"""Years for which the public holidays of everybody's country are known at least."""


KEEP_BUSY = timedelta(minutes=45)
"""Times at which people are busy; with the time between two rounds, an hour at most."""


class Retention:
    def __init__(self, sessions: Sessions, store: ObjectStore) -> None:
        self._sessions = sessions
        self._store = store

    async def delete_old(self) -> None:
        now = datetime.now(UTC)
        async with self._sessions.begin() as session:
            await chat_deliveries.forget_old(session, CHAT, now - KEEP_CHAT_TEXT)
            await kept_answers.delete_answers(session, now - KEEP_ANSWERS)
            await command_log.delete_arguments(session, now - KEEP_ANSWERS)
            await attempts.delete_attempts(session, now - KEEP_ANSWERS)
            await own_calendars.forget_busy_unscoped(session, now - KEEP_BUSY)
        await self._delete_in_batches(sync_log.delete_attempts, now - KEEP_ATTEMPTS)
        await self._delete_in_batches(deliveries.delete_deliveries, now - KEEP_DELIVERIES)
        await self._delete_in_batches(customer_emails.forget_addresses, now - ADDRESSES_KEPT)
        await self._delete_in_batches(autosaves.delete_superseded, now - KEEP_REPLACED_TEXT)
        await self._delete_in_batches(drafts.delete_old_drafts, now - KEEP_DRAFTS)
        await self._delete_in_batches(sign_in_mails.delete_old, now - KEEP_SIGN_IN_MAILS)

    async def sweep_attachments(self) -> None:
        for _ in range(BATCH_LIMIT):
            if len(await sweep(self._sessions, self._store, datetime.now(UTC))) < SWEPT_TOGETHER:
                return

    async def delete_expired_archives(self) -> None:
        """The bytes first: an interrupted round is made again."""
        now = datetime.now(UTC)
        async with self._sessions.begin() as session:
            ids = await jobs.list_expired_unscoped(session, now, BATCH_SIZE)
        for one in ids:
            await self._store.delete(archive_key(one))
        if ids:
            async with self._sessions.begin() as session:
                await jobs.mark_removed(session, ids, now)

    async def add_holidays(self) -> None:
        year = datetime.now(UTC).year
        async with self._sessions.begin() as session:
            until = date(year + HOLIDAYS_AHEAD, 1, 1)
            for region in await calendars.list_regions_without_holidays(session, until):
                await calendars.insert_holidays(session, region, _holidays(region, year))

    async def _delete_in_batches(
        self, delete: Callable[[Session, datetime, int], Awaitable[int]], before: datetime
    ) -> None:
        """Each batch has its own transaction. The next round deletes what is left."""
        for _ in range(BATCH_LIMIT):
            async with self._sessions.begin() as session:
                if await delete(session, before, BATCH_SIZE) < BATCH_SIZE:
                    return


def _holidays(region: calendars.Region, year: int) -> frozenset[date]:
    return public_holidays.dates(region[0], region[1] or None, year)
