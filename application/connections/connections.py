"""Adding, changing and disconnecting connections, with the credentials that they keep encrypted."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit, change_row
from application.connections.registrations import read_registration
from application.connections.secrets import merge_secrets, open_or_empty
from application.outside import Outside
from application.people.references import check_services, check_teams
from domain.access import Viewer
from domain.errors import DomainError, NoTracker
from domain.tickets.projection import read_projection
from integrations import registry
from integrations.tracker import Registration, TrackerUnavailable
from models.base import new_id
from models.integration import Integration
from models.keyring import Keyring
from models.queries.connections.connections import get_connected, insert_integration
from models.session import Session

REMOVAL_TIMEOUT = 10.0
"""Seconds that a vendor has to remove our webhook when it is disconnected."""


@dataclass(frozen=True, slots=True)
class NewConnection:
    """``projection`` is as it is stored."""

    kind: str
    name: str
    config: Mapping[str, Any]
    secrets: Mapping[str, object]
    projection: Mapping[str, Any]


def check_is_tracker(row: Integration) -> None:
    """Raises NoTracker."""
    if row.kind not in registry.tracker_kinds():
        raise NoTracker(kind=row.kind)


async def add_connection(
    session: Session, viewer: Viewer, keyring: Keyring, new: NewConnection, now: datetime
) -> Integration:
    """Raises UnknownIntegrationKind, InvalidIntegrationConfig, NoTracker or UnknownReference."""
    secrets = merge_secrets({}, new.secrets)
    registry.check_connection(new.kind, new.config, secrets)
    await _check_projection(session, new.kind, new.projection)
    row = insert_integration(
        session,
        id=new_id("int"),
        kind=new.kind,
        name=new.name,
        config=dict(new.config),
        secrets=keyring.seal(secrets),
        projection=dict(new.projection),
        look_wanted_at=now,
        created_by_id=viewer.person_id,
        created_at=now,
    )
    after = {"kind": row.kind, "name": row.name, "config": row.config, "secrets": sorted(secrets)}
    after |= {"projection": row.projection} if row.projection else {}
    audit(session, viewer, "integration.created", "integration", row.id, after=after)
    await session.flush()
    return row


async def _check_projection(session: Session, kind: str, stored: Mapping[str, Any]) -> None:
    """Raises NoTracker or UnknownReference."""
    if stored and kind not in registry.tracker_kinds():
        raise NoTracker(kind=kind)
    destinations = read_projection(stored).destinations
    team_ids = [one.team_id for one in destinations if one.team_id]
    service_ids = [one.service_id for one in destinations if one.service_id]
    await check_teams(session, "projection.destinations.teamId", team_ids)
    await check_services(session, "projection.destinations.serviceId", service_ids)


async def change_connection(
    session: Session,
    viewer: Viewer,
    keyring: Keyring,
    integration_id: str,
    changes: Mapping[str, Any],
    entered: Mapping[str, object],
    expected: int | None,
    now: datetime,
) -> Integration:
    """Changes columns, and replaces the secrets that were ``entered``, which ends the connection's trouble.

    A changed configuration, new secrets or resuming a paused connection has it reconciled at once. Raises NotFound,
    Disconnected, StaleVersion, InvalidIntegrationConfig, NoTracker or UnknownReference.
    """
    row = await get_connected(session, integration_id, lock=True)
    changes = dict(changes)
    if "projection" in changes:
        await _check_projection(session, row.kind, changes["projection"])
    secrets = merge_secrets(open_or_empty(keyring, row), entered)
    registry.check_connection(row.kind, changes.get("config", row.config), secrets)
    if entered:
        changes |= {"needs_attention": None, "attention_of": None}
    before = row.config, row.is_enabled
    change_row(session, viewer, "integration", row, changes, expected)
    if entered:
        row.secrets = keyring.seal(secrets)
        after = {"secrets": sorted(entered)}
        audit(session, viewer, "integration.secrets_renewed", "integration", row.id, after=after)
    if entered or before != (row.config, row.is_enabled):
        row.look_wanted_at = now
    if entered or before[0] != row.config:
        row.verified_at = None
    await session.flush()
    return row


async def disconnect_connection(
    session: Session,
    outside: Outside,
    viewer: Viewer,
    keyring: Keyring,
    integration_id: str,
    expected: int | None,
    now: datetime,
) -> tuple[Integration, str | None]:
    """Destroys the credentials, and removes our webhook at the vendor if that is possible.

    Returns the row, and why our webhook is still there, if it is.
    """
    row = await get_connected(session, integration_id)
    left = await outside(lambda: _remove_webhook(row, keyring)) if row.registration else None
    row = await get_connected(session, integration_id, lock=True)
    changes = {"disconnected_at": now, "is_enabled": False, "needs_attention": None, "registration": None}
    change_row(session, viewer, "integration", row, changes, expected)
    row.secrets, row.troubled_at, row.registering_until = None, None, None
    after = {"name": row.name, "webhookLeft": left}
    audit(session, viewer, "integration.disconnected", "integration", row.id, after=after)
    await session.flush()
    return row, left


async def _remove_webhook(row: Integration, keyring: Keyring) -> str | None:
    """Returns why it is still there, if it is."""
    current = read_registration(row.registration)
    if current is None or row.kind not in registry.tracker_kinds():
        return None
    try:
        secrets = keyring.open(row.secrets)
        async with asyncio.timeout(REMOVAL_TIMEOUT):
            await asyncio.to_thread(_ask_to_remove, row.kind, row.config, secrets, current)
    except (DomainError, TrackerUnavailable) as problem:
        return str(problem)
    except TimeoutError:
        return f"{registry.tracker(row.kind).label} didn't answer in time"
    return None


def _ask_to_remove(kind: str, config: dict[str, Any], secrets: dict[str, object], current: Registration) -> None:
    with registry.connect(kind, config, secrets) as tracker:
        tracker.remove_webhook(current)
