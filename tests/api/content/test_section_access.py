"""Who may read and change a section, and what a change does to approvals and targets."""

from typing import Any
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.content.sections import history, put, refused
from tests.api.writing import SECTIONS, ok
from tests.domain.content.test_markdown import VECTORS, check
from tests.stack import Person, Stack, eventually


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def editor(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture
def path(author: Person, editor: Person) -> str:
    """A draft of the author and an editor, in which only the required sections are written."""
    made = writing.draft(author)
    ok(author.post(f"/api/postmortems/{made['id']}/editors", json={"userId": editor.id, "level": "EDIT"}), 201)
    return f"/api/postmortems/{made['id']}"


# Who may


def doors(path: str) -> list[tuple[str, str, Any]]:
    one = f"{path}/sections/summary"
    return [
        ("GET", f"{path}/sections", None),
        ("GET", one, None),
        ("GET", f"{one}/revisions", None),
        ("GET", f"{one}/revisions/1", None),
        ("GET", f"{one}/diff", None),
        ("PUT", one, {"body": "Changed by who may not."}),
        ("POST", f"{one}/restore", {"revision": 1}),
    ]


def test_who_may_not_see_learns_nothing_and_who_may_only_see_changes_nothing(
    stack: Stack, author: Person, path: str
) -> None:
    stranger, commenter = stack.person(), stack.person()
    ok(author.post(f"{path}/editors", json={"userId": commenter.id, "level": "COMMENT"}), 201)
    for method, where, body in doors(path):
        refused(stranger.request(method, where, json=body), 404, "NotFound")
        answer = commenter.request(method, where, json=body)
        if method == "GET":
            ok(answer)
        else:
            refused(answer, 403, "EditingClosed")
    for method, where, body in doors("/api/postmortems/pm_nothing"):
        refused(author.request(method, where, json=body), 404, "NotFound")
    assert len(history(author, path, "summary")) == 1


def test_a_published_one_is_the_administrators_to_change(stack: Stack, author: Person) -> None:
    path = f"/api/postmortems/{writing.published(author, [stack.person()])['id']}"
    admin = stack.person("ADMIN")
    refused(put(author, path, "summary", "x"), 403, "EditingClosed")
    refused(author.post(f"{path}/sections/summary/restore", json={"revision": 1}), 403, "EditingClosed")
    assert ok(put(admin, path, "summary", "Corrected."))["updatedBy"] == admin.id
    assert len(history(stack.person(), path, "summary")) == 2


def test_an_approval_becomes_stale(stack: Stack, author: Person) -> None:
    reviewer = stack.person()
    path = f"/api/postmortems/{writing.approved(author, [reviewer])['id']}"

    def state() -> str:
        return str(ok(author.get(path))["reviewers"][0]["state"])

    before = state()
    ok(put(author, path, "summary", SECTIONS["summary"]))
    assert state() == before
    ok(put(author, path, "summary", "Something else.", base=1))
    assert state() != before
    kinds = [one["kind"] for one in ok(reviewer.get("/api/me/notifications"))["items"]]
    assert "review_stale" in kinds


def test_saving_starts_the_draft(stack: Stack) -> None:
    """An incident opens a draft that nobody has begun; the first saved text begins it."""
    admin = stack.person("ADMIN")
    service = ok(admin.post("/api/services", json={"name": f"Sections {uuid4().hex[:6]}"}), 201)
    report = {
        "externalId": uuid4().hex,
        "title": "Down",
        "startedAt": "2026-01-01T10:00:00Z",
        "resolvedAt": "2026-01-01T12:00:00Z",
        "status": "RESOLVED",
        "urgency": "HIGH",
        "serviceName": service["name"],
    }
    incident = ok(admin.post("/api/incidents", json=report), 201)
    listed = eventually(lambda: ok(admin.get("/api/incidents"))["items"])
    found = next(one for one in listed if one["id"] == incident["id"])
    postmortem_id = eventually(lambda: ok(admin.get(f"/api/incidents/{found['id']}"))["postmortemId"])
    path = f"/api/postmortems/{postmortem_id}"
    assert ok(admin.get(path))["draftStartedAt"] is None
    first = [one for one in ok(admin.get(f"{path}/sections"))["items"] if one["revision"]]
    assert all(one["updatedBy"] is None for one in first)
    for one in first:
        assert [(entry["origin"], entry["authorId"]) for entry in history(admin, path, one["name"])] == [
            ("prefill", None)
        ]
    ok(put(admin, path, "summary", "Begun."))
    assert ok(admin.get(path))["draftStartedAt"] is not None


# Rendering


def test_html_is_added_where_it_is_asked_for(author: Person, path: str) -> None:
    where = f"{path}/sections/summary"
    ok(put(author, path, "summary", "# Cause\n\n- [x] **done**"))
    assert "html" not in ok(author.get(where))
    html = ok(author.get(where, params={"render": "html"}))["html"]
    assert '<h3 dir="auto">Cause</h3>' in html
    assert "\u2611 <strong>done</strong>" in html
    assert ok(author.get(f"{path}/sections/detection", params={"render": "html"}))["html"] == ""
    refused(author.get(where, params={"render": "pdf"}), 422, "Malformed")


def test_no_vector_gets_through_the_api(author: Person, path: str) -> None:
    for vector in VECTORS:
        if "\0" in vector:
            refused(put(author, path, "summary", vector), 422, "Malformed")
            continue
        ok(put(author, path, "summary", vector))
        told = ok(author.get(f"{path}/sections/summary", params={"render": "html"}))
        assert told["body"] == vector
        check(told["html"])
