"""Filters of lists of action items."""

from typing import Annotated, Literal

from fastapi import Query

from api.shapes.base import Day, InstantQuery, RefQuery, SearchQuery
from domain.action_items.action_item import ActionItemStatus, ActionItemType, Priority
from models.queries.action_items_filtered import ItemFilters


async def item_filters(
    status: Annotated[list[ActionItemStatus | Literal["open", "overdue", "completed"]], Query()] = [],  # noqa: B006
    overdue: bool | None = None,
    owner_id: Annotated[RefQuery, Query(alias="ownerId")] = None,
    team_id: Annotated[RefQuery, Query(alias="teamId")] = None,
    service_id: Annotated[RefQuery, Query(alias="serviceId")] = None,
    postmortem_id: Annotated[RefQuery, Query(alias="postmortemId")] = None,
    priority: Priority | None = None,
    type: ActionItemType | None = None,  # noqa: A002 - the contract's name
    due_from: Annotated[Day | None, Query(alias="dueFrom")] = None,
    due_to: Annotated[Day | None, Query(alias="dueTo")] = None,
    first_due_from: Annotated[Day | None, Query(alias="firstDueFrom")] = None,
    first_due_to: Annotated[Day | None, Query(alias="firstDueTo")] = None,
    created_from: Annotated[InstantQuery | None, Query(alias="createdFrom")] = None,
    created_to: Annotated[InstantQuery | None, Query(alias="createdTo")] = None,
    completed_from: Annotated[InstantQuery | None, Query(alias="completedFrom")] = None,
    completed_to: Annotated[InstantQuery | None, Query(alias="completedTo")] = None,
    open_at: Annotated[InstantQuery | None, Query(alias="openAt")] = None,
    has_ticket: Annotated[bool | None, Query(alias="hasTicket")] = None,
    imported: bool | None = None,
    q: SearchQuery = None,
) -> ItemFilters:
    """``openAt`` keeps items that were open at that time; with it, ``overdue`` means overdue at that time.
    ``firstDueFrom`` and ``firstDueTo`` are about the due date that was agreed first."""
    statuses = {"open": ("OPEN", "IN_PROGRESS"), "overdue": ("OPEN", "IN_PROGRESS"), "completed": ("COMPLETED",)}
    return ItemFilters(
        status=[one for given in status for one in statuses.get(str(given), (str(given),))],
        overdue=True if "overdue" in status else overdue,
        owner_id=owner_id,
        team_id=team_id,
        service_id=service_id,
        postmortem_id=postmortem_id,
        priority=priority,
        type=type,
        due_from=due_from,
        due_to=due_to,
        first_due_from=first_due_from,
        first_due_to=first_due_to,
        created_from=created_from,
        created_to=created_to,
        completed_from=completed_from,
        completed_to=completed_to,
        open_at=open_at,
        has_ticket=has_ticket,
        imported=imported,
        q=q,
    )
