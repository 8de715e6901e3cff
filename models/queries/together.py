"""Writes rows of several tables with one statement, however many rows there are.

What belongs together, such as a postmortem's sections, links and targets, costs one trip to the server and not one for
each table. A statement is built once for each set of tables and columns.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, inspect, text
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Base
from models.queries.prebuilt import Prebuilt

_DIALECT: Any = dialect()  # type: ignore[no-untyped-call]
Rows = Mapping[type[Base], Sequence[Mapping[str, Any]]]
MOST_STATEMENTS = 200
"""That are kept. Which columns of a row change depends on what people send."""


class Existing(StrEnum):
    """What becomes of a row that is there already."""

    REFUSED = ""
    KEPT = " on conflict do nothing"
    REPLACED = " on conflict ({keys}) do update set {values}"


@dataclass(frozen=True, slots=True)
class NewRows:
    """At least one row; all have the same columns, and are inserted in their order."""

    table: type[Base]
    rows: Sequence[Mapping[str, Any]]
    existing: Existing = Existing.REFUSED


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """New values of a row's columns, JSON as text, and the values of its primary key."""

    table: type[Base]
    key: Mapping[str, Any]
    values: Mapping[str, Any]


async def insert_together(session: AsyncSession, rows: Rows, *, skips_existing: bool = False) -> None:
    """Each table's rows have the same columns, and are inserted in their order. ``skips_existing`` leaves what is there
    already as it is.

    Rows may refer to each other: PostgreSQL checks foreign keys at the end of the statement.
    """
    existing = Existing.KEPT if skips_existing else Existing.REFUSED
    given = [NewRows(table, found, existing) for table, found in rows.items() if found]
    if not given:
        return
    if session.new or session.dirty:
        await session.flush()
    await write_together(session, given)


async def write_together(
    session: AsyncSession, new: Sequence[NewRows], changed: Sequence[ChangedRow] = (), returning: str | None = None
) -> list[Any]:
    """As :func:`insert_together`, without writing first what the session has not written yet.

    A table may come several times, with other columns. Returns the first rows' column ``returning``: not that of a row
    which was there already and was kept.
    """
    statement = _statement(
        tuple((one.table, tuple(one.rows[0]), one.existing) for one in new),
        tuple((one.table, tuple(one.values)) for one in changed),
        returning,
    )
    values: dict[str, Any] = {
        f"rows_{number}": json.dumps(list(one.rows), default=_json) for number, one in enumerate(new)
    }
    for number, row in enumerate(changed):
        values |= {f"value_{number}_{name}": value for name, value in row.values.items()}
        values |= {f"key_{number}_{name}": value for name, value in row.key.items()}
    return [one[0] for one in await statement.write(session, **values)]


def _json(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no value of a column")


@lru_cache(MOST_STATEMENTS)
def _statement(
    new: tuple[tuple[type[Base], tuple[str, ...], Existing], ...],
    changed: tuple[tuple[type[Base], tuple[str, ...]], ...],
    returning: str | None,
) -> Prebuilt:
    parts = [_update(number, *one) for number, one in enumerate(changed)]
    parts += [_insert(number, *one, returning) for number, one in enumerate(new)]
    if len(parts) == len(changed) == 1:
        return Prebuilt(text(parts[0]))
    names = [f"changed_{number}" for number in range(len(changed))]
    names += [f"inserted_{number}" for number in range(len(new))]
    written = ", ".join(f"{name} as ({part})" for name, part in zip(names, parts, strict=True))
    wanted = f"{returning} from inserted_0" if returning else "1"
    return Prebuilt(text(f"with {written} select {wanted}"))


def _insert(number: int, table: type[Base], columns: tuple[str, ...], existing: Existing, returning: str | None) -> str:
    ours: Any = table.__table__
    kinds = ", ".join(f'"{name}" {_kind(ours, name)}' for name in columns)
    listed = ", ".join(f'"{name}"' for name in columns)
    keys = _keys(table)
    replacing = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in keys)
    ending = existing.format(keys=", ".join(keys), values=replacing)
    ending += f" returning {returning}" if returning else ""
    return (
        f"insert into {ours.name} ({listed}) select {listed} from rows from"  # noqa: S608 - our names
        f" (jsonb_to_recordset(cast(:rows_{number} as jsonb)) as ({kinds})) with ordinality"
        f" as given({listed}, place) order by place{ending}"
    )


def _update(number: int, table: type[Base], names: tuple[str, ...]) -> str:
    keys = " and ".join(f'"{name}" = :key_{number}_{name}' for name in _keys(table))
    changes = ", ".join(f'"{name}" = :value_{number}_{name}' for name in names)
    return f'update "{table.__tablename__}" set {changes} where {keys}'  # noqa: S608 - our names


def _keys(table: type[Base]) -> list[str]:
    return [one.name for one in inspect(table).primary_key]


def _kind(table: Table, name: str) -> str:
    return str(table.c[name].type.compile(dialect=_DIALECT)).partition(" COLLATE ")[0]
