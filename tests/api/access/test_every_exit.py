"""Every exit of a postmortem (lists, search, notices, pages) shows it only to people who may see it."""

from collections.abc import Iterator, Set
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, update

from application.escalation import reminders
from domain.access import Visibility
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.notification import Notice
from models.postmortem import Postmortem, PostmortemTarget
from tests.api.gallery import RELATIONS, Gallery
from tests.api.rows import Cast, Row, put, sessions_of
from tests.api.writing import draft, ok, with_item
from tests.pages.visiting import visitor
from tests.stack import Person, Stack

everybody = pytest.mark.parametrize("who", RELATIONS)


def seen(gallery: Gallery, who: str) -> set[str]:
    return {one.id for one in gallery.pictures if one.seen_by(who)}


def hanging(gallery: Gallery, ids: Any) -> set[str]:
    return {one.id for one in gallery.pictures} & set(ids)


def pages(person: Person, path: str, **params: Any) -> Iterator[Any]:
    """The items of all pages."""
    cursor: str | None = None
    while True:
        page = ok(person.get(path, params={**params, **({"cursor": cursor} if cursor else {})}))
        yield from page["items"]
        cursor = page["nextCursor"]
        if cursor is None:
            return


def sniff(gallery: Gallery, who: str, text: str, where: str) -> None:
    """No title, no word and no id of what is not there for them, but for ids that they asked for in ``where``.

    The owner knows their items, and whose they are.
    """
    for one in gallery.pictures:
        if not one.seen_by(who):
            told = (one.title,) if who == "owner" else (one.title, one.word, one.id, one.item, one.thread)
            assert not [word for word in told if word in text and word not in where], (
                f"{where} tells {who} of {one.name}"
            )


# Lists, filters, counts


@everybody
def test_lists_and_filters(gallery: Gallery, who: str) -> None:
    person, known = gallery.people[who], seen(gallery, who)
    by_status = {one: {it.id for it in gallery.pictures if it.status is one} for one in Status}
    by_visibility = {one: {it.id for it in gallery.pictures if it.visibility is one} for one in Visibility}
    of_team = {it.id for it in gallery.pictures if it.has_team}
    asked: list[tuple[dict[str, Any], Set[str]]] = [
        ({}, known),
        ({"sort": "number"}, known),
        ({"authorId": gallery.people["author"].id}, known),
        ({"teamId": gallery.team_id}, known & of_team),
        ({"q": "secret"}, known),
        *(({"status": one.value}, known & ids) for one, ids in by_status.items()),
        *(({"visibility": one.value}, known & ids) for one, ids in by_visibility.items()),
    ]
    for params, expected in asked:
        found = list(pages(person, "/api/postmortems", limit=200, **params))
        assert hanging(gallery, (one["id"] for one in found)) == expected, params
        sniff(gallery, who, str(found), f"the list {params}")
    late = [one["id"] for value in ("true", "false") for one in pages(person, "/api/postmortems", overdue=value)]
    assert hanging(gallery, late) == known


@everybody
def test_action_items_and_their_csv(gallery: Gallery, who: str) -> None:
    person, known = gallery.people[who], seen(gallery, who)
    everything = {one.id for one in gallery.pictures}
    mine = everything if who == "owner" else known
    items = {one.id: one.item for one in gallery.pictures}
    listed = {one["id"] for one in pages(person, "/api/action-items", limit=200)}
    assert listed & set(items.values()) == {items[one] for one in mine}
    csv = person.get("/api/action-items", params={"format": "csv", "limit": 200, "q": "zq"}).text
    assert {one for one in everything if one in csv} == mine
    sniff(gallery, who, csv, "the CSV")
    of_team = {one["postmortemId"] for one in pages(person, "/api/action-items", teamId=gallery.team_id, limit=200)}
    assert hanging(gallery, of_team) == known & {one.id for one in gallery.pictures if one.has_team}


