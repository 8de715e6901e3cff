"""What needs a person, whom they wait for, and how their teams are doing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.people.identities import count_waiting
from domain.access import Viewer
from domain.troubleshooting import Check, Mend, check
from integrations import registry
from integrations.registry import Shelf
from models.queries import home, home_needs, home_teams
from models.queries.home_needs import Awaited, Need
from models.queries.home_teams import Promise, TeamHealth, TeamTarget
from models.queries.pagination import Ask
from models.queries.postmortems.shown_list import ListedPostmortem, PostmortemFilters, list_postmortems
from models.queries.prebuilt import planned_once
from models.session import Session

PEOPLE, TEAMS, SERVICES = "/settings/people/new", "/settings/teams/new", "/settings/services/new"
INTEGRATIONS, TOKENS = "/settings/integrations", "/settings/tokens"
MAX_RECENT = 6


@dataclass(frozen=True, slots=True)
class Management:
    """For whoever leads teams, and for administrators: how the teams are doing, targets that slipped twice, and what
    was promised after incidents of high urgency and is still open."""

    teams: Sequence[TeamHealth]
    slipped: Sequence[TeamTarget]
    promises: Sequence[Promise]


@dataclass(frozen=True, slots=True)
class Home:
    """``own_overdue`` and ``team_overdue`` count the action items that are overdue: the person's own, and those of
    their teams' postmortems. ``management`` is None for people who lead no team.

    ``waiting_accounts`` and ``set_up`` are for administrators alone: accounts that they have to confirm, and the steps
    of a new installation, empty once all are done or a postmortem is published.
    """

    needs: Sequence[Need]
    awaited: Sequence[Awaited]
    team_targets: Sequence[TeamTarget]
    recent: Sequence[ListedPostmortem]
    management: Management | None
    own_overdue: int
    team_overdue: int
    waiting_accounts: int
    set_up: Sequence[Check]


async def read_home(session: Session, viewer: Viewer, now: datetime) -> Home:
    latest = PostmortemFilters(sort="-updatedAt")
    teams = sorted(viewer.team_ids)
    async with planned_once(session):
        recent = await list_postmortems(session, viewer, latest, Ask(MAX_RECENT), now)
        counts = await home.read_counts(session, viewer, now)
        needs = await home_needs.list_needs(session, viewer, now)
        awaited = await home_needs.list_awaited(session, viewer)
        targets = await home_teams.list_open_targets(session, viewer, teams) if teams else ()
        management = await _management(session, viewer, now) if counts.leads_team or viewer.is_admin else None
    return Home(
        needs,
        awaited,
        targets,
        recent.items,
        management,
        own_overdue=counts.own_overdue,
        team_overdue=counts.team_overdue,
        waiting_accounts=await count_waiting(session, viewer),
        set_up=_left_to_set_up(await home.read_started(session)) if viewer.is_admin else (),
    )


async def _management(session: Session, viewer: Viewer, now: datetime) -> Management | None:
    teams = await home_teams.list_team_health(session, viewer, now)
    if not teams:
        return None
    ids = [one.id for one in teams]
    slipped = await home_teams.list_slipped(session, viewer, ids, now)
    return Management(teams, slipped, await home_teams.list_promises(session, viewer, ids))


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
