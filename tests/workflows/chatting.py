"""Requests from Slack in the workflow tests: recorded as the endpoint records them; Slack itself is unreachable."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import uuid4

from sqlalchemy import update
from temporalio.client import WorkflowHandle

from integrations.slack.settings import KIND
from models.base import new_id
from models.integration import Integration
from models.keyring import Keyring
from models.queries.connections.deliveries import NewDelivery, insert_delivery, settle_delivery
from tests.workflows.lab import STORE, Lab, own_client
from worker import build_chat_worker
from workflows.chat import ChatWorkflow
from workflows.queues import TASK_QUEUE

NOWHERE = "http://localhost:9"
Handle = WorkflowHandle[ChatWorkflow, str]


@asynccontextmanager
async def chat_worker(lab: Lab) -> AsyncIterator[None]:
    """Afterwards the connections are paused: voices would wait for a Slack that is nowhere."""
    try:
        async with build_chat_worker(await own_client(lab.env), lab.sessions, Keyring("k"), STORE, "http://x"):
            yield
    finally:
        async with lab.sessions.begin() as session:
            nowhere = Integration.config["baseUrl"].as_string() == NOWHERE
            await session.execute(update(Integration).where(Integration.kind == KIND, nowhere).values(is_enabled=False))


async def request_from_slack(lab: Lab, *, is_settled: bool = False) -> int:
    """A command of somebody unknown: Slack has to be asked who that is. The delivery's number."""
    now = datetime.now(UTC)
    secrets = Keyring("k").seal({"token": "xoxb-lab", "webhookSecret": "s"})
    row = Integration(id=new_id("int"), kind=KIND, name="Slack", config={"baseUrl": NOWHERE}, secrets=secrets)
    form = {
        "command": "/afterword",
        "text": "help",
        "user_id": "U1",
        "team_id": "T1",
        "channel_id": "C1",
        "trigger_id": uuid4().hex,
        "response_url": f"{NOWHERE}/answer",
    }
    async with lab.sessions.begin() as session:
        session.add(row)
        await session.flush()
        told = {"content-type": "application/x-www-form-urlencoded"}
        new = NewDelivery(KIND, row.id, form["trigger_id"], told, urlencode(form).encode())
        delivery = await insert_delivery(session, new, now)
        assert delivery is not None
        if is_settled:
            await settle_delivery(session, delivery, "done", now)
    return delivery


async def ask(lab: Lab, delivery: int) -> Handle:
    return await lab.client.start_workflow(ChatWorkflow.run, delivery, id=f"chat-{delivery}", task_queue=TASK_QUEUE)


async def give_up(lab: Lab, handle: Handle) -> str:
    """Until the workflow has, in skipped time."""
    await lab.fast_forward(handle, timedelta(minutes=26))
    return await handle.result()
