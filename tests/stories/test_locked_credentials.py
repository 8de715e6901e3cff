"""Credentials that a worker can't decrypt are its own fault: it tries again, and no connection counts as broken.

The keys fit the database (else no process starts); they don't fit one connection's credentials, which were encrypted
with a key that was discarded.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from models.keyring import Keyring
from tests.api import writing
from tests.api.connections.connecting import SECRET, Connected, connected
from tests.api.notifications.test_me import notify
from tests.api.writing import ok
from tests.peers.smtp import Mailbox, running_smtp
from tests.servers import SECRET_KEY
from tests.stack import Person, Stack, eventually
from workflows.queues import TASK_QUEUE
from workflows.reconciliation import ReconciliationStart, ReconciliationWorkflow


def seal(stack: Stack, integration_id: str, key: str, secrets: dict[str, object]) -> None:
    """The credentials as a process with this key would have written them."""
    assert stack.direct is not None
    write = text("update integration set secrets = :sealed where id = :id")
    stack.direct.write(write, id=integration_id, sealed=Keyring(key).seal(secrets))


async def _temporal(stack: Stack) -> Client:
    return await Client.connect(
        stack.temporal_address, namespace=stack.namespace, data_converter=pydantic_data_converter
    )


def failures(stack: Stack, workflow_id: str) -> dict[str, int]:
    """Of the activities that the workflow waits for: why each failed last, and how often it was tried."""

    async def read() -> dict[str, int]:
        handle = (await _temporal(stack)).get_workflow_handle(workflow_id)
        try:
            pending = (await handle.describe()).raw_description.pending_activities
        except RPCError:  # it isn't started yet
            return {}
        return {one.last_failure.application_failure_info.type: one.attempt for one in pending if one.attempt > 1}

    return asyncio.run(read())


def reconcile(stack: Stack, integration_id: str) -> str:
    async def start() -> str:
        key = f"reconcile-{integration_id}-{uuid4().hex[:6]}"
        run, given = ReconciliationWorkflow.run, ReconciliationStart(integration_id, "console")
        await (await _temporal(stack)).start_workflow(run, given, id=key, task_queue=TASK_QUEUE)
        return key

    return asyncio.run(start())


def assert_well(admin: Person, path: str) -> None:
    shown = ok(admin.get(path))
    assert shown["needsAttention"] is None
    assert ok(admin.get(f"{path}/health"))["state"] in {"ok", "untested"}
    notices = ok(admin.get("/api/me/notifications", params={"kind": "connection_needs_attention", "limit": 200}))
    assert shown["id"] not in [one["integrationId"] for one in notices["items"]]


@pytest.fixture
def board(stack: Stack, tmp_path: Path) -> Connected:
    return connected(stack, tmp_path)


def test_a_ticket_is_opened_once_a_key_fits(stack: Stack, board: Connected) -> None:
    seal(stack, board.id, "a discarded key", {"webhookSecret": SECRET})
    author = stack.person()
    item = writing.with_item(author, writing.draft(author)["id"], author.id)
    path = f"/api/action-items/{item['id']}"
    ok(author.post(f"{path}/tickets", json={"integrationId": board.id}), 201)
    eventually(lambda: failures(stack, f"action-item-{item['id']}").get("CredentialsLocked", 0) > 2)
    (ticket,) = ok(author.get(path))["tickets"]
    assert ticket["linkState"] == "pending", "neither refused nor given up"
    assert_well(board.admin, board.path)
    seal(stack, board.id, SECRET_KEY, {"webhookSecret": SECRET})
    eventually(lambda: ok(author.get(path))["tickets"][0]["linkState"] == "ok")
    assert_well(board.admin, board.path)


def test_a_reconciliation_waits_and_then_goes_on(stack: Stack, board: Connected) -> None:
    board.item(stack.person())
    seal(stack, board.id, "a discarded key", {"webhookSecret": SECRET})
    key = reconcile(stack, board.id)
    eventually(lambda: failures(stack, key).get("CredentialsLocked", 0) > 1)
    assert_well(board.admin, board.path)
    assert board.log(operation="reconcile", result="refused") == []
    seal(stack, board.id, SECRET_KEY, {"webhookSecret": SECRET})

    async def ended() -> Any:
        return await asyncio.wait_for((await _temporal(stack)).get_workflow_handle(key).result(), 60)

    asyncio.run(ended())
    assert_well(board.admin, board.path)


def test_a_webhook_is_to_be_sent_again(stack: Stack, board: Connected) -> None:
    author = stack.person()
    item = board.item(author)
    ticket = board.ticket(item)
    seal(stack, board.id, "a discarded key", {"webhookSecret": SECRET})
    answer = board.closed_elsewhere(ticket)
    assert (answer.status_code, answer.json()["code"]) == (503, "CredentialsLocked")
    assert "retry-after" in answer.headers
    assert_well(board.admin, board.path)
    seal(stack, board.id, SECRET_KEY, {"webhookSecret": SECRET})
    assert board.closed_elsewhere(ticket).is_success
    eventually(lambda: ok(author.get(f"/api/action-items/{item['id']}"))["status"] == "COMPLETED")


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with running_smtp() as one:
        yield one


def test_a_letter_is_sent_once_a_key_fits(stack: Stack, box: Mailbox) -> None:
    admin, reader = stack.person("ADMIN"), stack.person()
    config = {"host": box.host, "port": box.port, "security": "NONE", "fromAddress": "afterword@acme.example"}
    mail = {"kind": "email", "name": "Mail", "config": config, "secrets": {}}
    made = ok(admin.post("/api/integrations", json=mail), 201)
    path = f"/api/integrations/{made['id']}"
    seal(stack, made["id"], "a discarded key", {"username": "u", "password": "p"})
    try:
        days = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
        hours = {"workingDays": days, "opens": "00:00", "closes": "24:00", "preferredChannel": "email"}
        ok(reader.patch("/api/me", json=hours))
        notify(stack, reader, postmortem_id=writing.draft(reader)["id"], is_escalation=True)
        eventually(lambda: failures(stack, f"voice-{reader.id}").get("CredentialsLocked", 0) > 1)
        assert_well(admin, path)
        seal(stack, made["id"], SECRET_KEY, {})
        eventually(lambda: box.to(ok(reader.get("/api/me"))["email"]))
        assert_well(admin, path)
    finally:
        ok(admin.delete(path))
