"""Names of operations and schemas, as people would name functions and classes.

An operation's id is the name of its function, so that a generated client has ``publish_postmortem``. A schema has the
name of its class; two classes with one name are a defect, which ``tests/api/document`` finds.
"""

import json
import re
from typing import Any

from fastapi.routing import APIRoute

RENAMED = {
    "Audience": "ViewAudience",
    "Check": "ReadinessCheck",
    "Counted": "TimeCounted",
    "Format": "ExportFormat",
    "Kind": "AdviceKind",
    "KeptOut": "PostmortemTemplateOut",
    "Goodbye": "DisconnectedIntegrationOut",
    "LackingOut": "MissingFieldOut",
    "Op": "LineChange",
    "Origin": "RevisionOrigin",
    "Piece": "LinePart",
    "Place": "SearchPlace",
    "PromiseOut": "OpenActionItemOut",
    "Reasons": "SimilarityReasons",
    "Recipient": "EscalationRecipient",
    "RemarkOut": "TimelineRemarkOut",
    "Response": "AttendeeResponse",
    "Status": "PostmortemStatus",
    "Why": "AttendeeReason",
    "WhyNot": "NotNotifiedReason",
    "Winner": "ConflictWinner",
}
"""Schemas whose class has a name that says enough only beside its module."""


def operation_id(route: APIRoute) -> str:
    """For FastAPI's ``generate_unique_id_function``."""
    return route.name


def summary_of(name: str) -> str:
    words = name.replace("_", " ").capitalize()
    return re.sub(r"\b(slack)\b", "Slack", words)


def rename_schemas(document: dict[str, Any]) -> dict[str, Any]:
    """``Listing_TeamOut_`` becomes ``TeamPage``, and a form ``ImportSlackMessagesForm``."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    names = {name: _public(name) for name in schemas}
    written = re.sub(
        r'"#/components/schemas/([^"]+)"',
        lambda found: f'"#/components/schemas/{names.get(found[1], found[1])}"',
        json.dumps(document),
    )
    renamed: dict[str, Any] = json.loads(written)
    kept = renamed["components"]["schemas"]
    renamed["components"]["schemas"] = {
        names[name]: one | ({"title": names[name]} if names[name] != name or "title" not in one else {})
        for name, one in sorted(kept.items(), key=lambda pair: names[pair[0]])
    }
    return renamed


def _public(name: str) -> str:
    if found := re.fullmatch(r"Listing_(\w+?)(?:Out|Listed|Full)?_", name):
        return f"{found[1]}Page"
    if found := re.fullmatch(r"Body_(\w+)", name):
        return f"{found[1].title().replace('_', '')}Form"
    return RENAMED.get(name, name)
