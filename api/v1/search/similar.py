"""The JSON API of similar postmortems, with their open action items."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from api.request_context import Context
from api.shapes.base import Listing, PathId, Shape
from api.shapes.postmortems import ServiceOut
from api.v1.routing import router
from api.v1.search.search import FoundPostmortem, found_postmortem
from application.search import similar
from domain.action_items.action_item import ActionItemStatus, Priority, is_overdue
from models.queries.postmortems import postmortems

routes: APIRouter = router("search", prefix="/postmortems/{postmortem_id}")


class Reasons(Shape):
    """``words`` are rare words that both contain; ``rootCauseCategory`` is given if it is the same."""

    words: list[str]
    services: list[ServiceOut]
    root_cause_category: str | None


class PromiseOut(Shape):
    id: str
    description: str
    owner_id: str | None
    due_date: date | None
    priority: Priority
    status: ActionItemStatus
    overdue: bool


class SimilarOut(Shape):
    """``score`` is between 0 and 1. ``openActionItems`` are action items still open from last time."""

    postmortem: FoundPostmortem
    score: float
    reasons: Reasons
    open_action_items: list[PromiseOut]


@routes.get("/similar")
async def list_similar_postmortems(
    context: Context, postmortem_id: PathId, limit: Annotated[int, Query(ge=1, le=20)] = 5
) -> Listing[SimilarOut]:
    """Lists similar postmortems that you can see, by text, services, and root cause category, most similar first."""
    visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    found = await similar.list_similar(context.session, context.viewer, visible, limit)
    base_url = context.parts.settings.base_url
    items = [
        SimilarOut(
            postmortem=found_postmortem(one, base_url),
            score=one.score,
            reasons=Reasons(
                words=list(one.words),
                services=[ServiceOut(id=service["id"], name=service["name"]) for service in one.services],
                root_cause_category=one.cause,
            ),
            open_action_items=[
                PromiseOut(
                    id=item.id,
                    description=item.description,
                    owner_id=item.owner_id,
                    due_date=item.due_on,
                    priority=Priority(item.priority),
                    status=ActionItemStatus(item.status),
                    overdue=is_overdue(ActionItemStatus(item.status), item.due_on, context.now),
                )
                for item in one.open_items
            ],
        )
        for one in found
    ]
    return Listing(items=items)
