"""The start page of the settings, services, tokens, and the audit log of everything: what each role finds there."""

import ast
import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from api.pages.audit.organization import GROUPS
from tests.api.conventions import problem
from tests.api.writing import draft, ok
from tests.pages.settings.test_settings_people import XSS, form_of
from tests.pages.visiting import Visitor, told, visitor
from tests.stack import Stack
from tests.wire.names import CODE, ROOT

SERVICES, TOKENS, AUDIT = "/settings/services", "/settings/tokens", "/settings/audit"
FOR_ALL = {
    *("/settings/people", "/settings/teams", "/settings/services", "/settings/templates", "/settings/root-causes"),
    *("/settings/policies", "/settings/notifications", "/settings/calendars", "/settings/tokens"),
    *("/settings/sessions", "/settings/postmortems", "/exports"),
}
FOR_ADMINISTRATORS = {
    "/settings/sign-in",
    "/settings/audit",
    "/settings/sharing",
    "/settings/imports",
    "/settings/integrations",
}


@pytest.fixture
def admin(stack: Stack) -> Visitor:
    return visitor(stack)


def links(page: str) -> set[str]:
    return set(re.findall(r'<a href="([^"]*)"', page.split("<main")[1]))


def section_of(page: str, link: str) -> str:
    """The heading above a link."""
    before = page[: page.index(f">{link}</a></li>") if f">{link}</a></li>" in page else page.index(f">{link}</a>")]
    return re.findall(r"<h2[^>]*>([^<]*)</h2>", before)[-1]


def test_everything_is_found_from_the_start_page(stack: Stack, admin: Visitor) -> None:
    page = admin.get("/settings")
    assert links(page) >= FOR_ALL | FOR_ADMINISTRATORS
    main = page.split("<main")[1]
    for link, section in {
        "Templates": "Postmortems",
        "Root causes": "Postmortems",
        "Policies": "Postmortems",
        "People": "Organization",
        "Audit log": "Organization",
        "Integrations": "Connections",
        "Tokens": "You",
    }.items():
        assert section_of(main, link) == section
    assert 'href="/settings"' in admin.get("/").split("<main")[0]
    for role in ("RESPONDER", "MEMBER"):
        reader = visitor(stack, stack.person(role))
        found = links(reader.get("/settings"))
        assert found >= FOR_ALL
        assert not found & FOR_ADMINISTRATORS
        for path in FOR_ADMINISTRATORS:
            reader.get(path, 403)


def test_each_page_leads_to_the_others(admin: Visitor) -> None:
    for path in ("/settings/people", "/settings/templates", "/settings/sharing", "/settings/notifications", "/exports"):
        page = admin.get(path)
        assert links(page) >= (FOR_ALL | FOR_ADMINISTRATORS) - {path}, path
        assert f'<a href="{path}" aria-current="page">' in page


def test_a_service_that_a_report_named_is_confirmed_renamed_and_merged(stack: Stack, admin: Visitor) -> None:
    client, mark = stack.client(), uuid4().hex[:8]
    body = {
        "externalId": uuid4().hex,
        "title": "Down",
        "startedAt": "2026-11-20T07:00:00Z",
        "services": [f"pay {mark}"],
    }
    ok(client.post("/api/incidents", json=body), 201)
    listed = admin.get(f"{SERVICES}?q={mark}&show=unconfirmed")
    page = re.search(r'href="(/settings/services/svc_[^"]*)"', listed)[1]  # type: ignore[index]
    path = page.replace("/settings", "/api")
    team = ok(client.post("/api/teams", json={"name": f"T {mark}"}), 201)["id"]
    form = form_of(admin.get(page))
    admin.done(page, page, **(form | {"name": f"payments {mark}", "team": team, "aliases": f"p-{mark}\n\n"}))
    service = ok(client.get(path))
    assert (service["active"], service["teamId"]) == (True, team)
    assert service["name"] == f"payments {mark}"
    assert service["aliases"] == [f"p-{mark}"], "the form says which aliases there are"
    assert f"payments {mark}" in admin.get(f"{SERVICES}?q=p-{mark}&show=confirmed")
    other = admin.done(f"{SERVICES}/new", f"{SERVICES}/new", name=f"other {mark}", team="").partition("?")[0]
    assert admin.send(f"{other}/merge", other, into=other.rsplit("/", 1)[-1]).status_code == 409
    assert admin.done(f"{other}/merge", other, into=service["id"]) == f"{page}?saved=1"
    assert f"other {mark}" in ok(client.get(path))["aliases"]
    assert admin.http.get(other).headers["location"] == page
    answer = admin.send(page, page, form="service", name="", aliases="kept", team="")
    assert answer.status_code == 422
    assert told(answer.text)[0].startswith("Name: ")
    assert "kept</textarea>" in answer.text
    taken = admin.send(f"{SERVICES}/new", f"{SERVICES}/new", name=f"PAYMENTS {mark}", team="")
    assert taken.status_code == 409


