"""Each connection to a tracker has its reconciliation: made, paused, asked for and taken away with it."""

import asyncio
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.tickets import CloseReason, TicketState
from integrations.tracker import TicketChange
from runtime.dispatch import Dispatch
from tests.api.connecting import connected
from tests.api.writing import ok
from tests.stack import Stack, eventually


async def _alive() -> bool:
    return True


def ask(stack: Stack, what: str, *given: Any) -> Any:
    async def asked() -> Any:
        client = await Client.connect(stack.temporal_address, data_converter=pydantic_data_converter)
        return await getattr(Dispatch(client, _alive), what)(*given)

    return asyncio.run(asked())


def test_a_schedule_lives_as_its_connection_does(stack: Stack, tmp_path: Path) -> None:
    made = connected(stack, tmp_path)
    author = stack.person()
    item = made.item(author)
    eventually(lambda: made.id in ask(stack, "list_schedules"), 40)
    assert ask(stack, "list_schedules")[made.id][0] is False

    ticket = made.ticket(item)
    change = TicketChange(state=TicketState.DONE, reason=CloseReason.COMPLETED)
    made.board("jane").update(ticket.ref, change)  # and nobody tells us
    assert ask(stack, "reconcile_now", made.id)
    eventually(lambda: ok(author.get(f"/api/action-items/{item['id']}"))["status"] == "COMPLETED", 40)
    eventually(lambda: made.health()["healed"] == 1, 40)
    eventually(lambda: made.health()["lastReconciledAt"], 40)  # noted once all pages are read

    ok(made.admin.patch(made.path, json={"enabled": False}))
    eventually(lambda: ask(stack, "list_schedules")[made.id][0] is True, 40)
    ok(made.admin.patch(made.path, json={"enabled": True}))
    eventually(lambda: ask(stack, "list_schedules")[made.id][0] is False, 40)
    ok(made.admin.delete(made.path))
    eventually(lambda: made.id not in ask(stack, "list_schedules"), 40)