@everybody
def test_exports(gallery: Gallery, who: str) -> None:
    person, known = gallery.people[who], seen(gallery, who)
    csv = person.get("/api/postmortems", params={"format": "csv", "q": "secret", "limit": 1}).text
    assert {one.id for one in gallery.pictures if one.id in csv} == known
    sniff(gallery, who, csv, "the CSV of postmortems")
    (one,) = [it for it in gallery.pictures if it.name == "IN_REVIEW PRIVATE"]
    for kind in ("json", "md"):
        answer = person.get(f"{one.path}/export", params={"format": kind})
        assert answer.status_code == (200 if one.id in known else 404)
        sniff(gallery, who, answer.text, f"the export {one.id}")


@everybody
def test_search_and_similar(gallery: Gallery, who: str) -> None:
    person, known = gallery.people[who], seen(gallery, who)
    for q, kind in (("secret", None), ("secret", "title"), ("fascinating", "comment"), ("item", "actionItem")):
        params = {"q": q, "limit": 50, **({"kind": kind} if kind else {})}
        found = list(pages(person, "/api/search", **params))
        assert hanging(gallery, (one["postmortem"]["id"] for one in found)) == known
        sniff(gallery, who, str(found), f"the search {params}")
    for one in gallery.pictures:
        if one.seen_by(who) and one.choice == "ORGANIZATION":
            answer = ok(person.get(f"{one.path}/similar", params={"limit": 20}))
            assert hanging(gallery, (it["postmortem"]["id"] for it in answer["items"])) <= known - {one.id}
            sniff(gallery, who, str(answer), "similar ones")


@everybody
def test_incidents_name_only_postmortems_that_are_seen(gallery: Gallery, who: str) -> None:
    person, known, incident = gallery.people[who], seen(gallery, who), gallery.incident
    shown = [ok(person.get(f"/api/incidents/{incident['id']}"))]
    shown += [one for one in pages(person, "/api/incidents", limit=200) if one["id"] == incident["id"]]
    if who in {"admin", "responder"}:
        again = {name: incident[name] for name in ("externalId", "title", "status", "startedAt", "resolvedAt")}
        shown.append(ok(person.post("/api/incidents", json=again)))
        shown.append(ok(person.patch(f"/api/incidents/{incident['id']}", json={})))
        raw = person.post("/api/webhooks/generic", json=again | {"description": uuid4().hex})
        assert raw.json().keys() == {"status", "deliveryId"}
    for one in shown:
        assert hanging(gallery, one["postmortemIds"]) == known
        assert one["postmortemId"] in {*known, *one["postmortemIds"], None}
        sniff(gallery, who, str(one), "the incident")


@everybody
def test_everything_else_that_can_be_read(gallery: Gallery, who: str) -> None:
    person = gallery.people[who]
    paths = ("users", "teams", f"teams/{gallery.team_id}", "services", "templates", "tokens", "me", "me/notifications")
    for path in (*(f"/api/{one}" for one in paths), "/metrics", "/readyz", "/openapi.json"):
        answer = person.get(path)
        assert answer.status_code == 200, path
        sniff(gallery, who, answer.text, path)
    for path in ("/api/audit", "/api/audit?format=csv", "/api/integrations"):
        assert person.get(path).status_code == (200 if who == "admin" else 403)


# Pages


@everybody
def test_pages(gallery: Gallery, who: str) -> None:
    visit, known = visitor(gallery.stack, gallery.people[who]), seen(gallery, who)
    shared = ("/", "/postmortems", "/postmortems?q=secret&limit=200", "/postmortems/new", "/action-items?show=all&q=zq")
    for path in (*shared, "/inbox", "/incidents", f"/incidents/{gallery.incident['id']}"):
        sniff(gallery, who, visit.get(path), path)
    listed = visit.get("/postmortems?q=secret&limit=200")
    assert {one.id for one in gallery.pictures if one.id in listed} == known
    for one in gallery.pictures:
        if one.choice in {"PRIVATE", "TEAM"} and one.status in {Status.DRAFT, Status.PUBLISHED}:
            there, path = one.seen_by(who), f"/postmortems/{one.id}"
            sniff(gallery, who, visit.get(path, 200 if there else 404), path)
            edit = visit.http.get(f"{path}/edit")
            assert edit.status_code in ({200, 403} if there else {404})
            path = f"/action-items/{one.item}"
            sniff(gallery, who, visit.get(path, 200 if there or who == "owner" else 404), path)


