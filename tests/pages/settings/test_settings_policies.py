"""Pages of policies: writing one, what a change means for open postmortems, versions, and the simulated calendar."""

import re
from html import unescape
from uuid import uuid4

import pytest

from tests.api.writing import draft, ok
from tests.pages.settings.test_settings_people import XSS
from tests.pages.test_templates import sent_by
from tests.pages.visiting import Visitor, told, visitor
from tests.stack import Stack

LIST = "/settings/policies"
NEW = f"{LIST}/new"
STEP = re.compile(r"step\.(\d+)\.kind")


@pytest.fixture
def admin(stack: Stack) -> Visitor:
    return visitor(stack)


def new_team(stack: Stack) -> str:
    return str(ok(stack.client().post("/api/teams", json={"name": f"P {uuid4().hex[:8]}"}), 201)["id"])


def form_of(page: str) -> dict[str, str]:
    """As a browser sends it back; options of a time zone have no value of their own."""
    sent = sent_by(page)
    for name in ("timeZone", "country"):
        chosen = re.search(rf'name="{name}".*?<option selected>([^<]*)<', page, re.DOTALL)
        sent[name] = chosen[1] if chosen else ""
    return sent


def new_policy(stack: Stack, admin: Visitor, **fields: str) -> tuple[str, str, dict[str, str]]:
    """The page of a policy for a team of its own, that team, and what was sent."""
    team = new_team(stack)
    form = form_of(admin.get(NEW)) | {"name": f"Policy {uuid4().hex[:6]}", "team": team, "urgency": "", "service": ""}
    return admin.done(NEW, NEW, **(form | fields), do="save").partition("?")[0], team, form


def test_a_policy_says_all_that_the_api_can(stack: Stack, admin: Visitor) -> None:
    fields = {
        "target.draft_started.hours": "8",
        "target.draft_started.counted": "WORKING",
        "target.published.hours": "",
        "urgency": "HIGH",
        "timeZone": "Europe/Berlin",
        "opens": "08:30",
        "closes": "16:00",
        "country": "DE",
        "region": "BY",
        "day.FRI": "",
        "closedOn": "2026-12-24\n2026-12-31",
        "staleAfterDays": "",
        "minReviewers": "2",
    }
    page, team, form = new_policy(stack, admin, **fields)
    made = ok(stack.client().get(page.replace("/settings", "/api")))
    assert (made["urgency"], made["teamId"], made["serviceId"]) == ("HIGH", team, None)
    assert made["targets"]["draft_started"] == {"hours": 8, "counted": "WORKING"}
    assert "published" not in made["targets"]
    calendar = made["calendar"]
    assert calendar["workingDays"] == ["MON", "TUE", "WED", "THU"]
    assert (calendar["timeZone"], calendar["opens"], calendar["closes"]) == ("Europe/Berlin", "08:30", "16:00")
    assert (calendar["country"], calendar["region"]) == ("DE", "BY")
    assert calendar["closedOn"] == ["2026-12-24", "2026-12-31"]
    assert calendar["holidays"]
    assert (made["staleAfterDays"], made["minReviewers"]) == (None, 2)
    assert len(made["ladder"]) == 6
    edit = f"{page}/edit"
    shown = form_of(admin.get(edit))
    admin.done(edit, edit, **shown, do="save")
    assert ok(stack.client().get(page.replace("/settings", "/api")))["version"] == 1, "what was shown is what was kept"
    view = unescape(admin.get(page))
    for words in ("8 working hours", "08:30 to 16:00, Europe/Berlin", "Dec 24, 2026", "At 80% of the time"):
        assert words in view
    assert form["name"] in admin.get(LIST)


def test_steps_are_added_and_removed_without_losing_what_was_typed(stack: Stack, admin: Visitor) -> None:
    page, _, _ = new_policy(stack, admin)
    edit = f"{page}/edit"
    form = form_of(admin.get(edit)) | {"name": f"Typed {XSS}"}
    answer = admin.send(edit, edit, **form, do="step.remove.0")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    form = form_of(answer.text)
    assert form["name"] == f"Typed {XSS}"
    assert len(STEP.findall(answer.text)) == len(set(STEP.findall(answer.text))) * 3
    assert form["step.0.kind"] == "DUE"
    form = form_of(admin.send(edit, edit, **form, do="step.add").text)
    places = [one for one in form if one.endswith(".kind")]
    assert len(places) == 6
    assert (form["step.4.kind"], form["step.4.amount"]) == ("WORKING_DAYS", "7")
    changed = form | {"step.4.amount": "2", "step.4.ask.TEAM_LEAD": "yes"}
    admin.done(edit, edit, **changed, do="save")
    made = ok(stack.client().get(page.replace("/settings", "/api")))
    assert [(one["kind"], one["amount"]) for one in made["ladder"]] == [
        *(("DUE", 0), ("WORKING_DAYS", 1), ("WORKING_DAYS", 2), ("WORKING_DAYS", 3), ("WORKING_DAYS", 5)),
        ("EVERY_DAYS", 7),
    ]
    for do in ("step.remove.999", "step.remove.x", "nothing", "step.remove.", "step.remove.99999999999999"):
        assert admin.send(edit, edit, **form, do=do).status_code == 200, do


