"""Filters of lists of action items, as conditions that prebuilt statements share with others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, any_, exists, func, not_, or_, select

from models.action_item import ActionItem, ActionItemHistory, Ticket
from models.postmortem import Postmortem, PostmortemService, PostmortemTeam
from models.queries.access.visibility import AnyViewer, visible_to
from models.queries.people.people import escape_like
from models.queries.prebuilt import day_of, instant_of, text_of, texts_of

OPEN = ("OPEN", "IN_PROGRESS")


@dataclass(frozen=True, slots=True)
class ItemFilters:
    """``open_at``: they were open at that instant; ``overdue`` then means overdue at that instant. Instants that end a
    range are not part of it, days are. ``imported`` is whether an import brought the postmortem."""

    postmortem_id: str | None = None
    status: Sequence[str] = ()
    overdue: bool | None = None
    owner_id: str | None = None
    team_id: str | None = None
    team_ids: Sequence[str] | None = None
    service_id: str | None = None
    priority: str | None = None
    type: str | None = None
    due_from: date | None = None
    due_to: date | None = None
    first_due_from: date | None = None
    first_due_to: date | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    completed_from: datetime | None = None
    completed_to: datetime | None = None
    open_at: datetime | None = None
    has_ticket: bool | None = None
    imported: bool | None = None
    q: str | None = None

    def values(self, now: datetime) -> dict[str, Any]:
        """Those that were given, by the names in :func:`item_conditions`, and the parameter ``today``."""
        one = self.status[0] if len(self.status) == 1 else None
        is_open = sorted(self.status) == sorted(OPEN)
        suffix = "" if self.open_at is None else "_then"
        given: dict[str, Any] = {
            "postmortem_id": self.postmortem_id,
            "status": one,
            "is_open": is_open or None,
            "statuses": list(self.status) if self.status and one is None and not is_open else None,
            f"is_overdue{suffix}": self.overdue or None,
            f"is_not_overdue{suffix}": True if self.overdue is False else None,
            "owner_id": self.owner_id,
            "team_id": self.team_id,
            "team_ids": None if self.team_ids is None else list(self.team_ids),
            "service_id": self.service_id,
            "priority": self.priority,
            "type": self.type,
            "due_from": self.due_from,
            "due_to": self.due_to,
            "first_due_from": self.first_due_from,
            "first_due_to": self.first_due_to,
            "created_from": self.created_from,
            "created_to": self.created_to,
            "completed_from": self.completed_from,
            "completed_to": self.completed_to,
            "open_at": self.open_at,
            "has_ticket": self.has_ticket or None,
            "has_no_ticket": True if self.has_ticket is False else None,
            "is_imported": self.imported or None,
            "is_not_imported": True if self.imported is False else None,
            "pattern": f"%{escape_like(self.q.lower())}%" if self.q else None,
        }
        today = now.astimezone(UTC).date()
        return {name: value for name, value in given.items() if value is not None} | {"today": today}


def was_open(at: ColumnElement[Any], *more: ColumnElement[bool]) -> ColumnElement[bool]:
    """The item was open at that instant, by its history."""
    state = (
        ActionItemHistory.action_item_id == ActionItem.id,
        ActionItemHistory.status.in_(OPEN),
        ActionItemHistory.at <= at,
        ActionItemHistory.until > at,
    )
    return exists().where(*state, *more).correlate(ActionItem)


def has_ticket() -> ColumnElement[bool]:
    """The item's ticket exists in a tracker."""
    return exists().where(Ticket.action_item_id == ActionItem.id, Ticket.external_id.is_not(None)).correlate(ActionItem)


def item_conditions(viewer: AnyViewer) -> dict[str, ColumnElement[bool]]:
    """By the names of the parameters that they need."""
    late = and_(ActionItem.due_on < day_of("today"), ActionItem.status.in_(OPEN))
    in_team = select(PostmortemTeam.postmortem_id).where(PostmortemTeam.team_id == text_of("team_id"))
    in_teams = select(PostmortemTeam.postmortem_id).where(PostmortemTeam.team_id == any_(texts_of("team_ids")))
    of_service = select(PostmortemService.postmortem_id).where(PostmortemService.service_id == text_of("service_id"))
    open_at = instant_of("open_at")
    late_then = ActionItemHistory.overdue_from <= open_at
    return {
        "postmortem_id": and_(ActionItem.postmortem_id == text_of("postmortem_id"), visible_to(viewer)),
        "status": ActionItem.status == text_of("status"),
        "statuses": ActionItem.status == any_(texts_of("statuses")),
        "is_open": ActionItem.status.in_(OPEN),
        "is_overdue": late,
        "is_not_overdue": or_(not_(late), ActionItem.due_on.is_(None)),
        "is_overdue_then": was_open(open_at, late_then),
        "is_not_overdue_then": not_(was_open(open_at, late_then)),
        "owner_id": ActionItem.owner_id == text_of("owner_id"),
        "team_id": and_(ActionItem.postmortem_id.in_(in_team), visible_to(viewer)),
        "team_ids": and_(ActionItem.postmortem_id.in_(in_teams), visible_to(viewer)),
        "service_id": and_(ActionItem.postmortem_id.in_(of_service), visible_to(viewer)),
        "priority": ActionItem.priority == text_of("priority"),
        "type": ActionItem.type == text_of("type"),
        "due_from": ActionItem.due_on >= day_of("due_from"),
        "due_to": ActionItem.due_on <= day_of("due_to"),
        "first_due_from": ActionItem.first_due_on >= day_of("first_due_from"),
        "first_due_to": ActionItem.first_due_on <= day_of("first_due_to"),
        "created_from": ActionItem.created_at >= instant_of("created_from"),
        "created_to": ActionItem.created_at < instant_of("created_to"),
        "completed_from": ActionItem.completed_at >= instant_of("completed_from"),
        "completed_to": ActionItem.completed_at < instant_of("completed_to"),
        "open_at": was_open(open_at),
        "has_ticket": has_ticket(),
        "has_no_ticket": not_(has_ticket()),
        "is_imported": Postmortem.imported_from.is_not(None),
        "is_not_imported": Postmortem.imported_from.is_(None),
        "pattern": func.lower(ActionItem.description).like(text_of("pattern"), escape="\\"),
    }


def of_shape(viewer: AnyViewer, names: frozenset[str]) -> list[ColumnElement[bool]]:
    """The conditions of these parameters, in an order that stays."""
    conditions = item_conditions(viewer)
    return [conditions[one] for one in sorted(names & conditions.keys())]
