"""What a report is asked for: days, periods, a time zone, and filters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Query

from api.shapes.base import Day, RefQuery, Zone
from domain.analytics.periods import Calendar, Period, calendar
from models.queries.analytics.counting import CountFilters


@dataclass(frozen=True, slots=True)
class AskedReport:
    first: Day | None
    last: Day | None
    period: Period
    time_zone: str | None
    filters: CountFilters

    def calendar(self, own_zone: str, now: datetime) -> Calendar:
        """In the reader's own time zone unless another one was asked for. Raises Malformed."""
        return calendar(self.first, self.last, self.period, self.time_zone or own_zone, now)


async def asked_report(
    first: Annotated[Day | None, Query(alias="from")] = None,
    last: Annotated[Day | None, Query(alias="to")] = None,
    period: Period = Period.MONTH,
    team_id: Annotated[RefQuery, Query(alias="teamId")] = None,
    service_id: Annotated[RefQuery, Query(alias="serviceId")] = None,
    time_zone: Annotated[Zone | None, Query(alias="timeZone")] = None,
    imported: bool = False,
) -> AskedReport:
    """Both days are included. Without them, it's the last twelve months. ``imported`` counts imported postmortems,
    too."""
    return AskedReport(first, last, period, time_zone, CountFilters(team_id, service_id, imported))
