"""The audit trail, the command log, and answers kept for repeated requests."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import IdempotencyKeyInUse, IdempotencyKeyReused, StaleVersion
from domain.postmortems.commands import ActionItemCommand, PostmortemCommand
from models.record import AuditEntry, CommandArgument, CommandLog, IdempotencyRecord

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


async def stage_arguments(session: AsyncSession, request_id: str, arguments: Mapping[str, Any]) -> None:
    """Leaves a command's words for its activity. The same request again leaves them as they are."""
    statement = insert(CommandArgument).values(request_id=request_id, arguments=dict(arguments))
    await session.execute(statement.on_conflict_do_nothing())


async def take_arguments(session: AsyncSession, request_id: str) -> dict[str, Any]:
    """The words of a command, removed in the transaction that carries it out."""
    statement = delete(CommandArgument).where(CommandArgument.request_id == request_id)
    row = (await session.execute(statement.returning(CommandArgument.arguments))).scalar_one_or_none()
    return row or {}


# Idempotency


async def claim_idempotency_key(
    session: AsyncSession, person_id: str, key: str, fingerprint: bytes
) -> IdempotencyRecord | None:
    """Takes the key for the length of this transaction; the kept answer, where there is one.

    A crash frees the key with its connection. Raises :class:`IdempotencyKeyInUse` while another transaction holds it
    and :class:`IdempotencyKeyReused` where the kept answer was to another request.
    """
    lock = int.from_bytes(hashlib.sha256(f"{person_id}\x1f{key}".encode()).digest()[:8], "big", signed=True)
    if not (await session.execute(select(func.pg_try_advisory_xact_lock(lock)))).scalar_one():
        raise IdempotencyKeyInUse()
    record = await session.get(IdempotencyRecord, (person_id, key))
    if record is not None and record.fingerprint != fingerprint:
        raise IdempotencyKeyReused()
    return record


def keep_answer(
    session: AsyncSession,
    person_id: str,
    key: str,
    fingerprint: bytes,
    status_code: int,
    headers: Mapping[str, str],
    body: bytes,
) -> None:
    session.add(
        IdempotencyRecord(
            person_id=person_id,
            key=key,
            fingerprint=fingerprint,
            status_code=status_code,
            headers=dict(headers),
            body=body,
        )
    )


async def forget_old(session: AsyncSession, before: datetime) -> None:
    """Drops kept answers and stray command words from before that instant."""
    await session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.created_at < before))
    await session.execute(delete(CommandArgument).where(CommandArgument.created_at < before))
