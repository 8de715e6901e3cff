"""Finds events that a timeline has already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar


class TimedEvent(Protocol):
    """``external_id`` names the chat message that the event was made from."""

    @property
    def at(self) -> datetime: ...

    @property
    def event(self) -> str: ...

    @property
    def external_id(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """What makes an event the same as another one."""

    at: datetime
    event: str
    external_id: str | None


EventT = TypeVar("EventT", bound=TimedEvent)


@dataclass(frozen=True, slots=True)
class Duplicates(Generic[EventT]):
    """``new`` events, and the ``places`` of the others among those that were given."""

    new: Sequence[EventT]
    places: frozenset[int]


def find_duplicates(events: Sequence[EventT], known: Iterable[TimedEvent]) -> Duplicates[EventT]:
    """Part the events from those that are ``known`` or given twice.

    A duplicate has the same instant and text as another event, or comes from the same chat message, even if its text
    was edited since.
    """
    keys = {key for one in known for key in _keys(one)}
    new: list[EventT] = []
    places: set[int] = set()
    for place, one in enumerate(events):
        own = _keys(one)
        if own & keys:
            places.add(place)
        else:
            new.append(one)
        keys |= own
    return Duplicates(new, frozenset(places))


def _keys(event: TimedEvent) -> set[object]:
    keys: set[object] = {(event.at, " ".join(event.event.split()))}
    if event.external_id is not None:
        keys.add(event.external_id)
    return keys
