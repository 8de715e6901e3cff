"""SQL about files that are attached to postmortems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, cast, delete, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import NotFound
from models.action_item import ActionItem
from models.content import Section, SectionDraft, SectionRevision
from models.documents import Attachment
from models.postmortem import Comment, Postmortem, TimelineEvent
from models.queries.access.visibility import visible_to
from models.queries.pagination import Ask, Order, Page, fetch_page

_ORDER = Order("attachments", Attachment.created_at, Attachment.id, descending=False)
_THERE = (Attachment.ready_at.is_not(None), Attachment.removed_at.is_(None))


@dataclass(frozen=True, slots=True)
class ShownAttachment:
    """``references`` is how many texts of the postmortem refer to it now."""

    attachment: Attachment
    references: int


@dataclass(frozen=True, slots=True)
class Place:
    """A text that refers to an attachment: ``kind`` is section, comment, timeline or actionItem."""

    kind: str
    id: str


def _called() -> Any:
    return literal("attachment:", String).concat(Attachment.id)


def _texts() -> Mapping[str, tuple[Any, Any, Any]]:
    """What may refer to an attachment: by kind, the id of each text, its postmortem, and the text."""
    details = func.concat_ws("\n", ActionItem.description, ActionItem.details)
    return {
        "section": (Section.name, Section.postmortem_id, Section.body),
        "comment": (Comment.id, Comment.postmortem_id, Comment.body),
        "timeline": (TimelineEvent.id, TimelineEvent.postmortem_id, TimelineEvent.event),
        "actionItem": (ActionItem.id, ActionItem.postmortem_id, details),
        "customFields": (Postmortem.id, Postmortem.id, cast(Postmortem.custom_fields, String)),
    }


def _references() -> Any:
    """How many texts refer to the attachment of the surrounding statement."""
    counts = [
        select(func.count())
        .where(postmortem_id == Attachment.postmortem_id, func.strpos(text, _called()) > 0)
        .select_from(key.class_)
        .correlate(Attachment)
        .scalar_subquery()
        for key, postmortem_id, text in _texts().values()
    ]
    return sum(counts[1:], counts[0])


def _seen(viewer: Viewer) -> Select[Attachment]:
    statement = select(Attachment).join(Postmortem, Postmortem.id == Attachment.postmortem_id)
    return statement.where(visible_to(viewer), *_THERE)


async def list_attachments(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, ask: Ask
) -> Page[ShownAttachment]:
    """Oldest first."""
    statement = _seen(viewer).add_columns(_references()).where(Attachment.postmortem_id == postmortem_id)
    rows, cursor = await fetch_page(session, statement, _ORDER, ask)
    return Page([ShownAttachment(row[0], row[1]) for row in rows], cursor)


async def list_all(session: AsyncSession, viewer: Viewer, postmortem_id: str) -> list[Attachment]:
    """All of the postmortem, oldest first."""
    statement = _seen(viewer).where(Attachment.postmortem_id == postmortem_id)
    return list((await session.execute(statement.order_by(Attachment.created_at, Attachment.id))).scalars())


async def get_attachment(session: AsyncSession, viewer: Viewer, attachment_id: str) -> Attachment:
    """One that the viewer may see. Raises NotFound."""
    found = (await session.execute(_seen(viewer).where(Attachment.id == attachment_id))).scalar_one_or_none()
    if found is None:
        raise NotFound(kind="attachment", id=attachment_id)
    return found


async def list_referenced(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, ids: Sequence[str]
) -> dict[str, Attachment]:
    """Those of the postmortem, by their ids; only if the viewer may see it."""
    if not ids:
        return {}
    statement = _seen(viewer).where(Attachment.postmortem_id == postmortem_id, Attachment.id.in_(ids))
    return {one.id: one for one in (await session.execute(statement)).scalars()}


async def sum_sizes(session: AsyncSession, postmortem_id: str, *, besides: str | None = None) -> int:
    """Bytes of a postmortem's attachments, those on their way to the store included, ``besides`` not."""
    statement = select(func.coalesce(func.sum(Attachment.size), 0)).where(
        Attachment.postmortem_id == postmortem_id, Attachment.removed_at.is_(None)
    )
    if besides is not None:
        statement = statement.where(Attachment.id != besides)
    return int((await session.execute(statement)).scalar_one())


