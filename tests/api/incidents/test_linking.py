"""Postmortems of one incident, several, or none; linking an incident, and unlinking it without a trace."""

from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from tests.api.writing import ok
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Person:
    return stack.person("ADMIN")


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


def refused(response: Any, status: int, code: str) -> Any:
    problem = ok(response, status)
    assert problem["code"] == code, problem
    return problem


def minute(number: int) -> str:
    return f"2026-11-20T{7 + number // 60:02d}:{number % 60:02d}:00Z"


def email(admin: Person, who: Person) -> str:
    return str(ok(admin.get(f"/api/users/{who.id}"))["email"])


def report(admin: Person, start: int, end: int | None, **fields: Any) -> Any:
    body = {
        "externalId": uuid4().hex,
        "title": f"Outage {uuid4().hex[:6]}",
        "urgency": "LOW",
        "status": "OPEN" if end is None else "RESOLVED",
        "startedAt": minute(start),
        **({} if end is None else {"resolvedAt": minute(end)}),
        **fields,
    }
    return ok(admin.post("/api/incidents", json=body), 201)


def service() -> str:
    return f"svc-{uuid4().hex[:8]}"


def names(postmortem: Any) -> set[str]:
    return {one["name"] for one in postmortem["services"]}


def events(postmortem: Any) -> list[str]:
    return [one["event"] for one in postmortem["timeline"]]


# Opening


def test_an_unresolved_incident_is_refused_and_the_refusal_says_so(admin: Person) -> None:
    incident = report(admin, 0, None)
    refusals = [
        admin.post(f"/api/incidents/{incident['id']}/postmortem"),
        admin.post("/api/postmortems", json={"incidentId": incident["id"]}),
        admin.post(
            f"/api/postmortems/{ok(admin.post('/api/postmortems', json={'title': 'T'}), 201)['id']}/incidents",
            json={"incidentId": incident["id"]},
        ),
    ]
    for response in refusals:
        problem = refused(response, 409, "IncidentNotResolved")
        assert "Resolve it" in problem["detail"]
        assert "is open" in problem["detail"]
        assert problem["incident_id"] == incident["id"]


def test_who_may_open_one(admin: Person, stack: Stack) -> None:
    team = ok(admin.post("/api/teams", json={"name": f"Linking {uuid4().hex[:8]}"}), 201)["id"]
    participant, member, outsider = (
        stack.person("MEMBER"),
        stack.person("MEMBER", teamIds=[team]),
        stack.person("MEMBER"),
    )
    for who, status in ((participant, 201), (member, 201), (admin, 201), (outsider, 403)):
        incident = report(admin, 0, 20, teamId=team, responders=[email(admin, participant)])
        response = who.post(f"/api/incidents/{incident['id']}/postmortem")
        assert response.status_code == status, response.text
        if status == 403:
            problem = response.json()
            assert problem["code"] == "NotAllowed"
            assert "participant" in problem["detail"]
            refused(who.post("/api/postmortems", json={"incidentId": incident["id"]}), 403, "NotAllowed")
        else:
            made = response.json()
            assert (made["authorId"], made["participants"], made["teamIds"]) == (who.id, [participant.id], [team])
            assert (made["title"], made["durationMinutes"]) == (incident["title"], 20)
            refused(who.post(f"/api/incidents/{incident['id']}/postmortem"), 409, "PostmortemExists")


def test_from_scratch(author: Person) -> None:
    made = ok(author.post("/api/postmortems", json={"title": "A near miss"}), 201)
    assert (made["incidentId"], made["timeline"], made["durationMinutes"]) == (None, [], None)
    assert author.post("/api/postmortems", json={}).status_code == 422


# Several


def pair(admin: Person, stack: Stack) -> tuple[Any, Any, dict[str, Any]]:
    """Two incidents that share a service, a responder and a line of their timelines."""
    own, shared, other = service(), service(), service()
    first, both, second = stack.person(), stack.person(), stack.person()
    line = {"at": minute(12), "event": "Change 4711 rolled back", "actor": "deploy"}
    one = report(
        admin,
        0,
        30,
        services=[own, shared],
        responders=[email(admin, first), email(admin, both)],
        timeline=[line, {"at": minute(5), "event": "Pool enlarged", "actor": "Ada"}],
    )
    two = report(
        admin,
        10,
        50,
        services=[shared, other],
        responders=[email(admin, both), email(admin, second)],
        timeline=[line, {"at": minute(20), "event": "Cache emptied", "actor": "Bo"}],
    )
    return one, two, {"own": own, "shared": shared, "other": other, "first": first, "both": both, "second": second}


