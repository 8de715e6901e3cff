"""Rows are their own outbox: starting and waking the workflows of rows that have changed."""

import time
from datetime import UTC, datetime, timedelta

from domain.documents.jobs import JobKind
from models.queries import action_items
from models.queries.documents import jobs
from models.queries.escalation import reminders
from models.queries.notifications import outbox
from models.queries.postmortems import postmortems
from models.queries.sharing import publications
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
        for batch_id in batch_ids:
            if not await self._dispatch.start_ticket_batch(batch_id):
                return
        for job_id, kind in waiting_jobs:
            start = self._dispatch.start_export if kind == JobKind.EXPORT else self._dispatch.start_import
            if not await start(job_id):
                return

        for publication_id in copies:
            if not await self._dispatch.start_publication(publication_id):
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
