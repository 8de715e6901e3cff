"""SQL that finds people, postmortems, action items, incidents and services by the words of their names.

Each typed word is the beginning of a word of the name; accents and capitals don't matter. Of what there is much of, the
newest names are compared, and the index of words is asked where those are too few.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Text,
    all_,
    any_,
    case,
    cast,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access import Viewer
from domain.search.names import NameKind
from models.action_item import ActionItem
from models.incident import Incident
from models.person import Person
from models.postmortem import Postmortem
from models.queries.access.visibility import BoundViewer, viewer_values, visible_to
from models.queries.action_items import visible_item
from models.queries.audit.audit_log import rows_with_audit, with_audit_of
from models.queries.prebuilt import Prebuilt, number_of, text_of
from models.queries.search_conditions import title_words
from models.team import Service, Team, TeamMember

COMPARED = 500
"""How many of the newest names are compared."""
RANKED = 50
"""How many that match are ranked, of each kind."""

_SIGNS = r"[\s!-/:-@\[-`{-~]+"


@dataclass(frozen=True, slots=True)
class FoundName:
    """``name`` is a name, a title or a description. ``detail`` is the handle of a person, the owner's name of an action
    item, the source of an incident, and the team's name of a service; ``number`` and ``status`` where it has them."""

    kind: NameKind
    id: str
    name: str
    detail: str | None
    number: int | None
    status: str | None


async def list_names(
    session: AsyncSession, viewer: Viewer, kinds: Sequence[NameKind], typed: str, number: int | None, limit: int
) -> list[FoundName]:
    """The best first, at most ``limit``, and only what the viewer may see. An administrator's read of private
    postmortems is audited. Without a word, the newest of each kind, and people of the viewer's own teams."""
    wanted = frozenset(kinds)
    plain = _names(wanted, is_admin=viewer.is_admin, is_audited=False)
    is_audited = viewer.is_admin and bool(wanted & {NameKind.POSTMORTEM, NameKind.ACTION_ITEM})
    audited = _names(wanted, is_admin=True, is_audited=True) if is_audited else plain
    values = {**viewer_values(viewer), "typed": typed, "number": number, "limit": limit}
    rows = await rows_with_audit(session, viewer, audited, plain, values)
    return [FoundName(NameKind(row[0]), *tuple(row)[1:]) for row in rows]


async def list_people_by_words(session: AsyncSession, typed: str, limit: int) -> Sequence[Person]:
    """Active people of whose name, handle or e-mail address each typed word begins a word."""
    statement = select(Person).where(Person.is_active, _matches(_everything_of_people(), _asked()))
    found = await session.execute(statement.order_by(Person.name, Person.id).limit(limit), {"typed": typed})
    return found.scalars().all()


@cache
def _names(kinds: frozenset[NameKind], *, is_admin: bool, is_audited: bool) -> Prebuilt:
    viewer, asked = BoundViewer(is_admin), _asked()
    found = union_all(*(select(_BEST[kind](viewer, asked).subquery()) for kind in NameKind if kind in kinds)).subquery()
    order = (found.c.rank, found.c.place, found.c.nth)
    seen = select(found).order_by(*order).limit(number_of("limit")).cte("seen")
    seen = seen.prefix_with("materialized", dialect="postgresql")
    statement: Select[Any] = select(
        seen.c.kind, seen.c.id, seen.c.name, seen.c.detail, seen.c.number, seen.c.status
    ).order_by(seen.c.rank, seen.c.place, seen.c.nth)
    if is_audited:
        statement = with_audit_of(select(seen.c.read_id).where(seen.c.read_id.is_not(None)), statement, viewer)
    return Prebuilt(statement)


# What was typed


def _folded(written: Any) -> ColumnElement[str]:
    """Small letters without accents. Where all letters are ASCII, the function that folds accents isn't called."""
    plain = case((func.octet_length(written) == func.length(written), written), else_=func.search_text(written))
    return func.lower(plain)


