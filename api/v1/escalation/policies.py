"""Escalation policies: their versions, and what a new version changes for open postmortems."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, Listing, PathId, ask, expected_version, tag
from api.shapes.policies import (
    AppliedOut,
    EffectOut,
    NudgeOut,
    PolicyNew,
    PolicyOut,
    PolicyPatch,
    PreviewOut,
    policy_out,
    reminder_out,
)
from api.v1.routing import router
from application.escalation import policies as use_cases
from application.escalation import policy_changes
from domain.escalation.policy import Policy as Content
from domain.escalation.simulation import simulate
from integrations.fields import Instant
from models.escalation import Policy
from models.queries.escalation import policies
from models.queries.pagination import Ask

routes: APIRouter = router("policies", prefix="/policies")

Paging = Annotated[Ask, Depends(ask)]
VersionQuery = Annotated[int | None, Query(ge=1, le=2**53)]
SHOWN = 200
"""Postmortems that a preview lists; it counts all."""


@routes.get("")
async def list_policies(context: Context, page: Paging, archived: bool = False) -> Listing[PolicyOut]:
    """Lists the latest version of each policy. The most specific matching policy applies: by service, then team,
    then urgency."""
    found = await policies.list_policies(context.session, page, archived=archived)
    return Listing(items=[policy_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def create_policy(context: Context, given: PolicyNew, response: Response) -> PolicyOut:
    """Creates a policy for new postmortems. Values that you leave out come from the default policy. Administrators
    only."""
    content = Content(**given.content(context.now.date()))
    made = await use_cases.add_policy(context.session, context.viewer, content, context.now)
    response.headers["Location"] = f"/api/policies/{made.id}"
    return _tagged(made, response)


@routes.get("/{policy_id}")
async def get_policy(
    context: Context, policy_id: PathId, response: Response, version: VersionQuery = None
) -> PolicyOut:
    """Returns the latest version, or the requested one."""
    return _tagged(await policies.get_version(context.session, policy_id, version), response)


@routes.patch("/{policy_id}")
async def update_policy(
    context: Context, policy_id: PathId, given: PolicyPatch, response: Response, if_match: IfMatch = None
) -> PolicyOut:
    """Saves a new version. Open postmortems keep theirs until you apply it."""
    await given.check_unchanged(lambda: get_policy(context, policy_id, response))
    changed = await use_cases.change_policy(
        context.session, context.viewer, policy_id, _changes(context, given), expected_version(if_match), context.now
    )
    return _tagged(changed, response)


@routes.delete("/{policy_id}", status_code=204)
async def archive_policy(context: Context, policy_id: PathId, if_match: IfMatch = None) -> None:
    """Archives a policy: it no longer applies to new postmortems, and existing ones keep it. You can't archive the
    default policy."""
    await use_cases.archive_policy(context.session, context.viewer, policy_id, expected_version(if_match), context.now)


@routes.get("/{policy_id}/versions")
async def list_policy_versions(context: Context, policy_id: PathId, page: Paging) -> Listing[PolicyOut]:
    """Newest first."""
    found = await policies.list_versions(context.session, policy_id, page)
    return Listing(items=[policy_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("/{policy_id}/preview")
async def preview_policy(context: Context, policy_id: PathId, given: PolicyPatch | None = None) -> PreviewOut:
    """Shows what would change for this policy's open postmortems if you applied its latest version with the changes
    in the body. Postmortems with a target that becomes overdue come first. Nothing is saved. Administrators only."""
    found = await policy_changes.preview_policy(
        context.session, context.viewer, policy_id, _changes(context, given), context.now
    )
    return PreviewOut(
        policy_id=policy_id,
        policy_version=found.latest.version,
        postmortems=len(found.effects),
        become_overdue=found.become_overdue,
        items=[EffectOut.of(one) for one in found.effects[:SHOWN]],
    )


@routes.post("/{policy_id}/apply")
async def apply_policy(context: Context, policy_id: PathId, if_match: IfMatch = None) -> AppliedOut:
    """Applies the latest version to open postmortems with an older one, up to 500 at once. Repeat it until ``left``
    is 0. Audited for each postmortem. Administrators only."""
    applied = await policy_changes.apply_policy(
        context.session, context.viewer, policy_id, expected_version(if_match), context.now
    )
    return AppliedOut(
        policy_id=policy_id,
        policy_version=applied.latest.version,
        applied=len(applied.effects),
        become_overdue=applied.become_overdue,
        left=applied.left,
    )


@routes.get("/{policy_id}/simulation")
async def simulate_policy(
    context: Context,
    policy_id: PathId,
    begin: Annotated[Instant, Query(alias="from")],
    days: Annotated[int, Query(ge=1, le=366)] = 30,
    version: VersionQuery = None,
) -> Listing[NudgeOut]:
    """Lists every reminder that would be sent if no one did anything, for an incident resolved at ``from``."""
    content = policies.content_of(await policies.get_version(context.session, policy_id, version))
    return Listing(items=[reminder_out(one) for one in simulate(content, begin, days)])


def _changes(context: RequestContext, given: PolicyPatch | None) -> dict[str, Any]:
    return given.content(context.now.date()) if given else {}


def _tagged(row: Policy, response: Response) -> PolicyOut:
    tag(response, row.version)
    return policy_out(row)
