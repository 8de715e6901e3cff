"""A team's week, for its channel: postmortems that changed status, what is overdue, and targets that were changed.

It has only what every member of the team may see, so that no title of a private postmortem gets into the channel.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.action_items.action_item import ActionItemStatus
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.audit import AuditEntry
from models.person import Person
from models.postmortem import Postmortem, PostmortemTarget, PostmortemTeam
from models.queries.access.visibility import visible_to_team
from models.queries.postmortems.resting import rests
from models.team import Team

WEEK = timedelta(days=7)
STATUS_CHANGES = ("postmortem.created", "postmortem.submitted", "postmortem.published", "postmortem.archived")
TARGET_CHANGES = ("target.waived", "target.extended")
LIMIT = 20
"""How many lines each part has at most."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    postmortem_id: str
    title: str
    action: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChangedTarget:
    """A target that was waived, or extended to ``until``, and why."""

    postmortem_id: str
    title: str
    action: str
    target: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OverdueWork:
    """A target that is past due (``due_at``) or an action item (``due_on``, with its id and active owner)."""

    postmortem_id: str
    title: str
    target: str | None = None
    due_at: datetime | None = None
    action_item_id: str | None = None
    due_on: date | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class WeeklySummary:
    status_changes: list[StatusChange]
    overdue: list[OverdueWork]
    changed_targets: list[ChangedTarget]

    @property
    def is_empty(self) -> bool:
        return not (self.status_changes or self.overdue or self.changed_targets)


async def read_weekly_summary(session: AsyncSession, team: Team, now: datetime) -> WeeklySummary:
    """Covers the seven days before ``now``."""
    return WeeklySummary(
        status_changes=await _list_status_changes(session, team.id, now),
        overdue=[
            *await _list_overdue_targets(session, team.id, now),
            *await _list_overdue_items(session, team.id, now),
        ],
        changed_targets=await _list_changed_targets(session, team.id, now),
    )


def _of_team(statement: Any, team_id: str) -> Any:
    linked = exists().where(PostmortemTeam.postmortem_id == Postmortem.id, PostmortemTeam.team_id == team_id)
    return statement.where(linked.correlate(Postmortem), visible_to_team(team_id))


def _entries(team_id: str, actions: tuple[str, ...], now: datetime) -> Any:
    statement = select(AuditEntry, Postmortem.title).join(Postmortem, Postmortem.id == AuditEntry.postmortem_id)
    statement = statement.where(AuditEntry.action.in_(actions), AuditEntry.at > now - WEEK, AuditEntry.at <= now)
    return _of_team(statement, team_id).order_by(AuditEntry.at, AuditEntry.id).limit(LIMIT)


async def _list_status_changes(session: AsyncSession, team_id: str, now: datetime) -> list[StatusChange]:
    rows = (await session.execute(_entries(team_id, STATUS_CHANGES, now))).all()
    return [StatusChange(entry.postmortem_id, title, entry.action, entry.at) for entry, title in rows]


async def _list_changed_targets(session: AsyncSession, team_id: str, now: datetime) -> list[ChangedTarget]:
    rows = (await session.execute(_entries(team_id, TARGET_CHANGES, now))).all()
    return [
        ChangedTarget(
            entry.postmortem_id,
            title,
            entry.action,
            str((entry.after or {}).get("target", "")),
            str((entry.after or {}).get("reason") or ""),
            entry.at,
        )
        for entry, title in rows
    ]


async def _list_overdue_targets(session: AsyncSession, team_id: str, now: datetime) -> list[OverdueWork]:
    due = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at)
    statement = (
        select(Postmortem.id, Postmortem.title, PostmortemTarget.name, due.label("due"))
        .join(PostmortemTarget, PostmortemTarget.postmortem_id == Postmortem.id)
        .where(~rests(), PostmortemTarget.met_at.is_(None), PostmortemTarget.waived_at.is_(None), due <= now)
        .where(Postmortem.status != Status.ARCHIVED.value)
    )
    rows = (await session.execute(_of_team(statement, team_id).order_by(due, Postmortem.id).limit(LIMIT))).all()
    return [OverdueWork(one.id, one.title, target=one.name, due_at=one.due) for one in rows]


async def _list_overdue_items(session: AsyncSession, team_id: str, now: datetime) -> list[OverdueWork]:
    open_statuses = (ActionItemStatus.OPEN.value, ActionItemStatus.IN_PROGRESS.value)
    statement = (
        select(Postmortem.id, ActionItem.description, ActionItem.id.label("item"), ActionItem.due_on, Person.name)
        .join(ActionItem, ActionItem.postmortem_id == Postmortem.id)
        .outerjoin(Person, and_(Person.id == ActionItem.owner_id, Person.is_active))
        .where(ActionItem.status.in_(open_statuses), ActionItem.due_on < now.date())
    )
    rows = _of_team(statement, team_id).order_by(ActionItem.due_on, ActionItem.id).limit(LIMIT)
    return [
        OverdueWork(one.id, one.description, action_item_id=one.item, due_on=one.due_on, owner=one.name)
        for one in (await session.execute(rows)).all()
    ]
