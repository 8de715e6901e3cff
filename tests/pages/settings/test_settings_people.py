"""Pages of people and teams: who may change them, the last administrator, placeholders, links, channels, and slots."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from tests.api.conventions import problem
from tests.api.writing import ok
from tests.pages.visiting import Visitor, stranger, told, visitor
from tests.stack import Stack, shared_stack

XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>"
PEOPLE, TEAMS = "/settings/people", "/settings/teams"


@pytest.fixture
def admin(stack: Stack) -> Visitor:
    return visitor(stack)


def new_person(admin: Visitor, **fields: str) -> str:
    """The page of a person who was added with the form."""
    mark = uuid4().hex[:8]
    given = {"email": f"{mark}@example.com", "name": "Jane Doe", "handle": f"jane-{mark}", "role": "MEMBER"}
    where = admin.done(f"{PEOPLE}/new", f"{PEOPLE}/new", **(given | {"timeZone": "UTC"} | fields))
    return where.partition("?")[0]


def form_of(page: str) -> dict[str, str]:
    """The main form of a person's or a team's page, as a browser would send it back."""
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.DOTALL) if 'name="name"' in one)
    sent = {"form": re.search(r'name="form" value="([^"]*)"', form)[1]}  # type: ignore[index]
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        is_off = ("checkbox" in tag or "radio" in tag) and " checked" not in tag
        if name and name[1] not in {"csrf", "key"} and not is_off:
            sent[name[1]] = unescape(value[1]) if value else ""
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options) or re.search(
            r"<option selected>([^<]*)<", options
        )
        sent[name] = unescape(chosen[1]) if chosen else ""
    return sent


def test_a_person_is_added_changed_deactivated_and_activated(stack: Stack, admin: Visitor) -> None:
    client = stack.client()
    teams = [ok(client.post("/api/teams", json={"name": f"Team {uuid4().hex[:6]}"}), 201)["id"] for _ in range(2)]
    page = new_person(admin, role="RESPONDER", timeZone="Europe/Berlin", **{f"team.{teams[0]}": "yes"})
    path = page.replace("/settings/people", "/api/users")
    made = ok(client.get(path))
    assert (made["role"], made["timeZone"], made["teamIds"]) == ("RESPONDER", "Europe/Berlin", [teams[0]])
    form = form_of(admin.get(page))
    ok(client.patch(path, json={"teamIds": [teams[1]]}))
    admin.done(page, page, **(form | {"name": "Jane Roe", "role": "ADMIN"}))
    changed = ok(client.get(path))
    assert (changed["name"], changed["role"]) == ("Jane Roe", "ADMIN")
    assert changed["teamIds"] == [teams[1]], "what someone else changed meanwhile stays"
    stale = admin.send(page, page, **(form | {"name": "Late"}))
    assert stale.status_code == 412
    assert 'value="Late"' in stale.text, "what was typed is still there"
    admin.done(f"{page}/deactivate", page)
    assert not ok(client.get(path))["active"]
    assert changed["name"] not in admin.get(f"{PEOPLE}?q={changed['handle']}")
    assert changed["name"] in admin.get(f"{PEOPLE}?q={changed['handle']}&show=inactive")
    form = form_of(admin.get(page))
    assert form["activate"] == "yes"
    admin.done(page, page, **form)
    assert ok(client.get(path))["active"]


def test_a_placeholder_is_claimed(stack: Stack, admin: Visitor) -> None:
    client, email = stack.client(), f"{uuid4().hex[:8]}@example.com"
    body = {"externalId": uuid4().hex, "title": "Down", "startedAt": "2026-11-20T07:00:00Z", "responders": [email]}
    ok(client.post("/api/incidents", json=body), 201)
    found = next(one for one in ok(client.get("/api/users", params={"q": email}))["items"])
    page = f"{PEOPLE}/{found['id']}"
    assert "haven't been added yet" in unescape(admin.get(page))
    mark = uuid4().hex[:6]
    admin.done(page, page, **(form_of(admin.get(page)) | {"name": "Grace Okafor", "handle": f"grace-{mark}"}))
    claimed = ok(client.get(f"/api/users/{found['id']}"))
    assert (claimed["active"], claimed["name"], claimed["handle"]) == (True, "Grace Okafor", f"grace-{mark}")


def test_what_is_wrong_is_said_and_kept(stack: Stack, admin: Visitor) -> None:
    new = f"{PEOPLE}/new"
    wrong = {"email": "nobody", "name": "Typed Name", "handle": "no blanks", "role": "KING", "timeZone": "Mars/Base"}
    answer = admin.send(new, new, **wrong)
    assert answer.status_code == 422
    reasons = " ".join(told(answer.text))
    for words in ("E-mail: Enter an e-mail address", "Handle: Use letters", "Time zone: Enter an IANA", "Role: "):
        assert words in reasons
    assert 'value="Typed Name"' in answer.text
    assert 'value="no blanks"' in answer.text
    taken = ok(stack.client().get("/api/me"))["handle"]
    answer = admin.send(new, new, email="x@example.com", name="N", handle=taken, role="MEMBER", timeZone="UTC")
    assert answer.status_code == 409
    assert 'value="x@example.com"' in answer.text


def test_a_sign_in_link_is_shown_once_and_works_once(stack: Stack, admin: Visitor) -> None:
    page = new_person(admin, name="New Colleague")
    answer = admin.send(f"{page}/sign-in-link", page)
    found = re.search(r'id="link" readonly value="([^"]*)"', answer.text)
    assert answer.status_code == 200
    assert found
    assert answer.headers["cache-control"] == "no-store"
    code = found[1].partition("code=")[2]
    assert code not in admin.get(page)
    theirs = stranger(stack)
    assert theirs.done("/sign-in", "/sign-in", code=code) == "/"
    assert "New Colleague" in theirs.get("/")
    assert theirs.send("/sign-in", "/sign-in", code=code).status_code in {200, 403, 410, 401}
    admin.done("/sign-out", "/")
    assert "New Colleague" in theirs.get("/"), "it doesn't end with the session of the administrator who made it"


@pytest.fixture(scope="module")
def small() -> Iterator[Stack]:
    """An organization of its own, whose administrators the tests may demote."""
    with shared_stack() as one:
        yield one


def demotion(case: tuple[httpx.Client, str]) -> int:
    who, whom = case
    return who.patch(f"/api/users/{whom}", json={"role": "MEMBER"}).status_code


def test_the_last_administrator_stays(small: Stack) -> None:
    client, first = small.client(), visitor(small)
    me = ok(client.get("/api/me"))
    path, page = f"/api/users/{me['id']}", f"{PEOPLE}/{me['id']}"
    problem(client.patch(path, json={"role": "MEMBER"}), 409, "LastAdministrator")
    problem(client.patch(path, json={"active": False}), 409, "LastAdministrator")
    refused = first.send(page, page, **(form_of(first.get(page)) | {"role": "RESPONDER", "name": "Typed"}))
    assert refused.status_code == 409
    assert "Make someone else an administrator first." in refused.text
    assert 'value="Typed"' in refused.text
    assert first.send(f"{page}/deactivate", page).status_code == 409
    ok(client.patch(path, json={"name": "Renamed"}))
    other = small.person("ADMIN")
    for _ in range(3):
        cases = [(client, other.id), (other.http, me["id"])]
        with ThreadPoolExecutor(2) as both:
            answers = list(both.map(demotion, cases))
        users = ok(client.get("/api/users"))["items"]
        admins = [one["id"] for one in users if one["role"] == "ADMIN" and one["active"]]
        assert len(admins) == 1, answers
        assert sorted(answers) in ([200, 403], [200, 409])
        winner = client if admins == [me["id"]] else other.http
        for whom in (me["id"], other.id):
            ok(winner.patch(f"/api/users/{whom}", json={"role": "ADMIN"}))


def test_roles_change_while_something_is_written_that_names_administrators(stack: Stack) -> None:
    """A reminder of each administrator, for example: its rows refer to theirs until the transaction ends."""
    client, person = stack.client(), stack.person("ADMIN")
    assert stack.direct
    with stack.direct.carried_out(text("select id from person where role = 'ADMIN' for key share")):
        changed = ok(client.patch(f"/api/users/{person.id}", json={"role": "MEMBER"}))
    assert changed["role"] == "MEMBER"


def test_a_team_has_a_lead_members_a_channel_a_room_and_a_slot(stack: Stack, admin: Visitor) -> None:
    client, lead, member = stack.client(), stack.person(), stack.person()
    names = {one.id: ok(one.get("/api/me")) for one in (lead, member)}
    channel = {"kind": "email", "name": f"Mail {uuid4().hex[:6]}", "config": MAIL, "secrets": {}}
    connection = ok(client.post("/api/integrations", json=channel), 201)["id"]
    where = admin.done(f"{TEAMS}/new", f"{TEAMS}/new", name=f"Ops {uuid4().hex[:6]}", lead=names[lead.id]["handle"])
    page = where.partition("?")[0]
    path = page.replace("/settings", "/api")
    form = form_of(admin.get(page)) | {
        "channel": connection,
        "channelAddress": "ops@example.com",
        "roomUrl": "https://meet.example.com/ops",
        "roomKind": "meet",
        "slotDay": "THU",
        "slotOpens": "15:00",
        "slotMinutes": "30",
        "slotZone": "Europe/Berlin",
    }
    admin.done(page, page, **form)
    admin.done(f"{page}/members", page, person=f"@{names[member.id]['handle']}")
    team = ok(client.get(path))
    assert (team["leadId"], set(team["memberIds"])) == (lead.id, {lead.id, member.id})
    assert team["channel"] == {"integrationId": connection, "address": "ops@example.com"}
    assert team["room"] == {"kind": "meet", "url": "https://meet.example.com/ops"}
    assert team["reviewSlot"] == {"weekday": "THU", "opens": "15:00", "minutes": 30, "timeZone": "Europe/Berlin"}
    assert form_of(admin.get(page))["slotOpens"] == "15:00"
    answer = admin.send(page, page, **(form | {"slotOpens": "15:07", "roomUrl": "nowhere", "name": "Typed"}))
    assert answer.status_code == 422
    assert "Meeting room: Enter an http" in " ".join(told(answer.text))
    assert 'value="Typed"' in answer.text
    assert 'value="15:07"' in answer.text
    admin.done(f"{page}/members/{member.id}/remove", page)
    again = form_of(admin.get(page)) | {"slotDay": "", "roomUrl": "", "channel": "", "lead": ""}
    admin.done(page, page, **again)
    team = ok(client.get(path))
    assert [team[name] for name in ("leadId", "channel", "room", "reviewSlot")] == [None] * 4
    assert team["memberIds"] == [lead.id]
    assert admin.send(f"{page}/members", page, person="no such person at all").status_code == 422
    ok(client.delete(f"/api/integrations/{connection}"))  # else everybody's letters would try this way first


MAIL = {"host": "localhost", "port": 9, "security": "NONE", "fromAddress": "afterword@example.com"}


def test_who_changes_people_and_teams(stack: Stack, admin: Visitor) -> None:
    person, team = stack.person(), ok(stack.client().post("/api/teams", json={"name": f"T {uuid4().hex[:6]}"}), 201)
    for role in ("RESPONDER", "MEMBER"):
        reader = visitor(stack, stack.person(role))
        for path in (PEOPLE, f"{PEOPLE}/{person.id}", TEAMS, f"{TEAMS}/{team['id']}"):
            page = reader.get(path).split("<main")[1]
            assert 'method="post"' not in page, path
            assert "Add " not in page, path
        for path in (f"{PEOPLE}/new", f"{TEAMS}/new"):
            reader.get(path, 403)
        for path in (
            *(f"{PEOPLE}/new", f"{PEOPLE}/{person.id}", f"{PEOPLE}/{person.id}/deactivate"),
            *(f"{PEOPLE}/{person.id}/sign-in-link", f"{TEAMS}/new", f"{TEAMS}/{team['id']}"),
            *(f"{TEAMS}/{team['id']}/members", f"{TEAMS}/{team['id']}/members/{person.id}/remove"),
        ):
            assert reader.send(path, "/settings/tokens", name="x", role="ADMIN", person="x").status_code == 403, path
    admin.get(f"{PEOPLE}/user_nothing", 404)
    admin.get(f"{TEAMS}/team_nothing", 404)


def test_names_stay_text(stack: Stack, admin: Visitor) -> None:
    page = new_person(admin, name=f"N {XSS}")
    team = admin.done(f"{TEAMS}/new", f"{TEAMS}/new", name=f"T {uuid4().hex[:6]} {XSS}").partition("?")[0]
    admin.done(f"{team}/members", team, person=page.rsplit("/", 1)[-1])
    for path in (f"{PEOPLE}?q=script", page, TEAMS, team, f"{PEOPLE}?q={XSS.replace('&', '')[:20]}", f"{PEOPLE}/new"):
        shown = admin.get(path)
        assert "<script>alert" not in shown, path
        assert "<img src=x" not in shown, path
    assert "&lt;script&gt;" in admin.get(page)
