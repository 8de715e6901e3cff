"""Rows are their own outbox: starting and waking the workflows of rows that have changed."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from domain.documents.jobs import JobKind
from models.queries import action_items
from models.queries.access import mails as sign_in_mails
from models.queries.documents import jobs
from models.queries.escalation import reminders
from models.queries.meetings import meetings
from models.queries.notifications import outbox
from models.queries.postmortems import postmortems
from models.queries.sharing import customer_emails, publications
from models.queries.tickets import batches, tickets
from models.session import Sessions
from runtime.dispatch import BULK, Dispatch

BATCH_SIZE = 500
WAKE_AGAIN_AFTER = 5.0
"""Seconds that a receiver's workflow has to read its notices: more signals would only fill its history."""
LOST_AFTER = timedelta(minutes=2)
"""A deadline that passed this long ago without a reminder means that its workflow is gone."""
STUCK_AFTER = timedelta(minutes=10)
"""The workflow of a ticket that does not exist yet is signaled again no sooner than this."""


class Outbox:
    def __init__(self, sessions: Sessions, dispatch: Dispatch) -> None:
        self._sessions = sessions
        self._dispatch = dispatch
        self._woken: dict[str, float] = {}

    async def start_workflows(self) -> None:
        """Starts the workflow of every row that has none, and of those whose workflow must have been lost."""
        before = datetime.now(UTC) - LOST_AFTER
        async with self._sessions.begin() as session:
            waiting = await postmortems.list_unstarted_unscoped(session, BATCH_SIZE)
            overlooked, overlooked_items = await reminders.list_overlooked_unscoped(session, before, BATCH_SIZE)
            waiting += overlooked
            items = await action_items.list_unstarted_unscoped(session, BATCH_SIZE)
            items += await tickets.claim_stuck_unscoped(session, before, before - STUCK_AFTER, BATCH_SIZE)
            resumable = await tickets.list_resumable_unscoped(session, BATCH_SIZE)
            batch_ids = await batches.list_unstarted_unscoped(session, BATCH_SIZE)
            copies = await publications.list_unstarted_unscoped(session, BATCH_SIZE)
            mails = await customer_emails.list_unstarted_unscoped(session, BATCH_SIZE)
            links = await sign_in_mails.list_unstarted_unscoped(session, BATCH_SIZE)
            reviews = await meetings.list_unstarted_unscoped(session, before, BATCH_SIZE)
            waiting_jobs = await jobs.list_unstarted_unscoped(session, BATCH_SIZE)
            items += overlooked_items
        for postmortem_id in waiting:
            if not await self._dispatch.start_postmortem(postmortem_id, BULK):
                return
        for item_id in items:
            if not await self._dispatch.start_action_item(item_id, BULK):
                return
        for ticket_id, item_id in resumable:
            async with self._sessions.begin() as session:
                await tickets.clear_waiting(session, [ticket_id])
            if not await self._dispatch.start_action_item(item_id, BULK):
                return
        await self._start_each(
            (self._dispatch.start_sign_in_mail, links),
            (self._dispatch.start_ticket_batch, batch_ids),
            (self._dispatch.start_export, [one for one, kind in waiting_jobs if kind == JobKind.EXPORT]),
            (self._dispatch.start_import, [one for one, kind in waiting_jobs if kind != JobKind.EXPORT]),
            (self._dispatch.start_publication, copies),
            (self._dispatch.start_customer_email, mails),
            (self._dispatch.start_meeting, reviews),
        )

    async def _start_each(self, *waiting: tuple[Callable[[str], Awaitable[bool]], Sequence[str]]) -> None:
        """Until Temporal can't be reached."""
        for start, ids in waiting:
            for one in ids:
                if not await start(one):
                    return

    async def wake_receivers(self) -> None:
        """Wakes the workflow of everyone with a new notice, and of those whose workflow must have been lost.

        Only this job wakes them: what wrote the notice, a request or an activity, may be killed right after its commit.
        """
        async with self._sessions.begin() as session:
            waiting = await outbox.list_unheard_unscoped(session, BATCH_SIZE)
            waiting += await outbox.list_overlooked_unscoped(session, datetime.now(UTC) - LOST_AFTER, BATCH_SIZE)
        now = time.monotonic()
        self._woken = {one: at for one, at in self._woken.items() if at > now - WAKE_AGAIN_AFTER}
        for receiver_id in dict.fromkeys(waiting):
            if receiver_id in self._woken:
                continue
            if not await self._dispatch.wake_notifications(receiver_id):
                return
            self._woken[receiver_id] = now
