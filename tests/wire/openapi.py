"""The OpenAPI document as lines that can be compared: one for each operation and each schema, without its prose."""

import json
from typing import Any

PROSE = {"description", "summary", "title", "examples", "example"}


def as_lines(document: dict[str, Any]) -> list[str]:
    operations = [
        f"{method.upper()} {path} {_compact(operation)}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = [f"schema {name} {_compact(one)}" for name, one in document["components"]["schemas"].items()]
    return sorted(operations + schemas)


def _compact(part: Any) -> str:
    return json.dumps(_without_prose(part), sort_keys=True, separators=(",", ":"))


def _without_prose(part: Any, *, is_properties: bool = False) -> Any:
    if isinstance(part, list):
        return [_without_prose(one) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {
        name: _without_prose(value, is_properties=name == "properties")
        for name, value in part.items()
        if is_properties or name not in PROSE
    }
    return kept.get("x-codes", kept)