def test_services_are_read_by_everyone_and_changed_by_administrators(stack: Stack, admin: Visitor) -> None:
    name = f"svc {uuid4().hex[:6]} {XSS}"
    page = admin.done(f"{SERVICES}/new", f"{SERVICES}/new", name=name, team="").partition("?")[0]
    for role in ("RESPONDER", "MEMBER"):
        reader = visitor(stack, stack.person(role))
        for path in (SERVICES, page):
            shown = reader.get(path)
            assert 'method="post"' not in shown.split("<main")[1]
            assert "<script>alert" not in shown
        for path in (f"{SERVICES}/new", page, f"{page}/merge"):
            assert reader.send(path, TOKENS, name="x", into="svc_x").status_code == 403, path
    assert "&lt;script&gt;" in admin.get(page)
    assert "<script>alert" not in admin.get(page)


# Tokens


def shown_token(page: str) -> str:
    return unescape(re.search(r'id="token" readonly value="([^"]*)"', page)[1])  # type: ignore[index]


def test_a_token_is_created_shown_once_used_and_revoked(stack: Stack) -> None:
    person = stack.person()
    visit = visitor(stack, person)
    answer = visit.send(TOKENS, TOKENS, name=f"Script {XSS}", **{"scope.read": "yes", "lasts": "30"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    plain = shown_token(answer.text)
    assert "<script>alert" not in answer.text
    http = stack.client(plain)
    assert ok(http.get("/api/me"))["id"] == person.id
    problem(http.post("/api/postmortems", json={"title": "No"}), 403, "ScopeMissing")
    page = visit.get(TOKENS)
    assert plain not in page
    assert "aft_" not in page
    made = next(one for one in ok(person.get("/api/tokens"))["items"] if one["name"].startswith("Script"))
    left = datetime.fromisoformat(made["expiresAt"]) - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)
    assert visit.done(f"{TOKENS}/{made['id']}/revoke", TOKENS) == f"{TOKENS}?revoked=1"
    assert http.get("/api/me").status_code == 401
    assert "Script &lt;" not in visit.get(TOKENS)
    refused = visit.send(TOKENS, TOKENS, name="Typed name", lasts="7")
    assert refused.status_code == 422
    assert "Scopes: " in " ".join(told(refused.text))
    assert 'value="Typed name"' in refused.text
    assert '<option value="7" selected>' in refused.text


def test_whose_tokens_are_whose(stack: Stack, admin: Visitor) -> None:
    person = stack.person()
    handle, name = ok(person.get("/api/me"))["handle"], f"For you {uuid4().hex[:6]}"
    fields = {"name": name, "owner": f"@{handle}", "scope.read": "yes", "scope.write": "yes", "lasts": ""}
    plain = shown_token(admin.send(TOKENS, TOKENS, **fields).text)
    assert ok(stack.client(plain).get("/api/me"))["id"] == person.id
    assert name in admin.get(f"{TOKENS}?whose=everyone")
    assert name not in admin.get(TOKENS)
    theirs = visitor(stack, person)
    assert name in theirs.get(TOKENS)
    stranger = visitor(stack, stack.person())
    assert name not in stranger.get(f"{TOKENS}?whose=everyone")
    made = next(one for one in ok(person.get("/api/tokens"))["items"] if one["name"] == name)
    assert stranger.send(f"{TOKENS}/{made['id']}/revoke", TOKENS).status_code == 404
    assert stranger.send(TOKENS, TOKENS, **(fields | {"owner": handle})).status_code == 403
    assert stranger.send(TOKENS, TOKENS, name="x", **{"scope.admin": "yes"}).status_code == 403
    admin.done(f"{TOKENS}/{made['id']}/revoke", TOKENS, whose="everyone")


def test_a_token_made_in_a_session_ends_with_the_token_that_began_it(stack: Stack) -> None:
    person = stack.person()
    end = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"name": "Short", "userId": person.id, "expiresAt": end}
    short = ok(stack.client().post("/api/tokens", json=body), 201)["token"]
    visit = Visitor(httpx.Client(base_url=stack.url, headers={"Accept": "text/html"}))
    stack.clients.append(visit.http)
    visit.done("/sign-in", "/sign-in", token=short)
    for lasts in ("", "90"):
        shown_token(visit.send(TOKENS, TOKENS, name=f"Made {lasts}", lasts=lasts, **{"scope.read": "yes"}).text)
    made = [one for one in ok(person.get("/api/tokens"))["items"] if one["name"].startswith("Made")]
    assert [datetime.fromisoformat(one["expiresAt"]) for one in made] == [datetime.fromisoformat(end)] * 2


