"""What a person has to do next: drafts to write, reviews to give, and what is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.access import Viewer
from domain.escalation.targets import Target
from domain.postmortems.lifecycle import Status
from models.postmortem import Postmortem
from models.queries import home
from models.queries.action_items_filtered import ItemFilters
from models.queries.action_items_shown import count_items
from models.queries.pagination import Ask
from models.queries.postmortems.shown_list import ListedPostmortem, PostmortemFilters, list_postmortems
from models.session import Session

MAX_DRAFTS = 10
MAX_REVIEWS = 20
MAX_RECENT = 6


@dataclass(frozen=True, slots=True)
class Home:
    """``targets`` are the next unmet targets of drafts and reviews, by postmortem. ``own_overdue`` and ``team_overdue``
    count the action items that are overdue: the person's own, and those of their teams' postmortems."""

    drafts: Sequence[ListedPostmortem]
    reviews: Sequence[Postmortem]
    recent: Sequence[ListedPostmortem]
    targets: Mapping[str, Target]
    own_overdue: int
    team_overdue: int


async def read_home(session: Session, viewer: Viewer, now: datetime) -> Home:
    own = PostmortemFilters(
        author_id=viewer.person_id, status=[Status.DRAFT.value, Status.IN_REVIEW.value], sort="-updatedAt"
    )
    drafts = await list_postmortems(session, viewer, own, Ask(MAX_DRAFTS), now)
    latest = PostmortemFilters(sort="-updatedAt")
    recent = await list_postmortems(session, viewer, latest, Ask(MAX_RECENT), now)
    reviews = await home.list_waiting_reviews(session, viewer, MAX_REVIEWS)
    targets = await home.next_targets(session, [*(one.id for one in drafts.items), *(one.id for one in reviews)])
    own_items = ItemFilters(owner_id=viewer.person_id, overdue=True)
    of_teams = ItemFilters(team_ids=sorted(viewer.team_ids), overdue=True)
    overdue = [await count_items(session, viewer, one, now) for one in (own_items, of_teams)]
    return Home(drafts.items, reviews, recent.items, targets, own_overdue=overdue[0], team_overdue=overdue[1])
