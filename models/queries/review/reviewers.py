"""Reviewers of a postmortem."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.review.reviewers import Decision
from models.postmortem import PostmortemReviewer
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.prebuilt import Prebuilt


async def list_reviewers(session: AsyncSession, visible: VisiblePostmortem) -> list[PostmortemReviewer]:
    """In the order in which they were added."""
    statement = select(PostmortemReviewer).where(PostmortemReviewer.postmortem_id == visible.postmortem.id)
    statement = statement.order_by(PostmortemReviewer.added_at, PostmortemReviewer.person_id)
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


_DECIDE = Prebuilt(
    text(
        """
        update postmortem_reviewer set decision = :decision, decided_revision = :revision, decided_at = :now
        where postmortem_id = :postmortem_id and person_id = :person_id
        """
    )
)


async def update_decision(
    session: AsyncSession, postmortem_id: str, person_id: str, decision: str, revision: int, now: datetime
) -> None:
    """The reviewer's latest decision, and the revision of the content that it is about."""
    decided = {"decision": decision, "revision": revision, "now": now}
    await _DECIDE.write(session, postmortem_id=postmortem_id, person_id=person_id, **decided)


async def insert_reviewers(
    session: AsyncSession, postmortem_id: str, person_ids: Iterable[str], now: datetime
) -> list[str]:
    """Returns those who were not reviewers yet."""
    rows = [{"postmortem_id": postmortem_id, "person_id": one, "added_at": now} for one in dict.fromkeys(person_ids)]
    if not rows:
        return []
    statement = insert(PostmortemReviewer).values(rows).on_conflict_do_nothing()
    return list((await session.execute(statement.returning(PostmortemReviewer.person_id))).scalars())


async def delete_reviewers(session: AsyncSession, postmortem_id: str, person_ids: Iterable[str]) -> None:
    statement = delete(PostmortemReviewer).where(
        PostmortemReviewer.postmortem_id == postmortem_id, PostmortemReviewer.person_id.in_(list(person_ids))
    )
    await session.execute(statement)


async def clear_change_requests(session: AsyncSession, postmortem_id: str) -> None:
    """Reviewers who requested changes decide again."""
    statement = update(PostmortemReviewer).where(
        PostmortemReviewer.postmortem_id == postmortem_id,
        PostmortemReviewer.decision == Decision.REQUEST_CHANGES.value,
    )
    await session.execute(statement.values(decision=None, decided_revision=None, decided_at=None))
