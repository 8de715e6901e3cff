"""A draft that we opened and nobody has written in yet: it follows its incident, whatever order reports come in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.content.sections import Origin
from domain.content.templates import opening_texts
from domain.escalation.policy import due_instants
from domain.escalation.targets import TargetName
from domain.postmortems.lifecycle import Status
from models.policy import Policy
from models.postmortem import (
    Postmortem,
    PostmortemParticipant,
    PostmortemReviewer,
    PostmortemService,
    PostmortemTarget,
    PostmortemTeam,
    TimelineEvent,
)
from models.queries.audit.records import audit, plain
from models.queries.content.kept_templates import get_kept
from models.queries.content.section_texts import read_bodies, write_bodies
from models.queries.escalation.policies import content_of, get_policy, pick_policy
from models.queries.postmortems.postmortems import NewPostmortem, add_events, add_links, split_sections
from models.record import AuditEntry


async def lock_untouched(session: AsyncSession, postmortem_id: str) -> Postmortem | None:
    """The draft, locked; None where there is none, or somebody has begun to write."""
    statement = select(Postmortem).where(
        Postmortem.id == postmortem_id, Postmortem.status == Status.DRAFT.value, Postmortem.draft_started_at.is_(None)
    )
    return (await session.execute(statement.with_for_update().execution_options(populate_existing=True))).scalar()


async def refresh(
    session: AsyncSession, postmortem: Postmortem, new: NewPostmortem, now: datetime, *, origin: str | None = None
) -> None:
    """Fills it in again, but for what a person has decided (an author, teams). The row must be locked."""
    decided = await _decided_by_people(session, new.id)
    texts, columns = split_sections(new.columns)
    await _prefill(session, postmortem, texts, now)
    wanted = {"title": new.title, "author_id": await _author(session, postmortem, new), **columns}
    if "team_ids" not in decided:
        left = delete(PostmortemTeam).where(PostmortemTeam.postmortem_id == new.id)
        await session.execute(left.where(PostmortemTeam.team_id.not_in(new.team_ids)))
    # participants come from incidents alone: once more, in their order
    await session.execute(delete(PostmortemParticipant).where(PostmortemParticipant.postmortem_id == new.id))
    teams = () if "team_ids" in decided else new.team_ids
    services = () if "service_ids" in decided else new.service_ids
    await add_links(session, replace(new, team_ids=teams, service_ids=services))
    policy = await _policy(session, postmortem, new, decided)
    wanted |= {"policy_id": policy.id, "policy_version": policy.version, "incident_resolved_at": new.resolved_at}
    changes = {name: value for name, value in wanted.items() if name not in decided}
    before = {name: getattr(postmortem, name) for name, value in changes.items() if getattr(postmortem, name) != value}
    for name in before:
        setattr(postmortem, name, changes[name])
    postmortem.version += 1
    postmortem.updated_at = now
    await session.execute(
        delete(TimelineEvent).where(TimelineEvent.postmortem_id == new.id, TimelineEvent.source == "incident")
    )
    await add_events(session, new.id, new.timeline)
    await set_due(session, {new.id: due_instants(new.resolved_at or now, content_of(policy))}, {})
    audit(
        session,
        None,
        "postmortem.refreshed",
        "postmortem",
        new.id,
        origin=origin,
        postmortem_id=new.id,
        before=plain(before),
        after=plain({name: changes[name] for name in before}),
    )


async def _prefill(session: AsyncSession, postmortem: Postmortem, texts: Mapping[str, str], now: datetime) -> None:
    opening = opening_texts(await get_kept(session, postmortem), texts)
    standing = await read_bodies(session, postmortem.id, texts.keys())
    wanted = {name: opening[name] for name in texts}
    await write_bodies(session, postmortem.id, wanted, standing, author_id=None, origin=Origin.PREFILL, now=now)


async def _decided_by_people(session: AsyncSession, postmortem_id: str) -> frozenset[str]:
    """Names of what a person has set, as the audit trail tells."""
    statement = select(AuditEntry.after).where(
        AuditEntry.postmortem_id == postmortem_id,
        AuditEntry.action == "postmortem.updated",
        AuditEntry.actor_id.is_not(None),
    )
    return frozenset(name for after in (await session.execute(statement)).scalars() for name in after or {})


async def _author(session: AsyncSession, postmortem: Postmortem, new: NewPostmortem) -> str | None:
    """The one who should write it by now, unless asked to review it: nobody is both."""
    if new.author_id is None:
        return postmortem.author_id
    reviews_it = await session.get(PostmortemReviewer, (new.id, new.author_id))
    return new.author_id if reviews_it is None else postmortem.author_id


async def _policy(session: AsyncSession, postmortem: Postmortem, new: NewPostmortem, decided: frozenset[str]) -> Policy:
    """The one that fits now. A postmortem that stays under its policy keeps the version that it began with."""
    service_ids, team_ids = new.service_ids, new.team_ids
    if "service_ids" in decided:
        services = select(PostmortemService.service_id).where(PostmortemService.postmortem_id == new.id)
        service_ids = list((await session.execute(services)).scalars())
    if "team_ids" in decided:
        teams = select(PostmortemTeam.team_id).where(PostmortemTeam.postmortem_id == new.id)
        team_ids = list((await session.execute(teams)).scalars())
    fits = await pick_policy(session, urgency=new.urgency, service_ids=service_ids, team_ids=team_ids)
    if fits.id != postmortem.policy_id:
        return fits
    return await get_policy(session, postmortem.policy_id, postmortem.policy_version)


async def set_due(
    session: AsyncSession,
    due: Mapping[str, Mapping[TargetName, datetime]],
    done: Mapping[str, Mapping[TargetName, datetime]],
) -> None:
    """For postmortems of one policy, by id. Only targets that nobody met, waived or extended are moved; those that the
    policy does not have go. ``done`` is when a target was reached, for those that are new."""
    open_ones = (
        PostmortemTarget.met_at.is_(None),
        PostmortemTarget.waived_at.is_(None),
        PostmortemTarget.extended_to.is_(None),
    )
    names = {name.value for instants in due.values() for name in instants}
    gone = delete(PostmortemTarget).where(PostmortemTarget.postmortem_id.in_(list(due)), *open_ones)
    await session.execute(gone.where(PostmortemTarget.name.not_in(sorted(names))))
    rows = [
        {
            "postmortem_id": postmortem_id,
            "name": name.value,
            "due_at": at,
            "met_at": done.get(postmortem_id, {}).get(name),
            "slips": 0,
        }
        for postmortem_id, instants in due.items()
        for name, at in instants.items()
    ]
    if rows:
        statement = insert(PostmortemTarget).values(rows)
        moved = {"due_at": statement.excluded.due_at}
        await session.execute(
            statement.on_conflict_do_update(index_elements=["postmortem_id", "name"], set_=moved, where=_all(open_ones))
        )


def _all(conditions: Sequence[Any]) -> Any:
    found, *others = conditions
    for one in others:
        found &= one
    return found
