"""When people work: their own hours if they set any, otherwise the office hours of a policy."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.escalation.policy import Office
from domain.people.calendar import Away, Calendar
from models.escalation import PublicHoliday
from models.person import Person

Region = tuple[str, str]
"""Country, and region or an empty text."""
DEFAULT_ZONE = "UTC"
"""The time zone of a person who set none."""


class Worker(Protocol):
    """What says when a person works: a row of :class:`Person`, or what a statement read of it."""

    @property
    def id(self) -> str: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def country(self) -> str | None: ...
    @property
    def region(self) -> str | None: ...
    @property
    def working_days(self) -> Sequence[int] | None: ...
    @property
    def opens(self) -> int | None: ...
    @property
    def closes(self) -> int | None: ...
    @property
    def away_from(self) -> datetime | None: ...
    @property
    def away_until(self) -> datetime | None: ...


async def read_calendars(session: AsyncSession, people: Sequence[Person], office: Office) -> dict[str, Calendar]:
    """Calendars by id. Runs one statement, or none if no person has a country."""
    regions = {region for one in people if (region := region_of(one))}
    holidays = await read_holidays(session, regions)
    return {one.id: calendar_of(one, office, holidays) for one in people}


def region_of(person: Worker) -> Region | None:
    return (person.country, person.region or "") if person.country else None


def calendar_of(person: Worker, office: Office, holidays: Mapping[Region, frozenset[date]]) -> Calendar:
    """Public holidays are those of the person's country, or else of the office. Its closing days apply to everyone."""
    region, hours = region_of(person), office.hours
    public = office.holidays if region is None else holidays.get(region, frozenset())
    away = (
        () if person.away_from is None and person.away_until is None else (Away(person.away_from, person.away_until),)
    )
    return Calendar(
        zone=hours.zone if person.time_zone == DEFAULT_ZONE else person.time_zone,
        days=tuple(person.working_days) if person.working_days else hours.days,
        opens=hours.opens if person.opens is None else person.opens,
        closes=hours.closes if person.closes is None else person.closes,
        holidays=public | office.closed_on,
        away=away,
    )


async def read_holidays(session: AsyncSession, regions: Iterable[Region]) -> dict[Region, frozenset[date]]:
    wanted = sorted(set(regions))
    if not wanted:
        return {}
    columns = (PublicHoliday.country, PublicHoliday.region)
    rows = await session.execute(select(*columns, PublicHoliday.day).where(tuple_(*columns).in_(wanted)))
    found: dict[Region, set[date]] = {}
    for country, region, day in rows.all():
        found.setdefault((country, region), set()).add(day)
    return {region: frozenset(days) for region, days in found.items()}


async def insert_holidays(session: AsyncSession, region: Region, days: Iterable[date]) -> None:
    """Adds the days that are not known yet."""
    rows = [{"country": region[0], "region": region[1], "day": day} for day in sorted(days)]
    if rows:
        await session.execute(insert(PublicHoliday).values(rows).on_conflict_do_nothing())


async def list_regions_without_holidays(session: AsyncSession, until: date) -> list[Region]:
    """Regions of active people whose public holidays are not known up to that day."""
    region = func.coalesce(Person.region, "")
    last = (
        select(func.max(PublicHoliday.day))
        .where(PublicHoliday.country == Person.country, PublicHoliday.region == region)
        .correlate(Person)
        .scalar_subquery()
    )
    statement = select(Person.country, region).where(Person.is_active, Person.country.is_not(None))
    rows = await session.execute(statement.where(func.coalesce(last < until, True)).distinct())
    return [(country, named) for country, named in rows.all() if country]
