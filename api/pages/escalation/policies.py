"""Policies: the list, what a version says, and when its reminders would be sent."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Response

from api.pages.escalation.month_grids import Simulation, simulation_of
from api.pages.escalation.policy_words import (
    RECIPIENTS,
    days_in_words,
    scope_in_words,
    span_in_words,
    step_in_words,
)
from api.pages.form_fields import sent_version
from api.pages.routing import Visit, Visiting, router, to
from api.pages.showing import attempted, show
from api.rendering import zone_of
from api.shapes.base import Day, PathId, ask
from api.shapes.policies import clock_of
from application.escalation import policies as use_cases
from application.escalation import policy_changes
from domain.errors import DomainError, NeverWorking
from domain.escalation.policy import Policy as Content
from models.escalation import DEFAULT_POLICY_ID, Policy
from models.queries.escalation import policies
from models.queries.escalation.policies import content_of
from models.queries.escalation.policy_changes import count_outdated
from models.queries.pagination import Ask
from models.queries.people import people, services, teams

routes = router()

LIST = "/settings/policies"
SPANS = (14, 30, 60, 90)
"""Days that the reader may look ahead."""
SHOWN = 100
"""Postmortems that a preview lists; it counts all."""


@routes.get(LIST)
async def list_policies(visit: Visiting, page: Annotated[Ask, Depends(ask)], archived: bool = False) -> Response:
    session = visit.context.session
    found = await policies.list_policies(session, page, archived=archived)
    contents = [(one, content_of(one)) for one in found.items]
    named = await scope_names(visit, [content for _, content in contents])
    return await show(
        visit,
        "escalation/policies.html",
        policies=[(row, content, scope_in_words(content, *named)) for row, content in contents],
        next_cursor=found.next_cursor,
        archived=archived,
        span=span_in_words,
    )


async def scope_names(visit: Visit, contents: Sequence[Content]) -> tuple[dict[str, str], dict[str, str]]:
    """Names of their services and teams."""
    session = visit.context.session
    service_ids = sorted({one.service_id for one in contents if one.service_id})
    team_ids = sorted({one.team_id for one in contents if one.team_id})
    named = await teams.teams_by_id(session, team_ids)
    return await services.names_of(session, service_ids), {one.id: one.name for one in named.values()}


@routes.get(f"{LIST}/{{policy_id}}")
async def show_policy(
    visit: Visiting,
    policy_id: PathId,
    version: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    begin: Annotated[Day | None, Query(alias="from")] = None,
    days: Annotated[int, Query(ge=1, le=92)] = 30,
    saved: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    row = await policies.get_version(visit.context.session, policy_id, version)
    return await _shown(visit, row, begin=begin, days=days, saved=saved)


async def _shown(
    visit: Visit,
    row: Policy,
    refusal: DomainError | None = None,
    *,
    begin: date | None = None,
    days: int = 30,
    **more: Any,
) -> Response:
    context, content = visit.context, content_of(row)
    session, zone = context.session, zone_of(content.office.hours.zone)
    latest = await policies.get_latest(session, row.id)
    versions = (await policies.list_versions(session, row.id, Ask(50))).items
    is_latest = row.version == latest.version and latest.archived_at is None
    may_change = visit.request.state.frame["may_administer"] and is_latest
    outdated = await count_outdated(session, latest) if may_change else 0
    begin = begin or context.now.astimezone(zone).date()
    return await show(
        visit,
        "escalation/policy.html",
        refusal,
        **{"saved": "", **more},
        policy=row,
        content=content,
        latest=latest,
        is_default=row.id == DEFAULT_POLICY_ID,
        scope=scope_in_words(content, *await scope_names(visit, [content])),
        versions=versions,
        people=await people.people_by_id(session, [one.created_by_id for one in versions]),
        may_change=may_change,
        outdated=outdated,
        preview=await _effects(visit, row.id) if outdated else None,
        limit=SHOWN,
        begin=begin,
        days=days,
        spans=SPANS,
        simulation=_simulation(content, begin, days),
        recipients=RECIPIENTS,
        span=span_in_words,
        step=step_in_words,
        working_days=days_in_words(content.office.hours),
        clock=clock_of,
        holidays=sorted(one for one in content.office.holidays if one >= begin)[:12],
    )


async def _effects(visit: Visit, policy_id: str) -> policy_changes.PolicyChange:
    context = visit.context
    return await policy_changes.preview_policy(context.session, context.viewer, policy_id, {}, context.now)


def _simulation(content: Content, begin: date, days: int) -> Simulation | None:
    """None if its calendar has no working time."""
    try:
        return simulation_of(content, begin, days)
    except NeverWorking:
        return None


@routes.post(f"{LIST}/{{policy_id}}/apply")
async def apply(visit: Visiting, policy_id: PathId) -> Response:
    """Some hundred at once; the page says how many are left."""
    context = visit.context

    async def work() -> None:
        await policy_changes.apply_policy(
            context.session, context.viewer, policy_id, sent_version(visit.form), context.now
        )

    return await _answered(visit, policy_id, work(), f"{LIST}/{policy_id}?saved=applied")


@routes.post(f"{LIST}/{{policy_id}}/archive")
async def archive(visit: Visiting, policy_id: PathId) -> Response:
    context = visit.context

    async def work() -> None:
        version = sent_version(visit.form)
        await use_cases.archive_policy(context.session, context.viewer, policy_id, version, context.now)

    return await _answered(visit, policy_id, work(), LIST)


async def _answered(visit: Visit, policy_id: str, work: Any, done: str) -> Response:
    use_cases.check_may_write(visit.context.viewer)
    if refusal := await attempted(visit, work):
        return await _shown(visit, await policies.get_latest(visit.context.session, policy_id), refusal)
    return to(done)
