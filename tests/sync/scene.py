"""One connection to one peer, in a whole Afterword: where a case of the conformance suite runs.

Everything here is real but the vendor: API, worker, PostgreSQL, and Temporal are processes, webhooks are posted to the
connection's own address, and reconciliation is the workflow that the Schedule starts."""

import asyncio
import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import func, or_, select
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.tickets.texts import details_in
from integrations import registry
from models.action_item import ActionItem, Ticket
from models.audit import AuditEntry
from models.integration import WebhookDelivery
from models.notification import Notice
from tests import peers
from tests.api import writing
from tests.api.writing import ok
from tests.peers.judges import complaints
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import Kind, PeerTicket, Request, TrackerPeer
from tests.stack import NO_TLS, Person, Stack, eventually
from workflows.queues import TASK_QUEUE
from workflows.reconciliation import ReconciliationStart, ReconciliationWorkflow

Json = dict[str, Any]
WRITES = frozenset({Kind.CREATE, Kind.UPDATE})


@cache
def peer_classes() -> dict[str, type[TrackerPeer]]:
    """Every tracker that has a peer: ``tests.peers.<kind>`` with a ``TrackerPeer`` in it."""
    found = {}
    files = {one.name for one in pkgutil.iter_modules(peers.__path__)}
    for kind in registry.tracker_kinds():
        if kind in files:
            module = importlib.import_module(f"tests.peers.{kind}")
            classes = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, TrackerPeer)]
            (found[kind],) = [one for one in classes if one.__module__.startswith(module.__name__)]
    return found


