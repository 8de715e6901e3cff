"""Keyset pages: stable under concurrent inserts, because a cursor names a row and never a position."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal_column, or_, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import BadCursor

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursor of the next ones; None at the end."""

    items: Sequence[Row]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """How many rows, and after which one."""

    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A sort column, with the id as the tie break; ``name`` keeps cursors of other orders out.

    ``kind`` is the type of the column's values. What is sorted by is never null: ``wrap`` makes it of the column and of
    a cursor's value alike, such as its rank or its lower case.
    """

    name: str
    column: Any
    tie: Any
    descending: bool = True
    kind: type[datetime] | type[date] | type[str] = datetime
    wrap: Callable[[Any], Any] | None = None

    @property
    def value_kind(self) -> type[datetime] | type[date] | type[str] | None:
        """None if a cursor only has the tie."""
        return None if self.column is self.tie else self.kind

    def _sorted(self, value: Any) -> Any:
        return self.wrap(value) if self.wrap else value

    def clauses(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        column = self._sorted(self.column)
        if self.descending:
            return column.desc(), self.tie.desc()
        return column.asc(), self.tie.asc()

    def after(self, value: Any, tie: Any) -> ColumnElement[bool]:
        if self.descending:
            return or_(self.column < value, and_(self.column == value, self.tie < tie))
        return or_(self.column > value, and_(self.column == value, self.tie > tie))

    def after_parameters(self) -> ColumnElement[bool]:
        """The rows after those that the parameters ``after`` and ``after_tie`` name, as an index finds them."""
        if self.column is self.tie:
            column: Any = self.tie
            value: Any = bindparam("after_tie", type_=self.tie.type)
        else:
            column = tuple_(self._sorted(self.column), self.tie)
            given = self._sorted(bindparam("after", type_=self.column.type))
            value = tuple_(given, bindparam("after_tie", type_=self.tie.type))
        after: ColumnElement[bool] = column < value if self.descending else column > value
        return after

    def of(self, columns: Any) -> "Order":
        """The same order of a subquery with these columns."""
        return replace(self, column=columns[self.column.key], tie=columns[self.tie.key])


def both_ways(name: str, column: Any, tie: Any, **how: Any) -> dict[str, Order]:
    """The orders ``name``, smallest first, and ``-name``; ``how`` are further fields of both."""
    return {name: Order(name, column, tie, False, **how), f"-{name}": Order(f"-{name}", column, tie, True, **how)}


def rank_of(values: type[StrEnum]) -> Callable[[Any], ColumnElement[int]]:
    """For :attr:`Order.wrap`: a number that grows with the place of a value among all of its kind. None of them may be
    part of another. An index holds it as it is written here."""
    known: ColumnElement[str] = literal_column(f"'{''.join(one.value for one in values)}'")
    return lambda value: func.strpos(known, value)


def encode_cursor(order: str, value: Any, tie: Any) -> str:
    plain = value
    if isinstance(value, date):
        plain = (value.astimezone(UTC) if isinstance(value, datetime) else value).isoformat()
    return base64.urlsafe_b64encode(json.dumps([order, plain, tie]).encode()).decode().rstrip("=")


def decode_cursor(
    order: str, cursor: str, *, kind: type[datetime] | type[date] | type[str] | None, tie_type: type
) -> tuple[Any, Any]:
    """Raises :class:`BadCursor` for anything that this list did not hand out. ``kind`` as :attr:`Order.value_kind`."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name, value, tie = json.loads(base64.urlsafe_b64decode(padded))
        if name != order or not isinstance(tie, tie_type) or isinstance(tie, bool):
            raise BadCursor(cursor=cursor[:200])
        if isinstance(tie, str) and ("\x00" in tie or not tie.isprintable()):
            raise BadCursor(cursor=cursor[:200])
        if isinstance(tie, int) and not -(2**63) <= tie < 2**63:
            raise BadCursor(cursor=cursor[:200])
        if kind is datetime:
            value = datetime.fromisoformat(value)
            if value.tzinfo is None:
                raise BadCursor(cursor=cursor[:200])
        elif kind is date:
            value = None if value is None else date.fromisoformat(value)
        elif kind is str and not (isinstance(value, str) and "\x00" not in value):
            raise BadCursor(cursor=cursor[:200])
    except (ValueError, TypeError, RecursionError, binascii.Error, UnicodeError) as error:
        raise BadCursor(cursor=cursor[:200]) from error
    return value, tie


async def fetch_page(
    session: AsyncSession, statement: Select[*tuple[Any, ...]], order: Order, ask: Ask, *, tie_type: type = str
) -> tuple[Sequence[Any], str | None]:
    """The rows of one page, and the cursor of the next. The last two columns of the statement are added here.

    The sort column must be an instant (``created_at`` and its like) or the tie itself (an ever-growing number).
    """
    if ask.cursor:
        value, tie = decode_cursor(order.name, ask.cursor, kind=order.value_kind, tie_type=tie_type)
        statement = statement.where(order.after(value, tie))
    statement = statement.add_columns(order.column, order.tie).order_by(*order.clauses()).limit(ask.limit + 1)
    rows = (await session.execute(statement)).all()
    more = len(rows) > ask.limit
    rows = rows[: ask.limit]
    cursor = encode_cursor(order.name, rows[-1][-2], rows[-1][-1]) if more else None
    return rows, cursor


def page_values(order: Order, ask: Ask, *, tie_type: type = str) -> dict[str, Any]:
    """The parameters of a prebuilt page: ``limit``, and ``after`` and ``after_tie`` if there is a cursor. Raises
    BadCursor."""
    values: dict[str, Any] = {"limit": ask.limit + 1}
    if ask.cursor:
        kind = order.value_kind
        values["after"], values["after_tie"] = decode_cursor(order.name, ask.cursor, kind=kind, tie_type=tie_type)
    return values


def page_of(rows: Sequence[Any], order: Order, ask: Ask) -> Page[Any]:
    """The records of a prebuilt page, which fetched one more than was asked for."""
    if len(rows) <= ask.limit:
        return Page(rows)
    last = rows[ask.limit - 1]
    return Page(rows[: ask.limit], encode_cursor(order.name, last[order.column.key], last[order.tie.key]))
