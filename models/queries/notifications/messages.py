"""Rows of ``message``: notices that are sent together."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.postmortems.lifecycle import Status
from models.notification import Message, Notice
from models.person import Person
from models.postmortem import Postmortem, PostmortemReviewer
from models.queries.access.visibility import visible_to

BOUNCES_WITHIN = timedelta(days=14)
"""Most mail servers try for five days. An older bounce is not about a message of ours."""
CLOCK_TOLERANCE = timedelta(minutes=10)
"""How far a mail server's clock may be behind ours."""


async def find_message(session: AsyncSession, message_id: str, *, for_update: bool = False) -> Message | None:
    return await session.get(Message, message_id, with_for_update=for_update, populate_existing=True)


async def list_unsent(session: AsyncSession, receiver_id: str) -> Sequence[Message]:
    """The messages that are still to be sent, oldest first; usually there is none."""
    statement = select(Message).where(Message.receiver_id == receiver_id, Message.state == "WAITING")
    return (await session.execute(statement.order_by(Message.created_at, Message.id))).scalars().all()


async def find_last_escalation(session: AsyncSession, receiver_id: str) -> datetime | None:
    """When the receiver's last escalation was composed."""
    escalations = Message.receiver_id == receiver_id, Message.kind == "ESCALATION", Message.state != "VOID"
    return (await session.execute(select(func.max(Message.created_at)).where(*escalations))).scalar_one()


async def find_shared_subject(session: AsyncSession, receiver_id: str, postmortem_id: str) -> str | None:
    """That of the first mail to the receiver about this postmortem alone."""
    about = select(Notice.message_id).where(Notice.postmortem_id == postmortem_id, Notice.message_id == Message.id)
    statement = select(Message.subject).where(
        Message.receiver_id == receiver_id,
        Message.state == "SENT",
        Message.channel == "email",
        Message.subject.is_not(None),
        about.exists(),
    )
    return (await session.execute(statement.order_by(Message.sent_at, Message.id).limit(1))).scalar()


async def insert_message(session: AsyncSession, message_id: str, receiver_id: str, kind: str, now: datetime) -> None:
    """If the message exists already, it is left as it is."""
    values = {"id": message_id, "receiver_id": receiver_id, "kind": kind, "state": "WAITING", "created_at": now}
    await session.execute(insert(Message).values(**values).on_conflict_do_nothing())


async def void_unsent(session: AsyncSession, receiver_id: str) -> None:
    unsent = update(Message).where(Message.receiver_id == receiver_id, Message.state == "WAITING")
    await session.execute(unsent.values(state="VOID"))


async def list_reviewers_of_author(
    session: AsyncSession, viewer: Viewer, author_id: str
) -> list[tuple[Postmortem, PostmortemReviewer, str]]:
    """Active reviewers, with their names, of the author's postmortems that are in review; longest in review first."""
    statement = (
        select(Postmortem, PostmortemReviewer, Person.name)
        .join(PostmortemReviewer, PostmortemReviewer.postmortem_id == Postmortem.id)
        .join(Person, Person.id == PostmortemReviewer.person_id)
        .where(Postmortem.author_id == author_id, Postmortem.status == Status.IN_REVIEW.value)
        .where(visible_to(viewer), Person.is_active)
        .order_by(Postmortem.submitted_at, Postmortem.id, Person.name)
        .limit(200)
    )
    return [(row[0], row[1], row[2]) for row in (await session.execute(statement)).all()]


async def find_bounced_unscoped(
    session: AsyncSession, integration_id: str, message_ids: Sequence[str], addresses: Sequence[str], at: datetime
) -> Message | None:
    """The message that bounced to this connection, locked.

    Found by its id, even if its sending is not recorded yet. Without ids, it is the last message that was sent to one
    of the addresses before ``at``.
    """
    if message_ids:
        statement = select(Message).where(Message.id.in_(message_ids))
        ours = (Message.integration_id == integration_id) | (Message.state == "WAITING")
        statement = statement.where(ours).order_by(Message.id)
    else:
        statement = select(Message).where(
            Message.integration_id == integration_id,
            func.lower(Message.address).in_(addresses),
            Message.state == "SENT",
            Message.sent_at.between(at - BOUNCES_WITHIN, at + CLOCK_TOLERANCE),
        )
        statement = statement.order_by(Message.sent_at.desc(), Message.id)
    locked = statement.limit(1).with_for_update().execution_options(populate_existing=True)
    return (await session.execute(locked)).scalar()
