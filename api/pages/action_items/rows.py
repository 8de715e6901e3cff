"""A table of action items inside another page."""

from typing import Any

from api.pages.routing import Visit
from domain.action_items.action_item import ActionItemStatus, urgency
from models.queries import action_items, home
from models.queries.action_items_filtered import ItemFilters
from models.queries.pagination import Ask
from models.queries.people import people


async def listed(visit: Visit, wanted: ItemFilters, page: Ask) -> dict[str, Any]:
    """A page of items with what a table of them shows: owners, postmortems, and how soon each is due."""
    context = visit.context
    found = await action_items.list_items(context.session, context.viewer, wanted, page, context.now)
    return {
        "items": found.items,
        "next_cursor": found.next_cursor,
        "owners": await people.people_by_id(context.session, [one.owner_id for one in found.items]),
        "titles": await home.titles_of(context.session, context.viewer, [one.postmortem_id for one in found.items]),
        "urgency": lambda item: urgency(ActionItemStatus(item.status), item.due_on, context.now),
        "statuses": [one.value for one in ActionItemStatus],
    }
