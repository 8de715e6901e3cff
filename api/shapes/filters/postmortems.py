"""Filters of lists of postmortems."""

from typing import Annotated, Literal

from fastapi import Query

from api.shapes.base import InstantQuery, RefQuery, SearchQuery
from domain.access import Visibility
from domain.escalation.targets import TargetName
from domain.postmortems.lifecycle import Status
from models.queries.postmortems.shown_list import PostmortemFilters

ByTime = Literal["-createdAt", "createdAt", "-updatedAt", "updatedAt", "-number", "number"]
ByText = Literal["title", "-title", "status", "-status"]
Sort = ByTime | ByText


async def postmortem_filters(
    status: Annotated[list[Status], Query()] = [],  # noqa: B006 - FastAPI copies it
    team_id: Annotated[RefQuery, Query(alias="teamId")] = None,
    service_id: Annotated[RefQuery, Query(alias="serviceId")] = None,
    author_id: Annotated[RefQuery, Query(alias="authorId")] = None,
    visibility: Visibility | None = None,
    overdue: bool | None = None,
    q: SearchQuery = None,
    created_from: Annotated[InstantQuery | None, Query(alias="createdFrom")] = None,
    created_to: Annotated[InstantQuery | None, Query(alias="createdTo")] = None,
    published_from: Annotated[InstantQuery | None, Query(alias="publishedFrom")] = None,
    published_to: Annotated[InstantQuery | None, Query(alias="publishedTo")] = None,
    root_cause_category: Annotated[SearchQuery, Query(alias="rootCauseCategory")] = None,
    tag: SearchQuery = None,
    slipped_target: Annotated[TargetName | None, Query(alias="slippedTarget")] = None,
    imported: bool | None = None,
    sort: Sort = "-createdAt",
) -> PostmortemFilters:
    """``publishedFrom`` and ``publishedTo`` are about the first publication. ``slippedTarget`` keeps postmortems that
    met this target too late, or missed it."""
    return PostmortemFilters(
        status=[one.value for one in status],
        team_id=team_id,
        service_id=service_id,
        author_id=author_id,
        visibility=visibility,
        overdue=overdue,
        q=q,
        created_from=created_from,
        created_to=created_to,
        published_from=published_from,
        published_to=published_to,
        root_cause_category=root_cause_category,
        tag=tag,
        slipped_target=slipped_target and slipped_target.value,
        imported=imported,
        sort=sort,
    )
