"""A table of action items inside another page."""

from datetime import UTC
from typing import Any

from api.pages.routing import Visit
from domain.action_items.action_item import ActionItemStatus, is_overdue
from models.action_item import ActionItem
from models.queries import action_items, home
from models.queries.action_items_filtered import ItemFilters
from models.queries.pagination import Ask
from models.queries.people import people


async def listed(visit: Visit, wanted: ItemFilters, page: Ask) -> dict[str, Any]:
    """A page of items with what a table of them shows: owners, postmortems, and how soon each is due."""
    context = visit.context
    found = await action_items.list_items(context.session, context.viewer, wanted, page, context.now)
    today = context.now.astimezone(UTC).date()

    def urgency(item: ActionItem) -> str:
        status = ActionItemStatus(item.status)
        if item.due_on is None or status.is_settled:
            return ""
        if is_overdue(status, item.due_on, context.now):
            return "overdue"
        return "soon" if (item.due_on - today).days <= 3 else ""

    return {
        "items": found.items,
        "next_cursor": found.next_cursor,
        "owners": await people.people_by_id(context.session, [one.owner_id for one in found.items]),
        "titles": await home.titles_of(context.session, context.viewer, [one.postmortem_id for one in found.items]),
        "urgency": urgency,
        "statuses": [one.value for one in ActionItemStatus],
    }
