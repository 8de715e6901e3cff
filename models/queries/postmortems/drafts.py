"""Rows of new postmortems, and of drafts that nobody has edited yet."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.postmortems.lifecycle import Status
from models.audit import AuditEntry
from models.postmortem import Postmortem, PostmortemReviewer, TimelineEvent
from models.queries.prebuilt import Prebuilt, text_of
from models.queries.rows import columns_of, read_rows
from models.queries.together import Existing, NewRows, write_together


async def insert_postmortem(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """False if its id exists already."""
    defaults = {
        "impact_metrics": {},
        "custom_fields": {},
        "tags": [],
        "status": Status.DRAFT.value,
        "content_revision": 1,
        "publish_on_approval": False,
        "workflow_started": False,
    }
    row = NewRows(Postmortem, [{**defaults, **values}], Existing.KEPT)
    return bool(await write_together(session, [row], returning="id"))


async def lock_unedited_draft(session: AsyncSession, postmortem_id: str) -> list[Postmortem]:
    """The draft, locked; empty if there is none, or someone has begun to edit it."""
    return await read_rows(session, Postmortem, _UNEDITED, id=postmortem_id)


_UNEDITED = Prebuilt(
    select(*columns_of(Postmortem))
    .where(
        Postmortem.id == text_of("id"), Postmortem.status == Status.DRAFT.value, Postmortem.draft_started_at.is_(None)
    )
    .with_for_update(key_share=True)
)


async def list_fields_set_by_people(session: AsyncSession, postmortem_id: str) -> frozenset[str]:
    """Names of the fields that a person has changed, according to the audit log."""
    statement = select(AuditEntry.after).where(
        AuditEntry.postmortem_id == postmortem_id,
        AuditEntry.action == "postmortem.updated",
        AuditEntry.actor_id.is_not(None),
    )
    return frozenset(name for after in (await session.execute(statement)).scalars() for name in after or {})


async def is_reviewer(session: AsyncSession, postmortem_id: str, person_id: str) -> bool:
    return await session.get(PostmortemReviewer, (postmortem_id, person_id)) is not None


async def delete_incident_events(session: AsyncSession, postmortem_id: str) -> None:
    """Removes the timeline events that its incidents reported."""
    statement = delete(TimelineEvent).where(TimelineEvent.postmortem_id == postmortem_id)
    await session.execute(statement.where(TimelineEvent.source == "incident"))
