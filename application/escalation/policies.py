"""Creating, changing and archiving escalation policies, which administrators do."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit
from application.people.references import check_services, check_teams
from domain.access import Viewer
from domain.errors import (
    AlreadyExists,
    DefaultPolicyNeeded,
    NotAllowed,
    PolicyArchived,
    ScopeMissing,
    StaleVersion,
)
from domain.escalation import policy as rules
from models.base import new_id
from models.escalation import DEFAULT_POLICY_ID, Policy
from models.queries.escalation import policies
from models.queries.escalation.policies import columns_of, content_of
from models.session import Session


def check_may_write(viewer: Viewer) -> None:
    """Raises NotAllowed or ScopeMissing."""
    if not viewer.is_admin:
        raise NotAllowed(action="change policies", who="an administrator")
    if "admin" not in viewer.scopes:
        raise ScopeMissing(scope="admin")


async def add_policy(session: Session, viewer: Viewer, content: rules.Policy, now: datetime) -> Policy:
    """Raises NotAllowed, ScopeMissing, InvalidPolicy, UnknownReference, AlreadyExists."""
    check_may_write(viewer)
    policy_id = new_id("pol")
    await _check(session, policy_id, content)
    row = Policy(id=policy_id, version=1, created_by_id=viewer.person_id, created_at=now, **columns_of(content))
    session.add(row)
    audit(session, viewer, "policy.created", "policy", policy_id, after={"name": content.name, "version": 1})
    await session.flush()
    return row


async def change_policy(
    session: Session,
    viewer: Viewer,
    policy_id: str,
    changes: Mapping[str, Any],
    expected_version: int | None,
    now: datetime,
) -> Policy:
    """Makes the next version; ``changes`` are fields of ``domain.escalation.policy.Policy``. What changes nothing
    makes none.

    Raises NotFound, NotAllowed, ScopeMissing, StaleVersion, PolicyArchived, DefaultPolicyNeeded, and as
    :func:`add_policy`.
    """
    latest = await lock_latest(session, viewer, policy_id, expected_version)
    after = await preview_change(session, latest, changes)
    if after == content_of(latest):
        return latest
    latest.is_current = False
    old, new = columns_of(content_of(latest)), columns_of(after)
    names = [name for name in new if new[name] != old[name]]
    row = Policy(id=policy_id, version=latest.version + 1, created_by_id=viewer.person_id, created_at=now, **new)
    session.add(row)
    details = {**{name: new[name] for name in names}, "version": row.version}
    before = {name: old[name] for name in names}
    audit(session, viewer, "policy.updated", "policy", policy_id, before=before, after=details)
    await session.flush()
    return row


async def archive_policy(
    session: Session, viewer: Viewer, policy_id: str, expected_version: int | None, now: datetime
) -> None:
    """Those who keep it keep it; nothing begins with it. A second time changes nothing.

    Raises NotFound, NotAllowed, ScopeMissing, StaleVersion, DefaultPolicyNeeded.
    """
    latest = await lock_latest(session, viewer, policy_id, expected_version, archived=True)
    if policy_id == DEFAULT_POLICY_ID:
        raise DefaultPolicyNeeded(id=policy_id, hint="You can't archive it.")
    if latest.archived_at is not None:
        return
    latest.is_current, latest.archived_at = False, now
    audit(session, viewer, "policy.archived", "policy", policy_id, after={"archivedAt": now.isoformat()})
    await session.flush()


async def preview_change(session: Session, latest: Policy, changes: Mapping[str, Any]) -> rules.Policy:
    """What it would say after these changes. Raises InvalidPolicy, UnknownReference, AlreadyExists, and
    DefaultPolicyNeeded where the one that fits everything would fit less."""
    before = content_of(latest)
    after = replace(before, **changes)
    if latest.id == DEFAULT_POLICY_ID and after.scope != before.scope:
        raise DefaultPolicyNeeded(id=latest.id, hint="Create another policy for an urgency, a service, or a team.")
    if after != before:
        await _check(session, latest.id, after, same_scope=after.scope == before.scope)
    return after


async def lock_latest(
    session: Session,
    viewer: Viewer,
    policy_id: str,
    expected_version: int | None = None,
    *,
    archived: bool = False,
) -> Policy:
    """The latest version, locked: no one else can change or apply the policy until the transaction ends.

    Raises NotFound, NotAllowed, ScopeMissing, StaleVersion, PolicyArchived.
    """
    check_may_write(viewer)
    await policies.lock_policy(session, policy_id)
    latest = await policies.get_latest(session, policy_id)
    if expected_version is not None and expected_version != latest.version:
        raise StaleVersion(expected=str(expected_version), current=latest.version)
    if latest.archived_at is not None and not archived:
        raise PolicyArchived(id=policy_id)
    return latest


async def _check(session: Session, policy_id: str, content: rules.Policy, *, same_scope: bool = False) -> None:
    rules.check(content)
    if same_scope:
        return
    if content.team_id is not None:
        await check_teams(session, "teamId", [content.team_id])
    if content.service_id is not None:
        await check_services(session, "serviceId", [content.service_id])
    other = await policies.find_same_scope(session, policy_id, content)
    if other is not None:
        raise AlreadyExists(kind="policy", field="urgency, service and team", value=other)
