"""Request and response shapes of opening many tickets at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.shapes.base import Given, Ref, Shape
from application.tickets.batches import BatchProgress
from domain.action_items.action_item import LinkState


class TicketsIn(Given):
    """Tickets for all open action items, or for those in ``itemIds``. You can leave out ``integrationId`` if there
    is only one tracker."""

    integration_id: Ref | None = None
    item_ids: Annotated[list[Ref], Field(max_length=500)] | None = None


class RefusedOut(Shape):
    action_item_id: str
    description: str
    link_state: LinkState
    detail: str | None


class BatchOut(Shape):
    """The progress in one connection."""

    integration_id: str
    total: int
    done: int
    pending: int
    refused: list[RefusedOut]
    asked_at: datetime
    finished_at: datetime | None


class ProgressOut(Shape):
    """Of ``total`` requested tickets, ``done`` exist and ``pending`` aren't created yet; the others were refused,
    each with the tracker's reason. ``batches`` breaks this down by connection."""

    total: int
    done: int
    pending: int
    refused: list[RefusedOut]
    batches: list[BatchOut]


def _batch_out(one: BatchProgress) -> BatchOut:
    return BatchOut(
        integration_id=one.batch.integration_id,
        total=one.total,
        done=one.done,
        pending=one.pending,
        refused=[RefusedOut.model_validate(it) for it in one.refused],
        asked_at=one.batch.created_at,
        finished_at=one.batch.finished_at,
    )


def progress_out(found: Sequence[BatchProgress]) -> ProgressOut:
    batches = [_batch_out(one) for one in found]
    return ProgressOut(
        total=sum(one.total for one in batches),
        done=sum(one.done for one in batches),
        pending=sum(one.pending for one in batches),
        refused=[it for one in batches for it in one.refused],
        batches=batches,
    )
