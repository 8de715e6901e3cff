"""Adding, changing and disconnecting connections, with the credentials that they keep encrypted."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit, change_row
from application.connections.registrations import read_registration
from application.connections.secrets import is_webhook_secret, merge_secrets, open_or_empty
from application.outside import Outside
from application.people.references import check_services, check_teams
from domain.access import Viewer
from domain.errors import DomainError, Fact, InvalidIntegrationConfig, NotFound, NoTracker, reason
from domain.tickets.projection import read_projection
from integrations import registry
from integrations.connection import Endpoint
from integrations.outbound.policy import ANY_HOST
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
    stored = open_or_empty(keyring, row)
    secrets = merge_secrets(stored, entered)
    moved = _find_move(row, changes.get("config", row.config))
    kept_host = None if moved else row.kept_host
    registry.check_connection(row.kind, changes.get("config", row.config), secrets, kept_host)
    if moved:
        _demand_secrets(row.kind, moved, stored, entered)
        changes |= {"registration": None, "account": None}
    if moved or entered:
        changes |= {"kept_host": None, "kept_host_confirmed_at": None} if _names_host(row, moved, entered) else {}
    if entered:
        changes |= {"needs_attention": None, "attention_of": None}
    before = row.config, row.is_enabled
    change_row(session, viewer, "integration", row, changes, expected)
    if moved:
        before_host, after_host = ({"host": one.origin} for one in moved)
        audit(session, viewer, "integration.host_changed", "integration", row.id, before=before_host, after=after_host)
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


Move = tuple[Endpoint, Endpoint]
"""Where the credentials went before, and where they are to go."""


def _find_move(row: Integration, config: Mapping[str, Any]) -> Move | None:
    """None if credentials go where they went, or went nowhere yet."""
    try:
        before = registry.endpoint_of(row.kind, row.config)
    except InvalidIntegrationConfig:  # from an older version
        before = None
    after = registry.endpoint_of(row.kind, config)
    return (before, after) if before and after and before.origin != after.origin else None


def _demand_secrets(kind: str, moved: Move, stored: Mapping[str, object], entered: Mapping[str, object]) -> None:
    """Raises InvalidIntegrationConfig unless every credential is entered again: the old ones never go to a new host.

    The secret that signs webhooks to us is none that we send anywhere as ours.
    """
    missing = [one for one in stored if one not in entered and not is_webhook_secret(one)]
    if missing:
        raise InvalidIntegrationConfig(reasons=[_again(kind, moved, one) for one in missing])


def _again(kind: str, moved: Move, name: str) -> dict[str, Fact]:
    before, after = moved
    title = registry.kind_of(kind).secrets["properties"].get(name, {}).get("title", name)
    words = f"Enter the {title} again: it would go to {after.origin} instead of {before.origin}."
    return reason("secret_needed", words, field=f"secrets.{name}")


def _names_host(row: Integration, moved: Move | None, entered: Mapping[str, object]) -> bool:
    """Whether the change names a host, in a setting or in a secret that contains the address."""
    return moved is not None or (row.kept_host == ANY_HOST and any(not is_webhook_secret(one) for one in entered))


async def confirm_kept_host(
    session: Session, viewer: Viewer, integration_id: str, expected: int | None, now: datetime
) -> Integration:
    """An administrator says that the connection may go on reaching the host that it had before hosts were checked.

    Raises NotFound, Disconnected, StaleVersion.
    """
    row = await get_connected(session, integration_id, lock=True)
    if row.kept_host is None:
        raise NotFound(kind="host to confirm of connection", id=integration_id)
    if row.kept_host_confirmed_at is None:
        change_row(session, viewer, "integration", row, {"kept_host_confirmed_at": now}, expected)
        audit(session, viewer, "integration.host_confirmed", "integration", row.id, after={"host": row.kept_host})
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
            await asyncio.to_thread(_ask_to_remove, row.kind, row.config, secrets, row.kept_host, current)
    except (DomainError, TrackerUnavailable) as problem:
        return str(problem)
    except TimeoutError:
        return f"{registry.tracker(row.kind).label} didn't answer in time"
    return None


def _ask_to_remove(
    kind: str, config: dict[str, Any], secrets: dict[str, object], kept_host: str | None, current: Registration
) -> None:
    with registry.connect(kind, config, secrets, kept_host) as tracker:
        tracker.remove_webhook(current)
