"""Where and when a person works, so that no reminder is sent on a day off. Unset values are those of the office."""

from datetime import date
from typing import Annotated, Self

from fastapi import APIRouter, Response
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, PathId, StrictlyGiven, expected_version, tag
from api.shapes.policies import WEEK, Clock, Country, Region, Weekday, clock_of, minutes_of, sorted_days
from api.v1.routing import router
from application.people import calendars
from integrations import public_holidays
from models.queries.people import people

routes: APIRouter = router("people", prefix="/users/{user_id}/calendar")


class PersonCalendar(StrictlyGiven):
    """Null means the default of the policy. Public holidays are those of ``country`` and ``region``. You change time
    zone and absences with ``PATCH /api/me``."""

    working_days: Annotated[list[Weekday], Field(min_length=1, max_length=7), AfterValidator(sorted_days)] | None = None
    opens: Clock | None = None
    closes: Clock | None = None
    country: Country | None = None
    region: Region | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if (self.opens is None) != (self.closes is None):
            raise PydanticCustomError("half_of_hours", "Send both opens and closes, or neither")
        if self.opens is not None and self.closes is not None and minutes_of(self.opens) >= minutes_of(self.closes):
            raise PydanticCustomError("hours_over_midnight", "Working hours must end later on the same day")
        known = public_holidays.regions()
        if self.country is not None and self.country not in known:
            raise PydanticCustomError("unknown_country", "Public holidays aren't available for this country")
        if self.region is not None and self.region not in known.get(self.country or "", ()):
            raise PydanticCustomError("unknown_region", "This country has no such region")
        return self


@routes.get("")
async def get_user_calendar(context: Context, user_id: PathId, response: Response) -> PersonCalendar:
    """Returns anyone's working calendar, so that you can plan reviews and meetings."""
    return await _read(context, user_id, response)


@routes.put("")
async def update_user_calendar(
    context: Context, user_id: PathId, given: PersonCalendar, response: Response, if_match: IfMatch = None
) -> PersonCalendar:
    """Replaces a working calendar: yours, or anyone's as an administrator. Pending reminders are rescheduled."""
    if user_id != context.viewer.person_id:
        context.require_admin("change other people's calendars")
    changes = {
        "working_days": [WEEK.index(one) + 1 for one in given.working_days] if given.working_days else None,
        "opens": minutes_of(given.opens) if given.opens else None,
        "closes": minutes_of(given.closes) if given.closes else None,
        "country": given.country,
        "region": given.region,
    }
    holidays = None
    if given.country:
        dates: frozenset[date] = public_holidays.dates(given.country, given.region, context.now.year)
        holidays = ((given.country, given.region or ""), dates)
    await calendars.change_calendar(
        context.session, context.viewer, user_id, changes, expected_version(if_match), holidays=holidays
    )
    return await _read(context, user_id, response)


async def _read(context: RequestContext, user_id: str, response: Response) -> PersonCalendar:
    person = await people.get_person(context.session, user_id)
    tag(response, person.version)
    return PersonCalendar(
        working_days=[WEEK[one - 1] for one in person.working_days] if person.working_days else None,
        opens=None if person.opens is None else clock_of(person.opens),
        closes=None if person.closes is None else clock_of(person.closes),
        country=person.country,
        region=person.region,
    )
