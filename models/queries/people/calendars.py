"""When people are at work: each person's own hours where they gave some, else those of a policy's office."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.escalation.policy import Office
from domain.people.calendar import Away, Calendar
from models.escalation import PublicHoliday
from models.person import Person

Region = tuple[str, str]
"""Country, and region or an empty text."""
UNSAID = "UTC"
"""The zone of somebody who gave none."""


async def read_calendars(session: AsyncSession, people: Sequence[Person], office: Office) -> dict[str, Calendar]:
    """By id; one statement, or none where nobody named a country."""
    regions = {region for one in people if (region := region_of(one))}
    holidays = await read_holidays(session, regions)
    return {one.id: calendar_of(one, office, holidays) for one in people}


def region_of(person: Person) -> Region | None:
    return (person.country, person.region or "") if person.country else None


def calendar_of(person: Person, office: Office, holidays: Mapping[Region, frozenset[date]]) -> Calendar:
    """Public holidays are those of their country, else the office's; its own closing days are everybody's."""
    region, hours = region_of(person), office.hours
    public = office.holidays if region is None else holidays.get(region, frozenset())
    away = (
        () if person.away_from is None and person.away_until is None else (Away(person.away_from, person.away_until),)
    )
    return Calendar(
        zone=hours.zone if person.time_zone == UNSAID else person.time_zone,
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


async def keep_holidays(session: AsyncSession, region: Region, days: Iterable[date]) -> None:
    """Adds those that are not known yet: what was looked up once stays."""
    rows = [{"country": region[0], "region": region[1], "day": day} for day in sorted(days)]
    if rows:
        await session.execute(insert(PublicHoliday).values(rows).on_conflict_do_nothing())


async def list_wanting(session: AsyncSession, until: date) -> list[Region]:
    """Where active people work whose public holidays are not known up to that day."""
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
