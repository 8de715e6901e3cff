"""What a new version of a policy changes for open postmortems: previewed first, then applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit
from application.escalation.policies import check_may_write, lock_latest, preview_change
from domain.access import Viewer
from domain.escalation import policy as rules
from domain.escalation.targets import TargetName
from models.escalation import Policy
from models.postmortem import Postmortem, PostmortemTarget
from models.queries.escalation.policies import content_of, get_latest
from models.queries.escalation.policy_changes import (
    count_outdated,
    list_open_under,
    list_targets_of,
    lock_outdated,
)
from models.queries.escalation.targets import update_due
from models.session import Session

AT_ONCE = 500
"""Postmortems that one request applies a policy to."""


@dataclass(frozen=True, slots=True)
class TargetChange:
    """None before: the target is new. None after: the policy does not have it any more."""

    target: TargetName
    before: datetime | None
    after: datetime | None
    becomes_overdue: bool


@dataclass(frozen=True, slots=True)
class PolicyEffect:
    """For one open postmortem; ``changes`` is empty if the new version gives the same due times."""

    postmortem: Postmortem
    changes: tuple[TargetChange, ...]

    @property
    def becomes_overdue(self) -> bool:
        return any(one.becomes_overdue for one in self.changes)


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """``latest`` is the version that was previewed or applied; ``left`` counts the postmortems still to be changed."""

    latest: Policy
    effects: Sequence[PolicyEffect]
    left: int = 0

    @property
    def become_overdue(self) -> int:
        return sum(one.becomes_overdue for one in self.effects)


async def preview_policy(
    session: Session, viewer: Viewer, policy_id: str, changes: Mapping[str, Any], now: datetime
) -> PolicyChange:
    """What would change for all open postmortems under the policy if its latest version, with these changes, were
    applied. Those that become overdue come first; those that would not change are left out.

    For administrators, who see every postmortem. Raises NotFound, NotAllowed, ScopeMissing, and as
    :func:`application.escalation.policies.preview_change`.
    """
    check_may_write(viewer)
    latest = await get_latest(session, policy_id)
    content = await preview_change(session, latest, changes)
    effects = await _effects(session, await list_open_under(session, policy_id), content, now)
    changed = [one for one in effects if one.changes]
    return PolicyChange(latest, sorted(changed, key=lambda one: not one.becomes_overdue))


async def apply_policy(
    session: Session, viewer: Viewer, policy_id: str, expected_version: int | None, now: datetime
) -> PolicyChange:
    """Gives the latest version to open postmortems that have an older one, and sets what is due when; ``AT_ONCE`` at
    most.
    Targets that were met, waived or extended stay as they are. The rows are the
    outbox: the sweep signals the workflow of a row whose ``workflow_started`` is false. Raises NotFound, NotAllowed,
    ScopeMissing, StaleVersion, PolicyArchived.
    """
    latest = await lock_latest(session, viewer, policy_id, expected_version)
    rows = await lock_outdated(session, latest, AT_ONCE)
    content = content_of(latest)
    applied = await _effects(session, rows, content, now)
    moved = [one.postmortem for one in applied if one.changes]
    due = {one.id: rules.due_instants(_start(one), content) for one in moved}
    await update_due(session, due, {one.id: _done(one) for one in moved})
    for effect in applied:
        postmortem = effect.postmortem
        before = {"policyVersion": postmortem.policy_version, **_instants(effect.changes, "before")}
        after = {"policyVersion": latest.version, **_instants(effect.changes, "after")}
        postmortem.policy_version = latest.version
        postmortem.workflow_started = False
        postmortem.version += 1
        postmortem.updated_at = now
        audit(
            session,
            viewer,
            "postmortem.policy_applied",
            "postmortem",
            postmortem.id,
            postmortem_id=postmortem.id,
            before=before,
            after={"policyId": latest.id, **after},
            at=now,
        )
    await session.flush()
    return PolicyChange(latest, applied, await count_outdated(session, latest))


async def _effects(
    session: Session, rows: Sequence[Postmortem], content: rules.Policy, now: datetime
) -> list[PolicyEffect]:
    kept = await list_targets_of(session, [one.id for one in rows])
    return [PolicyEffect(one, _changes(one, kept.get(one.id, {}), content, now)) for one in rows]


def _changes(
    postmortem: Postmortem, kept: Mapping[str, PostmortemTarget], content: rules.Policy, now: datetime
) -> tuple[TargetChange, ...]:
    due, done = rules.due_instants(_start(postmortem), content), _done(postmortem)
    found = []
    for name in TargetName:
        row, after = kept.get(name), due.get(name)
        if row is not None and (row.met_at or row.waived_at or row.extended_to):
            continue
        before = row.due_at if row else None
        if before != after:
            was_late = before is not None and before <= now
            late = after is not None and after <= now and not was_late and name not in done
            found.append(TargetChange(name, before, after, late))
    return tuple(found)


def _start(postmortem: Postmortem) -> datetime:
    return postmortem.incident_resolved_at or postmortem.created_at


def _done(postmortem: Postmortem) -> dict[TargetName, datetime]:
    """What was reached already: a target that is new then was met before it was set."""
    reached = {
        TargetName.DRAFT_STARTED: postmortem.draft_started_at or postmortem.submitted_at,
        TargetName.DRAFT_COMPLETED: postmortem.submitted_at,
        TargetName.REVIEW_COMPLETED: postmortem.reviewed_at,
        TargetName.PUBLISHED: postmortem.published_at,
    }
    return {name: at for name, at in reached.items() if at is not None}


def _instants(changes: Sequence[TargetChange], side: str) -> dict[str, str | None]:
    return {one.target.value: at.isoformat() if (at := getattr(one, side)) else None for one in changes}
