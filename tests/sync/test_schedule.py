"""Each connection to a tracker has its reconciliation: created, paused, triggered, and deleted with it."""

import asyncio
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.tickets.status import CloseReason, TicketState
from integrations.ticket import TicketChange
from runtime.dispatch import Dispatch
from tests.api.connections.connecting import connected
from tests.api.writing import ok
from tests.stack import Stack, eventually
from tests.workflows.lab import alive


def ask(stack: Stack, what: str, *given: Any) -> Any:
    async def asked() -> Any:
        client = await Client.connect(
            stack.temporal_address, namespace=stack.namespace, data_converter=pydantic_data_converter
        )
        return await getattr(Dispatch(client, alive), what)(*given)

    return asyncio.run(asked())


def test_a_schedule_lives_as_its_connection_does(stack: Stack, tmp_path: Path) -> None:
    made = connected(stack, tmp_path)
    author = stack.person()
    item = made.item(author)
    eventually(lambda: made.health()["lastReconciledAt"])
    assert ask(stack, "list_schedules")[made.id][0] is False

    ticket = made.ticket(item)
    change = TicketChange(state=TicketState.DONE, reason=CloseReason.COMPLETED)
    made.board("jane").update(ticket.ref, change)  # and nobody tells us
    assert ask(stack, "reconcile_now", made.id)
    eventually(lambda: ok(author.get(f"/api/action-items/{item['id']}"))["status"] == "COMPLETED")
    eventually(lambda: made.health()["healed"] == 1)

    ok(made.admin.patch(made.path, json={"enabled": False}))
    eventually(lambda: ask(stack, "list_schedules")[made.id][0] is True)
    ok(made.admin.patch(made.path, json={"enabled": True}))
    eventually(lambda: ask(stack, "list_schedules")[made.id][0] is False)
    ok(made.admin.delete(made.path))
    eventually(lambda: made.id not in ask(stack, "list_schedules"))


def test_what_is_new_or_changed_is_looked_at_at_once(stack: Stack, tmp_path: Path) -> None:
    """The schedule's own turn is a day away."""
    made = connected(stack, tmp_path)

    def reconciled(times: int) -> None:
        eventually(lambda: len(made.log(operation="reconcile", result="ok")) == times)

    reconciled(1)
    shown = ok(made.admin.get(made.path))
    assert shown["registration"]["id"] == shown["webhookUrl"]
    ok(made.admin.patch(made.path, json={"name": "Another name"}))
    ok(made.admin.patch(made.path, json={"enabled": False, "secrets": {"webhookSecret": "another"}}))
    eventually(lambda: ask(stack, "list_schedules")[made.id][0] is True)
    assert len(made.log(operation="reconcile", result="ok")) == 1, "nothing is asked while it is paused"
    ok(made.admin.patch(made.path, json={"enabled": True}))
    reconciled(2)
    ok(made.admin.patch(made.path, json={"secrets": {"webhookSecret": "a third one"}}))
    reconciled(3)
