"""Superseded by ``application.audit``; it stays until the last use case has left ``models.queries``."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.action_items.commands import ActionItemCommand
from domain.errors import IdempotencyKeyReused, StaleVersion
from domain.postmortems.commands import PostmortemCommand
from models.audit import AuditEntry, CommandLog

# Audit


def audit(
    session: AsyncSession,
    viewer: Viewer | None,
    action: str,
    kind: str,
    entity_id: str,
    *,
    origin: str | None = None,
    postmortem_id: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> None:
    """Adds a row to the trail, in the caller's transaction. ``viewer`` None is the system itself."""
    entry = AuditEntry(
        actor_id=viewer.person_id if viewer else None,
        origin=origin or (viewer.origin if viewer else "system"),
        action=action,
        entity_kind=kind,
        entity_id=entity_id,
        postmortem_id=postmortem_id,
        before=dict(before) if before else None,
        after=dict(after) if after else None,
    )
    if at is not None:
        entry.at = at
    session.add(entry)


def change_row(
    session: AsyncSession, viewer: Viewer, kind: str, row: Any, changes: Mapping[str, Any], expected: int | None
) -> None:
    """Sets the columns that differ, moves the version and audits it; the row must be locked. Raises StaleVersion."""
    if expected is not None and expected != row.version:
        raise StaleVersion(expected=str(expected), current=row.version)
    before = {name: getattr(row, name) for name, value in changes.items() if getattr(row, name) != value}
    if not before:
        return
    for name in before:
        setattr(row, name, changes[name])
    row.version += 1
    after = {name: changes[name] for name in before}
    audit(session, viewer, f"{kind}.updated", kind, row.id, before=plain(before), after=plain(after))


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON holds them."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


# Commands


async def is_committed(session: AsyncSession, entity_id: str, request_id: str, fingerprint: str) -> bool:
    """Whether that request was carried out before. Raises :class:`IdempotencyKeyReused` where it said otherwise."""
    logged = await session.get(CommandLog, (entity_id, request_id))
    if logged is not None and logged.fingerprint != fingerprint:
        raise IdempotencyKeyReused()
    return logged is not None


def log_command(session: AsyncSession, entity_id: str, command: PostmortemCommand | ActionItemCommand) -> None:
    session.add(
        CommandLog(
            entity_id=entity_id,
            request_id=command.request_id,
            name=command.action.value,
            actor_id=command.actor_id,
            fingerprint=command.fingerprint,
        )
    )
