"""The webhooks that are measured: news of one ticket each, and a new incident each."""

import asyncio
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from bench.load import Ask
from integrations import registry
from integrations.ticket import TicketAction
from integrations.trackers import console
from models.integration import WebhookDelivery
from tests.api import writing
from tests.stack import Stack, eventually

SECRET = "bench"
TICKETS = 20


async def drained(stack: Stack) -> None:
    """Waits until no webhook waits any more."""
    engine = create_async_engine(stack.database_url)
    waiting = select(func.count()).where(WebhookDelivery.handled_at.is_(None))
    async with AsyncSession(engine) as session:
        while (await session.execute(waiting)).scalar_one():
            await session.rollback()
            await asyncio.sleep(0.2)
    await engine.dispose()


def incident_webhooks(stack: Stack, count: int) -> list[Ask]:
    body = {"kind": "generic", "name": "bench", "secrets": {"webhookSecret": SECRET}}
    made = stack.client().post("/api/integrations", json=body).raise_for_status().json()
    path = httpx.URL(made["webhookUrl"]).path

    def ask(number: int) -> Ask:
        told = {
            "externalId": f"bench-{number}",
            "title": "Bench",
            "status": "OPEN",
            "startedAt": "2026-11-20T07:00:00Z",
        }
        raw = json.dumps(told).encode()
        signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}", "X-Delivery-Id": uuid4().hex}
        return Ask(path, "", "POST", raw, headers, (202,))

    return [ask(number) for number in range(count)]


async def ticket_webhooks(stack: Stack, count: int) -> list[Ask]:
    author = stack.person()
    config = {"project": "BENCH", "directory": str(stack.home.path / "board")}
    body = {"kind": "console", "name": "board", "config": config, "secrets": {"webhookSecret": SECRET}}
    made = stack.client().post("/api/integrations", json=body).raise_for_status().json()
    path, postmortem = httpx.URL(made["webhookUrl"]).path, writing.draft(author)["id"]
    items = [writing.with_item(author, postmortem, author.id)["id"] for _ in range(TICKETS)]
    for one in items:
        author.post(f"/api/action-items/{one}/tickets", json={"integrationId": made["id"]}).raise_for_status()

    def links() -> list[dict[str, str]]:
        return [author.get(f"/api/action-items/{one}").json()["tickets"][0] for one in items]

    eventually(lambda: all(one["linkState"] == "ok" for one in links()), 120)
    board = registry.connect("console", config, {})
    tickets = [board.resolve(one["key"]) for one in links()]

    def ask(number: int) -> Ask:
        at = datetime.now(UTC) + timedelta(milliseconds=number)
        told = replace(tickets[number % TICKETS], title=f"Reworded {number}", updated_at=at)
        headers, raw = console.delivery(told, TicketAction.EDITED, "jane", SECRET)
        return Ask(path, "", "POST", raw, headers, (202,))

    return [ask(number) for number in range(count)]