@dataclass
class Scene:
    stack: Stack
    peer: TrackerPeer
    admin: Person
    author: Person
    made: Json
    posted: int = 0
    answers: list[httpx.Response] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.made["id"])

    @property
    def path(self) -> str:
        return f"/api/integrations/{self.id}"

    @property
    def tracker(self) -> Any:
        return registry.tracker(self.peer.kind)

    # Our side

    def item(self, *, linked: bool = True, pointer: str | None = None, **fields: Any) -> Json:
        """An action item of the author with a ticket; ``linked`` waits until it is there."""
        postmortem = ok(self.author.post("/api/postmortems", json={"title": f"Sync {uuid4().hex[:6]}"}), 201)
        fields = {"description": f"Alert at {uuid4().hex[:6]}", **fields}
        item = writing.with_item(self.author, postmortem["id"], self.author.id, **fields)
        return self.ask_for_ticket(item["id"], linked=linked, pointer=pointer)

    def ask_for_ticket(self, item_id: str, *, linked: bool = True, pointer: str | None = None) -> Json:
        body = {"integrationId": self.id} | ({"url": pointer} if pointer else {})
        ok(self.author.post(f"/api/action-items/{item_id}/tickets", json=body), 201)
        return self.linked(item_id) if linked else self.shown(item_id)

    def shown(self, item: Json | str) -> Json:
        item_id = item if isinstance(item, str) else item["id"]
        return dict(ok(self.author.get(f"/api/action-items/{item_id}")))

    def link(self, item: Json | str) -> Json:
        (ticket,) = self.shown(item)["tickets"]
        return dict(ticket)

    def linked(self, item_id: str, state: str = "ok") -> Json:
        def check() -> Json:
            link = self.link(item_id)
            assert link["linkState"] == state, link
            return self.shown(item_id)

        return dict(eventually(check, 30 + self.tracker.lookup_lag))

    def change(self, item: Json, **fields: Any) -> Json:
        return dict(ok(self.author.patch(f"/api/action-items/{item['id']}", json=fields)))

    def becomes(self, item: Json, **wanted: Any) -> Json:
        def check() -> Json:
            shown = self.shown(item)
            assert {name: shown[name] for name in wanted} == wanted, shown
            return shown

        return dict(eventually(check, 40))

    def knows(self, person: Person, account: str) -> None:
        """Who is who: an entry of the table."""
        ok(self.admin.put(f"{self.path}/accounts/{person.id}", json={"account": account}))

    def configure(self, **projection: Any) -> None:
        ok(self.admin.patch(self.path, json={"projection": projection}))

    # Their side

    def ticket(self, item: Json) -> PeerTicket:
        key = self.link(item)["key"]
        return next(one for one in self.peer.tickets() if one.key == key)

    def says(self, item: Json, **wanted: Any) -> PeerTicket:
        """Waits until the ticket there says so."""

        def check() -> PeerTicket:
            ticket = self.ticket(item)
            assert {name: getattr(ticket, name) for name in wanted} == wanted, ticket
            return ticket

        found: PeerTicket = eventually(check)
        return found

    def details(self, item: Json) -> str:
        """The ticket's text there, without our footer."""
        return details_in(self.ticket(item).body)

    def writes(self) -> list[Request]:
        return [one for one in self.peer.requests if self.peer.kind_of(one) in WRITES]

    def calls(self, *kinds: Kind) -> int:
        return sum(self.peer.kind_of(one) in kinds for one in self.peer.requests)

    # Webhooks

    def post(self, delivery: Delivery) -> httpx.Response:
        url, body, headers = self.made["webhookUrl"], delivery.body, delivery.headers
        answer = httpx.post(url, content=body, headers=headers, timeout=30, verify=NO_TLS)
        self.answers.append(answer)
        return answer

    def lose(self) -> int:
        """What the vendor has sent and nobody posted is lost; how many."""
        lost = len(self.peer.outbox) - self.posted
        self.posted = len(self.peer.outbox)
        return lost

    def fresh(self) -> list[Delivery]:
        """What the vendor has sent since the last look, oldest first."""
        news, self.posted = self.peer.outbox[self.posted :], len(self.peer.outbox)
        return news

    def deliver(self) -> list[httpx.Response]:
        return [self.post(one) for one in self.fresh()]

    # The machine

    def reconcile(self) -> Json:
        """As the Schedule does, and waits; the connection's health afterwards."""

        async def run() -> None:
            client = await Client.connect(
                self.stack.temporal_address, namespace=self.stack.namespace, data_converter=pydantic_data_converter
            )
            start = ReconciliationStart(self.id, self.peer.kind)
            await client.execute_workflow(
                ReconciliationWorkflow.run, start, id=f"reconcile-{self.id}-{uuid4().hex[:6]}", task_queue=TASK_QUEUE
            )

        asyncio.run(run())
        self.quiet()
        return self.health()

    def health(self) -> Json:
        return dict(ok(self.admin.get(f"{self.path}/health")))

    def log(self, **filters: Any) -> list[Json]:
        """The sync log, newest first."""
        return list(ok(self.admin.get(f"{self.path}/deliveries", params={"limit": 100, **filters}))["items"])

    def trail(self, item: Json, action: str) -> list[AuditEntry]:
        statement = select(AuditEntry).where(AuditEntry.entity_id == item["id"], AuditEntry.action == action)
        return self.rows(statement.order_by(AuditEntry.id))

    def notices(self, person: Person, kind: str, item: Json | None = None) -> list[Notice]:
        statement = select(Notice).where(Notice.person_id == person.id, Notice.kind == kind)
        about = Notice.integration_id == self.id if item is None else Notice.action_item_id == item["id"]
        return self.rows(statement.where(about))

    def quiet(self) -> None:
        """Waits until everything that came in is handled, and nothing waits to be looked at or started."""
        delivery, ticket = WebhookDelivery, Ticket
        unhandled = select(func.count()).where(delivery.integration_id == self.id, delivery.handled_at.is_(None))
        looks = or_(ticket.looks_wanted > ticket.looks_done, ~ActionItem.workflow_started)
        waiting = select(func.count()).select_from(ticket).join(ActionItem, ActionItem.id == ticket.action_item_id)
        waiting = waiting.where(ticket.integration_id == self.id, ~ticket.waits, looks)

        def check() -> bool:
            assert self.rows(unhandled) == [0], "deliveries wait"
            assert self.rows(waiting) == [0], "tickets wait"
            return True

        eventually(check)

    def rows(self, statement: Any) -> list[Any]:
        assert self.stack.direct is not None
        return self.stack.direct.rows(statement)


@contextmanager
def playing(stack: Stack, kind: str, admin: Person, author: Person) -> Iterator[Scene]:
    """A peer of its own, and a connection to it. At the end the vendor's own document judges all that it was asked."""
    peer = peer_classes()[kind]()
    with peer.running():
        config, secrets = dict(peer.config), dict(peer.secrets)
        body = {"kind": kind, "name": f"{kind} {uuid4().hex[:6]}", "config": config, "secrets": secrets}
        made = ok(admin.post("/api/integrations", json=body), 201)
        scene = Scene(stack, peer, admin, author, made)
        try:
            eventually(lambda: scene.health()["lastReconciledAt"], 40)  # at once, and with that its webhook is there
            yield scene
        finally:
            admin.delete(scene.path)
    wrong = complaints(peer)
    assert not wrong, "\n".join(wrong)
