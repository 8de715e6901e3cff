"""Reviewers of a postmortem."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.review.reviewers import Decision
from models.postmortem import PostmortemReviewer
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.together import ChangedRow


async def list_reviewers(session: AsyncSession, visible: VisiblePostmortem) -> list[PostmortemReviewer]:
    """In the order in which they were added."""
    statement = select(PostmortemReviewer).where(PostmortemReviewer.postmortem_id == visible.postmortem.id)
    statement = statement.order_by(PostmortemReviewer.added_at, PostmortemReviewer.person_id)
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


def decided_reviewer(postmortem_id: str, person_id: str, decision: str, revision: int, now: datetime) -> ChangedRow:
    """The reviewer's latest decision, and the revision of the content that it is about, to be written with other rows.
    It ends a waiver."""
    key = {"postmortem_id": postmortem_id, "person_id": person_id}
    unwaived = dict.fromkeys(("waived_at", "waived_by_id", "waived_reason"))
    decided = {"decision": decision, "decided_revision": revision, "decided_at": now}
    return ChangedRow(PostmortemReviewer, key, decided | unwaived)


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


async def clear_for_new_review(session: AsyncSession, postmortem_id: str) -> None:
    """Reviewers who requested changes decide again, and those whose review was waived are asked again."""
    of_postmortem = PostmortemReviewer.postmortem_id == postmortem_id
    asked = PostmortemReviewer.decision == Decision.REQUEST_CHANGES.value
    decided = dict.fromkeys(("decision", "decided_revision", "decided_at"))
    await session.execute(update(PostmortemReviewer).where(of_postmortem, asked).values(decided))
    waived = dict.fromkeys(("waived_at", "waived_by_id", "waived_reason"))
    is_waived = PostmortemReviewer.waived_at.is_not(None)
    await session.execute(update(PostmortemReviewer).where(of_postmortem, is_waived).values(waived))


async def update_reminded(session: AsyncSession, postmortem_id: str, person_ids: Iterable[str], now: datetime) -> None:
    statement = update(PostmortemReviewer).where(
        PostmortemReviewer.postmortem_id == postmortem_id, PostmortemReviewer.person_id.in_(list(person_ids))
    )
    await session.execute(statement.values(reminded_at=now))


async def update_waived(
    session: AsyncSession, postmortem_id: str, person_id: str, by_id: str, reason: str, now: datetime
) -> None:
    """Publishing no longer waits for this reviewer."""
    statement = update(PostmortemReviewer).where(
        PostmortemReviewer.postmortem_id == postmortem_id, PostmortemReviewer.person_id == person_id
    )
    await session.execute(statement.values(waived_at=now, waived_by_id=by_id, waived_reason=reason))