def _asked() -> CTE:
    """``patterns``, regular expressions of each word; ``whole``, all words; ``words`` asks the index of words."""
    split = func.regexp_split_to_table(_folded(text_of("typed")), _SIGNS).column_valued("typed_word")
    word = select(split.label("word")).where(split != "").subquery("typed_words").c.word
    begins = func.quote_literal(word) + ":*"
    begins_word = case((word.op("~")("^[a-z0-9]"), "(^|[^a-z0-9])" + word), else_=word)  # some scripts have no blanks
    return (
        select(
            func.coalesce(func.array_agg(begins_word), literal_column("'{}'::text[]")).label("patterns"),
            func.coalesce(func.string_agg(word, " "), "").label("whole"),
            func.to_tsquery("english", func.string_agg(begins, " & ")).label("words"),
        )
        .cte("asked")
        .prefix_with("materialized", dialect="postgresql")
    )


def _of(asked: CTE, column: str) -> Any:
    return select(asked.c[column]).scalar_subquery()


def _matches(name: Any, asked: CTE) -> ColumnElement[bool]:
    is_nothing = _of(asked, "whole") == ""
    return or_(is_nothing, _folded(name).op("~")(all_(cast(_of(asked, "patterns"), ARRAY(Text)))))


def _rank(name: Any, asked: CTE, *exactly: ColumnElement[bool]) -> ColumnElement[int]:
    """0 where it is what was typed, 1 where it begins so; alike where nothing was typed."""
    whole = _of(asked, "whole")
    first: ColumnElement[int] = literal_column("0")
    return case(
        (whole == "", literal_column("2")),
        *((one, first) for one in (*exactly, _folded(name) == whole)),
        (_folded(name).like(whole + "%"), literal_column("1")),
        else_=literal_column("2"),
    )


def _best(
    kind: NameKind,
    rank: ColumnElement[int],
    order: Sequence[Any],
    *,
    id: Any,  # noqa: A002 - the column's name
    name: Any,
    detail: Any = None,
    number: Any = None,
    status: Any = None,
    read_id: Any = None,
) -> Select[Any]:
    """The best of a kind, each with its place among them. ``read_id`` is the postmortem that is read with it."""
    place = func.row_number().over(order_by=[rank, *order]).label("place")
    texts = {"detail": detail, "status": status, "read_id": read_id}
    return (
        select(
            literal_column(f"'{kind.value}'").label("kind"),
            id.label("id"),
            name.label("name"),
            *(cast(null() if one is None else one, Text).label(key) for key, one in texts.items()),
            (literal_column("null::bigint") if number is None else number).label("number"),
            rank.label("rank"),
            place,
            literal_column(str(list(NameKind).index(kind))).label("nth"),
        )
        .order_by(place)
        .limit(number_of("limit"))
    )


def _candidates(table: Any, name: Any, asked: CTE, rule: ColumnElement[bool], indexed: Any) -> Any:
    """Ids of the newest whose names match and, if those are too few to choose from, of all that hold the words."""
    in_order = (table.created_at.desc(), table.id.desc())
    newest = select(table.id, name.label("name")).order_by(*in_order).limit(COMPARED).subquery()
    joined: Select[Any] = select(table.id)
    if table is ActionItem:
        joined = joined.join(Postmortem, Postmortem.id == ActionItem.postmortem_id)
    matching = joined.where(table.id.in_(select(newest.c.id).where(_matches(newest.c.name, asked))), rule)
    some = matching.order_by(*in_order).limit(RANKED).cte(f"{table.__tablename__}_newest")
    some = some.prefix_with("materialized", dialect="postgresql")
    are_few = select(func.count()).select_from(some).scalar_subquery() < number_of("limit")
    others = joined.where(are_few, indexed.op("@@")(_of(asked, "words")), rule).order_by(*in_order).limit(RANKED)
    return union(select(some.c.id), select(others.subquery().c.id))


