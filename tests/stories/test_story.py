"""An incident from its first page to its last ticket, as two vendors and six people report it: all through HTTP."""

import json
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowHistory

from tests.api.writing import ok
from tests.histories import history, payloads
from tests.organisation import PAYLOADS, Organisation, signed
from tests.peers.emulate import EmulatedGithub
from tests.stack import eventually
from tests.telling import tracked, written_up

Json = dict[str, Any]


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
    assert {one["result"] for one in echo} <= {"unchanged", "stale", "our own", "our own, to be compared"}, echo
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
