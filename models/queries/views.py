"""Saved views: those that a viewer may see, and what the page of a list offers beside its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Text, and_, any_, cast, delete, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import NotFound
from domain.views import Audience, Layout, ListName
from models.content import RootCauseCategory
from models.person import Person
from models.queries.access.visibility import AnyViewer, BoundViewer, viewer_parameters
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.prebuilt import Prebuilt, json_list, json_object, text_of
from models.team import Service, Team
from models.view import ListChoice, SavedView


def _is_visible(viewer: AnyViewer) -> ColumnElement[bool]:
    is_theirs: ColumnElement[bool] = true()  # an administrator cleans up after everyone
    if isinstance(viewer, BoundViewer):
        is_theirs = SavedView.team_id == any_(viewer.team_ids)
    elif not viewer.is_admin:
        is_theirs = SavedView.team_id.in_(sorted(viewer.team_ids))
    return or_(
        SavedView.owner_id == viewer.person_id,
        SavedView.shared_with == literal(Audience.ORGANIZATION.value),
        and_(SavedView.shared_with == literal(Audience.TEAM.value), SavedView.team_id.is_not(None), is_theirs),
    )


async def get_view(session: AsyncSession, viewer: Viewer, view_id: str, *, lock: bool = False) -> SavedView:
    """Raises NotFound."""
    statement = select(SavedView).where(SavedView.id == view_id, _is_visible(viewer))
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise NotFound(kind="view", id=view_id)
    return row


async def list_views(session: AsyncSession, viewer: Viewer, name: ListName | None, ask: Ask) -> Page[SavedView]:
    """Oldest first: the viewer's own, and those that are shared with them."""
    statement = select(SavedView).where(_is_visible(viewer))
    if name is not None:
        statement = statement.where(SavedView.of_list == name.value)
    order = Order("views", SavedView.created_at, SavedView.id, False)
    rows, cursor = await fetch_page(session, statement, order, ask)
    return Page([row[0] for row in rows], cursor)


async def insert_view(session: AsyncSession, **values: Any) -> SavedView | None:
    """None if its owner has one of that name for that list."""
    statement = insert(SavedView).values(**values).on_conflict_do_nothing().returning(SavedView)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_id_by_name(session: AsyncSession, owner_id: str, name: str, of_list: str) -> str | None:
    statement = select(SavedView.id).where(
        SavedView.owner_id == owner_id, SavedView.of_list == of_list, func.lower(SavedView.name) == func.lower(name)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def delete_view(session: AsyncSession, view_id: str) -> None:
    await session.execute(delete(SavedView).where(SavedView.id == view_id))


async def set_choice(
    session: AsyncSession, person_id: str, name: ListName, layout: Layout, columns: Sequence[str]
) -> None:
    values = {"layout": layout.value, "columns": list(columns)}
    statement = insert(ListChoice).values(person_id=person_id, of_list=name.value, **values)
    keys = [ListChoice.person_id, ListChoice.of_list]
    await session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


# For pages


@dataclass(frozen=True, slots=True)
class ViewOfList:
    id: str
    version: int
    name: str
    query: str
    columns: list[str]
    shared_with: Audience
    team_id: str | None
    owner_id: str
    owner: str


@dataclass(frozen=True, slots=True)
class ListFrame:
    """``teams``, ``services`` and ``categories`` are what the filters offer: ids with names, and names. ``layout`` and
    ``columns`` are what the viewer chose last; None and empty if nothing."""

    views: Sequence[ViewOfList]
    layout: str | None
    columns: Sequence[str]
    teams: Sequence[tuple[str, str]]
    services: Sequence[tuple[str, str]]
    categories: Sequence[str]


OFFERED = 200
"""Of each kind, that a filter offers."""


@cache
def _frame() -> Prebuilt:
    viewer, name = BoundViewer(is_admin=False), text_of("list")
    seen = select(*SavedView.__table__.columns, Person.name.label("owner")).join(Person).where(_is_visible(viewer))
    seen_views = seen.where(SavedView.of_list == name).order_by(SavedView.created_at).limit(OFFERED).subquery()
    names = ("id", "version", "name", "query", "columns", "shared_with", "team_id", "owner_id", "owner")
    view = json_object(**{one: seen_views.c[one] for one in names})
    views = select(json_list(view, func.lower(seen_views.c.name), seen_views.c.id))
    chosen = select(json_object(layout=ListChoice.layout, columns=ListChoice.columns)).where(
        ListChoice.person_id == viewer.person_id, ListChoice.of_list == name
    )
    teams = select(Team.id, Team.name).order_by(Team.name).limit(OFFERED).subquery()
    services = (
        select(Service.id, Service.name).where(Service.is_active).order_by(Service.name).limit(OFFERED).subquery()
    )
    active = (RootCauseCategory.is_active, RootCauseCategory.merged_into.is_(None))
    causes = select(RootCauseCategory.name).where(*active).order_by(RootCauseCategory.name).limit(OFFERED).subquery()
    pairs = [
        select(json_list(func.json_build_array(one.c.id, one.c.name), one.c.name, one.c.id))
        for one in (teams, services)
    ]
    parts = {
        "views": views,
        "chosen": chosen,
        "teams": pairs[0],
        "services": pairs[1],
        "categories": select(json_list(causes.c.name, causes.c.name)),
    }
    return Prebuilt(select(cast(json_object(**{key: one.scalar_subquery() for key, one in parts.items()}), Text)))


async def read_list_frame(session: AsyncSession, viewer: Viewer, name: ListName) -> ListFrame:
    """One prebuilt statement. Of views of teams, only those of the viewer's own teams."""
    row = await _frame().row(session, list=name.value, **viewer_parameters(viewer))
    found = orjson.loads(row[0])
    views = [ViewOfList(**one | {"shared_with": Audience(one["shared_with"])}) for one in found["views"]]
    chosen = found["chosen"] or {"layout": None, "columns": []}
    pairs = {key: [(one[0], one[1]) for one in found[key]] for key in ("teams", "services")}
    return ListFrame(views, chosen["layout"], chosen["columns"], pairs["teams"], pairs["services"], found["categories"])
