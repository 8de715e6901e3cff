"""Reading the audit log, and recording in it when an administrator reads a private postmortem."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Select, exists, func, insert, literal, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer, Visibility
from models.audit import AuditEntry
from models.postmortem import Postmortem
from models.queries.access.visibility import AnyViewer, BoundViewer, effective_visibility, is_insider, visible_to
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.prebuilt import Prebuilt, is_writable, text_of
from models.session import StoreError, is_read_only

log = structlog.get_logger()

READ = "postmortem.read"
ONCE_IN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """``action`` is one (``comment.added``) or all of a kind (``comment``); ``at_to`` is not included."""

    postmortem_id: str | None = None
    entity_id: str | None = None
    actor_id: str | None = None
    action: str | None = None
    at_from: datetime | None = None
    at_to: datetime | None = None


async def list_audit(session: AsyncSession, viewer: Viewer, filters: AuditFilters, ask: Ask) -> Page[AuditEntry]:
    """Newest first. Administrators see all of it, others what belongs to postmortems that they may see."""
    order = Order("audit", AuditEntry.id, AuditEntry.id)
    statement = select(AuditEntry).where(*_wanted(filters))
    if not viewer.is_admin:
        statement = statement.where(exists().where(Postmortem.id == AuditEntry.postmortem_id, visible_to(viewer)))
    rows, cursor = await fetch_page(session, statement, order, ask, tie_type=int)
    return Page([row[0] for row in rows], cursor)


def _wanted(filters: AuditFilters) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if filters.postmortem_id:
        wanted.append(AuditEntry.postmortem_id == filters.postmortem_id)
    if filters.entity_id:
        wanted.append(AuditEntry.entity_id == filters.entity_id)
    if filters.actor_id:
        wanted.append(AuditEntry.actor_id == filters.actor_id)
    if filters.action:
        is_of_kind = AuditEntry.action.startswith(f"{filters.action}.", autoescape=True)
        wanted.append(or_(AuditEntry.action == filters.action, is_of_kind))
    if filters.at_from:
        wanted.append(AuditEntry.at >= filters.at_from)
    if filters.at_to:
        wanted.append(AuditEntry.at < filters.at_to)
    return wanted


async def note_reads(session: AsyncSession, viewer: Viewer, postmortem_ids: Collection[str]) -> None:
    """Audits that an administrator read PRIVATE postmortems that they have no relation to.

    Writes at most one entry an hour for each reader and postmortem, in the transaction of the read, although the
    request is a GET. If the database is read-only, such as a standby, the read succeeds and the log file records it.
    """
    if not viewer.is_admin or not viewer.notes_reads or not postmortem_ids:
        return
    read = _unaudited(viewer, Postmortem.id.in_(sorted(postmortem_ids)))
    try:
        async with session.begin_nested():
            await session.execute(insert(AuditEntry).from_select(_COLUMNS, read, include_defaults=False))
    except StoreError as error:
        if not is_read_only(error):
            raise
        log.warning("private_read_not_audited", actor_id=viewer.person_id, postmortem_ids=sorted(postmortem_ids))


_COLUMNS = ["actor_id", "origin", "action", "entity_kind", "entity_id", "postmortem_id"]


def _unaudited(viewer: AnyViewer, those: ColumnElement[bool]) -> Select[Any]:
    """An entry for each of those that is PRIVATE and that only the administrator role lets the viewer read."""
    origin = text_of("viewer_origin") if isinstance(viewer, BoundViewer) else literal(viewer.origin)
    recent = exists().where(
        AuditEntry.postmortem_id == Postmortem.id,
        AuditEntry.actor_id == viewer.person_id,
        AuditEntry.action == READ,
        AuditEntry.at > func.now() - ONCE_IN,
    )
    who = viewer.person_id if isinstance(viewer, BoundViewer) else literal(viewer.person_id)
    columns: list[Any] = [who, origin, literal(READ), literal("postmortem"), Postmortem.id, Postmortem.id]
    is_private = effective_visibility() == Visibility.PRIVATE.value
    return select(*columns).where(those, is_private, not_(is_insider(viewer)), not_(recent))


def with_audit_of(read: Select[Any], statement: Select[Any], viewer: AnyViewer) -> Select[Any]:
    """The statement, which also audits what :func:`note_reads` does: of those whose ids ``read`` selects.

    Run it by :func:`rows_with_audit`.
    """
    entries = _unaudited(viewer, Postmortem.id.in_(read))
    return statement.add_cte(insert(AuditEntry).from_select(_COLUMNS, entries, include_defaults=False).cte("audited"))


async def rows_with_audit(
    session: AsyncSession, viewer: Viewer, audited: Prebuilt, plain: Prebuilt, values: Mapping[str, Any]
) -> list[Any]:
    """The rows of the audited statement; of the plain one if the database is read-only, and the log file says so."""
    if not viewer.notes_reads:
        return await plain.rows(session, **values)
    if audited is plain or await is_writable(session):
        try:
            return await audited.rows(session, **values)
        except StoreError as error:
            if audited is plain or not is_read_only(error):
                raise
    log.warning("private_read_not_audited", actor_id=viewer.person_id, postmortem_ids=[values.get("id")])
    return await plain.rows(session, **values)
