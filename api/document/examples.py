"""An example of each request and each answer, made from its schema: fields of one name have one example.

What a schema alone does not tell, such as which of two fields to send, is in ``REQUESTS``. A test holds each example
to its schema.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

REF = "#/components/schemas/"
INSTANT = "2026-12-01T12:00:00Z"
VALUES: Mapping[str, Any] = {
    "account": "jane",
    "address": "jane@example.com",
    "amount": 24,
    "body": "The pool of connections was too small.",
    "closes": "17:00",
    "code": "IllegalTransition",
    "country": "DE",
    "currency": "USD",
    "decision": "APPROVE",
    "description": "Alert when the pool is nearly full",
    "email": "jane@example.com",
    "event": "The alert fired",
    "externalId": "PCPZE64",
    "file": "channel/2026-12-01.json",
    "filename": "pool.png",
    "from": INSTANT,
    "handle": "jane",
    "integrationId": "int_01hx",
    "ids": ["ai_01hx"],
    "items": [],
    "key": "OPS-12",
    "mediaType": "image/png",
    "name": "Payments",
    "opens": "09:00",
    "password": "a long password",
    "quote": "too small",
    "reason": "The fix is being tested until Friday.",
    "region": "BY",
    "rule": "blame",
    "scopes": ["read", "write"],
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "source": "generic",
    "subject": "What happened on December 1",
    "text": "The pool of connections was too small.",
    "timeZone": "Europe/Berlin",
    "title": "Checkout failed for 40 minutes",
    "to": INSTANT,
    "url": "https://afterword.example.com/postmortems/pm_01hx",
}
"""Examples of fields, where the schema accepts them."""
IDS = {
    "actionItemId": "ai",
    "attachmentId": "att",
    "commentId": "cmt",
    "incidentId": "inc",
    "parentId": "cmt",
    "policyId": "pol",
    "postmortemId": "pm",
    "serviceId": "svc",
    "teamId": "team",
    "templateId": "tpl",
}
"""Prefixes of ids; other fields that end in ``Id`` are of people."""
REQUESTS: Mapping[str, Any] = {
    "create_integration": {
        "kind": "github",
        "name": "GitHub",
        "config": {"repository": "acme/api"},
        "secrets": {"token": "github_pat_example", "webhookSecret": "a long random text"},
    },
    "create_meeting": {"startsAt": "2026-12-03T14:00:00Z", "durationMinutes": 45, "timeZone": "Europe/Berlin"},
    "create_postmortem": {"title": "Checkout failed for 40 minutes", "summary": "The pool was too small."},
    "create_export": {"postmortemIds": ["pm_01hx"], "formats": ["md"]},
    "add_action_item": {
        "description": "Alert when the pool is nearly full",
        "ownerId": "user_01hx",
        "dueDate": "2026-12-15",
        "priority": "HIGH",
    },
    "add_editor": {"userId": "user_01hx", "level": "EDIT"},
    "add_reviewers": {"userIds": ["user_01hx"]},
    "add_ticket": {"integrationId": "int_01hx"},
    "add_postmortem_tickets": {"integrationId": "int_01hx"},
    "add_timeline_event": {"at": INSTANT, "event": "The alert fired", "type": "DETECTION"},
    "apply_policy": {"version": 3},
    "ignore_advice": {"rule": "blame", "line": "Bob broke the deployment."},
    "import_accounts": {"pairs": [{"email": "jane@example.com", "account": "jane"}]},
    "create_customer_email": {"subject": "What happened on December 1", "recipients": ["jane@example.com"]},
    "merge_root_cause_category": {"into": "rcc_01hx"},
    "merge_service": {"into": "svc_01hx"},
    "publish_postmortem": {},
    "report_incident": {
        "externalId": "PCPZE64",
        "title": "Checkout fails",
        "status": "RESOLVED",
        "urgency": "HIGH",
        "startedAt": "2026-12-01T11:20:00Z",
        "resolvedAt": INSTANT,
        "services": ["payments-api"],
    },
    "request_changes": {"comment": "Say how the alert was missed."},
    "submit_postmortem": {"reviewerIds": ["user_01hx"], "publishOnApproval": True},
    "update_action_item": {"status": "COMPLETED"},
    "update_action_items": {"ids": ["ai_01hx"], "changes": {"priority": "HIGH"}},
    "update_comment": {"resolved": True},
    "update_incident": {"resolvedAt": INSTANT},
    "update_me": {"timeZone": "Europe/Berlin", "quietFrom": "18:00", "quietUntil": "08:00"},
    "update_postmortem": {"rootCause": "The pool of connections was too small."},
}
DEEPEST = 6


def complete_examples(document: dict[str, Any]) -> None:
    """Gives each JSON request and each JSON answer its example."""
    schemas, examples = document["components"]["schemas"], document["components"]["examples"]
    for methods in document["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            if body := _json(operation.get("requestBody", {})):
                value = REQUESTS.get(name, example_of(body["schema"], schemas, is_request=True))
                body["examples"] = {name: {"summary": operation["summary"], "value": value}}
            for answer in operation["responses"].values():
                content = _json(answer)
                if not content or not content.get("schema"):
                    continue
                shown = content["schema"].get("$ref", "").removeprefix(REF) or f"{name}_answer"
                if shown not in examples:
                    examples[shown] = {"summary": shown, "value": example_of(content["schema"], schemas)}
                content["examples"] = {shown: {"$ref": f"#/components/examples/{shown}"}}
    used = set(re.findall(r'"#/components/examples/([^"]+)"', json.dumps(document["paths"])))
    document["components"]["examples"] = {name: one for name, one in examples.items() if name in used}


def _json(part: Mapping[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = part.get("content", {}).get("application/json")
    return found


def example_of(
    schema: Mapping[str, Any],
    schemas: Mapping[str, Any],
    name: str = "",
    *,
    is_request: bool = False,
    depth: int = 0,
) -> Any:
    """A value that the schema accepts. Of a request only what is required."""
    if (other := _stands_for(schema, schemas)) is not None:
        return example_of(other, schemas, name, is_request=is_request, depth=depth)
    if allowed := [schema["const"]] if "const" in schema else schema.get("enum"):
        wanted = VALUES.get(name)
        return wanted if wanted in allowed else allowed[0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        return _object(schema, schemas, is_request=is_request, depth=depth)
    if kind == "array":
        return _list(schema, schemas, name, is_request=is_request, depth=depth)
    return _scalar(schema, name)


def _stands_for(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema that it refers to, or the first that is not null of those to choose from."""
    if "$ref" in schema:
        found: Mapping[str, Any] = schemas[str(schema["$ref"]).removeprefix(REF)]
        return found
    choices: list[Mapping[str, Any]] = next((schema[one] for one in ("anyOf", "oneOf", "allOf") if one in schema), [])
    return next((one for one in choices if one.get("type") != "null"), None)


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, is_request: bool, depth: int) -> dict[str, Any]:
    if depth > DEEPEST:
        return {}
    required = schema.get("required", ())
    return {
        field: example_of(one, schemas, field, is_request=is_request, depth=depth + 1)
        for field, one in schema.get("properties", {}).items()
        if not is_request or field in required
    }


