"""Rows of the mapped classes, read and written without what the ORM does for each statement.

A command reads one row in the middle of a larger statement, changes a few of its columns, and adds an entry to each of
two or three logs. The ORM takes 1 to 2 ms of a processor for each of these statements; built once, they take a tenth.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import JSON, ClauseElement, ColumnElement, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import make_transient, make_transient_to_detached
from sqlalchemy.orm.attributes import instance_dict, set_committed_value
from sqlalchemy.orm.util import identity_key

from models.audit import AuditEntry, CommandLog
from models.base import Base
from models.integration import SyncAttempt
from models.postmortem import Review
from models.queries.prebuilt import Prebuilt
from models.queries.together import ChangedRow, NewRows, write_together

Row = TypeVar("Row", bound=Base)
MOST_CHANGES = 10
"""Rows that one statement changes: each is a part of it."""
LOGS = (AuditEntry, CommandLog, Review, SyncAttempt)
"""Nobody reads these rows again in the transaction that adds them."""


@cache
def _columns(model: type[Base]) -> Mapping[str, Any]:
    """The columns that are read with a row, by the name of their attribute, in the order of the table."""
    return {one.key: one.columns[0] for one in inspect(model).column_attrs if not one.deferred}


def columns_of(model: type[Base]) -> list[ColumnElement[Any]]:
    """The columns of :func:`read_row`, to be selected in a prebuilt statement."""
    return [column.label(f"{model.__tablename__}_{name}") for name, column in _columns(model).items()]


def read_row(session: AsyncSession, model: type[Row], record: Any) -> Row:
    """The row of a prebuilt statement that selects :func:`columns_of`, as if the session had read it itself."""
    record = getattr(record, "_mapping", record)
    values = {name: record[f"{model.__tablename__}_{name}"] for name in _columns(model)}
    for name in _json_names(model):
        if isinstance(values[name], str):
            values[name] = json.loads(values[name])
    keys = tuple(values[one.name] for one in inspect(model).primary_key)
    found: Row | None = session.identity_map.get(identity_key(model, keys))
    if found is None:
        found = cast("Row", inspect(model).class_manager.new_instance())
        instance_dict(found).update(values)
    else:
        for name, value in values.items():
            set_committed_value(found, name, value)
    _as_read(session, found)
    return found


async def read_rows(session: AsyncSession, model: type[Row], statement: Prebuilt, **values: Any) -> list[Row]:
    """As :func:`read_row`, all rows of the statement."""
    return [read_row(session, model, one) for one in await statement.rows(session, **values)]


def _as_read(session: AsyncSession, row: Base) -> None:
    """Has the session take the row as it is now for what the database has."""
    if row in session:
        session.expunge(row)
        make_transient(row)
    make_transient_to_detached(row)
    session.add(row)


@cache
def _json_names(model: type[Base]) -> tuple[str, ...]:
    return tuple(name for name, column in _columns(model).items() if isinstance(column.type, JSON))


async def write_rows(session: AsyncSession, new: Sequence[NewRows] = (), changes: Sequence[ChangedRow] = ()) -> None:
    """Writes what the session was given since: changed rows, and added rows of logs; with them, rows that it wasn't
    given. One statement, if no more than ten rows change.

    The session forgets the added ones. If it was given any other new row, the ORM writes everything that it was given.
    """
    added, changed = list(session.new), list(session.dirty)
    if session.deleted or not all(isinstance(one, LOGS) for one in added) or any(map(_needs_orm, changed)):
        await session.flush()
        added, changed = [], []
    changes = [*changes, *(one for one in map(_changes_of, changed) if one.values)]
    new = [*new, *_alike(added)]
    for start in range(0, max(len(changes), 1 if new else 0), MOST_CHANGES):
        await write_together(session, [] if start else new, changes[start : start + MOST_CHANGES])
    for row in changed:
        _as_read(session, row)
    for row in added:
        session.expunge(row)


def _alike(rows: Iterable[Any]) -> list[NewRows]:
    """Rows of one class that have the same columns."""
    found = defaultdict[tuple[type[Base], tuple[str, ...]], list[dict[str, Any]]](list)
    for row in rows:
        model: type[Base] = type(row)
        loaded = inspect(row).dict
        values = {name: loaded[name] for name in _columns(model) if name in loaded}
        found[model, tuple(values)].append(values)
    return [NewRows(model, alike) for (model, _), alike in found.items()]


def _needs_orm(row: Base) -> bool:
    """Whether more than values of its own columns changed."""
    state: Any = inspect(row)
    links = [one.key for one in inspect(type(row)).relationships if not one.viewonly]
    return any(state.attrs[name].history.has_changes() for name in links) or any(
        isinstance(one, ClauseElement) for one in state.dict.values()
    )


def _changes_of(row: Base) -> ChangedRow:
    model: type[Base] = type(row)
    state: Any = inspect(row)
    names = [one.key for one in inspect(model).column_attrs if state.attrs[one.key].history.has_changes()]
    texts = _json_names(model)
    values = {name: _as_json(getattr(row, name)) if name in texts else getattr(row, name) for name in names}
    return ChangedRow(model, {one.name: getattr(row, one.name) for one in inspect(model).primary_key}, values)


def _as_json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
