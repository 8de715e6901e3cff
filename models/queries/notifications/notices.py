"""Rows of ``notice``: adding, listing, reading and settling them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import NotFound
from domain.live.changes import Change, Kind
from domain.notifications.timing import Outcome
from models.action_item import ActionItem
from models.database.changes import note_changes
from models.notification import Notice
from models.person import Person
from models.postmortem import Postmortem
from models.queries.access.visibility import AnyViewer, BoundViewer, viewer_values, visible_to
from models.queries.locking import change_in_order
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.prebuilt import Prebuilt
from models.queries.rows import write_rows
from models.queries.together import Existing, NewRows, write_together
from models.team import Team


async def insert_for_people(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the ids of the people who did not have the notice yet."""
    return await _insert(session, rows, "person_id")


async def insert_for_teams(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the ids of the teams that did not have the notice yet."""
    return await _insert(session, rows, "team_id")


async def _insert(session: AsyncSession, rows: Sequence[Mapping[str, Any]], receiver: str) -> list[str]:
    if not rows:
        return []
    await write_rows(session)  # what the notices are about
    _tell(session, rows)
    return await write_together(session, [NewRows(Notice, rows, Existing.KEPT)], returning=receiver)


def _tell(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """The open pages of those who get something into their inbox."""
    note_changes(session, [Change(Kind.INBOX, one["person_id"]) for one in rows if one["person_id"]])


def notice_rows(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> list[NewRows]:
    """For people and for teams, however many, to be written with other rows. Existing notices stay as they are."""
    _tell(session, rows)
    return [NewRows(Notice, list(rows), Existing.KEPT)] if rows else []


async def list_teams_with_channel(session: AsyncSession, team_ids: Collection[str]) -> list[str]:
    """Those of the teams that have a channel, by id."""
    statement = select(Team.id).where(Team.id.in_(team_ids), Team.channel_id.is_not(None)).order_by(Team.id)
    return list((await session.execute(statement)).scalars())


def _seen_by(viewer: AnyViewer) -> tuple[ColumnElement[bool], ...]:
    """The viewer's own, and about a postmortem that they may see or an action item that they own."""
    postmortem = exists().where(Postmortem.id == Notice.postmortem_id, visible_to(viewer))
    item = exists().where(ActionItem.id == Notice.action_item_id, ActionItem.owner_id == viewer.person_id)
    return Notice.person_id == viewer.person_id, or_(Notice.postmortem_id.is_(None), postmortem, item)


async def list_notices(
    session: AsyncSession,
    viewer: Viewer,
    ask: Ask,
    *,
    unread: bool = False,
    kind: str | None = None,
    done: bool | None = None,
) -> Page[Notice]:
    """Newest first, without those about what the viewer may no longer see. ``done`` None: put away or not."""
    statement = select(Notice).where(*_seen_by(viewer))
    if unread:
        statement = statement.where(Notice.read_at.is_(None))
    if kind:
        statement = statement.where(Notice.kind == kind)
    if done is not None:
        statement = statement.where(Notice.done_at.is_not(None) if done else Notice.done_at.is_(None))
    rows, cursor = await fetch_page(session, statement, Order("notices", Notice.created_at, Notice.id), ask)
    return Page([row[0] for row in rows], cursor)


async def count_unread(session: AsyncSession, viewer: Viewer) -> int:
    row = await _unread(viewer.is_admin).row(session, **viewer_values(viewer))
    count: int = row[0]
    return count


@cache
def _unread(is_admin: bool) -> Prebuilt:
    return Prebuilt(select(func.count()).where(*_seen_by(BoundViewer(is_admin)), Notice.read_at.is_(None)))


async def mark_read(session: AsyncSession, viewer: Viewer, notice_id: str, now: datetime) -> Notice:
    statement = update(Notice).where(Notice.id == notice_id, *_seen_by(viewer))
    row = (
        await session.execute(statement.values(read_at=func.coalesce(Notice.read_at, now)).returning(Notice))
    ).scalar()
    if row is None:
        raise NotFound(kind="notice", id=notice_id)
    note_changes(session, [Change(Kind.INBOX, viewer.person_id)])
    return row


async def mark_all_read(session: AsyncSession, viewer: Viewer, now: datetime) -> int:
    """Returns how many were unread. Those that the viewer may not see stay unread."""
    note_changes(session, [Change(Kind.INBOX, viewer.person_id)])
    return await change_in_order(session, Notice, {"read_at": now}, *_seen_by(viewer), Notice.read_at.is_(None))


async def mark_done(
    session: AsyncSession, viewer: Viewer, now: datetime, *, notice_id: str | None = None, about_id: str | None = None
) -> int:
    """Puts away one notice, or everything about a postmortem or an action item; returns how many. It counts as read."""
    chosen = Notice.id == notice_id if notice_id else func.coalesce(*_ABOUT) == about_id
    values = {"done_at": now, "read_at": func.coalesce(Notice.read_at, now)}
    note_changes(session, [Change(Kind.INBOX, viewer.person_id)])
    return await change_in_order(session, Notice, values, *_seen_by(viewer), chosen, Notice.done_at.is_(None))


_ABOUT = (Notice.action_item_id, Notice.postmortem_id, Notice.integration_id, Notice.about_team_id, Notice.id)


async def mark_opened(
    session: AsyncSession, viewer: Viewer, now: datetime, kinds: Collection[str], *, about_id: str
) -> int:
    """Its page was opened: those kinds of notices about it count as read, but no escalation. Returns how many."""
    return await change_in_order(
        session,
        Notice,
        {"read_at": now},
        *_seen_by(viewer),
        func.coalesce(*_ABOUT) == about_id,
        Notice.read_at.is_(None),
        Notice.kind.in_(kinds),
        Notice.is_escalation.is_(False),
    )


# Delivery


def _of(receiver_id: str, *, is_team: bool) -> ColumnElement[bool]:
    return Notice.team_id == receiver_id if is_team else Notice.person_id == receiver_id


async def list_pending(session: AsyncSession, receiver_id: str, *, is_team: bool) -> list[Notice]:
    """Notices that are neither settled nor part of a message, oldest first."""
    statement = select(Notice).where(
        _of(receiver_id, is_team=is_team), Notice.settled_at.is_(None), Notice.message_id.is_(None)
    )
    statement = statement.order_by(Notice.created_at, Notice.id)
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


async def list_unsettled_of_message(session: AsyncSession, message_id: str) -> list[Notice]:
    statement = select(Notice).where(*_unsettled(message_id))
    return list((await session.execute(statement.order_by(Notice.created_at, Notice.id))).scalars())


async def settle_all_of_receiver(session: AsyncSession, receiver_id: str, now: datetime) -> None:
    """The receiver left: nothing will be sent to them."""
    theirs = or_(Notice.person_id == receiver_id, Notice.team_id == receiver_id)
    values = {"settled_at": now, "outcome": Outcome.LEFT.value}
    await change_in_order(session, Notice, values, theirs, Notice.settled_at.is_(None))


async def settle_sent(session: AsyncSession, message_id: str, now: datetime, channel: str) -> None:
    values = {"settled_at": now, "outcome": Outcome.TOLD.value, "channel": channel}
    await change_in_order(session, Notice, values, *_unsettled(message_id))


async def release_from_message(session: AsyncSession, message_id: str) -> None:
    """Makes the notices of a message that is not sent pending again."""
    await change_in_order(session, Notice, {"message_id": None}, *_unsettled(message_id))


def _unsettled(message_id: str) -> tuple[ColumnElement[bool], ...]:
    return Notice.message_id == message_id, Notice.settled_at.is_(None)


async def unsettle_sent(session: AsyncSession, message_id: str) -> None:
    """The message came back: its notices are to be sent with it again."""
    told = Notice.message_id == message_id, Notice.outcome == Outcome.TOLD.value
    values = {"settled_at": None, "outcome": None, "channel": "inbox", "is_heard": False}
    await change_in_order(session, Notice, values, *told)


async def list_visible_postmortems(session: AsyncSession, viewer: Viewer, postmortem_ids: Collection[str]) -> set[str]:
    """Those of the ids whose postmortem the viewer may see."""
    statement = select(Postmortem.id).where(Postmortem.id.in_(postmortem_ids), visible_to(viewer))
    return set((await session.execute(statement)).scalars())


async def find_active_author(session: AsyncSession, postmortem_id: str) -> str | None:
    statement = select(Postmortem.author_id).join(Person, Person.id == Postmortem.author_id)
    return (
        await session.execute(statement.where(Postmortem.id == postmortem_id, Person.is_active))
    ).scalar_one_or_none()
