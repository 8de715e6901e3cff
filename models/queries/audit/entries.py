"""The audit log of one entity."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import AuditEntry


async def list_entries_unscoped(session: AsyncSession, kind: str, entity_id: str, limit: int) -> list[AuditEntry]:
    """Newest first. The caller has checked that the viewer may see the entity."""
    statement = select(AuditEntry).where(AuditEntry.entity_id == entity_id, AuditEntry.entity_kind == kind)
    return list((await session.execute(statement.order_by(AuditEntry.id.desc()).limit(limit))).scalars())
