"""Saved views of lists, and what their queries can hold."""

import inspect
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_origin
from urllib.parse import parse_qsl, urlencode

from pydantic import Field, TypeAdapter, ValidationError

from api.errors import malformed
from api.shapes.base import Given, Patch, Ref, Shape
from api.shapes.filters.action_items import item_filters
from api.shapes.filters.incidents import incident_filters
from api.shapes.filters.postmortems import postmortem_filters
from domain.errors import Malformed, reason
from domain.views import COLUMNS, OF_PAGES, Audience, ListName
from integrations.fields import Words
from models.queries.postmortems.shown_list import PostmortemFilters
from models.view import SavedView

FILTERS: Mapping[ListName, Callable[..., Any]] = {
    ListName.POSTMORTEMS: postmortem_filters,
    ListName.ACTION_ITEMS: item_filters,
    ListName.INCIDENTS: incident_filters,
}

ViewName = Annotated[str, Words(100, one_line=True)]
QueryText = Annotated[str, Words(2000, blank=True, one_line=True)]
Strings = list[str]
Columns = Annotated[list[Annotated[str, Words(60, one_line=True)]], Field(max_length=40)]


NO_COLUMNS: Strings = Field(default_factory=list)


class ViewNew(Given):
    """``query`` are parameters of the list, such as ``status=DRAFT&sort=-updatedAt``. No ``columns`` are those that
    each person chose. TEAM needs a ``teamId``."""

    name: ViewName
    list: ListName
    query: QueryText = ""
    columns: Columns = NO_COLUMNS
    shared_with: Audience = Audience.ME
    team_id: Ref | None = None

    def values(self) -> dict[str, Any]:
        """Columns of the row. Raises Malformed."""
        return {
            "name": self.name,
            "of_list": self.list.value,
            "query": checked_query(self.list, self.query),
            "columns": checked_columns(self.list, self.columns),
            "shared_with": self.shared_with.value,
            "team_id": self.team_id,
        }


class ViewOut(Shape):
    """``sharedWith`` is ME, too, if the team is gone that it was shared with."""

    id: str
    version: int
    name: str
    list: ListName
    query: str
    columns: Strings
    shared_with: Audience
    team_id: str | None
    owner_id: str


class ViewPatch(Patch):
    answer = ViewOut

    name: ViewName = ""
    query: QueryText = ""
    columns: Columns = NO_COLUMNS
    shared_with: Audience = Audience.ME
    team_id: Ref | None = None

    def values(self, of_list: ListName) -> dict[str, Any]:
        """Columns of the row that were sent. Raises Malformed."""
        sent = self.given()
        if "query" in sent:
            sent["query"] = checked_query(of_list, self.query)
        if "columns" in sent:
            sent["columns"] = checked_columns(of_list, self.columns)
        if "shared_with" in sent:
            sent["shared_with"] = self.shared_with.value
        return sent


def view_out(row: SavedView) -> ViewOut:
    is_left = row.shared_with == Audience.TEAM.value and row.team_id is None
    return ViewOut(
        id=row.id,
        version=row.version,
        name=row.name,
        list=ListName(row.of_list),
        query=row.query,
        columns=row.columns,
        shared_with=Audience.ME if is_left else Audience(row.shared_with),
        team_id=row.team_id,
        owner_id=row.owner_id,
    )


def checked_columns(of_list: ListName, columns: list[str]) -> list[str]:
    """Each once. Raises Malformed for a column that the list doesn't have."""
    unknown = [one for one in columns if one not in COLUMNS[of_list]]
    if unknown:
        known = ", ".join(COLUMNS[of_list])
        raise Malformed(reasons=[reason("columns", f"Choose columns from: {known}", where="body.columns")])
    return list(dict.fromkeys(columns))


def checked_query(of_list: ListName, query: str) -> str:
    """The query with only what was given. Raises Malformed for a parameter that the list doesn't have, or a value that
    the list would refuse."""
    given = _parameters(query)
    _values(of_list, given)
    return urlencode([(name, value) for name, values in given.items() for value in values])


async def postmortem_filters_of(query: str) -> PostmortemFilters:
    """What the query of a list of postmortems asks for. Raises Malformed."""
    return await postmortem_filters(**_values(ListName.POSTMORTEMS, _parameters(query)))


def _parameters(query: str) -> Mapping[str, list[str]]:
    given: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in parse_qsl(query.removeprefix("?"), errors="replace"):
        given[name].append(value)
    return given


def _values(of_list: ListName, given: Mapping[str, list[str]]) -> dict[str, Any]:
    """As arguments of the list's filters. Raises Malformed."""
    known, of_page = filters_of(of_list), OF_PAGES[of_list]
    read: dict[str, Any] = {}
    problems: list[dict[str, Any]] = []
    for name, values in given.items():
        if name in of_page and set(values) <= set(of_page[name]):
            continue
        if name not in known:
            listed = of_list.value.replace("-", " ")
            words = f"The list of {listed} has no {name[:60]!r} of that kind. Leave it out, or choose another value."
            problems.append(reason("query", words, where="body.query"))
            continue
        try:
            read[known[name].argument] = known[name].read(values)
        except ValidationError as error:
            problems += [{**one, "where": "body.query"} for one in _reasons(error, name)]
    if problems:
        raise Malformed(reasons=problems[:50])
    return read


def _reasons(error: ValidationError, name: str) -> list[dict[str, Any]]:
    found: Any = malformed(error.errors()).facts["reasons"]
    return [reason(str(one["code"]), f"{name}: {one['message']}") for one in found]


@dataclass(frozen=True, slots=True)
class FilterParameter:
    """``argument`` is its name in the function of the filters."""

    argument: str
    is_repeated: bool
    adapter: TypeAdapter[Any]

    def read(self, values: list[str]) -> Any:
        """Raises ValidationError."""
        return self.adapter.validate_python(values if self.is_repeated else values[-1])


@cache
def filters_of(of_list: ListName) -> Mapping[str, FilterParameter]:
    """The parameters of the list, by their names on the wire."""
    found: dict[str, FilterParameter] = {}
    for argument, one in inspect.signature(FILTERS[of_list]).parameters.items():
        aliases = [
            given.alias for given in getattr(one.annotation, "__metadata__", ()) if getattr(given, "alias", None)
        ]
        plain = one.annotation.__origin__ if get_origin(one.annotation) is Annotated else one.annotation
        name = aliases[0] if aliases else argument
        found[name] = FilterParameter(argument, get_origin(plain) is list, TypeAdapter(one.annotation))
    return found
