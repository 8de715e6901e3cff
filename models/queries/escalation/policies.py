"""Escalation policies: which one applies, their versions, and the default one."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, any_, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.escalation import policy as rules
from domain.escalation.targets import DEFAULT_HOURS, TargetName
from domain.people.calendar import Calendar
from models.escalation import DEFAULT_POLICY_ID, Policy
from models.queries import rows
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.people.organization import Switches, read_switches, switch_columns, switches_of
from models.queries.prebuilt import Prebuilt, number_of, text_of, texts_of
from models.queries.rows import read_row

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
    """One prebuilt statement."""
    return rows.read_row(session, Policy, await _VERSION.row(session, id=policy_id, version=version))


_VERSION = Prebuilt(
    select(*rows.columns_of(Policy)).where(Policy.id == text_of("id"), Policy.version == number_of("version"))
)


_FITTING = Prebuilt(
    select(*rows.columns_of(Policy), *switch_columns()).where(
        Policy.is_current,
        or_(Policy.urgency.is_(None), Policy.urgency == text_of("urgency")),
        or_(Policy.service_id.is_(None), Policy.service_id == any_(texts_of("service_ids"))),
        or_(Policy.team_id.is_(None), Policy.team_id == any_(texts_of("team_ids"))),
    )
)


async def pick_policy(
    session: AsyncSession, *, urgency: str | None, service_ids: Sequence[str], team_ids: Sequence[str]
) -> Policy:
    """The most specific current policy that fits: by service, then team, then urgency, then the default."""
    return (await pick_policy_of_new(session, urgency=urgency, service_ids=service_ids, team_ids=team_ids))[0]


async def pick_policy_of_new(
    session: AsyncSession, *, urgency: str | None, service_ids: Sequence[str], team_ids: Sequence[str]
) -> tuple[Policy, Switches]:
    """As :func:`pick_policy`; and, in the same statement, whether postmortems are switched on for these teams."""
    given = {"urgency": urgency, "service_ids": list(service_ids), "team_ids": list(team_ids)}
    found = await _FITTING.rows(session, **given)
    if not found:
        await ensure_default_policy(session)
        return await get_policy(session, DEFAULT_POLICY_ID, 1), await read_switches(session, team_ids)
    fitting = [read_row(session, Policy, one) for one in found]
    best = max(fitting, key=lambda one: (bool(one.service_id), bool(one.team_id), bool(one.urgency), one.id))
    return best, switches_of(found[0])


# Between rows and the rules


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
        steps=rules.DEFAULT_STEPS if row.ladder is None else tuple(_step(one) for one in row.ladder),
        office=rules.Office() if row.office is None else _office(row.office),
        stale_after_days=row.stale_after_days,
        min_reviewers=row.min_reviewers,
    )


def _step(kept: Mapping[str, Any]) -> rules.Step:
    return rules.Step(rules.StepKind(kept["kind"]), kept["amount"], tuple(rules.Recipient(one) for one in kept["asks"]))


def _office(kept: Mapping[str, Any]) -> rules.Office:
    return rules.Office(
        hours=Calendar(kept["zone"], tuple(kept["days"]), kept["opens"], kept["closes"]),
        country=kept["country"],
        region=kept["region"],
        holidays=frozenset(date.fromisoformat(one) for one in kept["holidays"]),
        closed_on=frozenset(date.fromisoformat(one) for one in kept["closed_on"]),
    )


def columns_of(content: rules.Policy) -> dict[str, Any]:
    office, hours = content.office, content.office.hours
    return {
        "name": content.name,
        "urgency": content.urgency,
        "service_id": content.service_id,
        "team_id": content.team_id,
        "hours": {name.value: span.hours for name, span in content.targets.items()},
        "working": [name.value for name, span in content.targets.items() if span.counted is rules.Counted.WORKING],
        "ladder": [
            {"kind": one.kind.value, "amount": one.amount, "asks": [recipient.value for recipient in one.recipients]}
            for one in content.steps
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


# Reading: every person may


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


async def lock_policy(session: AsyncSession, policy_id: str) -> None:
    """Changes and applications of one policy wait for each other: at its first version, which always exists."""
    await session.execute(select(Policy.id).where(Policy.id == policy_id, Policy.version == 1).with_for_update())


async def find_same_scope(session: AsyncSession, policy_id: str, content: rules.Policy) -> str | None:
    """The id of another current policy for the same urgency, service and team."""
    statement = select(Policy.id).where(
        Policy.is_current,
        Policy.id != policy_id,
        *(getattr(Policy, name).is_not_distinct_from(getattr(content, name)) for name in sorted(SCOPE)),
    )
    return (await session.execute(statement.limit(1))).scalar_one_or_none()
