"""What a person has to do next: reviews to give, targets that are due, and an installation to set up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import any_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access import Viewer
from domain.escalation.targets import Target, TargetName
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import Decision
from models.action_item import ActionItem
from models.incident import Incident
from models.integration import Integration
from models.person import Person
from models.postmortem import Postmortem, PostmortemReviewer, PostmortemTarget
from models.queries.access.visibility import BoundViewer, viewer_parameters, visible_to
from models.queries.action_items import visible_item
from models.queries.action_items_filtered import ItemFilters, of_shape
from models.queries.postmortems.resting import rests
from models.queries.prebuilt import Prebuilt, texts_of
from models.team import Service, Team

_STARTED = Prebuilt(
    select(
        select(Person.id).where(Person.is_active).offset(1).exists(),
        exists().where(Team.lead_id.is_not(None)),
        exists().where(Service.is_active, Service.team_id.is_not(None)),
        exists().where(Incident.id.is_not(None)),
        exists().where(Postmortem.status.in_([Status.PUBLISHED.value, Status.ARCHIVED.value])),
        select(func.array_agg(Integration.kind.distinct()))
        .where(Integration.disconnected_at.is_(None))
        .scalar_subquery(),
    )
)


@dataclass(frozen=True, slots=True)
class Started:
    """What an organization has already; ``kinds`` are those of its connections."""

    has_people: bool
    has_led_team: bool
    has_owned_service: bool
    has_incident: bool
    has_published: bool
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class HomeCounts:
    """Overdue action items of the person, and of their teams' postmortems, and whether they lead a team."""

    own_overdue: int
    team_overdue: int
    leads_team: bool


async def read_counts(session: AsyncSession, viewer: Viewer, now: datetime) -> HomeCounts:
    filters = ItemFilters(owner_id=viewer.person_id, team_ids=sorted(viewer.team_ids), overdue=True)
    rows = await _counts(is_admin=viewer.is_admin).rows(session, **viewer_parameters(viewer), **filters.values(now))
    return HomeCounts(*rows[0])


@cache
def _counts(*, is_admin: bool) -> Prebuilt:
    viewer = BoundViewer(is_admin)
    found = select(func.count()).select_from(ActionItem).join(Postmortem, Postmortem.id == ActionItem.postmortem_id)
    own, theirs = (
        found.where(visible_item(viewer), *of_shape(viewer, frozenset({"is_overdue", whose})))
        for whose in ("owner_id", "team_ids")
    )
    leads = exists().where(Team.lead_id == viewer.person_id)
    return Prebuilt(select(own.scalar_subquery(), theirs.scalar_subquery(), leads))


async def read_started(session: AsyncSession) -> Started:
    """For administrators: it also knows what they may not see."""
    people, team, service, incident, published, kinds = await _STARTED.row(session)
    return Started(people, team, service, incident, published, frozenset(kinds or ()))


async def list_waiting_reviews(session: AsyncSession, viewer: Viewer, limit: int) -> list[Postmortem]:
    """Postmortems in review whose current text the viewer has not approved as a reviewer; longest in review first."""
    reviewer = aliased(PostmortemReviewer)  # the condition of visibility reads the table, too
    approved = (reviewer.decision == Decision.APPROVE.value) & (
        reviewer.decided_revision == Postmortem.content_revision
    )
    statement = (
        select(Postmortem)
        .join(reviewer, reviewer.postmortem_id == Postmortem.id)
        .where(
            reviewer.person_id == viewer.person_id,
            Postmortem.status == Status.IN_REVIEW.value,
            or_(reviewer.decision.is_(None), ~approved),
            reviewer.waived_at.is_(None),
            visible_to(viewer),
        )
        .order_by(Postmortem.submitted_at)
        .limit(limit)
    )
    return list((await session.execute(statement)).scalars())


async def next_targets(session: AsyncSession, postmortem_ids: Sequence[str]) -> dict[str, Target]:
    """By postmortem, the unmet target that is due first. The caller has checked that the viewer may see them."""
    rows = await _NEXT_TARGETS.rows(session, ids=list(postmortem_ids)) if postmortem_ids else []
    return {id_: Target(TargetName(name), due_at, extended_to) for id_, name, due_at, extended_to in rows}


def _next_targets() -> Prebuilt:
    found = PostmortemTarget.postmortem_id == any_(texts_of("ids"))
    resting = select(Postmortem.id).where(Postmortem.id == any_(texts_of("ids")), rests())
    columns = (PostmortemTarget.postmortem_id, PostmortemTarget.name, PostmortemTarget.due_at)
    unmet = select(*columns, PostmortemTarget.extended_to).where(
        found,
        PostmortemTarget.met_at.is_(None),
        PostmortemTarget.waived_at.is_(None),
        PostmortemTarget.postmortem_id.not_in(resting),
    )
    due_at = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at)
    ordered = unmet.order_by(PostmortemTarget.postmortem_id, due_at)
    return Prebuilt(ordered.ext(distinct_on(PostmortemTarget.postmortem_id)), keeps_plan=True)


_NEXT_TARGETS = _next_targets()


async def titles_of(session: AsyncSession, viewer: Viewer, postmortem_ids: Sequence[str | None]) -> dict[str, str]:
    """Titles by id, of the postmortems that the viewer may see."""
    wanted = sorted({one for one in postmortem_ids if one})
    statement = select(Postmortem.id, Postmortem.title).where(Postmortem.id.in_(wanted), visible_to(viewer))
    return {one[0]: one[1] for one in await session.execute(statement)} if wanted else {}
