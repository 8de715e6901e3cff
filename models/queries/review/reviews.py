"""The history of reviews: every decision of a reviewer."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.postmortem import Review
from models.queries.postmortems.postmortems import VisiblePostmortem


async def list_reviews(session: AsyncSession, visible: VisiblePostmortem) -> list[Review]:
    """Lists the postmortem's action items, oldest first."""
    statement = select(Review).where(Review.postmortem_id == visible.postmortem.id).order_by(Review.id)
    return list((await session.execute(statement)).scalars())


async def find_last_review(session: AsyncSession, postmortem_id: str, person_id: str) -> Review | None:
    """That person's latest decision."""
    statement = select(Review).where(Review.postmortem_id == postmortem_id, Review.person_id == person_id)
    return (await session.execute(statement.order_by(Review.id.desc()).limit(1))).scalar()
