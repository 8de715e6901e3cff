"""Reports by webhook and by API: which one wins, and what the answer and the sync log say about what wasn't used."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from models.content import TemplateVersion
from models.incident import Incident
from tests.api.content.templates import made
from tests.api.incidents.feed import Feed, ago
from tests.api.writing import ok
from tests.stack import Person, Stack, eventually

FAR = "2036-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Person:
    return stack.person("ADMIN")


def ended(number: int) -> dict[str, str]:
    """The times of a short incident; those with a greater number begin later."""
    return {"startedAt": ago(minutes=9 - number), "resolvedAt": ago(minutes=3)}


@pytest.fixture
def feed(stack: Stack, admin: Person) -> Feed:
    return Feed(stack, admin)


def test_an_end_in_the_past_resolves_and_opens_the_draft(feed: Feed) -> None:
    assert "warnings" not in feed.tells(status="OPEN", urgency="HIGH", startedAt=ago(minutes=30))
    feed.tells(status="RESOLVED", resolvedAt=ago(minutes=15), timeline=[{"at": ago(minutes=1), "event": "Checked"}])
    incident = feed.incident()
    assert (incident["status"], incident["durationMinutes"]) == ("RESOLVED", 15)
    assert incident["postmortemId"]


def test_a_persons_change_wins_over_a_clock_that_is_ahead(feed: Feed, admin: Person) -> None:
    told = feed.tells(status="OPEN", title="Slow", startedAt=ago(minutes=30), updatedAt=FAR)
    assert "is in the future" in told["warnings"][0]
    path = f"/api/incidents/{feed.incident()['id']}"
    changed = ok(admin.patch(path, json={"title": "Slow checkout", "status": "RESOLVED"}))
    assert (changed["title"], changed["status"], changed["warnings"]) == ("Slow checkout", "RESOLVED", [])
    late = feed.tells(status="OPEN", title="Slow", updatedAt=ago(minutes=5))
    assert late["status"] == "ignored"
    assert [one.partition(" wasn't")[0] for one in late["warnings"]] == ["The status", "The title"]
    assert ok(admin.get(path))["title"] == "Slow checkout"
    entry = feed.log()[0]
    assert (entry["result"], entry["detail"]) == ("ignored", " ".join(late["warnings"]))
    assert feed.tells(title="Slower", updatedAt=FAR)["status"] == "accepted"
    assert ok(admin.get(path))["title"] == "Slower"


def test_a_change_of_long_ago_says_that_it_was_not_used(feed: Feed, admin: Person) -> None:
    feed.tells(title="Now")
    path = f"/api/incidents/{feed.incident()['id']}"
    ok(admin.patch(path, json={"title": "Chosen"}))
    old = ok(admin.patch(path, json={"title": "Old", "updatedAt": ago(days=1)}))
    assert old["title"] == "Chosen"
    assert old["warnings"] == ["The title wasn't changed, because a later report or a person's change says otherwise."]
    assert ok(admin.get(path))["warnings"] == []


def test_blank_values_lose_nothing_else(feed: Feed, admin: Person) -> None:
    feed.tells(
        status="RESOLVED", title="Slow", startedAt=ago(minutes=9), resolvedAt="", url="", urgency="", services=[""]
    )
    incident = feed.incident()
    assert (incident["status"], incident["title"], incident["services"]) == ("RESOLVED", "Slow", [])
    told = ok(
        admin.post(
            "/api/incidents",
            json={
                "externalId": feed.key,
                "acknowledgedAt": "",
                "nearMiss": "",
                "responders": ["", {"email": "", "name": "Jo"}],
            },
        )
    )
    assert "1 entry was left out" in told["warnings"][0]


def test_an_end_before_the_start_is_kept_with_a_warning(feed: Feed, admin: Person) -> None:
    told = feed.tells(status="RESOLVED", startedAt=ago(minutes=5), resolvedAt=ago(minutes=9))
    (said,) = told["warnings"]
    incident = feed.incident()
    assert (incident["status"], incident["warnings"]) == ("RESOLVED", [said])
    assert "before it starts" in said
    corrected = ok(admin.patch(f"/api/incidents/{incident['id']}", json={"startedAt": ago(minutes=20.5)}))
    assert (corrected["durationMinutes"], corrected["warnings"]) == (11, [])


def test_what_cant_be_applied_now_is_kept_and_applied_later(feed: Feed, admin: Person, stack: Stack) -> None:
    """A template of the team that no rule of today allows: the draft can't be written."""
    assert stack.direct is not None
    team = ok(admin.post("/api/teams", json={"name": f"Unfit {feed.key}"}), 201)
    template = made(admin, teamId=team["id"], isDefault=True)
    row = TemplateVersion.template_id == template["id"]
    (sections,) = stack.direct.rows(select(TemplateVersion.sections).where(row))
    without = [one for one in sections if one["key"] != "summary"]
    resolved = {"status": "RESOLVED", "startedAt": ago(hours=2), "urgency": "HIGH", "teamId": team["id"]}
    try:
        stack.direct.write(update(TemplateVersion).where(row).values(sections=without))
        told = feed.tells(**resolved, title="Slow", description="Everything was slow.")
        assert told["status"] == "accepted"
        assert told["warnings"][0].startswith("Not applied yet, and tried again later: ")
        assert feed.incidents() == []
    finally:
        stack.direct.write(update(TemplateVersion).where(row).values(sections=sections))
    incident = eventually(feed.incidents)[0]
    assert (incident["title"], incident["status"]) == ("Slow", "RESOLVED")
    draft = ok(admin.get(f"/api/postmortems/{incident['postmortemId']}"))
    assert (draft["summary"], draft["templateId"]) == ("Everything was slow.", template["id"])
    assert [one["result"] for one in feed.log()] == ["applied"]


