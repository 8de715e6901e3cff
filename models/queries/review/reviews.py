"""The history of reviews: every decision of a reviewer."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.postmortem import Review
from models.queries.postmortems.postmortems import VisiblePostmortem


async def list_reviews(session: AsyncSession, visible: VisiblePostmortem) -> list[Review]:
    """Lists the postmortem's action items, oldest first."""
    statement = select(Review).where(Review.postmortem_id == visible.postmortem.id).order_by(Review.id)
    return list((await session.execute(statement)).scalars())
