"""Writing the audit log: every change is recorded in the transaction that makes it."""

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from typing import Any

from domain.access import Viewer
from domain.errors import StaleVersion
from domain.live.changes import changes_of
from models.audit import AuditEntry
from models.database.changes import note_changes
from models.queries.audit import audit_log
from models.queries.audit.audit_log import AuditFilters
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.session import Session, Sessions

EXPORT_BATCH_SIZE = 500
"""How many rows of an export are in memory at a time."""


def audit(
    session: Session,
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
    """Adds an entry to the audit log in the caller's transaction. Pass ``viewer=None`` for the system itself.

    Open pages learn of it once the transaction is committed.
    """
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
    note_changes(session, changes_of(action, kind, entity_id, postmortem_id, after))


def audit_postmortem(
    session: Session,
    viewer: Viewer,
    visible: VisiblePostmortem,
    action: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Adds an entry about the postmortem itself."""
    key = visible.postmortem.id
    audit(session, viewer, action, "postmortem", key, postmortem_id=key, before=before, after=after)


def change_row(
    session: Session, viewer: Viewer, kind: str, row: Any, changes: Mapping[str, Any], expected: int | None
) -> None:
    """Sets the columns that differ, increments the version and audits the change.

    The row must be locked. Raises :class:`StaleVersion` if ``expected`` is given and is not the row's version.
    """
    if expected is not None and expected != row.version:
        raise StaleVersion(expected=str(expected), current=row.version)
    before = {name: getattr(row, name) for name, value in changes.items() if getattr(row, name) != value}
    if not before:
        return
    for name in before:
        setattr(row, name, changes[name])
    row.version += 1
    after = {name: changes[name] for name in before}
    audit(session, viewer, f"{kind}.updated", kind, row.id, before=json_values(before), after=json_values(after))


def json_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values as JSON can hold them: dates and instants become ISO 8601 strings."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


async def export_audit_log(sessions: Sessions, viewer: Viewer, filters: AuditFilters) -> AsyncIterator[AuditEntry]:
    """Yields every matching entry. Each batch has its own transaction, so a slow client does not hold one open."""
    cursor: str | None = None
    while True:
        async with sessions.begin() as session:
            page = await audit_log.list_audit(session, viewer, filters, Ask(EXPORT_BATCH_SIZE, cursor))
        for entry in page.items:
            yield entry
        cursor = page.next_cursor
        if cursor is None:
            return
