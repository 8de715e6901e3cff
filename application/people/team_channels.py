"""Where a team gets its messages: a place in a connection that sends messages."""

from typing import Any

from domain.errors import Malformed, UnknownReference, reason
from integrations import registry
from models.queries.connections import connections
from models.session import Session

NO_CHANNEL: dict[str, Any] = {"channel_id": None, "channel_address": None}


async def channel_columns(session: Session, integration_id: str, address: str) -> dict[str, Any]:
    """Raises UnknownReference, or Malformed if the connection does not send messages."""
    row = await connections.find_integration(session, integration_id)
    if row is None:
        raise UnknownReference(field="channel.integrationId", kind="integration", id=integration_id)
    if row.kind not in registry.notifier_kinds():
        words = f"A connection of kind {row.kind} doesn't send messages. Choose one that does."
        raise Malformed(reasons=[reason("channel", words, where="body.channel.integrationId")])
    return {"channel_id": row.id, "channel_address": address}
