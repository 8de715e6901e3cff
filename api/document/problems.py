"""An example of each problem document, by its code."""

from collections.abc import Mapping
from string import Formatter
from typing import Any

from api.errors import problem_body
from domain.errors import BY_CODE, DomainError, Fact

EXAMPLES: Mapping[str, Fact] = {
    "action": "edit this postmortem",
    "account": "jane",
    "address": "jane@example.com",
    "at": "2026-12-01T12:00:00+00:00",
    "baseRevision": 3,
    "channel": "Slack",
    "comment_id": "cmt2",
    "count": 2,
    "current": 4,
    "currentRevision": 4,
    "cursor": "abc",
    "detail": "the project doesn't exist.",
    "due_at": "2026-12-01T12:00:00+00:00",
    "entity": "postmortem",
    "expected": 3,
    "field": "name",
    "format": "pdf",
    "hint": "Submit it for review first.",
    "id": "01hx",
    "incident_id": "inc1",
    "key": "OPS-12",
    "kind": "team",
    "known": "summary, impact",
    "limit": 500,
    "megabytes": 50,
    "method": "POST",
    "move": "publish a postmortem",
    "name": "Bob Marsh",
    "number": 7,
    "path": "/api/nothing",
    "person_id": "Bob Marsh",
    "quote": "the pool",
    "scope": "write",
    "section": "summary",
    "problem": "it is damaged",
    "provider": "Okta",
    "size": 524288001,
    "state": "WAIVED",
    "names": "Jane Doe (@jane), Jane Roe (@roe)",
    "seconds": 60,
    "status": "IN_REVIEW",
    "target": "draft_completed",
    "vendor": "Confluence",
    "thread_id": "cmt1",
    "tracker": "Jira",
    "value": "Payments",
    "what": "the header is missing.",
    "where": "issue",
    "whom": "your organization",
    "who": "the postmortem's author or an administrator",
    "words": "Jane",
    "why": "its delivery is no longer stored.",
    "zone": "Europe/Berlin",
}


def example(refusal: type[DomainError]) -> DomainError:
    """That refusal with example facts; raises KeyError for a fact that has no example."""
    names = {name for _, name, _, _ in Formatter().parse(refusal.says) if name}
    return refusal(**{name: EXAMPLES[name] for name in names})


def problem_examples() -> dict[str, dict[str, Any]]:
    """As components of OpenAPI."""
    found = {}
    for code, refusal in BY_CODE.items():
        one = example(refusal)
        found[code] = {"summary": one.title, "value": problem_body(one, "/api/postmortems/pm_01hx")}
    return found