# The audit log


def test_the_audit_log_is_searched_and_downloaded(stack: Stack, admin: Visitor) -> None:
    author = stack.person()
    me = ok(author.get("/api/me"))
    made = draft(author, title=f"Searched {XSS}", visibility="ORGANIZATION")
    ok(author.patch(f"/api/postmortems/{made['id']}", json={"title": f"Changed {XSS}"}))
    page = admin.get(f"{AUDIT}?person=%40{me['handle']}&action=postmortem")
    assert "Postmortem created" in page
    assert "Postmortem updated" in page
    assert f'href="/postmortems/{made["id"]}"' in page
    assert "<script>alert" not in page
    assert me["name"] in page
    page = admin.get(f"{AUDIT}?entity={stack.url}/postmortems/{made['id']}&action=postmortem.updated")
    assert "Postmortem updated" in page
    assert "<strong>Postmortem created" not in page
    assert '<option value="postmortem.updated" selected>' in page
    assert "No entries match" in admin.get(f"{AUDIT}?entity={made['id']}&to=2001-01-01")
    today = datetime.now(UTC).date()
    days = f"from={today - timedelta(days=1)}&to={today + timedelta(days=1)}"
    assert "Postmortem updated" in admin.get(f"{AUDIT}?entity={made['id']}&{days}")
    answer = admin.http.get(f"{AUDIT}.csv?entity={made['id']}&{days}")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert {one["action"] for one in rows} >= {"postmortem.created", "postmortem.updated"}
    assert {one["entityId"] for one in rows} == {made["id"]}
    assert "Audit exported" in admin.get(f"{AUDIT}?action=audit")
    more = re.search(r'href="(\?[^"]*cursor=[^"]*)"', admin.get(f"{AUDIT}?limit=2"))
    assert more
    assert "trail" in admin.get(f"{AUDIT}{unescape(more[1])}")
    assert "refusal" in admin.get(f"{AUDIT}?person=no-such-person", 422)
    admin.get(f"{AUDIT}?from=yesterday", 422)
    reader = visitor(stack, author)
    reader.get(AUDIT, 403)
    reader.get(f"{AUDIT}.csv", 403)


def test_each_kind_of_change_has_a_name_in_the_audit_log() -> None:
    found = {one.partition(".")[0] for file in (ROOT / "application").rglob("*.py") for one in audited_in(file)}
    assert "meeting" in found
    assert found - set(GROUPS) == set()


def audited_in(file: Path) -> set[str]:
    """The codes that a file hands to a function which writes the audit log."""
    calls = (one for one in ast.walk(ast.parse(file.read_text())) if isinstance(one, ast.Call))
    words = [one for call in calls if "audit" in ast.unparse(call.func) for one in call.args]
    values = {one.value for one in words if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return {one for one in values if CODE.fullmatch(one)}
