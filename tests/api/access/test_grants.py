"""A row that grants access never comes from the input of somebody who lacks it: reports only propose."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conventions import problem
from tests.api.writing import draft, in_review, ok
from tests.stack import Person, Stack

RESOLVED = {
    "title": "Keys stolen",
    "status": "RESOLVED",
    "urgency": "HIGH",
    "startedAt": "2026-11-20T07:00:00Z",
    "resolvedAt": "2026-11-20T08:30:00Z",
}


@pytest.fixture
def responder(stack: Stack) -> Person:
    return stack.person("RESPONDER")


@pytest.fixture
def author(stack: Stack) -> Person:
    return stack.person()


def email(stack: Stack, who: Person) -> str:
    return str(ok(stack.client().get(f"/api/users/{who.id}"))["email"])


def new_team(admin: httpx.Client) -> str:
    return str(ok(admin.post("/api/teams", json={"name": f"Grants {uuid4().hex[:8]}"}), 201)["id"])


def new_service(admin: httpx.Client, team: str) -> str:
    return str(ok(admin.post("/api/services", json={"name": f"svc-{uuid4().hex[:8]}", "teamId": team}), 201)["name"])


def opened(admin: httpx.Client, stack: Stack, **fields: Any) -> tuple[str, str]:
    """A resolved security incident, and the path of the draft that it opened by itself."""
    first = email(stack, stack.person())
    body = {"externalId": uuid4().hex, **RESOLVED, "security": True, "responders": [first], **fields}
    made = ok(admin.post("/api/incidents", json=body), 201)
    return str(made["id"]), f"/api/postmortems/{made['postmortemId']}"


def entries(admin: httpx.Client, path: str, action: str) -> list[Any]:
    return [one for one in ok(admin.get(f"{path}/audit"))["items"] if one["action"] == action]


def proposed(admin: httpx.Client, path: str, kind: str = "participants") -> list[str]:
    name = {"participants": "userId", "teams": "teamId"}[kind]
    return [one[name] for one in ok(admin.get(f"{path}/{kind}"))["items"] if one["state"] == "PROPOSED"]


CHOICES = {
    "visibility": lambda admin, path, other: admin.patch(path, json={"visibility": "PRIVATE"}),
    "people": lambda admin, path, other: admin.post(f"{path}/editors", json={"userId": other.id}),
    "reviewers": lambda admin, path, other: admin.post(f"{path}/reviewers", json={"userId": other.id}),
    "teams": lambda admin, path, other: admin.patch(path, json={"teamIds": [new_team(admin)]}),
    "comment": lambda admin, path, other: admin.post(f"{path}/comments", json={"body": "Keep this quiet."}),
    "content": lambda admin, path, other: admin.patch(path, json={"summary": "Somebody took our keys."}),
}


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("door", ["correct", "report again"])
def test_a_responder_cannot_report_themselves_into_a_draft(
    admin: httpx.Client, stack: Stack, responder: Person, choice: str, door: str
) -> None:
    incident_id, path = opened(admin, stack)
    made = CHOICES[choice](admin, path, stack.person())
    assert made.is_success, made.text
    author = ok(admin.get(path))["authorId"]
    own = email(stack, responder)
    news = {"responders": [own], "acknowledgedBy": own, "acknowledgedAt": "2026-11-20T07:00:01Z"}
    if door == "correct":
        ok(responder.patch(f"/api/incidents/{incident_id}", json=news))
    else:
        external_id = ok(admin.get(f"/api/incidents/{incident_id}"))["externalId"]
        ok(responder.post("/api/incidents", json={"externalId": external_id, **RESOLVED, **news}))
    problem(responder.get(path), 404)
    problem(responder.get(f"{path}/comments"), 404)
    shown = ok(admin.get(path))
    assert responder.id not in shown["participants"]
    assert shown["authorId"] == author, "a report does not choose the author either"
    assert proposed(admin, path) == [responder.id]
    (entry,) = entries(admin, path, "participants.proposed")
    assert (entry["actorId"], entry["origin"]) == (responder.id, "api")
    assert (entry["after"]["userIds"], entry["after"]["incidentIds"]) == ([responder.id], [incident_id])


def test_a_report_does_not_open_a_postmortem_to_a_team(admin: httpx.Client, stack: Stack) -> None:
    mine, theirs, third = new_team(admin), new_team(admin), new_team(admin)
    outsider, member = stack.person("RESPONDER", teamIds=[theirs]), stack.person(teamIds=[third])
    incident_id, path = opened(admin, stack, teamId=mine)
    ok(admin.patch(path, json={"visibility": "TEAM"}))
    ok(outsider.patch(f"/api/incidents/{incident_id}", json={"teamId": theirs}))
    ok(outsider.patch(f"/api/incidents/{incident_id}", json={"services": [new_service(admin, third)]}))
    for who in (outsider, member):
        problem(who.get(path), 404)
    assert ok(admin.get(path))["teamIds"] == [mine]
    assert set(proposed(admin, path, "teams")) == {theirs, third}
    (first, _) = reversed(entries(admin, path, "participants.proposed"))
    assert (first["actorId"], first["after"]["teamIds"]) == (outsider.id, [theirs])


@pytest.mark.parametrize("status", ["DRAFT", "IN_REVIEW"])
def test_a_report_proposes_to_a_postmortem_that_a_person_writes(
    admin: httpx.Client, stack: Stack, author: Person, responder: Person, status: str
) -> None:
    incident = ok(admin.post("/api/incidents", json={"externalId": uuid4().hex, **RESOLVED, "urgency": "LOW"}), 201)
    fields = {"incidentId": incident["id"], "visibility": "PRIVATE"}
    made = draft(author, **fields) if status == "DRAFT" else in_review(author, [stack.person()], **fields)
    path = f"/api/postmortems/{made['id']}"
    ok(responder.patch(f"/api/incidents/{incident['id']}", json={"responders": [email(stack, responder)]}))
    problem(responder.get(path), 404)
    assert proposed(author, path) == [responder.id]


def test_an_author_confirms_and_the_audit_log_says_so(
    admin: httpx.Client, stack: Stack, author: Person, responder: Person
) -> None:
    theirs = new_team(admin)
    incident = ok(admin.post("/api/incidents", json={"externalId": uuid4().hex, **RESOLVED, "urgency": "LOW"}), 201)
    path = f"/api/postmortems/{draft(author, incidentId=incident['id'], visibility='PRIVATE')['id']}"
    news = {"responders": [email(stack, responder)], "teamId": theirs}
    ok(responder.patch(f"/api/incidents/{incident['id']}", json=news))
    problem(responder.post(f"{path}/participants/{responder.id}/confirm"), 404)
    confirmed = ok(author.post(f"{path}/participants/{responder.id}/confirm"))
    expected = {"userId": responder.id, "source": "incident", "state": "CONFIRMED", "addedBy": author.id}
    assert confirmed == expected
    assert ok(author.post(f"{path}/participants/{responder.id}/confirm")) == expected, "twice is once"
    assert ok(responder.get(path))["participants"] == [responder.id]
    problem(responder.post(f"{path}/teams/{theirs}/confirm"), 403, "NotAllowed")
    assert ok(author.post(f"{path}/teams/{theirs}/confirm"))["state"] == "CONFIRMED"
    assert ok(author.get(path))["teamIds"] == [theirs]
    team, person = entries(author, path, "participants.confirmed")
    assert (person["actorId"], person["after"]["userIds"], person["after"]["proposedBy"]) == (
        author.id,
        [responder.id],
        responder.id,
    )
    assert team["after"]["teamIds"] == [theirs]


def test_a_dismissed_or_removed_person_is_not_proposed_again(
    admin: httpx.Client, stack: Stack, author: Person, responder: Person
) -> None:
    incident = ok(admin.post("/api/incidents", json={"externalId": uuid4().hex, **RESOLVED, "urgency": "LOW"}), 201)
    path = f"/api/postmortems/{draft(author, incidentId=incident['id'], visibility='PRIVATE')['id']}"
    address = f"/api/incidents/{incident['id']}"
    others = [stack.person(), stack.person()]
    ok(responder.patch(address, json={"responders": [email(stack, one) for one in others]}))
    ok(author.post(f"{path}/participants/{others[1].id}/confirm"))
    for one in others:
        assert author.delete(f"{path}/participants/{one.id}").status_code == 204
        problem(author.delete(f"{path}/participants/{one.id}"), 404)
    names = [email(stack, one) for one in (*others, responder)]
    ok(responder.patch(address, json={"responders": names}))
    assert proposed(author, path) == [responder.id]
    added = ok(author.post(f"{path}/participants", json={"userId": others[0].id}), 201)
    assert (added["state"], added["addedBy"]) == ("CONFIRMED", author.id)
    assert others[0].get(path).status_code == 200
    assert others[0].delete(f"{path}/participants/{others[0].id}").status_code == 204, "oneself: always"
    problem(others[0].get(path), 404)


def test_linking_an_incident_lets_nobody_into_a_private_postmortem(
    admin: httpx.Client, stack: Stack, author: Person, responder: Person
) -> None:
    theirs = new_team(admin)
    body = {"externalId": uuid4().hex, **RESOLVED, "urgency": "LOW", "teamId": theirs}
    incident = ok(responder.post("/api/incidents", json={**body, "responders": [email(stack, responder)]}), 201)
    path = f"/api/postmortems/{draft(author, visibility='PRIVATE')['id']}"
    linked = ok(author.post(f"{path}/incidents", json={"incidentId": incident["id"]}), 201)
    assert (linked["participants"], linked["teamIds"]) == ([], [])
    problem(responder.get(path), 404)
    assert (proposed(author, path), proposed(author, path, "teams")) == ([responder.id], [theirs])
    assert author.delete(f"{path}/incidents/{incident['id']}").status_code == 204
    assert (proposed(author, path), proposed(author, path, "teams")) == ([], [])


def test_a_reviewer_links_an_incident_and_lets_nobody_in(
    admin: httpx.Client, stack: Stack, author: Person, responder: Person
) -> None:
    body = {"externalId": uuid4().hex, **RESOLVED, "urgency": "LOW", "responders": [email(stack, responder)]}
    incident = ok(admin.post("/api/incidents", json=body), 201)
    reviewer = stack.person()
    path = f"/api/postmortems/{in_review(author, [reviewer], teamIds=[new_team(admin)])['id']}"
    ok(reviewer.post(f"{path}/incidents", json={"incidentId": incident["id"]}), 201)
    problem(responder.get(path), 404)
    assert proposed(author, path) == [responder.id]
    assert ok(author.get(path))["participants"] == []


def test_while_nobody_has_chosen_anything_a_draft_follows_its_incident(
    admin: httpx.Client, stack: Stack, responder: Person
) -> None:
    incident_id, path = opened(admin, stack)
    ok(responder.patch(f"/api/incidents/{incident_id}", json={"responders": [email(stack, responder)]}))
    assert responder.id in ok(responder.get(path))["participants"]
    (entry,) = entries(admin, path, "participants.reported")
    assert (entry["actorId"], entry["after"]["userIds"]) == (responder.id, [responder.id])
    (created,) = entries(admin, path, "postmortem.created")
    assert created["after"]["participants"]
    assert created["after"]["reportedBy"]