def test_forms(gallery: Gallery) -> None:
    visit = visitor(gallery.stack, gallery.people["responder"])
    (one,) = [it for it in gallery.pictures if it.name == "IN_REVIEW PRIVATE"]
    moves_of = ("submit", "approve", "request-changes", "publish", "archive", "reviewers", "edit", "comments")
    parts = (*moves_of, f"comments/{one.thread}/resolve", "action-items", "timeline", f"timeline/{one.event}/remove")
    hidden = visit.hidden("/postmortems/new")
    for path in (*(f"/postmortems/{one.id}/{part}" for part in parts), f"/action-items/{one.item}"):
        answer = visit.http.post(path, data=hidden | {"key": uuid4().hex, "body": "x", "person": "x", "event": "x"})
        assert answer.status_code == 404, f"{path}: {answer.status_code}"
        sniff(gallery, "responder", answer.text, path)
    opened = visit.http.post(f"/incidents/{gallery.incident['id']}/postmortem", data=hidden | {"key": uuid4().hex})
    assert opened.status_code == 409
    sniff(gallery, "responder", opened.text, "the refusal")


# What refusals tell


def same(gallery: Gallery, who: str, method: str, path: str, hidden: str, nowhere: str, **more: Any) -> None:
    """What is hidden is refused in the very words in which what never was is."""
    told = []
    for one in (hidden, nowhere):
        body = {name: one if value == "{id}" else value for name, value in more.get("json", {}).items()}
        headers = more.get("headers", {})
        answer = gallery.people[who].http.request(method, path.format(id=one), json=body or None, headers=headers)
        told.append((answer.status_code, answer.text.replace(one, "ID"), sorted(answer.headers)))
    assert told[0] == told[1], f"{method} {path}"
    assert told[0][0] in {404, 422}


def test_a_refusal_does_not_tell_what_is_hidden_from_what_never_was(gallery: Gallery) -> None:
    (one,) = [it for it in gallery.pictures if it.name == "IN_REVIEW PRIVATE"]
    for method, path, more in (
        ("GET", "", {}),
        ("GET", "", {"headers": {"If-None-Match": '"1"'}}),
        ("PATCH", "", {"json": {"title": "x"}}),
        ("PATCH", "", {"json": {"title": "x"}, "headers": {"If-Match": '"1"'}}),
        ("PATCH", "", {"json": {"status": "PUBLISHED"}}),
        ("PATCH", "", {"json": {}}),
        ("PATCH", "", {"json": {"teamIds": ["team_nope"]}}),
        ("DELETE", "", {}),
        ("POST", "/submit", {"json": {"reviewerIds": ["user_nope"]}}),
        ("POST", "/publish", {}),
        ("POST", "/reviews", {"json": {"decision": "APPROVE"}}),
        ("POST", "/reviewers", {"json": {"teamId": gallery.team_id}}),
        ("POST", "/comments", {"json": {"body": "x", "section": "nope"}}),
        ("POST", "/timeline/parse", {"json": {"text": "10:00 x"}}),
        ("POST", "/timeline/import", {"json": {"text": "no time"}}),
        ("POST", "/advice/ignore", {"json": {"rule": "nope", "line": "x"}}),
        ("POST", "/incidents", {"json": {"incidentId": gallery.incident["id"]}}),
        ("GET", "/template", {}),
    ):
        same(gallery, "responder", method, f"/api/postmortems/{{id}}{path}", one.id, "pm_neverwas", **more)
    for method, path, more in (
        ("GET", "", {}),
        ("PATCH", "", {"json": {"details": "x"}}),
        ("PATCH", "", {"json": {"priority": "LOW"}, "headers": {"If-Match": '"1"'}}),
        ("DELETE", "", {}),
        ("POST", "/snooze", {"json": {"until": None}}),
        ("POST", "/tickets", {"json": {"integrationId": "int_nope"}}),
        ("DELETE", "/tickets", {}),
    ):
        same(gallery, "responder", method, f"/api/action-items/{{id}}{path}", one.item, "ai_neverwas", **more)
    mine = draft(gallery.people["responder"])["id"]
    own = f"/api/postmortems/{mine}"
    same(gallery, "responder", "GET", f"{own}/comments/{{id}}", one.thread, "cmt_neverwas")
    answering = {"body": "x", "parentId": "{id}"}
    same(gallery, "responder", "POST", f"{own}/comments", one.thread, "cmt_neverwas", json=answering)
    same(gallery, "responder", "PATCH", f"{own}/timeline/{{id}}", one.event, "evt_neverwas", json={"event": "x"})
    same(gallery, "responder", "DELETE", f"{own}/timeline/{{id}}", one.event, "evt_neverwas")