# Each kind


def _everything_of_people() -> ColumnElement[str]:
    return func.concat_ws(" ", Person.name, Person.handle, Person.email)


def _people(viewer: BoundViewer, asked: CTE) -> Select[Any]:
    is_near = exists().where(TeamMember.person_id == Person.id, TeamMember.team_id == any_(viewer.team_ids))
    rank = _rank(Person.name, asked, _folded(Person.handle) == _of(asked, "whole"))
    order = (is_near.desc(), Person.name, Person.id)
    found = _best(NameKind.PERSON, rank, order, id=Person.id, name=Person.name, detail=Person.handle)
    return found.where(Person.is_active, _matches(_everything_of_people(), asked))


def _postmortems(viewer: BoundViewer, asked: CTE) -> Select[Any]:
    rule, its_number = visible_to(viewer), Postmortem.number == number_of("number")
    ids = _candidates(Postmortem, Postmortem.title, asked, rule, title_words(Postmortem.title))
    numbered = select(Postmortem.id).where(its_number, rule)
    found = _best(
        NameKind.POSTMORTEM,
        _rank(Postmortem.title, asked, its_number),
        (Postmortem.created_at.desc(), Postmortem.id),
        id=Postmortem.id,
        name=Postmortem.title,
        number=Postmortem.number,
        status=Postmortem.status,
        read_id=Postmortem.id,
    )
    return found.where(or_(Postmortem.id.in_(ids), Postmortem.id.in_(numbered)))


def _action_items(viewer: BoundViewer, asked: CTE) -> Select[Any]:
    ids = _candidates(ActionItem, ActionItem.description, asked, visible_item(viewer), ActionItem.search)
    owner = aliased(Person)
    is_open = ActionItem.status.in_(("OPEN", "IN_PROGRESS"))
    is_own = ActionItem.owner_id.is_not_distinct_from(viewer.person_id)
    found = _best(
        NameKind.ACTION_ITEM,
        _rank(ActionItem.description, asked),
        (is_open.desc(), ActionItem.created_at.desc(), ActionItem.id),
        id=ActionItem.id,
        name=func.left(ActionItem.description, 200),
        detail=owner.name,
        status=ActionItem.status,
        read_id=case((is_own, cast(null(), Text)), else_=ActionItem.postmortem_id),
    )
    return found.outerjoin(owner, owner.id == ActionItem.owner_id).where(ActionItem.id.in_(ids))


def _incidents(_: BoundViewer, asked: CTE) -> Select[Any]:
    """They belong to the organization: everyone sees all of them."""
    newest = select(Incident.id, Incident.title).order_by(Incident.created_at.desc(), Incident.id.desc())
    newest_ones = newest.limit(COMPARED).subquery()
    ids = select(newest_ones.c.id).where(_matches(newest_ones.c.title, asked))
    found = _best(
        NameKind.INCIDENT,
        _rank(Incident.title, asked),
        (Incident.created_at.desc(), Incident.id),
        id=Incident.id,
        name=Incident.title,
        detail=Incident.source,
        status=Incident.status,
    )
    return found.where(Incident.id.in_(ids))


def _services(_: BoundViewer, asked: CTE) -> Select[Any]:
    found = _best(
        NameKind.SERVICE,
        _rank(Service.name, asked),
        (Service.name, Service.id),
        id=Service.id,
        name=Service.name,
        detail=Team.name,
    )
    found = found.outerjoin(Team, Team.id == Service.team_id)
    return found.where(Service.is_active, Service.merged_into.is_(None), _matches(Service.name, asked))


_BEST: dict[NameKind, Callable[[BoundViewer, CTE], Select[Any]]] = {
    NameKind.PERSON: _people,
    NameKind.POSTMORTEM: _postmortems,
    NameKind.ACTION_ITEM: _action_items,
    NameKind.INCIDENT: _incidents,
    NameKind.SERVICE: _services,
}
