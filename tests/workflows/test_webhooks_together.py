"""Webhooks that wait for one action item are applied in one transaction, and a refused one holds up none."""

import json

from sqlalchemy import select, update

from domain.action_items.commands import ActionItemAction
from domain.tickets.status import TicketState
from integrations.ticket import TicketAction, TicketChange
from models.action_item import ActionItem
from models.integration import Integration, WebhookDelivery
from models.keyring import Keyring
from tests.workflows.lab import Lab
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
