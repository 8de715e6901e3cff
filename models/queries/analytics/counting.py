"""What both kinds of counts have in common: which rows are counted, and into which period each is sorted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import TIMESTAMP, BindParameter, ColumnElement, Date, Select, Text, bindparam, cast, func, select
from sqlalchemy import Integer as IntegerType
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.analytics.periods import Calendar
from models.queries.prebuilt import settings_of_transaction

Rows = Select[*tuple[Any, ...]]

PREVIOUS = 1
"""The number of the previous span; those of its periods follow."""
MOST_LISTED = 10


@dataclass(frozen=True, slots=True)
class CountFilters:
    """``imported`` counts what an import brought, too."""

    team_id: str | None = None
    service_id: str | None = None
    imported: bool = False

    def values(self) -> dict[str, Any]:
        """Those that were given, by the names of conditions on lists."""
        given = {
            "team_id": self.team_id,
            "service_id": self.service_id,
            "is_not_imported": None if self.imported else True,
        }
        return {name: value for name, value in given.items() if value is not None}


@asynccontextmanager
async def planned_for_counting(session: AsyncSession) -> AsyncIterator[None]:
    """With memory for the ids of all postmortems, which would else be written to files and read again."""
    async with settings_of_transaction(session, work_mem="'64MB'"):
        yield


def calendar_values(calendar: Calendar, now: datetime) -> dict[str, Any]:
    """The parameters of statements that count."""
    days, instants, ends = calendar.days, calendar.instants, calendar.ends(now)
    return {
        "days": list(days),
        "first_day": days[0],
        "day_after": days[-1],
        "instants": list(instants),
        "begins_at": instants[0],
        "current_at": instants[1],
        "ends_at": instants[-1],
        "ends": list(ends),
        "first_end": ends[0],
        "last_end": ends[-1],
        "now": now,
    }


def instants_of(name: str) -> BindParameter[Any]:
    kind: Any = ARRAY(TIMESTAMP(timezone=True))
    return bindparam(name, type_=kind)


def days_of(name: str) -> BindParameter[Any]:
    kind: Any = ARRAY(Date())
    return bindparam(name, type_=kind)


def period_of(column: Any, bounds: BindParameter[Any]) -> ColumnElement[int]:
    """The number of the period that the value is in: 1 is the previous span, 2 the first period."""
    return func.width_bucket(column, bounds, type_=IntegerType())


def listed(rows: Rows) -> ColumnElement[str]:
    """The rows in their order as JSON text: a list of lists."""
    found = rows.subquery()
    one = func.json_agg(func.json_build_array(*found.c))
    return func.coalesce(cast(select(one).scalar_subquery(), Text), "[]")


def read(text: str) -> list[list[Any]]:
    rows: list[list[Any]] = orjson.loads(text)
    return rows


def now_and_before(period: Any) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """How many rows are in the current span, and how many in the previous one."""
    return func.count().filter(period > PREVIOUS), func.count().filter(period == PREVIOUS)


def median(column: Any) -> ColumnElement[Any]:
    return func.percentile_cont(0.5).within_group(column)