def _list(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str, *, is_request: bool, depth: int
) -> list[Any]:
    known = VALUES.get(name)
    if isinstance(known, list) and known:
        return known
    if depth > DEEPEST:
        return []
    one = example_of(schema.get("items", {}), schemas, name.removesuffix("s"), is_request=is_request, depth=depth + 1)
    return [one] * max(1, schema.get("minItems", 1))


FORMATS = {"date-time": INSTANT, "date": "2026-12-15", "time": "09:00", "password": "secret", "binary": "…"}
NO_PERSON = {"externalId", "requestId", "deliveryId"}


def _scalar(schema: Mapping[str, Any], name: str) -> Any:
    default = schema.get("default")
    match schema.get("type"):
        case "boolean":
            return bool(default)
        case "integer" | "number":
            return default or schema.get("minimum") or schema.get("exclusiveMinimum", 0) + 1
        case "string":
            return _text(schema, name)
        case "null":
            return None
        case _:
            return VALUES.get(name, "value")


def _text(schema: Mapping[str, Any], name: str) -> str:
    if (kind := schema.get("format")) in FORMATS:
        return FORMATS[str(kind)]
    if name == "id" or (name.endswith(("Id", "By")) and name not in NO_PERSON):
        return f"{IDS.get(name, 'user')}_01hx"
    return str(VALUES.get(name) or schema.get("default") or "example")
