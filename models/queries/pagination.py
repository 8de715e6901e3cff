"""Keyset pages: stable under concurrent inserts, because a cursor names a row and never a position."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, tuple_
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
    """A sort column that is never null, with the id as the tie break; ``name`` keeps cursors of other orders out."""

    name: str
    column: Any
    tie: Any
    descending: bool = True

    def clauses(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        if self.descending:
            return self.column.desc(), self.tie.desc()
        return self.column.asc(), self.tie.asc()

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
            column = tuple_(self.column, self.tie)
            value = tuple_(bindparam("after", type_=self.column.type), bindparam("after_tie", type_=self.tie.type))
        after: ColumnElement[bool] = column < value if self.descending else column > value
        return after

    def of(self, columns: Any) -> "Order":
        """The same order of a subquery with these columns."""
        return replace(self, column=columns[self.column.key], tie=columns[self.tie.key])


def encode_cursor(order: str, value: Any, tie: Any) -> str:
    plain = value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([order, plain, tie]).encode()).decode().rstrip("=")


def decode_cursor(order: str, cursor: str, *, instant: bool, tie_type: type) -> tuple[Any, Any]:
    """Raises :class:`BadCursor` for anything that this list did not hand out."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name, value, tie = json.loads(base64.urlsafe_b64decode(padded))
        if name != order or not isinstance(tie, tie_type) or isinstance(tie, bool):
            raise BadCursor(cursor=cursor[:200])
        if isinstance(tie, str) and ("\x00" in tie or not tie.isprintable()):
            raise BadCursor(cursor=cursor[:200])
        if isinstance(tie, int) and not -(2**63) <= tie < 2**63:
            raise BadCursor(cursor=cursor[:200])
        if instant:
            value = datetime.fromisoformat(value)
            if value.tzinfo is None:
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
    instant = order.column is not order.tie
    if ask.cursor:
        value, tie = decode_cursor(order.name, ask.cursor, instant=instant, tie_type=tie_type)
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
        instant = order.column is not order.tie
        values["after"], values["after_tie"] = decode_cursor(order.name, ask.cursor, instant=instant, tie_type=tie_type)
    return values


def page_of(rows: Sequence[Any], order: Order, ask: Ask) -> Page[Any]:
    """The records of a prebuilt page, which fetched one more than was asked for."""
    if len(rows) <= ask.limit:
        return Page(rows)
    last = rows[ask.limit - 1]
    return Page(rows[: ask.limit], encode_cursor(order.name, last[order.column.key], last[order.tie.key]))
