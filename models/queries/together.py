"""Inserts rows of several tables with one statement, however many rows there are.

What belongs together, such as a postmortem's sections, links and targets, costs one trip to the server and not one for
each table. A statement is built once for each set of tables and columns.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Table, text
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Base
from models.queries.prebuilt import Prebuilt

_DIALECT: Any = dialect()  # type: ignore[no-untyped-call]
Rows = Mapping[type[Base], Sequence[Mapping[str, Any]]]


async def insert_together(session: AsyncSession, rows: Rows, *, skips_existing: bool = False) -> None:
    """Each table's rows have the same columns, and are inserted in their order. ``skips_existing`` leaves what is there
    already as it is.

    Rows may refer to each other: PostgreSQL checks foreign keys at the end of the statement.
    """
    given = {table: found for table, found in rows.items() if found}
    if not given:
        return
    if session.new or session.dirty:
        await session.flush()
    await write_together(session, list(given.items()), skips_existing=skips_existing)


async def write_together(
    session: AsyncSession,
    given: Sequence[tuple[type[Base], Sequence[Mapping[str, Any]]]],
    *,
    skips_existing: bool = False,
) -> None:
    """As :func:`insert_together`, without writing first what the session has not written yet.

    A table may come several times, with other columns; none is empty.
    """
    statement = _statement(tuple((table, tuple(found[0])) for table, found in given), skips_existing)
    values = {f"rows_{number}": json.dumps(list(found), default=_json) for number, (_, found) in enumerate(given)}
    await statement.write(session, **values)


async def write_new(
    session: AsyncSession, table: type[Base], rows: Sequence[Mapping[str, Any]], returning: str
) -> list[Any]:
    """As :func:`write_together`, for one table, leaving what is there already: that column of each row that is new."""
    statement = _statement(((table, tuple(rows[0])),), True, returning)
    return [one[0] for one in await statement.write(session, rows_0=json.dumps(list(rows), default=_json))]


def _json(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no value of a column")


@cache
def _statement(
    shapes: tuple[tuple[type[Base], tuple[str, ...]], ...], skips_existing: bool, returning: str | None = None
) -> Prebuilt:
    ending = " on conflict do nothing" if skips_existing else ""
    ending += f" returning {returning}" if returning else ""
    inserts = [_insert(number, table, columns, ending) for number, (table, columns) in enumerate(shapes)]
    wanted = f"{returning} from inserted_0" if returning else "1"
    return Prebuilt(text(f"with {', '.join(inserts)} select {wanted}"))


def _insert(number: int, table: type[Base], columns: tuple[str, ...], ending: str) -> str:
    ours: Any = table.__table__
    kinds = ", ".join(f'"{name}" {_kind(ours, name)}' for name in columns)
    listed = ", ".join(f'"{name}"' for name in columns)
    return (
        f"inserted_{number} as (insert into {ours.name} ({listed}) select {listed} from rows from"  # noqa: S608
        f" (jsonb_to_recordset(cast(:rows_{number} as jsonb)) as ({kinds})) with ordinality"
        f" as given({listed}, place) order by place{ending})"
    )


def _kind(table: Table, name: str) -> str:
    return str(table.c[name].type.compile(dialect=_DIALECT)).partition(" COLLATE ")[0]