def test_several_incidents_are_merged(admin: Person, author: Person, stack: Stack) -> None:
    one, two, cast = pair(admin, stack)
    made = ok(author.post("/api/postmortems", json={"incidentIds": [two["id"], one["id"]]}), 201)
    assert names(made) == {cast["own"], cast["shared"], cast["other"]}
    assert set(made["participants"]) == {cast[who].id for who in ("first", "both", "second")}
    assert made["durationMinutes"] == 50, "from the first start to the last resolution"
    assert made["impactMetrics"]["durationMinutes"] == 50
    instants = [line["at"] for line in made["timeline"]]
    assert all(a <= b for a, b in pairwise(instants))
    assert events(made).count("Change 4711 rolled back") == 1
    assert {"Pool enlarged", "Cache emptied", f"Incident started ({one['title']})"} <= set(events(made))


@pytest.mark.parametrize("how", ["at once", "one after the other"])
def test_unlinking_takes_away_what_only_that_incident_brought(
    admin: Person, author: Person, stack: Stack, how: str
) -> None:
    one, two, cast = pair(admin, stack)
    if how == "at once":
        made = ok(author.post("/api/postmortems", json={"incidentIds": [one["id"], two["id"]]}), 201)
    else:
        made = ok(author.post("/api/postmortems", json={"incidentId": two["id"]}), 201)
        made = ok(author.post(f"/api/postmortems/{made['id']}/incidents", json={"incidentId": one["id"]}), 201)
    path = f"/api/postmortems/{made['id']}"
    assert events(made).count("Change 4711 rolled back") == 1
    assert (made["durationMinutes"], len(made["participants"])) == (50, 3)
    revision = made["version"]
    assert author.delete(f"{path}/incidents/{one['id']}").status_code == 204
    left = ok(author.get(path))
    assert left["version"] > revision
    assert left["incidentIds"] == [two["id"]]
    assert names(left) == {cast["shared"], cast["other"]}
    assert set(left["participants"]) == {cast["both"].id, cast["second"].id}
    assert "Pool enlarged" not in events(left)
    assert events(left).count("Change 4711 rolled back") == 1, "the other one tells it too"
    assert "Cache emptied" in events(left)
    assert not [line for line in events(left) if one["title"] in line]
    assert (left["durationMinutes"], left["impactMetrics"]["durationMinutes"]) == (40, 40)
    assert cast["first"].get(path).status_code == 404, "who took no part in what is left may not see it any more"
    refused(author.delete(f"{path}/incidents/{one['id']}"), 404, "NotFound")
    told = ok(author.get(f"{path}/audit"))["items"][0]
    assert (told["action"], told["before"]["incidentId"]) == ("incident.unlinked", one["id"])
    assert told["before"]["participants"] == [cast["first"].id]
    assert author.delete(f"{path}/incidents/{two['id']}").status_code == 204
    bare = ok(author.get(path))
    assert (bare["timeline"], bare["services"], bare["participants"], bare["durationMinutes"]) == ([], [], [], None)
    assert "durationMinutes" not in {k for k, v in bare["impactMetrics"].items() if v is not None}
    again = ok(author.post(f"{path}/incidents", json={"incidentId": one["id"]}), 201)
    assert (names(again), again["durationMinutes"]) == ({cast["own"], cast["shared"]}, 30)


