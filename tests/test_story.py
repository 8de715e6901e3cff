"""An incident from its first page to its last ticket, as two vendors and six people tell it: all through HTTP."""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowHistory

from tests.api import writing
from tests.api.writing import ok
from tests.organisation import PAYLOADS, Organisation, signed
from tests.peers.emulate import EmulatedGithub
from tests.stack import Person, Stack, eventually

Json = dict[str, Any]


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
        return [one for one in self.log() if one["direction"] == "IN"]

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


def test_from_the_first_page_to_the_closed_ticket(organisation: Organisation, emulate_github: EmulatedGithub) -> None:
    story = written_up(organisation)
    follower = tracked(organisation, story.item["id"], emulate_github)
    (issue,) = emulate_github.issues()
    number = str(issue["number"])
    (ticket,) = follower.item()["tickets"]
    assert ticket["key"] == f"{emulate_github.repository}#{number}"

    emulate_github.close_issue(number)
    follower.becomes("COMPLETED")
    emulate_github.reopen_issue(number)
    follower.becomes("OPEN")
    emulate_github.close_issue(number, "not_planned")
    assert "not planned" in follower.becomes("WONT_DO")["justification"]
    emulate_github.reopen_issue(number)
    follower.becomes("OPEN")

    # our own change, and the news of it that GitHub sends back
    heard = len(follower.heard())
    changed = ok(organisation.bo.patch(f"/api/action-items/{story.item['id']}", json={"status": "COMPLETED"}))
    eventually(lambda: emulate_github.issue(number)["state"] == "closed")
    assert emulate_github.issue(number)["state_reason"] == "completed"
    eventually(lambda: len(follower.heard()) > heard)
    echo = follower.heard()[: len(follower.heard()) - heard]
    assert {one["result"] for one in echo} <= {"unchanged", "stale"}, echo
    after = follower.item()
    assert (after["status"], after["version"]) == ("COMPLETED", changed["version"]), follower.heard()[:3]
    assert [one["number"] for one in emulate_github.issues()] == [issue["number"]]
    assert emulate_github.issue(number)["state"] == "closed"


def test_events_twice_and_backwards_are_one_incident(organisation: Organisation) -> None:
    forwards, backwards = organisation.events(), list(reversed(organisation.events()))
    seen = []
    for events in (forwards, backwards):
        assert [organisation.send(one).status_code for one in events] == [202, 202, 202]
        incident = organisation.incident(events[0]["event"]["data"]["id"])
        (postmortem,) = organisation.postmortems(incident["id"])
        again = [organisation.send(one) for one in reversed(events)]
        assert [(one.status_code, one.json()["status"]) for one in again] == [(200, "duplicate")] * 3
        assert organisation.incident(incident["externalId"]) == incident
        assert organisation.postmortems(incident["id"]) == [postmortem]
        full = ok(organisation.bo.get(f"/api/postmortems/{postmortem['id']}"))
        told = [(one["event"], one["type"], one["actor"]) for one in full["timeline"]]
        seen.append(
            [told, full["services"], full["teamIds"], full["durationMinutes"]]
            + [incident[name] for name in ("status", "urgency", "acknowledgedBy", "services", "durationMinutes")]
            + [sorted(incident["responders"]), incident["decision"]["decision"], incident["timeline"][0]["event"]]
        )
    assert seen[0] == seen[1]
    assert len(seen[0][0]) == 3


def test_what_the_door_refuses(organisation: Organisation) -> None:
    body = organisation.events()[0]
    raw = json.dumps(body).encode()
    secret = organisation.secret
    assert organisation.deliver(raw, signed("another secret", raw)).status_code == 401
    assert organisation.deliver(raw + b" ", signed(secret, raw)).status_code == 401
    assert organisation.deliver(raw, {}).status_code == 401

    shapeless = json.dumps({"event": {"id": uuid4().hex, "event_type": "incident.triggered"}}).encode()
    assert organisation.deliver(shapeless, signed(secret, shapeless)).status_code == 400
    no_json = b"{"
    assert organisation.deliver(no_json, signed(secret, no_json)).status_code == 400

    unknown = json.loads((PAYLOADS / "unknown.json").read_text())
    unknown["event"]["id"] = uuid4().hex
    assert ok(organisation.send(unknown), 200)["status"] == "ignored"

    first = ok(organisation.send(body), 202)
    assert first == {"status": "accepted", "deliveryId": body["event"]["id"]}
    assert ok(organisation.send(body), 200) == {"status": "duplicate", "deliveryId": body["event"]["id"]}

    large = json.dumps({"event": body["event"], "padding": "x" * (2 * 1024 * 1024)}).encode()
    assert organisation.deliver(large, signed(secret, large)).status_code == 413

    client = organisation.stack.client(None)
    assert client.post("/api/webhooks/carrierpigeon", json={}).status_code == 404
    assert client.post(f"/api/webhooks/carrierpigeon/{organisation.pagerduty['id']}", json={}).status_code == 404
    assert client.post("/api/webhooks/pagerduty/int_nobody", json={}).status_code == 404


def payloads(part: Any) -> Iterator[tuple[str, bytes]]:
    """Every payload of a history's JSON: its encoding and its data."""
    if isinstance(part, dict):
        metadata = part.get("metadata")
        if isinstance(metadata, dict) and "encoding" in metadata:
            yield base64.b64decode(metadata["encoding"]).decode(), base64.b64decode(part.get("data", ""))
        for one in part.values():
            yield from payloads(one)
    elif isinstance(part, list):
        for one in part:
            yield from payloads(one)


def history(stack: Stack, workflow_id: str) -> WorkflowHistory:
    async def read() -> WorkflowHistory:
        client = await Client.connect(stack.temporal_address)
        return await client.get_workflow_handle(workflow_id).fetch_history()

    return asyncio.run(read())


def check_nothing_told(told: WorkflowHistory, about: str, secrets: tuple[str, ...]) -> None:
    raw = told.to_json()
    found = list(payloads(json.loads(raw)))
    assert found
    assert {encoding for encoding, _ in found} <= {"json/plain", "binary/null"}, "a test that reads cannot read these"
    largest = max(len(data) for _, data in found)
    assert largest <= 4096, largest
    everything = raw + "\n".join(data.decode() for _, data in found)
    assert about in everything, "this looks into the right history"
    for secret in secrets:
        assert secret not in everything
        assert json.dumps(secret)[1:-1] not in everything


def test_histories_are_short_and_tell_nothing(organisation: Organisation, emulate_github: EmulatedGithub) -> None:
    stack, story = organisation.stack, written_up(organisation)
    ids = (f"postmortem-{story.postmortem['id']}", f"action-item-{story.item['id']}")
    of_postmortem, of_item = (len(history(stack, one).events) for one in ids)
    print(f"\nevents at publication: postmortem {of_postmortem}, action item {of_item}")  # noqa: T201
    assert of_postmortem <= 120
    assert of_item <= 60

    follower = tracked(organisation, story.item["id"], emulate_github)
    (issue,) = emulate_github.issues()
    emulate_github.close_issue(str(issue["number"]), "not_planned")
    follower.becomes("WONT_DO")
    told = [history(stack, one) for one in ids]
    print(f"with a ticket: postmortem {len(told[0].events)}, action item {len(told[1].events)}")  # noqa: T201
    secrets = (emulate_github.token, follower.secret, organisation.secret, *story.words)
    for one, about in zip(told, (story.postmortem["id"], story.item["id"]), strict=True):
        check_nothing_told(one, about, secrets)