def test_incidents_of_one_delivery_count_for_each_other(feed: Feed, admin: Person) -> None:
    """Whether the third one recurs is decided with the first two, and stored as it is read later."""
    told = {"status": "RESOLVED", "urgency": "LOW", "services": [f"recurring-{feed.key}"]}
    feed.sends([{**told, **ended(number), "externalId": f"{number}-{feed.key}"} for number in range(3)])
    found = sorted(feed.incidents(), key=lambda it: it["externalId"])
    decided = [ok(admin.get(f"/api/incidents/{it['id']}/decision")) for it in found]
    assert [one["decision"] for one in decided] == ["skip", "skip", "recommended"]
    assert [it["decision"] for it in found] == decided


def test_a_decision_rests_on_the_services_that_the_incident_is_linked_to(feed: Feed, admin: Person) -> None:
    """Also if the name by which it was reported isn't an alias any more; to read it adds no service."""
    name, team = f"alias-{feed.key}", ok(admin.post("/api/teams", json={"name": f"Alias {feed.key}"}), 201)
    service = ok(admin.post("/api/services", json={"name": f"real-{feed.key}", "teamId": team["id"]}), 201)
    path = f"/api/services/{service['id']}"
    ok(admin.patch(path, json={"aliases": [name]}))
    told = {"status": "RESOLVED", "urgency": "LOW", "services": [name]}
    feed.sends([{**told, **ended(number), "externalId": f"{number}-{feed.key}"} for number in range(3)])
    ok(admin.patch(path, json={"aliases": []}))
    last = max(feed.incidents(), key=lambda it: it["startedAt"])
    decided = ok(admin.get(f"/api/incidents/{last['id']}/decision"))
    assert decided == last["decision"]
    assert decided["decision"] == "recommended"
    services = ok(admin.get("/api/services", params={"limit": 200}))["items"]
    assert name not in [one["name"] for one in services]


def test_a_report_waits_for_whoever_links_the_incident(feed: Feed, stack: Stack) -> None:
    """A postmortem that is being started from what was known hears of what the report says."""
    assert stack.direct is not None
    feed.tells(title="Slow", startedAt=ago(minutes=9))
    linking = select(Incident.id).where(Incident.external_id == feed.key).with_for_update(read=True, key_share=True)
    with ThreadPoolExecutor(1) as pool:
        with stack.direct.carried_out(linking):  # as a foreign key does
            told = pool.submit(lambda: feed.tells(title="Slower", updatedAt=ago()))
            time.sleep(0.5)
            assert not told.done()
            assert feed.incident()["title"] == "Slow"
        assert told.result()["status"] == "accepted"
    assert feed.incident()["title"] == "Slower"