async def insert_attachment(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """A row whose bytes are on their way. One with this id, left by an interrupted upload, is written anew."""
    statement = insert(Attachment).values(is_kept=False, **values)
    new = {name: statement.excluded[name] for name in values if name not in {"id", "postmortem_id", "uploaded_by"}}
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=new))


async def lock_attachment_unscoped(session: AsyncSession, attachment_id: str) -> Attachment | None:
    statement = select(Attachment).where(Attachment.id == attachment_id).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def list_places(session: AsyncSession, attachment: Attachment) -> list[Place]:
    """The texts of its postmortem that refer to it now."""
    called = f"attachment:{attachment.id}"
    found = []
    for kind, (key, postmortem_id, text) in _texts().items():
        statement = select(key).where(postmortem_id == attachment.postmortem_id, func.strpos(text, called) > 0)
        rows = (await session.execute(statement.order_by(key))).scalars()
        found += [Place(kind, one) for one in rows]
    return found


# The sweep


def _leftover(before: datetime) -> Any:
    gone = or_(Attachment.postmortem_id.is_(None), Attachment.removed_at.is_not(None))
    return gone | (Attachment.ready_at.is_(None) & (Attachment.created_at < before))


async def list_leftovers_unscoped(session: AsyncSession, before: datetime, limit: int) -> list[str]:
    """The ids of rows that nobody can see any more, or whose upload was interrupted before that instant."""
    statement = select(Attachment.id).where(_leftover(before)).order_by(Attachment.id).limit(limit)
    return list((await session.execute(statement)).scalars())


async def delete_leftovers(session: AsyncSession, ids: Sequence[str], before: datetime) -> None:
    """Those of them that are still leftovers."""
    await session.execute(delete(Attachment).where(Attachment.id.in_(ids), _leftover(before)))


async def settle_unused(session: AsyncSession, before: datetime, now: datetime, limit: int) -> int:
    """Looks at attachments that were last looked at before that instant: those that a revision refers to are kept for
    good, those that another text refers to are looked at again later, and the others are removed. How many."""
    due = select(Attachment.id).where(~Attachment.is_kept, Attachment.checked_at < before, *_THERE)
    ids = list((await session.execute(due.order_by(Attachment.checked_at).limit(limit))).scalars())
    if not ids:
        return 0
    mine = Attachment.id.in_(ids)
    revision = select(SectionRevision.name).where(
        SectionRevision.postmortem_id == Attachment.postmortem_id,
        SectionRevision.superseded_at.is_(None),
        func.strpos(SectionRevision.body, _called()) > 0,
    )
    draft = select(SectionDraft.name).where(
        SectionDraft.postmortem_id == Attachment.postmortem_id, func.strpos(SectionDraft.body, _called()) > 0
    )
    without_synchronizing = {"synchronize_session": False}
    await session.execute(
        update(Attachment).where(mine, exists(revision)).values(is_kept=True, checked_at=now),
        execution_options=without_synchronizing,
    )
    referred = select(Attachment.id).where(mine, ~Attachment.is_kept, or_(_references() > 0, exists(draft)))
    used = list((await session.execute(referred)).scalars())
    rest = update(Attachment).where(mine, ~Attachment.is_kept)
    await session.execute(
        rest.where(Attachment.id.in_(used)).values(checked_at=now), execution_options=without_synchronizing
    )
    await session.execute(
        rest.where(Attachment.id.not_in(used)).values(removed_at=now), execution_options=without_synchronizing
    )
    return len(ids)
