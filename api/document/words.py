"""Descriptions of tags, parameters, and properties, which ``*.txt`` in this folder hold by name."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from api.document.names import RENAMED

CLASSES = {public: own for own, public in RENAMED.items()}


@cache
def words(name: str) -> dict[str, str]:
    """The lines of ``<name>.txt``."""
    text = Path(__file__).with_name(f"{name}.txt").read_text()
    lines = [one.partition(": ") for one in text.splitlines() if one and not one.startswith("#")]
    return {key: meaning for key, _, meaning in lines}


def tags(document: dict[str, Any]) -> list[dict[str, str]]:
    used = {tag for methods in document["paths"].values() for one in methods.values() for tag in one["tags"]}
    return [{"name": name, "description": words("tags").get(name, "")} for name in sorted(used)]


def describe_parameters(operation: dict[str, Any]) -> None:
    for one in operation.get("parameters", ()):
        if "description" not in one:
            one["description"] = _meaning("parameters", operation["operationId"], one["name"])


def describe_properties(schemas: dict[str, Any]) -> None:
    for schema_name, schema in schemas.items():
        for name, one in schema.get("properties", {}).items():
            if "description" not in one:
                one["description"] = _meaning("fields", schema_name, name)


def _meaning(kind: str, owner: str, name: str) -> str:
    return words(kind).get(f"{owner}.{name}") or words(kind).get(name, "")


def owned(document: dict[str, Any]) -> Iterator[str]:
    """Each ``Schema.name``, with the schema's name as the lines have it."""
    for schema_name, schema in document["components"]["schemas"].items():
        for name in schema.get("properties", {}):
            yield f"{CLASSES.get(schema_name, schema_name)}.{name}"
