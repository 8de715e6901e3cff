"""What a person has to do next: reviews to give, targets that are due, and an installation to set up."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access import Viewer
from domain.escalation.targets import Target
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import Decision
from models.incident import Incident
from models.integration import Integration
from models.person import Person
from models.postmortem import Postmortem, PostmortemReviewer, PostmortemTarget
from models.queries.access.visibility import visible_to
from models.queries.escalation.targets import target_of
from models.queries.postmortems.resting import rests
from models.team import Service, Team

_STARTED = select(
    (select(func.count()).select_from(Person).where(Person.is_active).scalar_subquery() > 1),
    exists().where(Team.lead_id.is_not(None)),
    exists().where(Service.is_active, Service.team_id.is_not(None)),
    exists().where(Incident.id.is_not(None)),
    exists().where(Postmortem.status.in_([Status.PUBLISHED.value, Status.ARCHIVED.value])),
    select(func.array_agg(Integration.kind.distinct())).where(Integration.disconnected_at.is_(None)).scalar_subquery(),
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


async def read_started(session: AsyncSession) -> Started:
    """For administrators: it also knows what they may not see."""
    people, team, service, incident, published, kinds = (await session.execute(_STARTED)).one()
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
    due_at = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at)
    statement = (
        select(PostmortemTarget)
        .where(
            PostmortemTarget.postmortem_id.in_(postmortem_ids),
            PostmortemTarget.met_at.is_(None),
            PostmortemTarget.waived_at.is_(None),
            PostmortemTarget.postmortem_id.not_in(
                select(Postmortem.id).where(Postmortem.id.in_(postmortem_ids), rests())
            ),
        )
        .order_by(PostmortemTarget.postmortem_id, due_at)
        .ext(distinct_on(PostmortemTarget.postmortem_id))
    )
    return {row.postmortem_id: target_of(row) for row in (await session.execute(statement)).scalars()}


async def titles_of(session: AsyncSession, viewer: Viewer, postmortem_ids: Sequence[str | None]) -> dict[str, str]:
    """Titles by id, of the postmortems that the viewer may see."""
    wanted = sorted({one for one in postmortem_ids if one})
    statement = select(Postmortem.id, Postmortem.title).where(Postmortem.id.in_(wanted), visible_to(viewer))
    return {one[0]: one[1] for one in await session.execute(statement)} if wanted else {}
