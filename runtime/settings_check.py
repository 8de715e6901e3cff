"""What is wrong with the settings, in words: names that don't exist, and values that are not allowed."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from integrations.sign_in.settings import Provider
from runtime.settings import Settings

PREFIX = "AFTERWORD_"
PROVIDERS = f"{PREFIX}OIDC__"
OF_OTHERS = frozenset(
    f"{PREFIX}{name}" for name in ("DATABASE_PASSWORD", "ROLE_PASSWORD", "NIGHTLY", "SCHEDULES", "LINKED")
)
"""Read by docker-compose.yml and by the tests; whoever runs those may have them in the environment."""
ADVICE = {
    "int_parsing": "use a whole number",
    "int_from_float": "use a whole number",
    "float_parsing": "use a number",
    "bool_parsing": "use 1 for yes or 0 for no",
    "missing": "it isn't set, but the others of this provider are",
    "string_too_short": "it can't be empty",
}
"""What to do, by pydantic's type of the error."""


def known_names() -> list[str]:
    """Every setting but those of identity providers."""
    return sorted(f"{PREFIX}{name.upper()}" for name in Settings.model_fields if name != "oidc")


def unknown_names(environment: Iterable[str]) -> list[str]:
    """A sentence for each ``AFTERWORD_*`` variable that is no setting, with the nearest one that is."""
    known = known_names()
    given = sorted(one for one in environment if one.upper().startswith(PREFIX))
    unknown = [one for one in given if one.upper() not in known and one not in OF_OTHERS]
    return [_no_setting(one, known) for one in unknown if not one.upper().startswith(PROVIDERS)]


def _no_setting(name: str, known: Sequence[str]) -> str:
    by_end = {one.removeprefix(PREFIX): one for one in known}
    near = difflib.get_close_matches(name.upper().removeprefix(PREFIX), by_end, n=1, cutoff=0.6)
    meant = f": did you mean {by_end[near[0]]}?" if near else " (see docs/settings.md)"
    return f"there is no setting {name}{meant}"


def problems_of(error: ValidationError) -> list[str]:
    """A sentence for each wrong value, which says what is allowed. It never repeats the value."""
    return [_in_words(one["type"], one["loc"], one["msg"]) for one in error.errors()]


def _in_words(kind: str, where: Sequence[int | str], message: str) -> str:
    name = PREFIX + "__".join(str(one) for one in where).upper()
    if kind == "extra_forbidden":
        owner = name.rpartition("__")[0]
        return _no_setting(name, [f"{owner}__{field.upper()}" for field in Provider.model_fields])
    field = _field(where)
    if kind in {"greater_than", "greater_than_equal", "less_than", "less_than_equal", "int_parsing", "float_parsing"}:
        return f"{name}: {allowed_numbers(field) if field else message}"
    if kind == "literal_error":
        return f"{name}: use {message.removeprefix('Input should be ').replace(chr(39), '')}"
    return f"{name}: {ADVICE.get(kind, message.removeprefix('Value error, '))}"


def _field(where: Sequence[int | str]) -> FieldInfo | None:
    found: type[BaseModel] = Provider if len(where) > 1 else Settings
    return found.model_fields.get(str(where[-1]))


def allowed_numbers(field: FieldInfo) -> str:
    """Such as ``use a whole number from 1 to 65535``."""
    noun = "a whole number" if field.annotation is int else "a number"
    limits: Mapping[str, Any] = {
        name: getattr(one, name) for one in field.metadata for name in ("ge", "gt", "le", "lt") if hasattr(one, name)
    }
    if "ge" in limits and "le" in limits:
        return f"use {noun} from {limits['ge']:g} to {limits['le']:g}"
    return f"use {noun} above {limits['gt']:g}" if "gt" in limits else f"use {noun}"
