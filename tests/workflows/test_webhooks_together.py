"""Webhooks that wait for one action item cost one signal and one transaction, and a refused one holds up none."""

import asyncio
import json

from sqlalchemy import select, update

from domain.action_items.commands import ActionItemAction
from domain.tickets.status import TicketState
from integrations.ticket import TicketAction, TicketChange
from models.action_item import ActionItem
from models.integration import Integration, WebhookDelivery
from models.keyring import Keyring
from runtime.dispatch import Dispatch
from runtime.ticket_signals import TicketSignals
from tests.workflows.lab import Lab, alive
from tests.workflows.listening import eventually
from tests.workflows.record_histories import HISTORIES


def test_three_that_wait_cost_one_marker() -> None:
    events = json.loads((HISTORIES / "action_item_webhooks_together.json").read_text())["events"]
    markers = [one["markerRecordedEventAttributes"] for one in events if "markerRecordedEventAttributes" in one]
    assert [one["markerName"] for one in markers].count("core_local_activity") == 2  # the row, and all of the news


async def test_one_that_is_refused_is_left_to_the_drain(lab: Lab) -> None:
    case = await lab.postmortem()
    item_id = await case.ready()
    before = await case.start_item(item_id)
    locked, board = [await lab.console(f"int_{item_id}_{number}") for number in range(2)]
    for one in (locked, board):
        await case.command_item(before, item_id, ActionItemAction.OPEN_TICKET, integration_id=one.integration_id)
        await one.shows(item_id, title="Alert at 80 %")
    await before.terminate()
    refused = await locked.changed(item_id, TicketAction.EDITED, TicketChange(title="Alert at 70 %"))
    taken = await board.changed(item_id, TicketAction.EDITED, TicketChange(title="Alert at 60 %"))
    closed = await board.changed(item_id, TicketAction.CLOSED, TicketChange(state=TicketState.DONE))
    sealed = Keyring("a key that is lost").seal({"webhookSecret": "s"})
    async with lab.sessions.begin() as session:
        row = update(Integration).where(Integration.id == locked.integration_id)
        await session.execute(row.values(secrets=sealed, is_enabled=False))
    handle = await case.start_item(item_id, (refused, taken, closed))
    await handle.result()
    async with lab.sessions.begin() as session:
        item = await session.get_one(ActionItem, item_id)
        numbers = select(WebhookDelivery.id).where(WebhookDelivery.handled_at.is_(None))
        left = set((await session.execute(numbers)).scalars())
    assert (item.status, item.description) == ("COMPLETED", "Alert at 60 %")
    assert left & {refused, taken, closed} == {refused}


async def test_two_that_come_one_after_the_other_cost_one_signal(lab: Lab) -> None:
    case = await lab.postmortem()
    item_id, handle, board = await case.with_ticket()

    async def told() -> int:
        events = (await handle.fetch_history()).events
        names = [one.workflow_execution_signaled_event_attributes.signal_name for one in events]
        return names.count("ticket_event")

    async def is_told() -> bool:
        return await told() > 0

    async def comes(title: str) -> int:
        delivery = await board.changed(item_id, TicketAction.EDITED, TicketChange(title=title))
        async with lab.sessions.begin() as session:  # as the door does
            row = update(WebhookDelivery).where(WebhookDelivery.id == delivery)
            await session.execute(row.values(action_item_id=item_id))
        signals.send(item_id, delivery)
        return delivery

    async def are_handled() -> bool:
        waiting = select(WebhookDelivery.id).where(WebhookDelivery.handled_at.is_(None))
        async with lab.sessions() as session:
            return not set((await session.execute(waiting)).scalars()) & set(deliveries)

    signals = TicketSignals(Dispatch(lab.client, alive), pause=5)
    deliveries = [await comes("Alert at 70 %")]
    await eventually(is_told)
    deliveries.append(await comes("Alert at 60 %"))
    await asyncio.sleep(0.3)
    assert await told() == 1
    deliveries.append(await comes("Alert at 50 %"))
    await signals.close()
    await eventually(are_handled)
    assert await told() == 2
    await board.shows(item_id, title="Alert at 50 %")
