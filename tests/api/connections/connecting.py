"""Connections created through HTTP, to the console tracker, whose board is a file that tests can write too."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from domain.tickets.status import CloseReason, TicketState
from integrations import registry
from integrations.ticket import Ticket, TicketAction, TicketChange, TicketRef
from integrations.tracker import Tracker
from integrations.trackers.console import delivery
from tests.api import writing
from tests.api.writing import ok
from tests.stack import NO_TLS, Person, Stack, eventually

SECRET = "a console's secret"


@dataclass(frozen=True)
class Connected:
    """A console connection and its board."""

    stack: Stack
    admin: Person
    made: Any
    config: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.made["id"])

    @property
    def path(self) -> str:
        return f"/api/integrations/{self.id}"

    def board(self, account: str = "afterword") -> Tracker:
        return registry.connect("console", self.config | {"account": account}, {})

    def reconciled(self) -> None:
        """The reconciliation that began with the connection is over: what a test writes about the connection stays."""
        eventually(lambda: ok(self.admin.get(f"{self.path}/health"))["lastReconciledAt"])

    def pause(self) -> None:
        """Nothing is sent anymore, and the reconciliation that began with the connection is over: what a test writes
        about a ticket stays, though the ticket itself is well."""
        self.reconciled()
        ok(self.admin.patch(self.path, json={"enabled": False}))

    def item(self, author: Person, **fields: Any) -> Any:
        """An action item with a ticket that is there."""
        item = writing.with_item(author, writing.draft(author)["id"], author.id, **fields)
        ok(author.post(f"/api/action-items/{item['id']}/tickets", json={"integrationId": self.id}), 201)

        def linked() -> Any:
            shown = ok(author.get(f"/api/action-items/{item['id']}"))
            return shown["tickets"][0]["linkState"] == "ok" and shown

        return eventually(linked)

    def ticket(self, item: Any) -> Ticket:
        key = item["tickets"][0]["key"]
        return self.board().resolve(key)

    def closed_elsewhere(self, ticket: Ticket) -> httpx.Response:
        """Jane closes it on the board, and the board tells us."""
        change = TicketChange(state=TicketState.DONE, reason=CloseReason.COMPLETED)
        now = self.board("jane").update(TicketRef(ticket.external_id, ticket.key), change)
        return self.tells(now, TicketAction.CLOSED)

    def tells(self, ticket: Ticket, action: TicketAction, secret: str = SECRET) -> httpx.Response:
        headers, body = delivery(ticket, action, "jane", secret)
        return httpx.post(self.made["webhookUrl"], content=body, headers=headers, timeout=30, verify=NO_TLS)

    def log(self, **filters: Any) -> list[Any]:
        return list(ok(self.admin.get(f"{self.path}/deliveries", params=filters))["items"])

    def health(self) -> Any:
        return ok(self.admin.get(f"{self.path}/health"))


def connected(stack: Stack, folder: Path, admin: Person | None = None, **config: Any) -> Connected:
    admin = admin or stack.person("ADMIN")
    config = {"project": f"P{uuid4().hex[:6].upper()}", "directory": str(folder), **config}
    body = {"kind": "console", "name": config["project"], "config": config, "secrets": {"webhookSecret": SECRET}}
    return Connected(stack, admin, ok(admin.post("/api/integrations", json=body), 201), config)
