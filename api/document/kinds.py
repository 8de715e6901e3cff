"""What a new connection of each kind takes: one schema for each, told apart by ``kind``."""

from typing import Any

from api.document.examples import REF
from integrations import registry

NEW = "IntegrationNew"


def describe_kinds(schemas: dict[str, Any]) -> None:
    """Makes ``IntegrationNew`` a ``oneOf``, with the ``config`` and the ``secrets`` of each kind."""
    general = schemas[NEW]
    kinds = {}
    for kind in registry.all_kinds():
        name = f"{kind.kind.title().replace('_', '')}IntegrationNew"
        fields = {part: _added(schemas, getattr(kind, part)) for part in ("config", "secrets")}
        needed = [part for part in fields if getattr(kind, part).get("required")]
        schemas[name] = {
            "type": "object",
            "title": name,
            "description": f"A new connection to {kind.label}.",
            "required": ["kind", "name", *needed],
            "properties": general["properties"]
            | {"kind": {"type": "string", "const": kind.kind, "description": "What is connected."}}
            | {
                part: {"$ref": f"{REF}{schema}", "description": general["properties"][part]["description"]}
                for part, schema in fields.items()
            },
        }
        kinds[kind.kind] = f"{REF}{name}"
    schemas[NEW] = {
        "title": NEW,
        "description": "A new connection. Which `config` and `secrets` it takes depends on its `kind`.",
        "oneOf": [{"$ref": one} for one in kinds.values()],
        "discriminator": {"propertyName": "kind", "mapping": kinds},
    }


def _added(schemas: dict[str, Any], form: Any) -> str:
    """Puts the schema of a form among the others, under its title."""
    schema = {name: value for name, value in form.items() if name != "$defs"}
    schemas.update(form.get("$defs", {}))
    title = str(schema["title"])
    schemas[title] = _pointing_to_components(schema)
    return title


def _pointing_to_components(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            name: value.replace("#/$defs/", REF) if name == "$ref" else _pointing_to_components(value)
            for name, value in part.items()
        }
    return [_pointing_to_components(one) for one in part] if isinstance(part, list) else part
