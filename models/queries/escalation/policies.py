"""Policies: which one applies, their versions, and the default one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import (
    AlreadyExists,
    DefaultPolicyNeeded,
    NotAllowed,
    NotFound,
    PolicyArchived,
    ScopeMissing,
    StaleVersion,
    UnknownReference,
)
from domain.escalation import policy as rules
from domain.escalation.targets import DEFAULT_HOURS, TargetName
from domain.people.calendar import Calendar
from models.base import new_id
from models.policy import DEFAULT_POLICY_ID, Policy
from models.queries.audit.records import audit
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.people.teams import check_teams
from models.team import Service

SCOPE = {"urgency", "service_id", "team_id"}


async def ensure_default_policy(session: AsyncSession) -> None:
    values = {
        "id": DEFAULT_POLICY_ID,
        "version": 1,
        "is_current": True,
        "name": "Default",
        "hours": {str(name): hours for name, hours in DEFAULT_HOURS.items()},
        "stale_after_days": rules.DEFAULT_STALE_DAYS,
        "min_reviewers": 1,
    }
    await session.execute(insert(Policy).values(**values).on_conflict_do_nothing())


async def get_policy(session: AsyncSession, policy_id: str, version: int) -> Policy:
    return await session.get_one(Policy, (policy_id, version))


async def pick_policy(
    session: AsyncSession, *, urgency: str | None, service_ids: Sequence[str], team_ids: Sequence[str]
) -> Policy:
    """The narrowest current policy that fits: by service, then team, then urgency, then the default."""
    statement = select(Policy).where(
        Policy.is_current,
        or_(Policy.urgency.is_(None), Policy.urgency == urgency),
        or_(Policy.service_id.is_(None), Policy.service_id.in_(service_ids)),
        or_(Policy.team_id.is_(None), Policy.team_id.in_(team_ids)),
    )
    fitting = list((await session.execute(statement)).scalars())
    if not fitting:
        await ensure_default_policy(session)
        return await get_policy(session, DEFAULT_POLICY_ID, 1)
    return max(fitting, key=lambda one: (bool(one.service_id), bool(one.team_id), bool(one.urgency), one.id))


# What a row says


def content_of(row: Policy) -> rules.Policy:
    return rules.Policy(
        name=row.name,
        urgency=row.urgency,
        service_id=row.service_id,
        team_id=row.team_id,
        targets={
            name: rules.Span(row.hours[name], rules.Counted.WORKING if name in row.working else rules.Counted.ELAPSED)
            for name in TargetName
            if name in row.hours
        },
        ladder=rules.DEFAULT_LADDER if row.ladder is None else tuple(_rung(one) for one in row.ladder),
        office=rules.Office() if row.office is None else _office(row.office),
        stale_after_days=row.stale_after_days,
        min_reviewers=row.min_reviewers,
    )


def _rung(kept: Mapping[str, Any]) -> rules.Rung:
    return rules.Rung(rules.RungKind(kept["kind"]), kept["amount"], tuple(rules.Asked(one) for one in kept["asks"]))


def _office(kept: Mapping[str, Any]) -> rules.Office:
    return rules.Office(
        hours=Calendar(kept["zone"], tuple(kept["days"]), kept["opens"], kept["closes"]),
        country=kept["country"],
        region=kept["region"],
        holidays=frozenset(date.fromisoformat(one) for one in kept["holidays"]),
        closed_on=frozenset(date.fromisoformat(one) for one in kept["closed_on"]),
    )


def _columns(content: rules.Policy) -> dict[str, Any]:
    office, hours = content.office, content.office.hours
    return {
        "name": content.name,
        "urgency": content.urgency,
        "service_id": content.service_id,
        "team_id": content.team_id,
        "hours": {name.value: span.hours for name, span in content.targets.items()},
        "working": [name.value for name, span in content.targets.items() if span.counted is rules.Counted.WORKING],
        "ladder": [
            {"kind": one.kind.value, "amount": one.amount, "asks": [asked.value for asked in one.asks]}
            for one in content.ladder
        ],
        "office": {
            "zone": hours.zone,
            "days": list(hours.days),
            "opens": hours.opens,
            "closes": hours.closes,
            "country": office.country,
            "region": office.region,
            "holidays": sorted(one.isoformat() for one in office.holidays),
            "closed_on": sorted(one.isoformat() for one in office.closed_on),
        },
        "stale_after_days": content.stale_after_days,
        "min_reviewers": content.min_reviewers,
    }


# Reading: everybody may


async def get_latest(session: AsyncSession, policy_id: str) -> Policy:
    """Archived ones too. Raises NotFound."""
    statement = select(Policy).where(Policy.id == policy_id).order_by(Policy.version.desc()).limit(1)
    row = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound(kind="policy", id=policy_id)
    return row


async def get_version(session: AsyncSession, policy_id: str, version: int | None) -> Policy:
    """The latest version, or that one. Raises NotFound."""
    latest = await get_latest(session, policy_id)
    row = latest if version is None else await session.get(Policy, (policy_id, version))
    if row is None:
        raise NotFound(kind="policy version", id=f"{policy_id}@{version}")
    return row


async def list_policies(session: AsyncSession, ask: Ask, *, archived: bool = False) -> Page[Policy]:
    """The latest version of each, by id."""
    return await _page(
        session, select(Policy).where(Policy.archived_at.is_not(None) if archived else Policy.is_current), ask
    )


async def _page(session: AsyncSession, statement: Select[Policy], ask: Ask) -> Page[Policy]:
    rows, cursor = await fetch_page(session, statement, Order("policies", Policy.id, Policy.id, False), ask)
    return Page([row[0] for row in rows], cursor)


async def list_versions(session: AsyncSession, policy_id: str, ask: Ask) -> Page[Policy]:
    """Newest first. Raises NotFound."""
    await get_latest(session, policy_id)
    order = Order("policy versions", Policy.version, Policy.version)
    rows, cursor = await fetch_page(session, select(Policy).where(Policy.id == policy_id), order, ask, tie_type=int)
    return Page([row[0] for row in rows], cursor)


# Writing


def check_may_write(viewer: Viewer) -> None:
    """Raises NotAllowed or ScopeMissing."""
    if not viewer.is_admin:
        raise NotAllowed(action="change policies", who="an administrator")
    if "admin" not in viewer.scopes:
        raise ScopeMissing(scope="admin")


async def add_policy(session: AsyncSession, viewer: Viewer, content: rules.Policy, now: datetime) -> Policy:
    """Raises NotAllowed, ScopeMissing, InvalidPolicy, UnknownReference, AlreadyExists."""
    check_may_write(viewer)
    policy_id = new_id("pol")
    await _check(session, policy_id, content)
    row = Policy(id=policy_id, version=1, created_by_id=viewer.person_id, created_at=now, **_columns(content))
    session.add(row)
    audit(session, viewer, "policy.created", "policy", policy_id, after={"name": content.name, "version": 1})
    await session.flush()
    return row


async def change_policy(
    session: AsyncSession,
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
    after = await changed(session, latest, changes)
    if after == content_of(latest):
        return latest
    latest.is_current = False
    old, new = _columns(content_of(latest)), _columns(after)
    names = [name for name in new if new[name] != old[name]]
    row = Policy(id=policy_id, version=latest.version + 1, created_by_id=viewer.person_id, created_at=now, **new)
    session.add(row)
    told = {**{name: new[name] for name in names}, "version": row.version}
    before = {name: old[name] for name in names}
    audit(session, viewer, "policy.updated", "policy", policy_id, before=before, after=told)
    await session.flush()
    return row


async def archive_policy(
    session: AsyncSession, viewer: Viewer, policy_id: str, expected_version: int | None, now: datetime
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


async def changed(session: AsyncSession, latest: Policy, changes: Mapping[str, Any]) -> rules.Policy:
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
    session: AsyncSession,
    viewer: Viewer,
    policy_id: str,
    expected_version: int | None = None,
    *,
    archived: bool = False,
) -> Policy:
    """Whoever changes or applies a policy waits here for the others: at its first version, which always is."""
    check_may_write(viewer)
    await session.execute(select(Policy.id).where(Policy.id == policy_id, Policy.version == 1).with_for_update())
    latest = await get_latest(session, policy_id)
    if expected_version is not None and expected_version != latest.version:
        raise StaleVersion(expected=str(expected_version), current=latest.version)
    if latest.archived_at is not None and not archived:
        raise PolicyArchived(id=policy_id)
    return latest


async def _check(session: AsyncSession, policy_id: str, content: rules.Policy, *, same_scope: bool = False) -> None:
    rules.check(content)
    if same_scope:
        return
    if content.team_id is not None:
        await check_teams(session, "teamId", [content.team_id])
    if content.service_id is not None and await session.get(Service, content.service_id) is None:
        raise UnknownReference(field="serviceId", kind="service", id=content.service_id)
    same = select(Policy.id).where(
        Policy.is_current,
        Policy.id != policy_id,
        *(getattr(Policy, name).is_not_distinct_from(getattr(content, name)) for name in sorted(SCOPE)),
    )
    other = (await session.execute(same.limit(1))).scalar_one_or_none()
    if other is not None:
        raise AlreadyExists(kind="policy", field="urgency, service and team", value=other)
