"""How a list is shown to its reader: the open view, layout, columns, order, and what it is filtered by."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Response

from api.bulk import Result
from api.pages.filtered import Filter, filters_of
from api.pages.routing import Visit, local_path, to
from api.pages.showing import attempted, show
from application.people.lookup import find_typed_person
from domain.errors import DomainError, Malformed, reason
from domain.views import COLUMNS, DEFAULT_COLUMNS, LAYOUTS, Audience, Layout, ListName, may_change
from models.queries import views
from models.queries.people import people
from models.queries.views import ListFrame, ViewOfList

BESIDE = ("view", "cursor", "limit")
"""Parameters of an address that are no part of a view."""
PEOPLE = ("ownerId", "authorId")
"""Filters whose values are ids of people."""
MOST = 100
"""Parameters of an address that are read."""
MOST_SELECTED = 200


@dataclass(frozen=True, slots=True)
class ShownList:
    """``given`` are the address's parameters without the cursor; ``filters`` those of them that aren't shown elsewhere,
    in words. ``columns`` are ids, ``titles`` what each is called."""

    name: ListName
    path: str
    frame: ListFrame
    view: ViewOfList | None
    layout: Layout
    columns: Sequence[str]
    titles: Mapping[str, str]
    given: Sequence[tuple[str, str]]
    sort: str
    filters: Sequence[Filter]
    may_change_view: bool

    def one(self, name: str) -> str:
        """The parameter's last value, or nothing."""
        return next((value for key, value in reversed(self.given) if key == name), "")

    def many(self, name: str) -> list[str]:
        return [value for key, value in self.given if key == name]

    def address(self, **changes: str) -> str:
        """This list with other parameters; an empty one is left out."""
        kept = [(key, value) for key, value in self.given if key not in changes]
        return _address(self.path, [*kept, *((key, value) for key, value in changes.items() if value)])

    def without(self, name: str, value: str) -> str:
        return _address(self.path, [one for one in self.given if one != (name, value)])

    @property
    def query(self) -> str:
        """What a view of this list keeps."""
        return urlencode([one for one in self.given if one[0] not in BESIDE])

    @property
    def is_changed(self) -> bool:
        """The open view was saved with other parameters."""
        return self.view is not None and sorted(parse_qsl(self.view.query)) != sorted(parse_qsl(self.query))

    def sorted_by(self, key: str) -> str:
        """The address that sorts by this column, or the other way around where it does already."""
        return self.address(sort=f"-{key}" if self.sort == key else key)

    def direction(self, key: str) -> str:
        """For ``aria-sort``."""
        return {key: "ascending", f"-{key}": "descending"}.get(self.sort, "none")

    @property
    def own_views(self) -> list[ViewOfList]:
        return [one for one in self.frame.views if one.shared_with is Audience.ME]

    @property
    def shared_views(self) -> list[ViewOfList]:
        return [one for one in self.frame.views if one.shared_with is not Audience.ME]

    def address_of(self, view: ViewOfList) -> str:
        return _address(self.path, [*parse_qsl(view.query), ("view", view.id)])


def _address(path: str, parameters: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(parameters)}" if parameters else path


def selected(form: Mapping[str, str]) -> list[str]:
    """Ids of the rows that were selected."""
    return [name.removeprefix("id.") for name, value in form.items() if name.startswith("id.") and value == "yes"]


def some_selected(form: Mapping[str, str], name: str) -> list[str]:
    """As :func:`selected`; ``name`` is what people call one of the rows. Raises Malformed for none, and too many."""
    ids = selected(form)
    if not ids:
        raise Malformed(reasons=[reason("none", f"Select at least one {name}.", where="ids")])
    if len(ids) > MOST_SELECTED:
        raise Malformed(reasons=[reason("many", f"Select at most {MOST_SELECTED} at once.", where="ids")])
    return ids


async def change_selected(
    visit: Visit,
    template: str,
    list_path: str,
    work: Callable[[], Awaitable[Sequence[Result]]],
    titles: Callable[[Sequence[str]], Awaitable[Mapping[str, str]]],
    **values: Any,
) -> Response:
    """Back to the list once all rows are changed. Else the page of ``template`` shows which were left as they were, by
    their ``titles``, and why; or why ``work`` was refused as a whole."""
    back = local_path(visit.form.get("back", list_path))
    results: list[Result] = []

    async def collect() -> None:
        results.extend(await work())

    refusal = await attempted(visit, collect())
    left = [(one.id, one.refusal) for one in results if one.refusal]
    if refusal is None and not left:
        return to(back)
    names = await titles([id_ for id_, _ in left])
    return await show(
        visit,
        template,
        refusal,
        back=back,
        count=len(results) - len(left),
        refused=[(id_, names.get(id_), why) for id_, why in left],
        selected=selected(visit.form),
        **values,
    )


async def find_typed(
    visit: Visit, shown: ShownList, name: str, typed: str, parameter: str
) -> Response | DomainError | None:
    """Where the list is whose ``parameter`` names the person that was typed into the field ``name``, or why nobody was
    found; None if nothing was typed."""
    if not typed.strip():
        return None
    try:
        person = await find_typed_person(visit.context.session, name, typed)
    except DomainError as refusal:
        return refusal
    return to(shown.address(**{name: "", parameter: person.id}))


async def read_list(visit: Visit, name: ListName, sort: str, shown_elsewhere: set[str]) -> ShownList:
    """``sort`` is the order unless one is asked for; ``shown_elsewhere`` are filters that the page shows by itself."""
    context, request = visit.context, visit.request
    frame = await views.read_list_frame(context.session, context.viewer, name)
    given = [one for one in request.query_params.multi_items() if one[0] != "cursor"][:MOST]
    asked = dict(given)
    view = next((one for one in frame.views if one.id == asked.get("view")), None)
    layout = asked.get("layout") or frame.layout
    columns = (view.columns if view else []) or frame.columns or DEFAULT_COLUMNS[name]
    people_named = await people.people_by_id(context.session, [value for key, value in given if key in PEOPLE])
    named = {one.id: one.name for one in people_named.values()}
    names = {"teamId": dict(frame.teams), "serviceId": dict(frame.services), **dict.fromkeys(PEOPLE, named)}
    return ShownList(
        name=name,
        path=request.url.path,
        frame=frame,
        view=view,
        layout=Layout(layout) if layout in LAYOUTS[name] else LAYOUTS[name][0],
        columns=[one for one in COLUMNS[name] if one in columns],
        titles=COLUMNS[name],
        given=given,
        sort=asked.get("sort") or sort,
        filters=filters_of(given, shown_elsewhere, context.person.time_zone, names),
        may_change_view=view is not None and may_change(context.viewer, view.owner_id, view.shared_with),
    )
