"""Why the ticket of an action item isn't kept the same on both sides."""

from collections.abc import Mapping

from domain.access import Viewer
from domain.action_items.action_item import LinkState
from domain.troubleshooting import Check, Mend, check
from models.action_item import Ticket
from models.integration import Integration
from models.queries.connections.connections import connections_by_id
from models.session import Session

TROUBLE = frozenset({LinkState.REFUSED, LinkState.FORBIDDEN})
GONE = frozenset({LinkState.DELETED, LinkState.MOVED})
ASK = "Ask an administrator to look at this connection."


async def sync_checks(session: Session, viewer: Viewer, tickets: list[Ticket]) -> dict[str, list[Check]]:
    """The product document's checks by the id of each ticket: connected, permissions, sync log. What a connection says
    of itself is only for administrators."""
    known: Mapping[str, Integration] = await connections_by_id(session, [one.integration_id for one in tickets])
    return {one.id: _checks(viewer, one, known[one.integration_id]) for one in tickets}


def _checks(viewer: Viewer, ticket: Ticket, connection: Integration) -> list[Check]:
    page = f"/settings/integrations/{connection.id}" if viewer.is_admin else None
    state = LinkState(ticket.link_state)
    return [
        check(f"The connection {connection.name} works", _problem(connection) is None, _mend(viewer, connection, page)),
        check(
            "The tracker lets Afterword change the ticket",
            state not in TROUBLE,
            Mend(ticket.detail or "The tracker refused the last change."),
            Mend("Test the connection: it says which permission is missing.", page) if page else Mend(ASK),
        ),
        check(
            "The ticket is where it was linked",
            state not in GONE,
            Mend(ticket.detail or "It was moved or deleted. Link it again, or create another one."),
        ),
        check(
            "Every change has been sent",
            not ticket.waits and not ticket.tries and state is not LinkState.PENDING,
            Mend("A change is waiting, or is tried again. It's sent as soon as the tracker can be reached."),
            Mend("See each attempt in the sync log.", f"{page}/log") if page else Mend(ASK),
        ),
    ]


def _problem(connection: Integration) -> str | None:
    if connection.disconnected_at is not None:
        return "It was disconnected. Connect it again, or unlink the ticket."
    if not connection.is_enabled:
        return "It is paused. Resume it, and what has changed since is sent."
    return connection.needs_attention


def _mend(viewer: Viewer, connection: Integration, page: str | None) -> Mend:
    return Mend(_problem(connection) or "", page) if viewer.is_admin else Mend(ASK)
