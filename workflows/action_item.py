"""The workflow of one action item.

States: those of the row, kept as a snapshot; it ends when the item is settled and its tickets are in step with it, or
when it is deleted. A later change, or news of a ticket, starts it again from the row.
Messages: update ``command``; signal ``ticket_event`` (a webhook about this item's ticket was recorded), signal
``look_again`` (the row changed without a command), query ``state`` (for operators).

It has one timer, for when the next reminder is due. It also keeps the item's tickets in step: one read or write at a
time for each ticket, beside everything else, so that a tracker that cannot be reached for hours delays nothing here.
"""

import asyncio
from dataclasses import dataclass

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.action_items import (
        ActionItemActivities,
        CommitActionItemCommand,
        LoadActionItem,
        SendActionItemReminders,
    )
    from activities.tickets.pushing import PushActivities, PushTicket
    from activities.tickets.webhooks import ApplyDelivery, TicketWebhookActivities
    from domain.action_items.commands import ActionItemCommand
    from domain.action_items.snapshots import ActionItemSnapshot, TicketToPush
    from domain.escalation.deadlines import Deadline
    from workflows.entity import EntityWorkflow
    from workflows.queues import tracker_queue
    from workflows.retries import TRACKER
    from workflows.store import commit, patiently


SIDE_BY_SIDE = "2026-11-tickets-side-by-side"
"""Tickets of one item are pushed at the same time; before, one after the other."""
TOGETHER = "2026-11-deliveries-together"
"""Waiting webhooks are applied in one transaction; before, each in its own."""
TOGETHER_AT_MOST = 20
CREATES = Priority(priority_key=2)
UPDATES = Priority(priority_key=4)
"""People wait for a ticket to be created, not for it to be kept in step."""


@dataclass(frozen=True, slots=True)
class ActionItemStart:
    """``snapshot`` and ``deliveries`` are carried over by continue-as-new; a new workflow reads the row. ``searchable``
    as in :class:`workflows.entity.EntityWorkflow`."""

    action_item_id: str
    snapshot: ActionItemSnapshot | None = None
    deliveries: tuple[int, ...] = ()
    searchable: bool = True

    @classmethod
    def new(
        cls, action_item_id: str, snapshot: ActionItemSnapshot | None = None, deliveries: tuple[int, ...] = ()
    ) -> "ActionItemStart":
        return cls(action_item_id, snapshot, deliveries, searchable=False)


@workflow.defn
class ActionItemWorkflow(EntityWorkflow[ActionItemSnapshot]):
    @workflow.init
    def __init__(self, start: ActionItemStart) -> None:
        super().__init__(start.action_item_id, start.snapshot, searchable=start.searchable)
        self._deliveries = list(start.deliveries)
        self._pushing: dict[str, asyncio.Task[None]] = {}
        self._pushed: dict[str, TicketToPush] = {}

    @workflow.run
    async def run(self, start: ActionItemStart) -> None:  # noqa: ARG002 - read in __init__
        while True:
            if self._stale:
                await self._load()
            elif self._deliveries:
                await self._apply_deliveries()
            elif self._is_over():
                await workflow.wait_condition(workflow.all_handlers_finished)
                if self._is_over():
                    return
            elif (look := self._next_look()) and look.at <= workflow.now():
                await self._remind(look)
            elif ticket := self._to_push():
                self._pushing[ticket.id] = asyncio.create_task(self._push(ticket))
            elif self._may_continue_as_new():
                await workflow.wait_condition(workflow.all_handlers_finished)
                kept = None if self._stale else self._snapshot
                deliveries = tuple(self._deliveries)
                workflow.continue_as_new(ActionItemStart(self._id, kept, deliveries, self._searchable))
            else:
                await self._wait(look, "reminder")

    @workflow.update
    async def command(self, command: ActionItemCommand) -> ActionItemSnapshot:
        """Carries a command out and answers with the state after it; fails with the refusal's code and facts."""
        return await self._carry_out(command)

    @workflow.signal
    def ticket_event(self, delivery: int) -> None:
        if delivery not in self._deliveries:
            self._deliveries.append(delivery)

    @workflow.query
    def state(self) -> ActionItemSnapshot | None:
        return self._snapshot

    def _is_over(self) -> bool:
        return super()._is_over() and not self._deliveries and not self._pushing

    def _may_continue_as_new(self) -> bool:
        return super()._may_continue_as_new() and not self._pushing

    def _has_news(self, look: Deadline | None) -> bool:
        return bool(super()._has_news(look) or self._deliveries or self._to_push())

    def _to_push(self) -> TicketToPush | None:
        """The next ticket to push or read; never the same revision twice in a row."""
        waiting = [] if self._snapshot is None else [one for one in self._snapshot.pushes if self._is_free(one)]
        if not waiting or (self._pushing and not workflow.patched(SIDE_BY_SIDE)):
            return None
        return waiting[0]

    def _is_free(self, ticket: TicketToPush) -> bool:
        return ticket.id not in self._pushing and self._pushed.get(ticket.id) != ticket

    async def _read_row(self) -> ActionItemSnapshot:
        given = LoadActionItem(self._id, workflow.now())
        return await patiently(ActionItemActivities.load_action_item, given, "read the row")

    async def _commit(self, command: ActionItemCommand) -> ActionItemSnapshot:
        given = CommitActionItemCommand(command, workflow.now())
        return await commit(ActionItemActivities.commit_action_item_command, given, command.action)

    async def _send_reminders(self, look: Deadline) -> ActionItemSnapshot:  # noqa: ARG002 - there is only one target
        given = SendActionItemReminders(self._id, workflow.now())
        return await patiently(ActionItemActivities.send_action_item_reminders, given, "read who to remind")

    async def _apply_deliveries(self) -> None:
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

    def _details(self, snapshot: ActionItemSnapshot) -> str:
        deadline = snapshot.next_deadline
        due = f"overdue from {deadline.at.isoformat()}" if deadline else "nothing is due"
        waiting = ", ".join(one.tracker for one in snapshot.pushes)
        pending = f"; not synced yet: {waiting}" if waiting else ""
        return f"Action item is **{snapshot.status}**; {due}{pending}."
