"""Whole stories through HTTP: an incident written up and published, and an action item that follows a GitHub issue."""

import json
from dataclasses import dataclass
from uuid import uuid4

from tests.api import writing
from tests.api.writing import ok
from tests.organisation import Json, Organisation
from tests.peers.emulate import EmulatedGithub
from tests.stack import Person, Stack, eventually


@dataclass(frozen=True)
class Published:
    postmortem: Json
    item: Json
    words: tuple[str, ...]


def written_up(organisation: Organisation) -> Published:
    """From the first page to the published postmortem, with its one action item."""
    events = organisation.events()
    for body in events:
        assert ok(organisation.send(body), 202)["status"] == "accepted"
    external_id, title = events[0]["event"]["data"]["id"], events[0]["event"]["data"]["title"]
    incident = organisation.incident(external_id)
    assert (incident["status"], incident["urgency"]) == ("RESOLVED", "HIGH")
    assert incident["decision"]["decision"] == "required"
    assert incident["teamId"] == organisation.team_id

    author, reviewers = organisation.bo, [organisation.ada, organisation.stack.person()]
    (listed,) = organisation.postmortems(incident["id"])
    path = f"/api/postmortems/{listed['id']}"
    draft = ok(author.get(path))
    assert (draft["status"], draft["title"], draft["authorId"]) == ("DRAFT", title, author.id)
    assert [one["id"] for one in draft["services"]] == [organisation.service["id"]]
    assert draft["teamIds"] == [organisation.team_id]
    assert draft["durationMinutes"] == 45
    assert [(one["type"], one["source"]) for one in draft["timeline"]] == [
        (kind, "incident") for kind in ("DETECTION", "ESCALATION", "RESOLUTION")
    ]
    assert {author.id, organisation.ada.id} <= set(draft["participants"])

    mark = uuid4().hex
    sections = {name: f"{words} {mark}" for name, words in writing.SECTIONS.items()}
    ok(author.patch(path, json=sections))
    ok(author.post(f"{path}/reviewers", json={"userIds": [one.id for one in reviewers]}), 201)
    item = writing.with_item(author, listed["id"], author.id, description=f"Alert at 80 % {mark}")
    assert ok(author.post(f"{path}/submit", json={}))["status"] == "IN_REVIEW"
    for reviewer in reviewers:
        ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    done = ok(author.post(f"{path}/publish"))
    assert done["status"] == "PUBLISHED"
    return Published(done, item, (*sections.values(), mark, title))


@dataclass(frozen=True)
class Tracked:
    """An action item and its GitHub connection, which GitHub tells of every change."""

    person: Person
    stack: Stack
    item_id: str
    integration: Json
    secret: str

    def item(self) -> Json:
        return dict(ok(self.person.get(f"/api/action-items/{self.item_id}")))

    def log(self) -> list[Json]:
        """The sync log, newest first."""
        path = f"/api/integrations/{self.integration['id']}/deliveries"
        return list(ok(self.stack.client().get(path, params={"limit": 100}))["items"])

    def heard(self) -> list[Json]:
        """Webhooks that were dealt with, newest first."""
        return [one for one in self.log() if one["direction"] == "IN" and one["operation"] != "reconcile"]

    def becomes(self, status: str) -> Json:
        def check() -> Json:
            item = self.item()
            assert item["status"] == status, item
            return item

        return dict(eventually(check))


def tracked(organisation: Organisation, item_id: str, github: EmulatedGithub) -> Tracked:
    stack, secret = organisation.stack, uuid4().hex
    config = {"repository": github.repository, "baseUrl": github.url, "secondsBetweenWrites": 0}
    body = {"kind": "github", "name": github.repository, "config": config}
    made = ok(
        stack.client().post(
            "/api/integrations", json=body | {"secrets": {"token": github.token, "webhookSecret": secret}}
        ),
        201,
    )
    assert secret not in json.dumps(made)
    github.add_webhook(made["webhookUrl"], secret)
    follower = Tracked(organisation.bo, stack, item_id, made, secret)
    ok(organisation.bo.post(f"/api/action-items/{item_id}/tickets", json={"integrationId": made["id"]}), 201)

    def linked() -> bool:
        (ticket,) = follower.item()["tickets"]
        assert ticket["linkState"].lower() == "ok", ticket
        return bool(ticket["key"])

    eventually(linked)
    return follower
