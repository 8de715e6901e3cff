"""Postmortems in any status, created through HTTP as people would."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.stack import Person, Stack

SECTIONS = {
    "summary": "The checkout failed for 40 minutes.",
    "impact": "About 800 orders were lost.",
    "rootCause": "A pool limit from two years ago.",
    "resolution": "The limit was raised.",
}


def ok(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    return response.json() if response.content else None


def sent(person: Person, path: str, status: int = 200, **body: Any) -> Any:
    """Posts it, and again under its key while no worker answers in time, as the refusal asks for."""
    headers = {"Idempotency-Key": uuid4().hex}
    for _ in range(5):
        answer = person.post(path, headers=headers, **body)
        if answer.status_code not in {503, 504}:
            break
        time.sleep(1)
    return ok(answer, status)


def draft(author: Person, **fields: Any) -> Any:
    """A postmortem with every required section filled, but no reviewer and no action item."""
    at = datetime.now(UTC) - timedelta(hours=3)
    body = {
        "title": f"Checkout failed {uuid4().hex[:6]}",
        **SECTIONS,
        "timeline": [{"at": at.isoformat(), "event": "Alert triggered", "type": "DETECTION"}],
        **fields,
    }
    return ok(author.post("/api/postmortems", json=body), 201)


def with_item(author: Person, postmortem_id: str, owner_id: str, **fields: Any) -> Any:
    due = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
    body = {"description": "Alert at 80 %", "ownerId": owner_id, "dueDate": due, "priority": "HIGH", **fields}
    return ok(author.post(f"/api/postmortems/{postmortem_id}/action-items", json=body), 201)


def ready(author: Person, reviewers: list[Person], **fields: Any) -> Any:
    """A draft that may be submitted."""
    made = draft(author, **fields)
    with_item(author, made["id"], author.id)
    ids = [one.id for one in reviewers]
    sent(author, f"/api/postmortems/{made['id']}/reviewers", 201, json={"userIds": ids})
    return ok(author.get(f"/api/postmortems/{made['id']}"))


def in_review(author: Person, reviewers: list[Person], **fields: Any) -> Any:
    made = ready(author, reviewers, **fields)
    return sent(author, f"/api/postmortems/{made['id']}/submit", json={})


def approved(author: Person, reviewers: list[Person], **fields: Any) -> Any:
    made = in_review(author, reviewers, **fields)
    for reviewer in reviewers:
        sent(reviewer, f"/api/postmortems/{made['id']}/reviews", 201, json={"decision": "APPROVE"})
    return ok(author.get(f"/api/postmortems/{made['id']}"))


def published(author: Person, reviewers: list[Person], **fields: Any) -> Any:
    made = approved(author, reviewers, **fields)
    return sent(author, f"/api/postmortems/{made['id']}/publish")


def archived(author: Person, reviewers: list[Person], stack: Stack, **fields: Any) -> Any:
    made = published(author, reviewers, **fields)
    return ok(stack.client().post(f"/api/postmortems/{made['id']}/archive"))
