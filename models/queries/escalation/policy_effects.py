"""What a policy's new version means for open postmortems: shown first, then applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.escalation import policy as rules
from domain.escalation.targets import TargetName
from domain.postmortems.lifecycle import Status
from models.policy import Policy
from models.postmortem import Postmortem, PostmortemTarget
from models.queries.audit.records import audit
from models.queries.escalation.policies import check_may_write, content_of
from models.queries.postmortems.first_drafts import set_due

OPEN = (Status.DRAFT.value, Status.IN_REVIEW.value)
AT_ONCE = 500
"""Postmortems that one request applies a policy to."""


@dataclass(frozen=True, slots=True)
class TargetChange:
    """None before: the target is new; None after: it is not asked for any more."""

    target: TargetName
    before: datetime | None
    after: datetime | None
    becomes_overdue: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """For one open postmortem; ``changes`` may be empty where the new version asks the same."""

    postmortem: Postmortem
    changes: tuple[TargetChange, ...]

    @property
    def becomes_overdue(self) -> bool:
        return any(one.becomes_overdue for one in self.changes)


def _under(policy_id: str) -> tuple[ColumnElement[bool], ...]:
    return Postmortem.policy_id == policy_id, Postmortem.status.in_(OPEN)


async def list_effects(
    session: AsyncSession, viewer: Viewer, policy_id: str, content: rules.Policy, now: datetime
) -> list[Effect]:
    """What would change if all open postmortems under the policy followed this; those that keep their times left out.

    Administrators, who see every postmortem. Raises NotAllowed, ScopeMissing.
    """
    check_may_write(viewer)
    statement = select(Postmortem).where(*_under(policy_id)).order_by(Postmortem.number)
    found = await _effects(session, list((await session.execute(statement)).scalars()), content, now)
    return [one for one in found if one.changes]


async def apply_policy(
    session: AsyncSession, viewer: Viewer, latest: Policy, now: datetime
) -> tuple[list[Effect], int]:
    """Pins this version to open postmortems that have an older one, and sets what is due when; ``AT_ONCE`` at most.

    Returns them, and how many are left. Targets that were met, waived or extended stay as they are. Their workflows are
    told by the outbox: a row whose ``workflow_started`` is false is signalled by the sweep.
    """
    check_may_write(viewer)
    older = (*_under(latest.id), Postmortem.policy_version != latest.version)
    statement = select(Postmortem).where(*older).order_by(Postmortem.id).limit(AT_ONCE).with_for_update()
    rows = list((await session.execute(statement.execution_options(populate_existing=True))).scalars())
    content = content_of(latest)
    applied = await _effects(session, rows, content, now)
    moved = [one.postmortem for one in applied if one.changes]
    due = {one.id: rules.due_instants(_start(one), content) for one in moved}
    await set_due(session, due, {one.id: _done(one) for one in moved})
    for effect in applied:
        postmortem = effect.postmortem
        before = {"policyVersion": postmortem.policy_version, **_told(effect.changes, "before")}
        after = {"policyVersion": latest.version, **_told(effect.changes, "after")}
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
    left = (await session.execute(select(func.count()).select_from(Postmortem).where(*older))).scalar_one()
    return applied, left


async def _effects(
    session: AsyncSession, rows: Sequence[Postmortem], content: rules.Policy, now: datetime
) -> list[Effect]:
    kept = await _targets_of(session, [one.id for one in rows])
    return [Effect(one, _changes(one, kept.get(one.id, {}), content, now)) for one in rows]


async def _targets_of(session: AsyncSession, postmortem_ids: Sequence[str]) -> dict[str, dict[str, PostmortemTarget]]:
    found: dict[str, dict[str, PostmortemTarget]] = {}
    for begin in range(0, len(postmortem_ids), 5000):  # a statement takes 32,767 parameters at most
        part = postmortem_ids[begin : begin + 5000]
        statement = select(PostmortemTarget).where(PostmortemTarget.postmortem_id.in_(part))
        for row in (await session.execute(statement.execution_options(populate_existing=True))).scalars():
            found.setdefault(row.postmortem_id, {})[row.name] = row
    return found


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


def _told(changes: Sequence[TargetChange], side: str) -> dict[str, str | None]:
    return {one.target.value: at.isoformat() if (at := getattr(one, side)) else None for one in changes}
