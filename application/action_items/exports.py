"""Exports of action items."""

from collections.abc import AsyncIterator
from datetime import datetime

from domain.access import Viewer
from models.action_item import ActionItem
from models.queries import action_items
from models.queries.action_items_filtered import ItemFilters
from models.queries.pagination import Ask
from models.session import Sessions

BATCH_SIZE = 500


async def export_action_items(
    sessions: Sessions, viewer: Viewer, filters: ItemFilters, now: datetime
) -> AsyncIterator[ActionItem]:
    """Yields every matching item that the viewer may see. Each batch has its own transaction, so a slow client does
    not hold one open."""
    cursor: str | None = None
    while True:
        async with sessions.begin() as session:
            page = await action_items.list_items(session, viewer, filters, Ask(BATCH_SIZE, cursor), now)
        for item in page.items:
            yield item
        cursor = page.next_cursor
        if cursor is None:
            return
