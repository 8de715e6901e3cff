"""What the workflow of a batch of tickets does to the database. Each activity is one transaction and may run twice."""

from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from activities.refusals import transaction
from application.tickets.batches import release_next
from domain.tickets.batches import BatchLook
from models.queries import action_items
from models.session import Sessions


@dataclass(frozen=True, slots=True)
class LookAtBatch:
    """``released`` of the batch's items have been signaled; ``at`` is the workflow's own time."""

    batch_id: str
    released: int
    at: datetime


class TicketBatchActivities:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @activity.defn
    async def look_at_batch(self, given: LookAtBatch) -> BatchLook:
        async with transaction(self._sessions) as session:
            return await release_next(session, given.batch_id, given.released, given.at)

    @activity.defn
    async def put_into_outbox(self, action_item_id: str) -> None:
        async with transaction(self._sessions) as session:
            await action_items.put_into_outbox(session, [action_item_id])
