"""Who takes part in a postmortem, and people and teams that an incident report proposes for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import AuditEntry
from models.incident import PostmortemProposal
from models.postmortem import PostmortemParticipant, PostmortemTeam
from models.queries.postmortems.postmortems import VisiblePostmortem

WITHOUT_CHOICE = ("postmortem.read", "postmortem.policy_applied", "participants.proposed", "participants.reported")
"""Acts of people that choose nothing about this postmortem: looking at it, and reporting who was there."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Exactly one of ``person_id`` and ``team_id`` is set."""

    person_id: str | None
    team_id: str | None
    incident_id: str | None
    added_by_id: str | None


async def has_choice(session: AsyncSession, postmortem_id: str) -> bool:
    """Whether a person has chosen anything about the postmortem, according to the audit log."""
    statement = select(AuditEntry.id).where(
        AuditEntry.postmortem_id == postmortem_id,
        AuditEntry.actor_id.is_not(None),
        AuditEntry.action.not_in(WITHOUT_CHOICE),
    )
    return (await session.execute(statement.limit(1))).scalar_one_or_none() is not None


async def list_person_ids(session: AsyncSession, postmortem_id: str) -> list[str]:
    """The participants."""
    statement = select(PostmortemParticipant.person_id).where(PostmortemParticipant.postmortem_id == postmortem_id)
    return list((await session.execute(statement)).scalars())


async def list_participants(session: AsyncSession, visible: VisiblePostmortem) -> list[PostmortemParticipant]:
    statement = (
        select(PostmortemParticipant)
        .where(PostmortemParticipant.postmortem_id == visible.postmortem.id)
        .order_by(PostmortemParticipant.ordinal, PostmortemParticipant.person_id)
    )
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


async def list_teams(session: AsyncSession, visible: VisiblePostmortem) -> list[PostmortemTeam]:
    statement = select(PostmortemTeam).where(PostmortemTeam.postmortem_id == visible.postmortem.id)
    statement = statement.order_by(PostmortemTeam.team_id)
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


async def list_proposals(session: AsyncSession, visible: VisiblePostmortem) -> list[Proposal]:
    """Those that nobody has decided yet, oldest first."""
    statement = (
        select(
            PostmortemProposal.person_id,
            PostmortemProposal.team_id,
            PostmortemProposal.incident_id,
            PostmortemProposal.added_by_id,
        )
        .where(PostmortemProposal.postmortem_id == visible.postmortem.id, PostmortemProposal.dismissed_at.is_(None))
        .order_by(PostmortemProposal.id)
    )
    return [Proposal(*row) for row in (await session.execute(statement)).all()]


async def insert_proposals(session: AsyncSession, postmortem_id: str, proposals: Sequence[Proposal]) -> list[Proposal]:
    """Those that were neither proposed nor dismissed before."""
    if not proposals:
        return []
    rows = [
        {
            "postmortem_id": postmortem_id,
            "person_id": one.person_id,
            "team_id": one.team_id,
            "incident_id": one.incident_id,
            "added_by_id": one.added_by_id,
        }
        for one in proposals
    ]
    inserted = insert(PostmortemProposal).values(rows).on_conflict_do_nothing()
    inserted_ids = inserted.returning(PostmortemProposal.person_id, PostmortemProposal.team_id)
    new = {tuple(row) for row in (await session.execute(inserted_ids)).all()}
    return [one for one in proposals if (one.person_id, one.team_id) in new]


async def take_proposal(
    session: AsyncSession, postmortem_id: str, *, person_id: str | None = None, team_id: str | None = None
) -> Proposal | None:
    """Removes the proposal, also a dismissed one, and returns it; None if there is none."""
    statement = delete(PostmortemProposal).where(
        PostmortemProposal.postmortem_id == postmortem_id,
        PostmortemProposal.person_id.is_not_distinct_from(person_id),
        PostmortemProposal.team_id.is_not_distinct_from(team_id),
    )
    returned = statement.returning(
        PostmortemProposal.person_id,
        PostmortemProposal.team_id,
        PostmortemProposal.incident_id,
        PostmortemProposal.added_by_id,
    )
    row = (await session.execute(returned)).one_or_none()
    return Proposal(*row) if row else None


async def dismiss(
    session: AsyncSession,
    postmortem_id: str,
    now: datetime,
    *,
    person_id: str | None = None,
    team_id: str | None = None,
) -> None:
    """From now on no report proposes this person or team again."""
    row = {"postmortem_id": postmortem_id, "person_id": person_id, "team_id": team_id, "dismissed_at": now}
    statement = insert(PostmortemProposal).values(row)
    await session.execute(
        statement.on_conflict_do_update(
            constraint="uq_postmortem_proposal_postmortem_id_person_id_team_id", set_={"dismissed_at": now}
        )
    )


async def insert_participant(
    session: AsyncSession, postmortem_id: str, person_id: str, incident_id: str | None, added_by_id: str
) -> bool:
    """Adds the person after all others; false if they take part already."""
    last = select(func.coalesce(func.max(PostmortemParticipant.ordinal), -1) + 1)
    last = last.where(PostmortemParticipant.postmortem_id == postmortem_id)
    row = {
        "postmortem_id": postmortem_id,
        "person_id": person_id,
        "ordinal": last.scalar_subquery(),
        "incident_id": incident_id,
        "added_by_id": added_by_id,
    }
    statement = insert(PostmortemParticipant).values(row).on_conflict_do_nothing()
    return (await session.execute(statement.returning(PostmortemParticipant.person_id))).scalar() is not None


async def delete_participant(session: AsyncSession, postmortem_id: str, person_id: str) -> bool:
    """False if the person takes no part."""
    statement = delete(PostmortemParticipant).where(
        PostmortemParticipant.postmortem_id == postmortem_id, PostmortemParticipant.person_id == person_id
    )
    return (await session.execute(statement.returning(PostmortemParticipant.person_id))).scalar() is not None


async def insert_team(
    session: AsyncSession, postmortem_id: str, team_id: str, incident_id: str | None, added_by_id: str
) -> bool:
    """False if the postmortem has that team already."""
    row = {
        "postmortem_id": postmortem_id,
        "team_id": team_id,
        "incident_id": incident_id,
        "added_by_id": added_by_id,
    }
    statement = insert(PostmortemTeam).values(row).on_conflict_do_nothing()
    return (await session.execute(statement.returning(PostmortemTeam.team_id))).scalar() is not None


async def release_proposals(
    session: AsyncSession, postmortem_id: str, incident_id: str, people: Mapping[str, str], teams: Mapping[str, str]
) -> None:
    """The incident was unlinked: what another one proposes as well becomes that one's, the rest is gone.

    ``people`` and ``teams`` name for each id an incident that still names it.
    """
    own = (
        PostmortemProposal.postmortem_id == postmortem_id,
        PostmortemProposal.incident_id == incident_id,
        PostmortemProposal.dismissed_at.is_(None),
    )
    for column, kept in ((PostmortemProposal.person_id, people), (PostmortemProposal.team_id, teams)):
        for other in sorted(set(kept.values())):
            shared = [one for one, contributor in kept.items() if contributor == other]
            await session.execute(update(PostmortemProposal).where(*own, column.in_(shared)).values(incident_id=other))
    await session.execute(delete(PostmortemProposal).where(*own))
