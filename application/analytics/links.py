"""The list behind each number, as the API and the pages filter it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from domain.analytics.periods import Calendar, Span, begin_of
from models.queries.analytics.counting import CountFilters


class ListName(StrEnum):
    POSTMORTEMS = "postmortems"
    ACTION_ITEMS = "action-items"


_NEXT = timedelta(microseconds=1)
"""Ranges of instants contain their begin and not their end."""


@dataclass(frozen=True, slots=True)
class ListLink:
    """``query``: the names and values of its parameters."""

    name: ListName
    query: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Links:
    """Of one report: every list is filtered by its team and service, too."""

    calendar: Calendar
    filters: CountFilters
    span: Span = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "span", self.calendar.span)

    def created(self, span: Span | None = None, since: datetime | None = None, **more: str | None) -> ListLink:
        begin, end = self._instants(span or self.span)
        begin = max(begin, since) if since else begin
        return self._link(ListName.POSTMORTEMS, {"createdFrom": _written(begin), "createdTo": _written(end), **more})

    def published(self, span: Span | None = None) -> ListLink:
        begin, end = self._instants(span or self.span)
        return self._link(ListName.POSTMORTEMS, {"publishedFrom": _written(begin), "publishedTo": _written(end)})

    def due(self, span: Span | None = None, *, counted_only: bool = True, **more: str | None) -> ListLink:
        """``counted_only`` leaves out what won't be done."""
        span = span or self.span
        statuses = ("OPEN", "IN_PROGRESS", "COMPLETED") if counted_only else ()
        days = {"firstDueFrom": span.first.isoformat(), "firstDueTo": span.last.isoformat()}
        return self._link(ListName.ACTION_ITEMS, {**days, **more}, statuses)

    def promised(self, **more: str | None) -> ListLink:
        begin, end = self._instants(self.span)
        return self._link(ListName.ACTION_ITEMS, {"createdFrom": _written(begin), "createdTo": _written(end), **more})

    def open(self, at: datetime, **more: str | None) -> ListLink:
        return self._link(ListName.ACTION_ITEMS, {"openAt": _written(at), **more})

    def open_since(self, at: datetime, from_days: int, to_days: int | None) -> ListLink:
        """Those that had been open for at least so many days then, and for less than ``to_days``."""
        created_to = _written(at - timedelta(days=from_days) + _NEXT) if from_days else None
        created_from = _written(at - timedelta(days=to_days) + _NEXT) if to_days else None
        return self.open(at, createdFrom=created_from, createdTo=created_to)

    def _instants(self, span: Span) -> tuple[datetime, datetime]:
        zone = self.calendar.time_zone
        return begin_of(span.first, zone), begin_of(span.last + timedelta(days=1), zone)

    def _link(self, name: ListName, query: Mapping[str, str | None], statuses: tuple[str, ...] = ()) -> ListLink:
        given = {
            "teamId": self.filters.team_id,
            "serviceId": self.filters.service_id,
            "imported": None if self.filters.imported else "false",
            **query,
        }
        statuses_given = (("status", one) for one in statuses)
        return ListLink(name, (*((key, value) for key, value in given.items() if value is not None), *statuses_given))


def spans(calendar: Calendar) -> Iterator[Span]:
    """The days of each period."""
    starts = [*calendar.starts, calendar.span.last + timedelta(days=1)]
    for first, following in pairwise(starts):
        yield Span(first, following - timedelta(days=1))


def _written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
