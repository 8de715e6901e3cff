"""Schemas as they are for a client: no defaults in what changes something, and those that only we refer to."""

from typing import Any

from pydantic import BaseModel

from api.errors import Problem
from api.shapes.documents import OpsgenieImport

REFERRED: tuple[type[BaseModel], ...] = (Problem, OpsgenieImport)
"""Models that no handler names in its signature."""
CHANGES = ("Patch", "Put", "Changes")
"""How schemas of changes are called. What a change leaves out stays as it is, whatever its class says."""
FASTAPIS = ("HTTPValidationError", "ValidationError")


def complete_schemas(schemas: dict[str, Any]) -> None:
    for name in FASTAPIS:
        schemas.pop(name, None)
    for model in REFERRED:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    for name, schema in schemas.items():
        for one in schema.get("properties", {}).values():
            if name.endswith(CHANGES) or (one.get("default") == "" and one.get("minLength")):
                one.pop("default", None)