def test_what_cannot_be_a_policy_is_said_and_kept(stack: Stack, admin: Visitor) -> None:
    page, _, form = new_policy(stack, admin)
    edit = f"{page}/edit"
    form = form_of(admin.get(edit))
    wrong = {
        "target.published.hours": "many",
        "opens": "9",
        "step.0.amount": "x",
        "step.1.ask.OWNER": "",
        "closedOn": "2026-12-24 someday",
        "country": "DE",
        "region": "Nowhere",
    }
    answer = admin.send(edit, edit, **(form | wrong), do="save")
    assert answer.status_code == 422
    reasons = " ".join(told(answer.text))
    for words in (
        "Publication: ",
        "Working hours, from: Enter a time of day",
        "Step 1, number: ",
        "Days off, line 2: ",
    ):
        assert words in reasons
    assert form_of(answer.text)["target.published.hours"] == "many"
    assert "someday" in answer.text
    answer = admin.send(edit, edit, **(form | {"target.published.hours": "1"}), do="preview")
    assert answer.status_code == 422
    assert "can&#39;t be due before" in answer.text
    taken = admin.send(NEW, NEW, **(form | {"name": "Same"}), do="save")
    assert taken.status_code == 409, "there is a policy for this team already"
    ok(stack.client().patch(page.replace("/settings", "/api"), json={"minReviewers": 3}))
    stale = admin.send(edit, edit, **(form | {"name": "Late"}), do="save")
    assert stale.status_code == 412
    assert 'value="Late"' in stale.text
    again = form_of(stale.text)
    admin.done(edit, edit, **again, do="save")


def test_a_change_is_previewed_saved_and_applied(stack: Stack, admin: Visitor) -> None:
    page, team, _ = new_policy(stack, admin)
    author = stack.person(teamIds=[team])
    made = draft(author, teamIds=[team], title=f"Open {XSS}")
    target = f"/api/postmortems/{made['id']}/targets"
    before = {one["name"]: one["dueAt"] for one in ok(author.get(target))["items"]}
    edit = f"{page}/edit"
    form = form_of(admin.get(edit)) | {"target.published.hours": "1000"}
    answer = admin.send(edit, edit, **form, do="preview")
    assert answer.status_code == 200
    assert "1 open postmortem gets other due times" in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "<script>alert" not in answer.text
    assert 'class="simulation__month"' in answer.text
    assert form_of(answer.text)["target.published.hours"] == "1000"
    assert ok(stack.client().get(page.replace("/settings", "/api")))["version"] == 1, "nothing is saved"
    admin.done(edit, edit, **form, do="save")
    shown = admin.get(page)
    assert "Apply version 2 to 1 postmortem" in shown
    assert {one["name"]: one["dueAt"] for one in ok(author.get(target))["items"]} == before
    assert admin.send(f"{page}/apply", page, version="1").status_code == 412
    admin.done(f"{page}/apply", page, version="2")
    after = {one["name"]: one["dueAt"] for one in ok(author.get(target))["items"]}
    assert after["published"] != before["published"]
    assert "Apply version" not in admin.get(page)
    old = admin.get(f"{page}?version=1")
    assert "version 1 of 2" in old
    assert "Edit policy" not in old
    admin.get(f"{page}?version=9", 404)
    admin.done(f"{page}/archive", page, version="2")
    assert page not in admin.get(LIST)
    assert page in admin.get(f"{LIST}?archived=true&limit=200")
    assert "Edit policy" not in admin.get(page)


def test_the_default_policy_stays(admin: Visitor) -> None:
    page = f"{LIST}/pol_default"
    assert "Archive policy" not in admin.get(page)
    assert admin.send(f"{page}/archive", page).status_code == 409
    assert 'name="team"' not in admin.get(f"{page}/edit")


def test_the_calendar_shows_each_day_with_its_reminders(admin: Visitor) -> None:
    page = admin.get(f"{LIST}/pol_default?from=2026-11-23&days=30")
    text = unescape(re.sub(r"<[^>]+>", " ", page))
    assert re.search(r"<caption>November 2026</caption>.*<caption>December 2026</caption>", page, re.DOTALL)
    assert "January 2027" not in page
    cells = re.findall(r'<td class="simulation__day[^"]*">(.*?)</td>', page, re.DOTALL)
    assert len(cells) == 30 + 31
    on_24th = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cells[23])))
    assert "First draft due" in on_24th
    assert "to the person who has to act, 09:00" in on_24th
    assert "no working day" in cells[27], "November 28 is a Saturday"
    assert "Tue, Dec 1, 2026, 9:00 AM UTC" in text
    for query in ("from=tomorrow", "days=0", "days=93", "from=2300-01-01", "version=0"):
        admin.get(f"{LIST}/pol_default?{query}", 422)


def test_everyone_reads_policies_and_administrators_write_them(stack: Stack, admin: Visitor) -> None:
    page, _, form = new_policy(stack, admin, name=f"Odd {uuid4().hex[:6]} {XSS}")
    for role in ("RESPONDER", "MEMBER"):
        reader = visitor(stack, stack.person(role))
        for path in (LIST, page):
            shown = reader.get(f"{path}?limit=200" if path == LIST else path)
            assert "<script>alert" not in shown
            assert "&lt;script&gt;" in shown
            assert 'method="post"' not in shown.split("<main")[1]
        for path in (NEW, f"{page}/edit"):
            reader.get(path, 403)
            assert reader.send(path, "/settings/tokens", **form, do="save").status_code == 403
        for path in (f"{page}/archive", f"{page}/apply"):
            assert reader.send(path, "/settings/tokens").status_code == 403
    copied = form_of(admin.get(f"{NEW}?from={page.rsplit('/', 1)[1]}"))
    assert copied["name"].startswith("Copy of Odd")
    assert copied["team"] == ""
