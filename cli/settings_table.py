"""Generates ``docs/settings.md`` from the settings class.

Run ``python -m cli.settings_table > docs/settings.md`` after a change; a test fails if the document is out of date.
"""

import sys
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from integrations.sign_in.settings import Provider
from runtime.settings import Settings
from runtime.settings_check import PREFIX, allowed_numbers

INTRODUCTION = """# Settings

This page is generated from `runtime/settings.py` with `python -m cli.settings_table > docs/settings.md`.
[Operating Afterword](operating.md) says which process needs which, and [`.env.example`](../.env.example) is a start.

Afterword reads these environment variables, and refuses to start with an `AFTERWORD_*` variable that isn't one of them
or has a value that isn't allowed. Temporal's own variables (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`,
`TEMPORAL_API_KEY`, and those for TLS) are the SDK's.
"""
PROVIDERS = """
## Identity providers

Each provider has a name of your choice, such as `OKTA`, and these variables.
"""


def as_markdown() -> str:
    own = rows(Settings, PREFIX, without=("oidc",))
    providers = rows(Provider, f"{PREFIX}OIDC__<NAME>__")
    return "\n".join([INTRODUCTION, *own, PROVIDERS, *providers, ""])


def rows(model: type[BaseModel], prefix: str, without: tuple[str, ...] = ()) -> Iterator[str]:
    yield "| variable | default | allowed | what it does |"
    yield "| --- | --- | --- | --- |"
    for name, field in model.model_fields.items():
        if name not in without:
            words = " ".join((field.description or "").replace("``", "`").split()).replace("|", "\\|")
            yield f"| `{prefix}{name.upper()}` | {_default(field)} | {_allowed(field)} | {words} |"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None or field.default == "":
        return "none"
    return f"`{int(field.default) if isinstance(field.default, bool) else field.default}`"


def _allowed(field: FieldInfo) -> str:
    kind: Any = field.annotation
    if choices := [one for one in get_args(kind) if isinstance(one, str)]:
        return ", ".join(f"`{one}`" for one in choices)
    kinds = {kind, *get_args(kind)}
    if bool in kinds:
        return "`1`, `0`"
    if kinds & {int, float}:
        return allowed_numbers(field).removeprefix("use ")
    return "text"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
