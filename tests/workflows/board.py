"""A console connection in the lab, and the tickets on it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from temporalio.client import WorkflowHandle

from domain.tickets.status import TicketState
from integrations import registry
from integrations.ticket import TicketAction, TicketChange, TicketRef
from integrations.tracker import Tracker
from integrations.trackers import console
from models.action_item import Ticket
from models.queries.connections.deliveries import NewDelivery, insert_delivery
from workflows.action_item import ActionItemWorkflow

if TYPE_CHECKING:
    from tests.workflows.lab import Lab


@dataclass(frozen=True, slots=True)
class Board:
    """A console connection, and the tickets on it."""

    lab: "Lab"
    integration_id: str
    config: dict[str, Any]

    async def _link(self, item_id: str) -> Ticket:
        async with self.lab.sessions.begin() as session:
            mine = Ticket.action_item_id == item_id, Ticket.integration_id == self.integration_id
            return (await session.execute(select(Ticket).where(*mine))).scalar_one()

    def _tracker(self, account: str = "afterword") -> Tracker:
        return registry.connect("console", self.config | {"account": account}, {})

    async def shows(self, item_id: str, **wanted: Any) -> None:
        """Waits until the ticket there says so, and nothing of it waits here."""
        for _ in range(400):
            link = await self._link(item_id)
            if link.external_id is not None and link.link_state == "ok":
                ticket = self._tracker().fetch(TicketRef(link.external_id, link.key or ""))
                if {name: getattr(ticket, name) for name in wanted} == wanted:
                    return
            await asyncio.sleep(0.05)
        raise AssertionError(f"the ticket never said {wanted}")

    async def close(self, item_id: str, handle: WorkflowHandle[Any, Any]) -> None:
        """Jane closes it there, and the news of it comes in."""
        news = await self.changed(item_id, TicketAction.CLOSED, TicketChange(state=TicketState.DONE))
        await handle.signal(ActionItemWorkflow.ticket_event, news)

    async def changed(self, item_id: str, action: TicketAction, change: TicketChange) -> int:
        """Jane changes it there, and the news of it is recorded: its number."""
        link = await self._link(item_id)
        ref = TicketRef(link.external_id or "", link.key or "")
        headers, body = console.delivery(self._tracker("jane").update(ref, change), action, "jane", "s")
        told = {name.lower(): value for name, value in headers.items()}
        async with self.lab.sessions.begin() as session:
            new = NewDelivery("console", self.integration_id, told["x-console-delivery"], told, body)
            delivery = await insert_delivery(session, new, datetime.now(UTC))
        assert delivery is not None
        return delivery