def test_an_incident_that_is_covered_says_by_what_only_to_whom_sees_it(stack: Stack) -> None:
    admin, author, other = stack.person("ADMIN"), stack.person(), stack.person()
    body = {"externalId": uuid4().hex, "title": "x", "urgency": "LOW", "status": "RESOLVED", "falsePositive": True}
    body |= {"startedAt": "2026-11-20T07:00:00Z", "resolvedAt": "2026-11-20T07:20:00Z"}
    path = f"/api/incidents/{ok(admin.post('/api/incidents', json=body), 201)['id']}/postmortem"
    made = ok(author.post(path), 201)
    assert made["visibility"] == "PRIVATE"
    problem = ok(other.post(path), 409)
    assert problem["code"] == "PostmortemExists"
    assert made["id"] not in str(problem)
    assert ok(author.post(path), 409)["postmortem_id"] == made["id"]


# Answers that were kept, and sight that was lost


def keyed(person: Person, method: str, path: str, key: str, body: Any) -> Any:
    return person.http.request(method, path, json=body, headers={"Idempotency-Key": key})


def test_a_kept_answer_is_its_askers_and_ends_with_their_sight(stack: Stack) -> None:
    author, other, stranger = (stack.person() for _ in range(3))
    made = draft(author, visibility="ORGANIZATION")
    path, key = f"/api/postmortems/{made['id']}", uuid4().hex
    item = with_item(author, made["id"], other.id)["id"]
    asked: list[tuple[str, str, Any]] = [
        ("POST", f"{path}/comments", {"body": "A secret"}),
        ("POST", f"{path}/timeline/parse", {"text": "07:02 A secret", "date": "2026-11-20"}),
        ("PATCH", f"/api/action-items/{item}", {"details": "More"}),
    ]
    first = {one[1]: keyed(other, one[0], one[1], f"{key}{place}", one[2]) for place, one in enumerate(asked)}
    assert all(one.is_success for one in first.values())
    ok(author.patch(path, json={"visibility": "PRIVATE"}))
    for place, (method, where, body) in enumerate(asked):
        again = keyed(other, method, where, f"{key}{place}", body)
        if where.startswith("/api/action-items/"):
            assert (again.status_code, again.text) == (200, first[where].text), "their own item"
        else:
            assert again.status_code == 404
            assert "secret" not in again.text
        assert keyed(stranger, method, where, f"{key}{place}", body).status_code == 404
    ok(author.patch(path, json={"visibility": "ORGANIZATION"}))
    for place, (method, where, body) in enumerate(asked):
        again = keyed(other, method, where, f"{key}{place}", body)
        assert (again.status_code, again.text) == (first[where].status_code, first[where].text)


def test_a_kept_answer_to_what_was_opened_ends_with_sight(stack: Stack) -> None:
    author, admin = stack.person(), stack.person("ADMIN")
    body, key = {"title": f"Secret {uuid4().hex}"}, uuid4().hex
    made = ok(keyed(author, "POST", "/api/postmortems", key, body), 201)
    heir = stack.person()
    path = f"/api/postmortems/{made['id']}"
    ok(admin.patch(path, json={"authorId": heir.id}))
    assert ok(keyed(author, "POST", "/api/postmortems", key, body), 201) == made, "still an editor"
    ok(heir.delete(f"{path}/editors/{author.id}"), 204)
    assert keyed(author, "POST", "/api/postmortems", key, body).status_code == 404


