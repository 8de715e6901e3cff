"""Services: one for all spellings of a name, aliases, and merging two that are one."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from models.incident import Incident, IncidentService
from models.team import Service
from tests.api.incidents.feed import Feed, ago
from tests.api.writing import ok
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Person:
    return stack.person("ADMIN")


def draft_about(stack: Stack, admin: Person, *services: str) -> tuple[str, Any]:
    """The incident and its postmortem, which a report about these services opened."""
    feed = Feed(stack, admin)
    feed.tells(
        status="RESOLVED", urgency="HIGH", startedAt=ago(minutes=9), resolvedAt=ago(minutes=1), services=services
    )
    incident = feed.incident()
    return incident["id"], ok(admin.get(f"/api/postmortems/{incident['postmortemId']}"))


def test_spellings_of_one_name_are_one_service(stack: Stack, admin: Person) -> None:
    mark = uuid4().hex[:8]
    made = ok(admin.post("/api/services", json={"name": f"Payments API {mark}"}), 201)
    _, draft = draft_about(stack, admin, f"payments-api-{mark}", f"PAYMENTS_API {mark}")
    assert [one["id"] for one in draft["services"]] == [made["id"]]
    taken = admin.post("/api/services", json={"name": f"payments-api{mark}"})
    assert ok(taken, 409)["code"] == "AlreadyExists"


def test_a_reported_service_is_claimed_under_another_spelling(stack: Stack, admin: Person) -> None:
    mark = uuid4().hex[:8]
    _, draft = draft_about(stack, admin, f"search-{mark}")
    claimed = ok(admin.post("/api/services", json={"name": f"Search {mark}"}), 201)
    assert (claimed["id"], claimed["name"]) == (draft["services"][0]["id"], f"Search {mark}")


def test_merging_moves_what_it_had_and_keeps_its_name(stack: Stack, admin: Person) -> None:
    mark = uuid4().hex[:8]
    incident_id, draft = draft_about(stack, admin, f"billing {mark}", f"invoices {mark}")
    ids = {one["name"]: one["id"] for one in draft["services"]}
    merged, kept = ids[f"invoices {mark}"], ids[f"billing {mark}"]
    _, alone = draft_about(stack, admin, f"invoices {mark}")
    member = stack.person()
    assert ok(member.post(f"/api/services/{merged}/merge", json={"into": kept}), 403)["code"] == "NotAllowed"
    assert ok(admin.post(f"/api/services/{kept}/merge", json={"into": kept}), 409)["code"] == "MergedIntoItself"
    answer = ok(admin.post(f"/api/services/{merged}/merge", json={"into": kept}))
    assert (answer["id"], answer["aliases"]) == (kept, [f"invoices {mark}"])
    for one in (draft, alone):
        services = ok(admin.get(f"/api/postmortems/{one['id']}"))["services"]
        assert [service["id"] for service in services] == [kept]
    assert ok(admin.get(f"/api/services/{merged}"))["id"] == kept
    listed = ok(admin.get("/api/services", params={"limit": 200}))["items"]
    assert merged not in {one["id"] for one in listed}
    _, later = draft_about(stack, admin, f"INVOICES-{mark}")
    assert [one["id"] for one in later["services"]] == [kept]
    audited = ok(admin.get("/api/audit", params={"action": "service.merged", "limit": 50}))["items"]
    assert {merged, kept} <= {one["entityId"] for one in audited}
    again = admin.post(f"/api/services/{merged}/merge", json={"into": kept})
    assert ok(again, 404)["code"] == "NotFound"
    assert incident_id


def test_a_merge_waits_for_reports_and_holds_up_no_others(stack: Stack, admin: Person) -> None:
    """Whoever holds an incident may yet link the service, and would wait for the merge that waits for them."""
    assert stack.direct is not None
    mark = uuid4().hex[:8]
    incident_id, draft = draft_about(stack, admin, f"cart {mark}", f"basket {mark}")
    ids = {one["name"]: one["id"] for one in draft["services"]}
    merged, kept = ids[f"basket {mark}"], ids[f"cart {mark}"]
    alone, opened = draft_about(stack, admin, f"basket {mark}")
    links = {"incident": alone, "service": kept}
    linking = text("insert into incident_service (incident_id, service_id) values (:incident, :service)")
    locking = select(Incident.id).where(Incident.id.in_([incident_id, alone])).order_by(Incident.id).with_for_update()
    with ThreadPoolExecutor(2) as pool:
        with stack.direct.carried_out(locking, linking.bindparams(**links)):  # as a report does
            answer = pool.submit(lambda: admin.post(f"/api/services/{merged}/merge", json={"into": kept}))
            time.sleep(0.5)
            assert not answer.done()
            told = pool.submit(lambda: draft_about(stack, admin, f"basket {mark}", f"cart {mark}"))
            _, meanwhile = told.result(timeout=30)
        assert ok(answer.result())["id"] == kept
    for one in (draft, opened, meanwhile):
        services = ok(admin.get(f"/api/postmortems/{one['id']}"))["services"]
        assert [service["id"] for service in services] == [kept]


def test_a_report_that_waits_for_a_merge_is_about_the_other_service(stack: Stack, admin: Person) -> None:
    assert stack.direct is not None
    feed, mark = Feed(stack, admin), uuid4().hex[:8]
    feed.tells(status="OPEN", urgency="HIGH", startedAt=ago(minutes=9), services=[f"pay {mark}"])
    (merged,) = stack.direct.rows(select(Service.id).where(Service.name == f"pay {mark}"))
    team = ok(admin.post("/api/teams", json={"name": f"Payments {mark}"}), 201)["id"]
    kept = ok(admin.post("/api/services", json={"name": f"payments {mark}", "teamId": team}), 201)["id"]
    with ThreadPoolExecutor(2) as pool:
        with stack.direct.carried_out(select(Service.id).where(Service.id == merged).with_for_update()):
            answer = pool.submit(lambda: admin.post(f"/api/services/{merged}/merge", json={"into": kept}))
            time.sleep(0.5)
            told = pool.submit(lambda: feed.tells(status="RESOLVED", resolvedAt=ago(minutes=1)))
            time.sleep(0.5)
            assert not answer.done()
            assert not told.done()
        ok(answer.result())
        assert told.result()["status"] == "accepted"
    incident = feed.incident()
    postmortem = ok(admin.get(f"/api/postmortems/{incident['postmortemId']}"))
    assert [one["id"] for one in postmortem["services"]] == [kept]
    assert postmortem["teamIds"] == [incident["teamId"]] == [team]
    assert stack.direct.rows(select(IncidentService.service_id).filter_by(incident_id=incident["id"])) == [kept]


def test_an_alias_that_is_still_linked_is_removed(stack: Stack, admin: Person) -> None:
    """A report that named the service while it was merged linked its old row."""
    assert stack.direct is not None
    mark = uuid4().hex[:8]
    incident_id, draft = draft_about(stack, admin, f"mail {mark}", f"post {mark}")
    ids = {one["name"]: one["id"] for one in draft["services"]}
    merged, kept = ids[f"post {mark}"], ids[f"mail {mark}"]
    ok(admin.post(f"/api/services/{merged}/merge", json={"into": kept}))
    links = {"owner": incident_id, "service": merged}
    stack.direct.write(text("insert into incident_service values (:owner, :service)").bindparams(**links))
    assert ok(admin.patch(f"/api/services/{kept}", json={"aliases": []}))["aliases"] == []
    linked = select(IncidentService.service_id).where(IncidentService.incident_id == incident_id)
    assert stack.direct.rows(linked) == [kept]


def test_names_and_aliases_are_changed(stack: Stack, admin: Person) -> None:
    mark = uuid4().hex[:8]
    path = f"/api/services/{ok(admin.post('/api/services', json={'name': f'old {mark}'}), 201)['id']}"
    renamed = ok(admin.patch(path, json={"name": f"new {mark}"}))
    assert (renamed["name"], renamed["aliases"]) == (f"new {mark}", [f"old {mark}"])
    respelled = ok(admin.patch(path, json={"name": f"New-{mark}"}))
    assert respelled["aliases"] == [f"old {mark}"]
    chosen = ok(admin.patch(path, json={"aliases": [f"other {mark}"]}))
    assert chosen["aliases"] == [f"other {mark}"]
    assert chosen["version"] == respelled["version"] + 1
    back = ok(admin.patch(path, json={"name": f"other {mark}"}))
    assert (back["name"], back["aliases"]) == (f"other {mark}", [f"New-{mark}"])
    another = ok(admin.post("/api/services", json={"name": f"free {mark}"}), 201)
    taken = admin.patch(f"/api/services/{another['id']}", json={"aliases": [f"NEW {mark}"]})
    assert ok(taken, 409)["code"] == "AlreadyExists"
