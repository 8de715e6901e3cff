"""A week of a team, for its channel: what moved, what is overdue, what was waived or extended.

Only what every member of the team may see; the titles of private postmortems are nobody else's.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.action_items.action_item import ActionItemStatus
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.person import Person
from models.postmortem import Postmortem, PostmortemTarget, PostmortemTeam
from models.queries.notifications.notice_facts import visible_to_team
from models.record import AuditEntry
from models.team import Team

WEEK = timedelta(days=7)
MOVES = ("postmortem.created", "postmortem.submitted", "postmortem.published", "postmortem.archived")
SLIPS = ("target.waived", "target.extended")
LIMIT = 20
"""Lines of each part: a report is read, a list is searched."""


@dataclass(frozen=True, slots=True)
class Move:
    postmortem_id: str
    title: str
    action: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Slip:
    """A target that was waived, or extended to ``until``, and why."""

    postmortem_id: str
    title: str
    action: str
    target: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Late:
    """A target that is past due (``due_at``) or an action item (``due_on``, with its id and owner)."""

    postmortem_id: str
    title: str
    target: str | None = None
    due_at: datetime | None = None
    action_item_id: str | None = None
    due_on: date | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    moved: list[Move]
    late: list[Late]
    slipped: list[Slip]

    @property
    def is_empty(self) -> bool:
        return not (self.moved or self.late or self.slipped)


async def read_report(session: AsyncSession, team: Team, now: datetime) -> Report:
    """Over the seven days before ``now``; what is overdue, as it is then."""
    return Report(
        moved=await _moved(session, team.id, now),
        late=[*await _late_targets(session, team.id, now), *await _late_items(session, team.id, now)],
        slipped=await _slipped(session, team.id, now),
    )


def _theirs(statement: Any, team_id: str) -> Any:
    linked = exists().where(PostmortemTeam.postmortem_id == Postmortem.id, PostmortemTeam.team_id == team_id)
    return statement.where(linked.correlate(Postmortem), visible_to_team(team_id))


def _entries(team_id: str, actions: tuple[str, ...], now: datetime) -> Any:
    statement = select(AuditEntry, Postmortem.title).join(Postmortem, Postmortem.id == AuditEntry.postmortem_id)
    statement = statement.where(AuditEntry.action.in_(actions), AuditEntry.at > now - WEEK, AuditEntry.at <= now)
    return _theirs(statement, team_id).order_by(AuditEntry.at, AuditEntry.id).limit(LIMIT)


async def _moved(session: AsyncSession, team_id: str, now: datetime) -> list[Move]:
    rows = (await session.execute(_entries(team_id, MOVES, now))).all()
    return [Move(entry.postmortem_id, title, entry.action, entry.at) for entry, title in rows]


async def _slipped(session: AsyncSession, team_id: str, now: datetime) -> list[Slip]:
    rows = (await session.execute(_entries(team_id, SLIPS, now))).all()
    return [
        Slip(
            entry.postmortem_id,
            title,
            entry.action,
            str((entry.after or {}).get("target", "")),
            str((entry.after or {}).get("reason") or ""),
            entry.at,
        )
        for entry, title in rows
    ]


async def _late_targets(session: AsyncSession, team_id: str, now: datetime) -> list[Late]:
    due = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at)
    statement = (
        select(Postmortem.id, Postmortem.title, PostmortemTarget.name, due.label("due"))
        .join(PostmortemTarget, PostmortemTarget.postmortem_id == Postmortem.id)
        .where(PostmortemTarget.met_at.is_(None), PostmortemTarget.waived_at.is_(None), due <= now)
        .where(Postmortem.status != Status.ARCHIVED.value)
    )
    rows = (await session.execute(_theirs(statement, team_id).order_by(due, Postmortem.id).limit(LIMIT))).all()
    return [Late(one.id, one.title, target=one.name, due_at=one.due) for one in rows]


async def _late_items(session: AsyncSession, team_id: str, now: datetime) -> list[Late]:
    open_ones = (ActionItemStatus.OPEN.value, ActionItemStatus.IN_PROGRESS.value)
    statement = (
        select(Postmortem.id, ActionItem.description, ActionItem.id.label("item"), ActionItem.due_on, Person.name)
        .join(ActionItem, ActionItem.postmortem_id == Postmortem.id)
        .outerjoin(Person, Person.id == ActionItem.owner_id)
        .where(ActionItem.status.in_(open_ones), ActionItem.due_on < now.date())
    )
    rows = _theirs(statement, team_id).order_by(ActionItem.due_on, ActionItem.id).limit(LIMIT)
    return [
        Late(one.id, one.description, action_item_id=one.item, due_on=one.due_on, owner=one.name)
        for one in (await session.execute(rows)).all()
    ]