def test_leaving_is_repeated_as_it_was(stack: Stack) -> None:
    author, editor, key = stack.person(), stack.person(), uuid4().hex
    path = f"/api/postmortems/{draft(author)['id']}"
    ok(author.post(f"{path}/editors", json={"userId": editor.id}), 201)
    for _ in range(2):
        assert keyed(editor, "DELETE", f"{path}/editors/{editor.id}", key, None).status_code == 204
    assert editor.get(path).status_code == 404


def test_an_inbox_forgets_what_is_not_seen_any_more(stack: Stack) -> None:
    author, told, owner = (stack.person() for _ in range(3))
    made = draft(author, visibility="ORGANIZATION", title=f"Secret {uuid4().hex}")
    path = f"/api/postmortems/{made['id']}"
    ok(author.post(f"{path}/editors", json={"userId": told.id, "level": "COMMENT"}), 201)
    item = with_item(author, made["id"], author.id)
    ok(author.patch(f"/api/action-items/{item['id']}", json={"ownerId": owner.id}))

    def inbox(person: Person) -> list[Any]:
        return [one for one in pages(person, "/api/me/notifications") if one["postmortemId"] == made["id"]]

    (notice,) = inbox(told)
    page = visitor(stack, told)
    assert made["title"] in page.get("/inbox")
    ok(author.patch(path, json={"visibility": "PRIVATE"}))
    ok(author.delete(f"{path}/editors/{told.id}"), 204)
    assert inbox(told) == []
    assert made["title"] not in page.get("/inbox")
    assert made["id"] not in page.get("/inbox")
    assert told.post(f"/api/me/notifications/{notice['id']}/read").status_code == 404
    assert ok(told.post("/api/me/notifications/read")) == {"marked": 0}
    assert [one["kind"] for one in inbox(owner)] == ["action_item_assigned"], "it is theirs"
    assert made["title"] not in visitor(stack, owner).get("/inbox")


async def test_a_team_lead_is_not_told_of_what_they_do_not_see(stack: Stack) -> None:
    """Where nobody else owes it; an administrator is."""
    admin, lead = stack.client(), stack.person()
    team = ok(admin.post("/api/teams", json={"name": f"T{uuid4().hex}", "leadId": lead.id}), 201)
    rows = {one: Row(visibility=one, has_team=True) for one in (Visibility.PRIVATE, Visibility.TEAM)}
    made_at = datetime(2026, 10, 26, tzinfo=UTC)
    due, now = made_at + timedelta(days=7), made_at + timedelta(days=7, hours=12)
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        for visibility, row in rows.items():
            await put(session, Cast("", "", stack.person().id, team["id"]), row)
            await session.execute(
                update(Postmortem).where(Postmortem.id == row.id).values(author_id=None, created_at=made_at)
            )
            target = {"postmortem_id": row.id, "name": "draft_completed", "due_at": due, "slips": 0}
            await session.execute(insert(PostmortemTarget).values(**target))
            item = {
                "id": f"ai_{uuid4().hex}",
                "postmortem_id": row.id,
                "description": "x",
                "due_on": made_at.date() + timedelta(days=6),
            }
            item |= {"created_at": made_at}
            await session.execute(insert(ActionItem).values(**item, workflow_started=True))
            nudged = await reminders.send_postmortem_reminders(session, row.id, now)
            nudged += await reminders.send_item_reminders(session, item["id"], now)
            told = [one.to for one in nudged]
            of_row = select(Notice.person_id).where(Notice.postmortem_id == row.id)
            assert sorted(told) == sorted((await session.execute(of_row)).scalars())
            assert len(told) == 2
            assert (lead.id in told) == (visibility is Visibility.TEAM)
