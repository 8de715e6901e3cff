"""What a person has to do next: drafts to write, reviews to give, and what is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.people.identities import count_waiting
from domain.access import Viewer
from domain.escalation.targets import Target
from domain.postmortems.lifecycle import Status
from domain.troubleshooting import Check, Mend, check
from integrations import registry
from integrations.registry import Shelf
from models.postmortem import Postmortem
from models.queries import home
from models.queries.action_items_filtered import ItemFilters
from models.queries.action_items_shown import count_items
from models.queries.pagination import Ask
from models.queries.postmortems.shown_list import ListedPostmortem, PostmortemFilters, list_postmortems
from models.session import Session

PEOPLE, TEAMS, SERVICES = "/settings/people/new", "/settings/teams/new", "/settings/services/new"
INTEGRATIONS, TOKENS = "/settings/integrations", "/settings/tokens"
MAX_DRAFTS = 10
MAX_REVIEWS = 20
MAX_RECENT = 6


@dataclass(frozen=True, slots=True)
class Home:
    """``targets`` are the next unmet targets of drafts and reviews, by postmortem. ``own_overdue`` and ``team_overdue``
    count the action items that are overdue: the person's own, and those of their teams' postmortems.

    ``waiting_accounts`` and ``set_up`` are for administrators alone: accounts that they have to confirm, and the steps
    of a new installation, empty once all are done or a postmortem is published.
    """

    drafts: Sequence[ListedPostmortem]
    reviews: Sequence[Postmortem]
    recent: Sequence[ListedPostmortem]
    targets: Mapping[str, Target]
    own_overdue: int
    team_overdue: int
    waiting_accounts: int
    set_up: Sequence[Check]


async def read_home(session: Session, viewer: Viewer, now: datetime) -> Home:
    own = PostmortemFilters(
        author_id=viewer.person_id, status=[Status.DRAFT.value, Status.IN_REVIEW.value], sort="-updatedAt"
    )
    drafts = await list_postmortems(session, viewer, own, Ask(MAX_DRAFTS), now)
    latest = PostmortemFilters(sort="-updatedAt")
    recent = await list_postmortems(session, viewer, latest, Ask(MAX_RECENT), now)
    reviews = await home.list_waiting_reviews(session, viewer, MAX_REVIEWS)
    targets = await home.next_targets(session, [*(one.id for one in drafts.items), *(one.id for one in reviews)])
    own_overdue = await count_items(session, viewer, ItemFilters(owner_id=viewer.person_id, overdue=True), now)
    team_overdue = 0
    if viewer.team_ids:
        of_teams = ItemFilters(team_ids=sorted(viewer.team_ids), overdue=True)
        team_overdue = await count_items(session, viewer, of_teams, now)
    return Home(
        drafts.items,
        reviews,
        recent.items,
        targets,
        own_overdue=own_overdue,
        team_overdue=team_overdue,
        waiting_accounts=await count_waiting(session, viewer),
        set_up=_left_to_set_up(await home.read_started(session)) if viewer.is_admin else (),
    )


def _left_to_set_up(started: home.Started) -> Sequence[Check]:
    """The steps of a new installation, done or not; none once nothing is left."""
    shelves = {one.shelf for one in registry.all_kinds() if one.kind in started.kinds}
    steps = (
        check("People", started.has_people, Mend("Add the people who write and review postmortems", PEOPLE)),
        check("A team with a lead", started.has_led_team, Mend("Add a team, and choose its lead", TEAMS)),
        check(
            "A service with a team",
            started.has_owned_service,
            Mend("Add a service, so that incidents find their team", SERVICES),
        ),
        check(
            "Incidents",
            started.has_incident or Shelf.SOURCE in shelves,
            Mend("Connect PagerDuty or another source", INTEGRATIONS),
            Mend("Or report incidents to the API with a token", TOKENS),
        ),
        check(
            "A tracker for action items",
            Shelf.TRACKER in shelves,
            Mend("Connect GitHub, Jira, Linear, or another tracker", INTEGRATIONS),
        ),
        check(
            "Reminders by chat or e-mail",
            Shelf.CHANNEL in shelves,
            Mend(
                "Connect Slack, e-mail, or another channel. Until then, reminders are only in the inbox", INTEGRATIONS
            ),
        ),
    )
    is_over = started.has_published or all(one.passed for one in steps)
    return () if is_over else steps
