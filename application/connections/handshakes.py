"""A vendor's handshake: its question whether we want its webhooks."""

from collections.abc import Mapping
from datetime import datetime

import structlog

from application.connections.secrets import add_webhook_secret, webhook_secrets
from integrations.tracker import Handshake, Tracker
from models.integration import Integration
from models.keyring import Keyring
from models.queries.connections.connections import get_integration
from models.session import Session

log = structlog.get_logger()


async def answer_handshake(
    session: Session,
    keyring: Keyring,
    integration: Integration,
    tracker: Tracker,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> Handshake | None:
    """The answer, if this is a handshake and we are registering a webhook now; None otherwise.

    The vendor's secret is stored, before that of an older webhook of ours that still exists.
    """
    if integration.registering_until is None or integration.registering_until < now:
        return None
    handshake = tracker.handshake(headers, body)
    if handshake is None:
        return None
    row = await get_integration(session, integration.id, lock=True)
    secrets = keyring.open(row.secrets)
    older = webhook_secrets(secrets)[:1] if row.registration else []
    row.secrets = keyring.seal(add_webhook_secret(secrets, handshake.secret, *older))
    log.info("webhook handshake answered", source=integration.kind, integration_id=integration.id)
    return handshake
