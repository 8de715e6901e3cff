"""What a webhook asks of PostgreSQL when it arrives, and what its application asks: one statement more fails here.

A tracker's webhook looks for its connection and is recorded; a pull request is applied, too.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from temporalio.testing import ActivityEnvironment

from activities.tickets.webhooks import ApplyDelivery, TicketWebhookActivities
from integrations import registry
from integrations.ticket import Ticket, TicketAction
from integrations.trackers import console
from models.integration import WebhookDelivery
from models.keyring import Keyring
from models.session import make_engine, make_sessions
from tests.api import writing
from tests.api.writing import ok
from tests.organisation import Organisation, signed
from tests.servers import SECRET_KEY
from tests.stack import Stack, eventually
from tests.statements import Counter, counted_app, counting

SECRET = "statements"
AT_THE_DOOR, IN_THE_WORKER = 3, 12
INCIDENT = 12


@dataclass(frozen=True)
class Linked:
    item_id: str
    path: str
    ticket: Ticket


@pytest.fixture
def linked(stack: Stack, tmp_path: Path) -> Linked:
    """An action item with a ticket on the console's board, whose webhooks go nowhere by themselves."""
    author = stack.person()
    config = {"project": "OPS", "directory": str(tmp_path)}
    body = {"kind": "console", "name": uuid4().hex, "config": config, "secrets": {"webhookSecret": SECRET}}
    made = ok(stack.client().post("/api/integrations", json=body), 201)
    item = writing.with_item(author, writing.draft(author)["id"], author.id)
    ok(author.post(f"/api/action-items/{item['id']}/tickets", json={"integrationId": made["id"]}), 201)

    def ticket() -> Ticket | None:
        (link,) = ok(author.get(f"/api/action-items/{item['id']}"))["tickets"]
        return registry.connect("console", config, {}).resolve(link["key"]) if link["linkState"] == "ok" else None

    return Linked(item["id"], httpx.URL(made["webhookUrl"]).path, eventually(ticket))


def told(ticket: Ticket, title: str, seconds: int) -> tuple[dict[str, str], bytes]:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return console.delivery(replace(ticket, title=title, updated_at=at), TicketAction.EDITED, "jane", SECRET)


@pytest.fixture
async def asked(stack: Stack) -> AsyncIterator[tuple[httpx.AsyncClient, Counter]]:
    async with counted_app(stack, stack.person()) as both:
        yield both


async def test_webhook_of_a_ticket(asked: tuple[httpx.AsyncClient, Counter], linked: Linked) -> None:
    client, counter = asked
    for number in range(3):
        headers, body = told(linked.ticket, f"Reworded {number}", number)
        for status, code in (("accepted", 202), ("duplicate", 200)):
            counter.clear()
            answer = await client.post(linked.path, content=body, headers=headers)
            assert (answer.status_code, answer.json()["status"]) == (code, status)
            assert len(counter.statements) <= AT_THE_DOOR, counter.statements


async def test_webhook_of_an_incident(asked: tuple[httpx.AsyncClient, Counter], organisation: Organisation) -> None:
    client, counter = asked
    path = httpx.URL(organisation.pagerduty["webhookUrl"]).path
    import json

    for body in organisation.events()[:2]:
        raw = json.dumps(body).encode()
        counter.clear()
        answer = await client.post(path, content=raw, headers=signed(organisation.secret, raw))
        assert answer.status_code == 202, answer.text
        print(len(counter.statements), [one.split("\n")[0][:90] for one in counter.statements])
        assert len(counter.statements) <= 40


async def test_what_waits_for_an_item_is_applied_together(stack: Stack, linked: Linked) -> None:
    """Twenty webhooks of a ticket, recorded while no worker takes them, and applied by one activity."""
    with counting(stack.database_url) as counter:
        engine = make_engine(counter.url)
        sessions = make_sessions(engine)
        client = stack.client()
        for number in range(20):
            headers, body = told(linked.ticket, f"Reworded {number}", number)
            ok(client.post(linked.path, content=body, headers=headers), 202)
        item = ok(client.get(f"/api/action-items/{linked.item_id}"))
        counter.clear()
        given = ApplyDelivery(linked.item_id, 0, datetime.now(UTC))
        await ActivityEnvironment().run(TicketWebhookActivities(sessions, Keyring(SECRET_KEY)).apply_delivery, given)
        print(item["description"], len(counter.statements), [one.split("\n")[0][:100] for one in counter.statements])
        async with sessions.begin() as session:
            left = select(WebhookDelivery.id).where(
                WebhookDelivery.action_item_id == linked.item_id, WebhookDelivery.handled_at.is_(None)
            )
            assert not (await session.execute(left)).all()
        await engine.dispose()
