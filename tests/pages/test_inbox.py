"""The inbox and the preferences as pages; one-click unsubscribe."""

from html import unescape
from uuid import uuid4

from models.keyring import Keyring
from tests.api.notifications.test_me import notify
from tests.api.writing import draft, ok
from tests.pages.visiting import stranger, told, visitor
from tests.stack import Stack

PAGE = "/settings/notifications"
MUTED = ["comment_added", "comment_replied", "mentioned"]


def test_the_inbox_says_what_happened(stack: Stack) -> None:
    me = stack.person()
    pm = draft(me, title="<b>Outage</b>")["id"]
    notify(stack, me, postmortem_id=pm, is_escalation=True)
    notify(stack, me, "comment_added", postmortem_id=pm)
    notify(stack, me, "a_kind_of_tomorrow", postmortem_id=pm)
    mine = visitor(stack, me)
    page = mine.get("/inbox")
    assert "<b>Outage" not in page
    shown = unescape(page)
    assert "Changes were requested on “<b>Outage</b>”</a>" in shown
    assert "A kind of tomorrow: <b>Outage</b>" in shown
    assert shown.count("escalated") == 1
    assert "Changes were requested" not in unescape(mine.get("/inbox?kind=comment_added"))
    assert mine.done("/inbox/read", "/inbox") == "/inbox"
    assert "No matching notifications" in mine.get("/inbox?unread=true")


def test_a_team_that_nobody_leads_is_named(stack: Stack) -> None:
    admin, lead, me = stack.client(), stack.person(), stack.person("ADMIN")
    name = f"<i>Payments</i> {uuid4().hex}"
    ok(admin.post("/api/teams", json={"name": name, "leadId": lead.id}), 201)
    ok(admin.patch(f"/api/users/{lead.id}", json={"active": False}))
    page = visitor(stack, me).get("/inbox")
    assert "<i>Payments" not in page
    who = ok(admin.get("/api/me"))["name"]
    assert f"{who} deactivated the lead of the team “{name}”: its escalations go to administrators" in unescape(page)


def test_preferences_in_a_page(stack: Stack) -> None:
    me, other = stack.person(), stack.person()
    handle = ok(other.get("/api/me"))["handle"]
    mine = visitor(stack, me)
    given = {
        "timeZone": "Europe/Berlin",
        "country": "DE",
        "region": "BY",
        "opens": "08:00",
        "closes": "16:00",
        "day.MON": "yes",
        "day.FRI": "yes",
        "preferredHour": "09:30",
        "quietFrom": "12:00",
        "quietUntil": "13:00",
        "preferredChannel": "email",
        "awayFrom": "2030-07-01T00:00",
        "awayUntil": "2030-07-09T00:00",
        "delegate": f"@{handle}",
        "when.comments.slack": "never",
        "when.comments.email": "daily",
    }
    assert mine.done(PAGE, PAGE, **given) == f"{PAGE}?saved=true"
    kept = ok(me.get("/api/me"))
    assert kept["workingDays"] == ["MON", "FRI"]
    assert kept["awayFrom"] == "2030-06-30T22:00:00Z"
    assert (kept["delegateId"], kept["mutedKinds"], kept["quietFrom"]) == (other.id, [], "12:00")
    assert kept["delivery"]["comments"] == {"slack": "never", "email": "daily"}
    assert kept["delivery"]["reviews"] == {"slack": "at_once", "email": "at_once"}
    page = mine.get(f"{PAGE}?saved=true")
    assert "<p>Saved</p>" in page
    assert 'value="2030-07-01T00:00"' in page
    assert '<option value="never" selected>' in page
    ok(me.patch("/api/me", json={"mutedKinds": ["comment_added", "review_stale"]}))
    assert "muted by the API: New comment, Approval outdated" in mine.get(PAGE)
    mine.done(PAGE, PAGE, **given | {"keepsMuted": "yes", "when.comments.email": ""})
    kept = ok(me.get("/api/me"))
    assert (kept["mutedKinds"], kept["delivery"]["comments"]["email"]) == (["comment_added", "review_stale"], "daily")
    assert mine.send(PAGE, PAGE, **given | {"when.comments.email": "nonsense"}).status_code == 422
    mine.done(PAGE, PAGE, **given)
    kept = ok(me.get("/api/me"))
    assert kept["mutedKinds"] == []
    refused = mine.send(PAGE, PAGE, **given | {"delegate": "@nobody-at-all"})
    assert refused.status_code == 422
    refused = mine.send(PAGE, PAGE, **given | {"quietFrom": "08:00", "quietUntil": "16:00"})
    assert refused.status_code == 422
    assert told(refused.text)
    assert 'value="16:00"' in refused.text
    assert ok(me.get("/api/me"))["version"] == kept["version"]


def test_one_click_unsubscribes(stack: Stack) -> None:
    me, nobody = stack.person(), stranger(stack)
    address = f"/unsubscribe/{Keyring('test-secret-key').sign('unsubscribe', me.id)}"
    assert "Stop e-mail reminders?" in nobody.get(address)
    assert ok(me.get("/api/me"))["preferredChannel"] is None
    for _ in range(2):
        answer = nobody.http.post(address, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200, answer.text
    assert ok(me.get("/api/me"))["preferredChannel"] == "inbox"
    for forged in (f"/unsubscribe/{me.id}.{'0' * 64}", f"/unsubscribe/{Keyring('test-secret-key').sign('x', me.id)}"):
        assert nobody.http.post(forged).status_code == 404
