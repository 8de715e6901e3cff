"""Custom fields of a template, and the values that a postmortem gives to them.

A value is JSON: TEXT a string, NUMBER a number, DATE ``2026-12-01``, CHOICE one of the field's choices, PERSON a
person's id, YES_NO true or false. A field without a value is left out of the map.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from domain.errors import Fact, InvalidCustomFields, reason

TEXT_LIMIT = 10_000
NUMBER_LIMIT = 2**53
"""Beyond it a program that reads JSON numbers as doubles loses digits."""
YEARS = range(1970, 2201)


class FieldType(StrEnum):
    TEXT = "TEXT"
    NUMBER = "NUMBER"
    DATE = "DATE"
    CHOICE = "CHOICE"
    PERSON = "PERSON"
    YES_NO = "YES_NO"


@dataclass(frozen=True, slots=True)
class CustomField:
    """``choices`` are those of a CHOICE, in order; ``help`` is shown to the person who fills it in."""

    key: str
    label: str
    type: FieldType
    required: bool = False
    choices: tuple[str, ...] = ()
    help: str | None = None


class _Unfit(Exception):
    """Its text is what a person reads."""


def accept_values(fields: Sequence[CustomField], values: Mapping[str, Any], people: AbstractSet[str]) -> dict[str, Any]:
    """The values as they are kept: blank and null ones left out, in the order of the template.

    ``people`` are the ids that exist. Raises :class:`InvalidCustomFields` with every reason at once.
    """
    known = {one.key for one in fields}
    reasons: list[Fact] = [
        reason("UnknownField", f"The template has no field '{key}'. Remove it.", field=key, where=f"customFields.{key}")
        for key in values
        if key not in known
    ]
    kept: dict[str, Any] = {}
    for one in fields:
        try:
            value = _accept(one, values.get(one.key), people)
        except _Unfit as why:
            words = f"{one.label}: {why}."
            reasons.append(
                reason("UnfitValue", words, field=one.key, type=one.type.value, where=f"customFields.{one.key}")
            )
            continue
        if value is not None:
            kept[one.key] = value
    if reasons:
        raise InvalidCustomFields(reasons=reasons)
    return kept


def _accept(field: CustomField, value: Any, people: AbstractSet[str]) -> Any:
    if value is None:
        return None
    if field.type is FieldType.PERSON and _person(field, value) not in people:
        raise _Unfit("no person has this id")
    return _CHECKS[field.type](field, value)


def people_named(fields: Sequence[CustomField], values: Mapping[str, Any]) -> list[str]:
    """The ids that could be people's among the values."""
    named = [values.get(one.key) for one in fields if one.type is FieldType.PERSON]
    return [one for one in named if isinstance(one, str) and _PERSON.fullmatch(one)]


def missing_fields(fields: Sequence[CustomField], values: Mapping[str, Any]) -> tuple[str, ...]:
    """The required ones without a value, in the order of the template."""
    return tuple(one.key for one in fields if one.required and values.get(one.key) is None)


# Each type

_PERSON = re.compile(r"[a-z]+_[A-Za-z0-9_-]{1,90}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _text(_: CustomField, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _Unfit("enter text")
    if len(value) > TEXT_LIMIT:
        raise _Unfit(f"enter at most {TEXT_LIMIT} characters")
    return value.strip() or None


def _number(_: CustomField, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Unfit("enter a number")
    if not -NUMBER_LIMIT <= value <= NUMBER_LIMIT:  # so also what is no number, or infinite
        raise _Unfit(f"enter a number between -{NUMBER_LIMIT} and {NUMBER_LIMIT}")
    return value


def _date(_: CustomField, value: Any) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise _Unfit("enter a date, such as 2026-12-01")
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise _Unfit("this date doesn't exist") from error
    if day.year not in YEARS:
        raise _Unfit("enter a date between the years 1970 and 2200")
    return value


def _choice(field: CustomField, value: Any) -> str:
    if not isinstance(value, str) or value not in field.choices:
        raise _Unfit(f"choose one of {', '.join(field.choices)}")
    return value


def _person(_: CustomField, value: Any) -> str:
    if not isinstance(value, str) or not _PERSON.fullmatch(value):
        raise _Unfit("enter a person's id, such as user_jane")
    return value


def _yes_no(_: CustomField, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Unfit("enter true or false")
    return value


_CHECKS: dict[FieldType, Callable[[CustomField, Any], Any]] = {
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.DATE: _date,
    FieldType.CHOICE: _choice,
    FieldType.PERSON: _person,
    FieldType.YES_NO: _yes_no,
}
