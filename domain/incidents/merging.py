"""Values that many reports may set, in any order and any number of times, with one result.

Each is a join semilattice: :func:`latest`, :func:`earliest`, :func:`mentioned` are commutative, associative and
idempotent, because a total order of the values decides, never the order in which they arrive.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""Earlier than every instant."""


class Ordered(Protocol):
    @property
    def order(self) -> tuple[Any, ...]:
        """Total: equal only for equal values."""


@dataclass(frozen=True, slots=True)
class Register:
    """The latest value of a text or flag: of the latest instant, then received last, then the greater value."""

    value: str | bool
    at: datetime
    received_at: datetime | None

    @property
    def order(self) -> tuple[datetime, datetime, str]:
        return self.at, self.received_at or NEVER, str(self.value)


@dataclass(frozen=True, slots=True)
class Moment:
    """The latest value of an instant, by the same rule."""

    value: datetime
    at: datetime
    received_at: datetime | None

    @property
    def order(self) -> tuple[datetime, datetime, datetime]:
        return self.at, self.received_at or NEVER, self.value


@dataclass(frozen=True, slots=True)
class Mention:
    """A member of a union: ``key`` tells it from others, ``at`` and ``place`` are where it was reported first."""

    key: str
    at: datetime
    place: int
    name: Register | None = None

    @property
    def order(self) -> tuple[datetime, int, str]:
        return self.at, self.place, self.key


Value = TypeVar("Value", bound=Ordered)
T = TypeVar("T")


def latest(*values: Value | None) -> Value | None:
    return max((one for one in values if one is not None), key=lambda one: one.order, default=None)


def earliest(*values: Value | None) -> Value | None:
    return min((one for one in values if one is not None), key=lambda one: one.order, default=None)


def last_words(one: Mapping[str, Register], other: Mapping[str, Register]) -> dict[str, Register]:
    """The last word on each name."""
    pairs = ((name, latest(one.get(name), other.get(name))) for name in one.keys() | other.keys())
    return {name: register for name, register in pairs if register}


def mentioned(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """One of each key, in the order in which they were reported first, with the latest name."""
    known: dict[str, Mention] = {}
    for one in mentions:
        before = known.get(one.key, one)
        known[one.key] = replace(min(before, one, key=lambda it: it.order), name=latest(before.name, one.name))
    return tuple(sorted(known.values(), key=lambda it: it.order))


# JSON


def to_json(value: Any) -> Any:
    """``dataclasses.asdict``'s answer in JSON values; instants as ISO 8601 text."""
    match value:
        case datetime():
            return value.isoformat()
        case StrEnum():
            return value.value
        case dict():
            return {name: to_json(one) for name, one in value.items()}
        case list() | tuple():
            return [to_json(one) for one in value]
        case _:
            return value


def maybe(read: Callable[[Any], T], kept: Any) -> T | None:
    """``kept`` as ``read`` takes it; None stays None."""
    return None if kept is None else read(kept)


def instant(kept: str) -> datetime:
    return datetime.fromisoformat(kept)


def register(kept: Mapping[str, Any]) -> Register:
    return Register(kept["value"], instant(kept["at"]), maybe(instant, kept["received_at"]))


def moment(kept: Mapping[str, Any]) -> Moment:
    return Moment(instant(kept["value"]), instant(kept["at"]), maybe(instant, kept["received_at"]))


def mention(kept: Mapping[str, Any]) -> Mention:
    return Mention(kept["key"], instant(kept["at"]), kept["place"], maybe(register, kept["name"]))
