"""What a postmortem's workflow keeps of its row."""

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.escalation.deadlines import Alarm, Deadline
from domain.postmortems.lifecycle import Status
from domain.postmortems.snapshots import PostmortemSnapshot
from models.escalation import ReminderAlarm
from models.postmortem import Postmortem, PostmortemTarget, PostmortemTeam
from models.queries.postmortems.resting import rests
from models.queries.prebuilt import Prebuilt


async def read_snapshot(session: AsyncSession, postmortem_id: str) -> PostmortemSnapshot:
    """``exists`` is false if the row is gone."""
    teams = select(PostmortemTeam.team_id).where(PostmortemTeam.postmortem_id == postmortem_id)
    statement = select(
        Postmortem.number,
        Postmortem.version,
        Postmortem.status,
        func.array(teams.order_by(PostmortemTeam.team_id).scalar_subquery()).label("team_ids"),
        ReminderAlarm.rings_at,
        ReminderAlarm.rings_for,
    ).outerjoin(ReminderAlarm, ReminderAlarm.subject_id == Postmortem.id)
    row = (await session.execute(statement.where(Postmortem.id == postmortem_id))).one_or_none()
    if row is None:
        return PostmortemSnapshot(postmortem_id, 0, 0, Status.DRAFT, exists=False)
    return PostmortemSnapshot(
        id=postmortem_id,
        number=row.number,
        version=row.version,
        status=Status(row.status),
        team_ids=tuple(row.team_ids),
        deadlines=await _deadlines(session, postmortem_id),
        alarm=Alarm(row.rings_at, row.rings_for or "nothing"),
    )


async def _deadlines(session: AsyncSession, postmortem_id: str) -> tuple[Deadline, ...]:
    """Of the targets that are neither met nor waived, earliest first."""
    due = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at).label("due")
    statement = select(PostmortemTarget.name, due).where(
        PostmortemTarget.postmortem_id == postmortem_id,
        PostmortemTarget.met_at.is_(None),
        PostmortemTarget.waived_at.is_(None),
    )
    statement = statement.join(Postmortem, Postmortem.id == PostmortemTarget.postmortem_id).where(~rests())
    found = [Deadline(name, at) for name, at in (await session.execute(statement)).all()]
    return tuple(sorted(found, key=lambda one: (one.at, one.name)))


_MARK = Prebuilt(
    text(
        """
        update postmortem set workflow_started = true
        where id = (select id from postmortem where id = :id and not workflow_started for update skip locked)
        """
    )
)


async def mark_workflow_started(session: AsyncSession, postmortem_id: str) -> None:
    """Does not wait for a lock: a row that is locked is marked when the sweep has started its workflow again."""
    await _MARK.write(session, id=postmortem_id)
