"""Shapes shared by every door: camelCase outside, snake_case inside; UTC instants; opaque cursors."""

import math
import re
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar
from zoneinfo import available_timezones

from fastapi import Header, Path, Query, Response
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ModelWrapValidatorHandler,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from domain.content.sections import TEXT_LIMIT
from domain.errors import Malformed, reason
from integrations.fields import BLANK_IS_NONE, Instant, Words
from models.queries.pagination import Ask

Text = Annotated[Annotated[str, Words(TEXT_LIMIT, blank=True)] | None, BLANK_IS_NONE]
"""Markdown of up to 200,000 characters; empty is null."""
Markdown = Annotated[str, Words(TEXT_LIMIT, blank=True, verbatim=True)]
"""Like ``Text``, but kept byte for byte: blanks at the edges and line ends mean something in it."""
SECTION_NAME = r"^[a-z][A-Za-z0-9]{0,59}$"
Title = Annotated[str, Words(300, one_line=True)]
Short = Annotated[Annotated[str, Words(500, blank=True)] | None, BLANK_IS_NONE]
Remark = Annotated[Annotated[str, Words(20_000, blank=True)] | None, BLANK_IS_NONE]
"""What somebody says beside a decision: as long as a comment may be."""
Tag = Annotated[str, Words(60, one_line=True)]
Ref = Annotated[str, Words(100, one_line=True, shape=r"^[a-z]+_[A-Za-z0-9_-]+$", says="Send an id, such as pm_xyz")]
"""An id of ours."""
PathId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
SectionName = Annotated[str, Path(pattern=SECTION_NAME)]
RefQuery = Annotated[str | None, Query(max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]
SearchQuery = Annotated[str | None, Query(max_length=500, pattern=r"^[^\x00]*$")]


def _plain_day(value: date) -> date:
    if not 1970 <= value.year <= 2200:
        raise PydanticCustomError("date_range", "Enter a date between the years 1970 and 2200")
    return value


Day = Annotated[date, AfterValidator(_plain_day)]


def _storable(value: Any) -> Any:
    """Refuses what JSON can say and a database cannot hold."""
    if isinstance(value, str) and "\0" in value:
        raise PydanticCustomError("nul_character", "Text can't contain a NUL character")
    if isinstance(value, str) and any("\ud800" <= one <= "\udfff" for one in value):
        raise PydanticCustomError("lone_surrogate", "Text can't contain half of a surrogate pair")
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("finite_number", "Numbers must be finite")
    if isinstance(value, dict):
        for name, one in value.items():
            _storable(name)
            _storable(one)
    elif isinstance(value, list):
        for one in value:
            _storable(one)
    return value


FreeForm = Annotated[dict[str, JsonValue], AfterValidator(_storable), Field(max_length=100)]


class Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class Given(Shape):
    """A request body. No error repeats what was sent."""

    model_config = ConfigDict(hide_input_in_errors=True)

    def given(self) -> dict[str, Any]:
        """The fields that were sent, as they are named inside."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class StrictlyGiven(Given):
    """A request body in which a mistyped name is refused, rather than its text lost.

    What only we set (``id``, ``version`` ...) may be sent back and is not read.
    """

    model_config = ConfigDict(extra="forbid")

    read_only: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _without_read_only(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if name not in cls.read_only}


class Patch(Given):
    """A change of something that exists, which is shown as an ``answer``.

    A client may send back what it got. What of it only we set must be unchanged: see :meth:`check_unchanged`.
    """

    answer: ClassVar[type[Shape]]
    _sent_back: dict[str, Any] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _set_aside(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(given, dict):
            return handler(given)
        writable = [name for name, field in cls.model_fields.items() if not field.exclude]
        own = {one for name in writable for one in (name, to_camel(name))}
        others = {to_camel(name) for name in cls.answer.model_fields} - own
        made = handler({name: value for name, value in given.items() if name not in others})
        made._sent_back = {name: value for name, value in given.items() if name in others}  # noqa: SLF001 - our own
        return made

    async def check_unchanged(self, read: Callable[[], Awaitable[Shape | Response]]) -> None:
        """Raises Malformed, naming each field that can't be changed here and was sent with another value."""
        if not self._sent_back:
            return
        current = await read()
        if isinstance(current, Response):
            current = self.answer.model_validate_json(bytes(current.body))
        fields = {to_camel(name): (name, field) for name, field in self.answer.model_fields.items()}
        problems = []
        for sent, value in self._sent_back.items():
            name, field = fields[sent]
            if not _is_same(value, getattr(current, name), field.annotation):
                message = f"{sent} can't be changed here. Leave it out, or send the value that it has."
                problems.append(reason("read_only", message, where=f"body.{sent}"))
        if problems:
            raise Malformed(reasons=problems)


def _is_same(sent: Any, current: Any, kind: Any) -> bool:
    """However its JSON was written: with another offset, say, or without a fraction of zero."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    if sent == adapter.dump_python(current, mode="json", by_alias=True):
        return True
    try:
        return bool(adapter.validate_python(sent) == current)
    except ValidationError:
        return False


def _midnight(value: Any) -> Any:
    """A plain date as the instant at which it begins, in UTC."""
    return f"{value}T00:00:00Z" if isinstance(value, str) and _PLAIN_DATE.fullmatch(value) else value


_PLAIN_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
InstantQuery = Annotated[Instant, BeforeValidator(_midnight)]
"""In an address also a plain date, which is its first instant in UTC."""


Item = TypeVar("Item")


class Listing(Shape, Generic[Item]):
    """One page. ``nextCursor`` is null at the end."""

    items: list[Item]
    next_cursor: str | None = None


async def ask(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Ask:
    return Ask(limit, cursor)


IfMatch = Annotated[str | None, Header(alias="If-Match", description='The version you last read, such as "3".')]


IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="The ETag you last received. 304 if nothing changed since.")
]


def expected_version(if_match: str | None) -> int | None:
    """The version that an ``If-Match`` names; ``*`` and absence name none. Raises Malformed.

    What follows the dot in an ``ETag`` counts what belongs to an entity, which a change of its own doesn't depend on.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    text, dot, counted = if_match.strip().removeprefix("W/").strip('"').partition(".")
    if dot and not (counted.isascii() and counted.isdigit()):
        text = ""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Malformed(
            reasons=[reason("if_match", 'Send the ETag that you received, such as "3".', where="header.If-Match")]
        )
    return int(text)


def tag(response: Response, version: int) -> None:
    response.headers["ETag"] = f'"{version}"'


NO_PLACE = frozenset({"localtime", "Factory"})
"""Files beside the zones on some machines: whatever that machine is set to, and nothing."""


def zones() -> set[str]:
    """Names of the IANA database."""
    return available_timezones() - NO_PLACE


def _zone(value: str) -> str:
    if value not in zones():
        raise PydanticCustomError("time_zone", "Enter an IANA time zone, such as Europe/Berlin")
    return value


Zone = Annotated[str, Words(60), AfterValidator(_zone)]
