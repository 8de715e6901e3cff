"""What a webhook asks of PostgreSQL when it arrives, and what applying it asks: one statement more fails here.

A webhook looks for its connection and is recorded. A pull request and the report of an incident are applied, too.
"""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from temporalio.testing import ActivityEnvironment

from activities.tickets.webhooks import ApplyDelivery, TicketWebhookActivities
from integrations import registry
from integrations.ticket import Ticket, TicketAction
from integrations.trackers import console
from models.integration import SyncAttempt, WebhookDelivery
from models.keyring import Keyring
from models.session import make_engine, make_sessions
from tests.api import writing
from tests.api.writing import ok
from tests.organisation import new_organisation, signed
from tests.servers import SECRET_KEY
from tests.stack import Stack, eventually, shared_stack
from tests.statements import Counter, counted_app, counting

SECRET = "statements"
AT_THE_DOOR, IN_THE_WORKER = 3, 12
WITH_POSTMORTEM = 12

Asked = tuple[httpx.AsyncClient, Counter]


@dataclass(frozen=True)
class Quiet:
    """A stack with an item that has a ticket, and without a worker: nothing happens by itself."""

    stack: Stack
    item_id: str
    path: str
    ticket: Ticket

    def rows(self, statement: Any) -> list[Any]:
        assert self.stack.direct is not None
        return self.stack.direct.rows(statement)

    def told(self, title: str, seconds: int) -> tuple[dict[str, str], bytes]:
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        return console.delivery(replace(self.ticket, title=title, updated_at=at), TicketAction.EDITED, "jane", SECRET)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quiet]:
    with shared_stack() as stack:
        author, admin, board = stack.person(), stack.client(), tmp_path_factory.mktemp("board")
        connection = {"kind": "console", "name": "board", "config": {"project": "OPS", "directory": str(board)}}
        made = ok(admin.post("/api/integrations", json={**connection, "secrets": {"webhookSecret": SECRET}}), 201)
        item = writing.with_item(author, writing.draft(author)["id"], author.id)
        ok(author.post(f"/api/action-items/{item['id']}/tickets", json={"integrationId": made["id"]}), 201)

        def ticket() -> Ticket | None:
            (link,) = ok(author.get(f"/api/action-items/{item['id']}"))["tickets"]
            return _board(board).resolve(link["key"]) if link["linkState"] == "ok" else None

        found = eventually(ticket)
        stack.kill("worker")
        yield Quiet(stack, item["id"], httpx.URL(made["webhookUrl"]).path, found)
        stack.revive("worker")


def _board(folder: Path) -> Any:
    return registry.connect("console", {"project": "OPS", "directory": str(folder)}, {})


@pytest.fixture
async def asked(quiet: Quiet) -> AsyncIterator[Asked]:
    async with counted_app(quiet.stack, quiet.stack.person()) as both:
        yield both


async def test_webhook_of_a_ticket(asked: Asked, quiet: Quiet) -> None:
    client, counter = asked
    for number in range(3):
        headers, body = quiet.told(f"Reworded {number}", number)
        for status, code in (("accepted", 202), ("duplicate", 200)):
            counter.clear()
            answer = await client.post(quiet.path, content=body, headers=headers)
            assert (answer.status_code, answer.json()["status"]) == (code, status)
            assert len(counter.statements) <= AT_THE_DOOR, "\n".join(
                " ".join(one.split())[:110] for one in counter.statements
            )


async def test_webhook_of_an_unknown_ticket(asked: Asked, quiet: Quiet) -> None:
    client, counter = asked
    other = replace(quiet.ticket, external_id="nobody's", updated_at=datetime.now(UTC))
    headers, body = console.delivery(other, TicketAction.EDITED, "jane", SECRET)
    counter.clear()
    answer = await client.post(quiet.path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (200, "ignored")
    assert len(counter.statements) <= AT_THE_DOOR, counter.statements
    delivery_id = answer.json()["deliveryId"]
    assert quiet.rows(select(WebhookDelivery.result).where(WebhookDelivery.delivery_id == delivery_id)) == ["unlinked"]
    assert quiet.rows(select(SyncAttempt.result).where(SyncAttempt.delivery_id == delivery_id)) == ["unlinked"]


async def test_webhooks_of_an_incident(asked: Asked, quiet: Quiet) -> None:
    """Also where it names a service and people that nobody knows. A resolution starts the postmortem."""
    client, counter = asked
    organisation = new_organisation(quiet.stack)
    path = httpx.URL(organisation.pagerduty["webhookUrl"]).path
    for event in organisation.events():
        raw, is_resolved = json.dumps(event).encode(), event["event"]["event_type"] == "incident.resolved"
        for code in (202, 200):
            counter.clear()
            answer = await client.post(path, content=raw, headers=signed(organisation.secret, raw))
            assert answer.status_code == code, answer.text
            most = WITH_POSTMORTEM if is_resolved and code == 202 else AT_THE_DOOR
            assert len(counter.statements) <= most, [one[:110] for one in counter.statements]


async def test_what_waits_for_an_item_is_applied_in_one_transaction(asked: Asked, quiet: Quiet) -> None:
    client, _ = asked
    for number in range(20):
        headers, body = quiet.told(f"Reworded {number} of 20", 60 + number)
        assert (await client.post(quiet.path, content=body, headers=headers)).status_code == 202
    with counting(quiet.stack.database_url) as counter:
        engine = make_engine(counter.url)
        activities = TicketWebhookActivities(make_sessions(engine), Keyring(SECRET_KEY))
        given = ApplyDelivery(quiet.item_id, 0, datetime.now(UTC))
        snapshot = await ActivityEnvironment().run(activities.apply_delivery, given)
        await engine.dispose()
    assert snapshot.version > 1
    assert len([one for one in counter.sent if one.upper().startswith("COMMIT")]) == 1
    assert len(counter.statements) <= IN_THE_WORKER, [one[:100] for one in counter.statements]
    shown = ok(quiet.stack.client().get(f"/api/action-items/{quiet.item_id}"))
    assert shown["description"] == "Reworded 19 of 20"
    waiting = select(WebhookDelivery.id).where(
        WebhookDelivery.action_item_id == quiet.item_id, WebhookDelivery.handled_at.is_(None)
    )
    assert not quiet.rows(waiting)