def test_what_a_person_brought_or_edited_stays(admin: Person, author: Person, stack: Stack) -> None:
    one, _, cast = pair(admin, stack)
    kept = ok(admin.post("/api/services", json={"name": service()}), 201)
    own = next(
        it["id"] for it in ok(admin.get("/api/services", params={"limit": 200}))["items"] if it["name"] == cast["own"]
    )
    made = ok(author.post("/api/postmortems", json={"title": "T", "serviceIds": [own]}), 201)
    path = f"/api/postmortems/{made['id']}"
    ok(author.post(f"{path}/timeline", json={"at": minute(5), "event": "Pool enlarged", "actor": "Ada"}), 201)
    ok(author.post(f"{path}/timeline", json={"at": minute(6), "event": "Coffee was made"}), 201)
    linked = ok(author.post(f"{path}/incidents", json={"incidentId": one["id"]}), 201)
    assert events(linked).count("Pool enlarged") == 1, "what the timeline tells already is not told twice"
    ok(author.patch(path, json={"serviceIds": [it["id"] for it in linked["services"]] + [kept["id"]]}))
    ok(author.patch(path, json={"impactMetrics": {"durationMinutes": 33}}))
    edited = next(line for line in linked["timeline"] if line["event"] == "Change 4711 rolled back")
    ok(author.patch(f"{path}/timeline/{edited['id']}", json={"event": "Change 4711 was rolled back by Ada"}))
    ok(author.post(f"{path}/incidents", json={"incidentId": one["id"]}), 201)
    assert len(ok(author.get(path))["timeline"]) == len(linked["timeline"]), "linked already"
    assert author.delete(f"{path}/incidents/{one['id']}").status_code == 204
    left = ok(author.get(path))
    assert events(left) == ["Pool enlarged", "Coffee was made", "Change 4711 was rolled back by Ada"]
    assert names(left) == {cast["own"], kept["name"]}
    assert left["participants"] == []
    assert left["impactMetrics"]["durationMinutes"] == 33, "what somebody wrote stays"


def test_services_and_teams_that_are_chosen_are_a_persons(admin: Person, author: Person, stack: Stack) -> None:
    mine = ok(admin.post("/api/teams", json={"name": f"Mine {uuid4().hex[:8]}"}), 201)["id"]
    theirs = ok(admin.post("/api/teams", json={"name": f"Theirs {uuid4().hex[:8]}"}), 201)["id"]
    member = stack.person(teamIds=[theirs])
    incident = report(admin, 0, 20, teamId=theirs, services=[service()])
    made = ok(author.post("/api/postmortems", json={"title": "T", "teamIds": [mine]}), 201)
    path = f"/api/postmortems/{made['id']}"
    assert member.get(path).status_code == 404
    linked = ok(author.post(f"{path}/incidents", json={"incidentId": incident["id"]}), 201)
    assert set(linked["teamIds"]) == {mine, theirs}
    assert member.get(path).status_code == 200
    assert author.delete(f"{path}/incidents/{incident['id']}").status_code == 204
    assert ok(author.get(path))["teamIds"] == [mine]
    assert member.get(path).status_code == 404
    chosen = ok(author.post("/api/postmortems", json={"incidentId": incident["id"], "teamIds": [theirs]}), 201)
    path = f"/api/postmortems/{chosen['id']}"
    assert author.delete(f"{path}/incidents/{incident['id']}").status_code == 204
    assert ok(author.get(path))["teamIds"] == [theirs]


def test_an_opened_draft_is_filled_again_and_unlinked(admin: Person, stack: Stack) -> None:
    """The required one, opened by the report itself."""
    key, name = uuid4().hex, service()
    who = stack.person()
    first = report(admin, 0, 90, externalId=key, urgency="HIGH", services=[name], responders=[email(admin, who)])
    again = {
        "externalId": key,
        "updatedAt": minute(100),
        "timeline": [{"at": minute(33), "event": "Failover", "actor": "Ada"}],
    }
    ok(admin.post("/api/incidents", json=again))
    path = f"/api/postmortems/{first['postmortemId']}"
    assert "Failover" in events(ok(admin.get(path)))
    assert admin.delete(f"{path}/incidents/{first['id']}").status_code == 204
    left = ok(admin.get(path))
    assert (left["timeline"], left["services"], left["participants"]) == ([], [], [])


def test_linking_is_for_those_who_may_edit(admin: Person, author: Person, stack: Stack) -> None:
    made = ok(author.post("/api/postmortems", json={"title": "T", "visibility": "ORGANIZATION"}), 201)
    path = f"/api/postmortems/{made['id']}"
    incident = report(admin, 0, 20)
    reader = stack.person()
    refused(reader.post(f"{path}/incidents", json={"incidentId": incident["id"]}), 403, "EditingClosed")
    refused(author.post(f"{path}/incidents", json={"incidentId": "inc_nothing"}), 404, "NotFound")
    ok(author.post(f"{path}/incidents", json={"incidentId": incident["id"]}), 201)
    refused(reader.delete(f"{path}/incidents/{incident['id']}"), 403, "EditingClosed")
