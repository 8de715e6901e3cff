"""Types of the fields that outsiders send: texts that a database can hold, instants, links, e-mails.

Each refuses with a sentence of its own, and describes itself in JSON Schema as strictly as that can say it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2201, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Words:
    """Annotates a ``str`` of at most ``limit`` characters, trimmed, that PostgreSQL can hold (no NUL, no surrogates).

    With ``verbatim``, it is not trimmed: every blank and line end stays. With ``one_line``, line breaks and runs of
    blanks become one blank each; without ``blank``, it needs a letter. ``shape`` is a regular expression that it has
    to match, ``says`` what a person reads otherwise.
    """

    limit: int
    one_line: bool = False
    blank: bool = False
    verbatim: bool = False
    shape: str | None = None
    says: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        bounded = core_schema.str_schema(min_length=0 if self.blank else 1, max_length=self.limit)
        checked = core_schema.no_info_after_validator_function(self._check, bounded)
        return core_schema.no_info_before_validator_function(self._tidy, checked)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        letter = "" if self.blank else r"[^\s\u0000][^\u0000]*"
        return {**handler(core), "pattern": self.shape or rf"^[^\u0000]*{letter}$"}

    def _tidy(self, value: Any) -> Any:
        if self.verbatim or not isinstance(value, str):
            return value
        return " ".join(value.split()) if self.one_line else value.strip()

    def _check(self, value: str) -> str:
        if "\0" in value:
            raise PydanticCustomError("nul_character", "Text can't contain a NUL character")
        if self.shape and not re.search(self.shape, value):
            raise PydanticCustomError("shape", "{says}", {"says": self.says})
        return value


def _blank_is_none(value: str | None) -> str | None:
    return value or None


def _written(value: Any) -> Any:
    """Refuses numbers, also in quotes: pydantic would take them for seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and value[4:5] == "-"):
        return value
    raise PydanticCustomError("instant", "Enter an ISO 8601 time with its time zone, such as 2026-11-23T07:30:00Z")


def _in_utc(value: datetime) -> datetime:
    if not EARLIEST <= value < LATEST:
        raise PydanticCustomError("instant_range", "Enter a time between the years 1970 and 2200")
    return value.astimezone(UTC)


BLANK_IS_NONE = AfterValidator(_blank_is_none)

Name = Annotated[str, Words(200, one_line=True)]
MaybeName = Annotated[Annotated[str, Words(200, one_line=True, blank=True)] | None, BLANK_IS_NONE]
Instant = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_utc)]
"""An instant, in UTC whatever zone it was written in."""
Link = Annotated[str, Words(2000, shape=r"^https?://[^\s\u0000]+$", says="Enter an http:// or https:// address")]
"""An address that is safe to put into ``href``."""
Email = Annotated[
    str, Words(254, shape=r"^[^@\s\u0000]+@[^@\s\u0000]+$", says="Enter an e-mail address"), AfterValidator(str.lower)
]
"""In lower case."""


_BLANK = {"type": "string", "pattern": r"^\s*$"}


def without_blanks(value: Any) -> Any:
    """The value without what says nothing: nulls, blank texts, and objects in which nothing else is left.

    An empty list stays: it says that there is none. Returns None if the value itself says nothing.
    """
    match value:
        case str():
            return value if value.strip() else None
        case dict():
            kept = {name: one for name, given in value.items() if (one := without_blanks(given)) is not None}
            return kept or None
        case list():
            return [one for given in value if (one := without_blanks(given)) is not None]
        case _:
            return value


class Reported(BaseModel):
    """An object that a feed sends. A blank value means no information, in any field and at any depth."""

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:
        return without_blanks(given) or {} if isinstance(given, dict) else given

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = handler.resolve_ref_schema(handler(core))
        for shape in whole.get("properties", {}).values():
            _accept_blank(shape)
        return whole


def _accept_blank(shape: JsonSchemaValue) -> None:
    """Whatever may be null may be blank as well, and so may a member of a list."""
    kinds = shape.get("anyOf", [])
    if {"type": "null"} in kinds:
        kinds.append(_BLANK)
    for kind in kinds:
        if "items" in kind:
            kind["items"] = {"anyOf": [kind["items"], {"type": "null"}, _BLANK]}
