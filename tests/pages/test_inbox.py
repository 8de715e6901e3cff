"""The inbox and the preferences as pages; one-click unsubscribe."""

from html import unescape
from uuid import uuid4

from models.keyring import Keyring
from tests.api.notifications.test_me import notify
from tests.api.writing import draft, ok
from tests.pages.visiting import stranger, told, visitor
from tests.stack import Stack

PAGE = "/settings/notifications"


def test_the_inbox_says_what_happened_by_postmortem(stack: Stack) -> None:
    me, other = stack.person(), stack.person(name="Bob <i>Marsh</i>")
    one = draft(me, title="<b>Outage</b>", visibility="ORGANIZATION")["id"]
    two = draft(me, title="Second", visibility="ORGANIZATION")["id"]
    notify(stack, me, postmortem_id=one, is_escalation=True)
    notify(stack, me, "a_kind_of_tomorrow", postmortem_id=one)
    said = ok(other.post(f"/api/postmortems/{two}/comments", json={"body": "Why <u>so</u> late?"}), 201)["id"]
    mine = visitor(stack, me)
    page = mine.get("/inbox")
    for tag in ("<b>Outage", "<i>Marsh", "<u>so"):
        assert tag not in page
    shown = unescape(page)
    assert shown.index(">Second</a></h2>") < shown.index("><b>Outage</b></a></h2>"), "the newest first"
    assert shown.count("</h2>") == 2
    assert "Bob <i>Marsh</i> commented on “Second”</a>" in shown
    assert '<blockquote class="inbox__quote">Why <u>so</u> late?</blockquote>' in shown
    assert shown.count("escalated") == 1
    (notice,) = ok(me.get("/api/me/notifications", params={"kind": "comment_added"}))["items"]
    assert mine.http.get(f"/inbox/{notice['id']}").headers["location"] == f"/postmortems/{two}#c-{said}"
    assert mine.done("/inbox/read", "/inbox") == "/inbox"
    assert "No matching notifications" in mine.get("/inbox?unread=true")
    assert mine.done("/inbox/done", "/inbox", about=two) == "/inbox"
    assert mine.done("/inbox/done", "/inbox", about="pm_unknown") == "/inbox"
    assert ">Second</a></h2>" not in mine.get("/inbox")
    assert ">Second</a></h2>" in mine.get("/inbox?done=true")


def test_what_was_read_on_its_page_is_no_longer_unread(stack: Stack) -> None:
    me, other = stack.person(), stack.person()
    mine, theirs = (draft(me, title=title, visibility="ORGANIZATION")["id"] for title in ("Mine", "Another"))
    for one in (mine, theirs):
        ok(other.post(f"/api/postmortems/{one}/comments", json={"body": "Why?"}), 201)
    notify(stack, me, "threads_unresolved", postmortem_id=mine)
    page = visitor(stack, me).get(f"/postmortems/{mine}")
    assert '<span class="count">2<span class="unseen"> unread' in page
    unread = ok(me.get("/api/me/notifications", params={"unread": True}))["items"]
    assert [(one["kind"], one["postmortemId"]) for one in unread] == [
        ("threads_unresolved", mine),
        ("comment_added", theirs),
    ]


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
