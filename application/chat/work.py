"""What a person has to do, and what is overdue, as a chat lists it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.access import Viewer
from domain.action_items.action_item import ActionItemStatus
from domain.escalation.targets import Target
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.postmortem import Postmortem
from models.queries import action_items, home
from models.queries.action_items_filtered import ItemFilters
from models.queries.chat.postmortems import list_written_by
from models.queries.pagination import Ask
from models.queries.people import people
from models.queries.postmortems.shown_list import ListedPostmortem, PostmortemFilters, list_postmortems
from models.session import Session

OPEN_STATUSES = (ActionItemStatus.OPEN.value, ActionItemStatus.IN_PROGRESS.value)


@dataclass(frozen=True, slots=True)
class PersonalWork:
    """``targets`` are by postmortem, ``titles`` of the action items' postmortems by their ids. ``has_more``: some were
    left out."""

    items: Sequence[ActionItem]
    reviews: Sequence[Postmortem]
    postmortems: Sequence[Postmortem]
    targets: Mapping[str, Target]
    titles: Mapping[str, str]
    has_more: bool


@dataclass(frozen=True, slots=True)
class OverdueWork:
    """``owners`` are the names of the action items' owners by their ids; the rest as in :class:`PersonalWork`."""

    items: Sequence[ActionItem]
    postmortems: Sequence[ListedPostmortem]
    targets: Mapping[str, Target]
    titles: Mapping[str, str]
    owners: Mapping[str, str]
    has_more: bool


async def list_personal_work(session: Session, viewer: Viewer, limit: int, now: datetime) -> PersonalWork:
    """The viewer's open action items, the reviews that wait for them, and their unpublished postmortems."""
    filters = ItemFilters(status=OPEN_STATUSES, owner_id=viewer.person_id)
    items = await action_items.list_items(session, viewer, filters, Ask(limit), now)
    reviews = await home.list_waiting_reviews(session, viewer, limit + 1)
    written = await list_written_by(session, viewer, limit + 1)
    targets = await home.next_targets(session, [one.id for one in written])
    titles = await home.titles_of(session, viewer, [one.postmortem_id for one in items.items])
    has_more = bool(items.next_cursor) or max(len(reviews), len(written)) > limit
    return PersonalWork(items.items, reviews[:limit], written[:limit], targets, titles, has_more)


async def list_overdue_work(session: Session, viewer: Viewer, limit: int, now: datetime) -> OverdueWork:
    """The overdue action items and postmortems that the viewer may see."""
    items = await action_items.list_items(session, viewer, ItemFilters(overdue=True), Ask(limit), now)
    filters = PostmortemFilters(overdue=True, status=[Status.DRAFT.value, Status.IN_REVIEW.value])
    found = await list_postmortems(session, viewer, filters, Ask(limit), now)
    targets = await home.next_targets(session, [one.id for one in found.items])
    titles = await home.titles_of(session, viewer, [one.postmortem_id for one in items.items])
    owners = await people.people_by_id(session, [one.owner_id for one in items.items])
    names = {one.id: one.name for one in owners.values()}
    return OverdueWork(items.items, found.items, targets, titles, names, bool(items.next_cursor or found.next_cursor))
