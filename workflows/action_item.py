"""The workflow of one action item.

States: those of the row, kept as a snapshot; ends when the item is settled and its tickets say so, or when it is
deleted. A later change, or news of a ticket, starts it again from the row.
Messages: update ``command``; signal ``ticket_event`` (a webhook that is about this item's ticket was recorded),
signal ``look_again`` (the row changed without a command), query ``state`` (for operators).

One timer, for when somebody is to be asked next. It owns the links to its tickets: one look or write at a time for
each ticket, beside everything else, so that a tracker that is away for hours delays nothing here.
"""

import asyncio
from dataclasses import dataclass

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.action_items import ActionItemActivities, CommitActionItemCommand, LoadActionItem, NudgeForOverdue
    from activities.tickets.pushing import PushActivities, PushTicket
    from activities.tickets.webhooks import ApplyDelivery, TicketWebhookActivities
    from domain.action_items.commands import ActionItemCommand
    from domain.action_items.snapshots import ActionItemSnapshot, TicketToPush
    from domain.escalation.deadlines import Deadline
    from workflows.attributes import Attributes
    from workflows.queues import tracker_queue
    from workflows.retries import TRACKER
    from workflows.store import StoreAway, commit, patiently


SIDE_BY_SIDE = "2026-11-tickets-side-by-side"
"""Two tickets of one item are seen to at once; before, one after the other."""
TOGETHER = "2026-11-deliveries-together"
"""Webhooks that wait are applied in one transaction; before, each in its own."""
TOGETHER_AT_MOST = 20
CREATES = Priority(priority_key=2)
UPDATES = Priority(priority_key=4)
"""A person waits for a ticket to be there, not for it to be kept in step."""


@dataclass(frozen=True, slots=True)
class ActionItemStart:
    """``snapshot`` and ``deliveries`` are carried over by continue-as-new; a new workflow reads the row."""

    action_item_id: str
    snapshot: ActionItemSnapshot | None = None
    deliveries: tuple[int, ...] = ()


@workflow.defn
class ActionItemWorkflow:
    @workflow.init
    def __init__(self, start: ActionItemStart) -> None:
        self._id = start.action_item_id
        self._snapshot = start.snapshot
        self._stale = start.snapshot is None
        self._deliveries = list(start.deliveries)
        self._lock = asyncio.Lock()
        self._pushing: dict[str, asyncio.Task[None]] = {}
        self._pushed: dict[str, TicketToPush] = {}
        self._shown: Attributes | None = None

    @workflow.run
    async def run(self, start: ActionItemStart) -> None:  # noqa: ARG002 - read in __init__
        while True:
            if self._stale:
                await self._load()
            elif self._deliveries:
                await self._apply()
            elif self._is_over():
                await workflow.wait_condition(workflow.all_handlers_finished)
                if self._is_over():
                    return
            elif (look := self._next_look()) and look.at <= workflow.now():
                await self._nudge(look)
            elif ticket := self._to_push():
                self._pushing[ticket.id] = asyncio.create_task(self._push(ticket))
            elif workflow.info().is_continue_as_new_suggested() and not self._pushing:
                await workflow.wait_condition(workflow.all_handlers_finished)
                kept = None if self._stale else self._snapshot
                workflow.continue_as_new(ActionItemStart(self._id, kept, tuple(self._deliveries)))
            else:
                await self._wait(look)

    @workflow.update
    async def command(self, command: ActionItemCommand) -> ActionItemSnapshot:
        """Carries a command out and answers with the state after it; fails with the refusal's code and facts."""
        async with self._lock:
            try:
                given = CommitActionItemCommand(command, workflow.now())
                snapshot = await commit(ActionItemActivities.commit_action_item_command, given, command.action)
            except StoreAway:
                self._stale = True
                raise
            self._keep(snapshot)
        return snapshot

    @workflow.signal
    def ticket_event(self, delivery: int) -> None:
        if delivery not in self._deliveries:
            self._deliveries.append(delivery)

    @workflow.signal
    def look_again(self) -> None:
        self._stale = True

    @workflow.query
    def state(self) -> ActionItemSnapshot | None:
        return self._snapshot

    def _is_over(self) -> bool:
        quiet = not self._stale and not self._deliveries and not self._pushing
        return self._snapshot is not None and self._snapshot.is_over and quiet

    def _next_look(self) -> Deadline | None:
        return self._snapshot.next_look if self._snapshot else None

    def _to_push(self) -> TicketToPush | None:
        """The next ticket to see to; never the same revision twice in a row."""
        waiting = [] if self._snapshot is None else [one for one in self._snapshot.pushes if self._is_free(one)]
        if not waiting or (self._pushing and not workflow.patched(SIDE_BY_SIDE)):
            return None
        return waiting[0]

    def _is_free(self, ticket: TicketToPush) -> bool:
        return ticket.id not in self._pushing and self._pushed.get(ticket.id) != ticket

    async def _wait(self, look: Deadline | None) -> None:
        def moved() -> bool:
            return bool(
                self._stale
                or self._deliveries
                or self._is_over()
                or self._next_look() != look
                or self._to_push()
                or (workflow.info().is_continue_as_new_suggested() and not self._pushing)
            )

        try:
            await workflow.wait_condition(
                moved,
                timeout=look.at - workflow.now() if look else None,
                timeout_summary="reminder" if look else None,
            )
        except TimeoutError:
            return

    async def _load(self) -> None:
        async with self._lock:
            self._stale = False
            given = LoadActionItem(self._id, workflow.now())
            snapshot = await patiently(ActionItemActivities.load_action_item, given, "read the row")
            self._keep(snapshot)

    async def _nudge(self, look: Deadline) -> None:
        async with self._lock:
            if self._next_look() != look:
                return
            given = NudgeForOverdue(self._id, workflow.now())
            snapshot = await patiently(ActionItemActivities.nudge_for_overdue, given, "read who to remind")
            self._keep(snapshot)

    async def _apply(self) -> None:
        async with self._lock:
            many = len(self._deliveries) > 1 and workflow.patched(TOGETHER)
            taken = self._deliveries[: TOGETHER_AT_MOST if many else 1]
            del self._deliveries[: len(taken)]
            try:
                given = ApplyDelivery(self._id, taken[0], workflow.now(), tuple(taken[1:]))
                snapshot = await commit(TicketWebhookActivities.apply_delivery, given, "the ticket changed")
            except ApplicationError:
                return  # not handled, so the drain sends it again
            self._keep(snapshot)

    async def _push(self, ticket: TicketToPush) -> None:
        await workflow.execute_activity_method(
            PushActivities.push_ticket,
            PushTicket(self._id, ticket.id),
            task_queue=tracker_queue(ticket.tracker),
            summary=f"check the ticket in {ticket.tracker}",
            priority=CREATES if ticket.creates else UPDATES,
            **TRACKER,
        )
        self._pushed[ticket.id] = ticket
        del self._pushing[ticket.id]
        self._stale = True

    def _keep(self, snapshot: ActionItemSnapshot) -> None:
        self._snapshot = snapshot
        deadline = snapshot.next_deadline
        shown = Attributes.of(snapshot.status if snapshot.exists else "DELETED", snapshot.team_ids, deadline)
        if shown != self._shown:
            workflow.upsert_search_attributes(shown.updates())
            self._shown = shown
        due = f"overdue from {deadline.at.isoformat()}" if deadline else "nothing is due"
        waiting = ", ".join(one.tracker for one in snapshot.pushes)
        told = f"; not synced yet: {waiting}" if waiting else ""
        workflow.set_current_details(f"Action item is **{snapshot.status}**; {due}{told}.")
