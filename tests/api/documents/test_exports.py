"""Exports through HTTP: each format, for whom, under which name, and what is refused."""

import csv
import io
import json
import re
from typing import Any
from uuid import uuid4

import httpx
import jsonschema_rs
import pytest
import yaml

from tests.api import writing
from tests.api.conventions import problem
from tests.api.writing import ok
from tests.stack import Person, Stack

TYPES = {
    "pdf": "application/pdf",
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
MAGIC = {"pdf": b"%PDF-", "md": b"---\n", "html": b"<!doctype html>", "json": b"{", "docx": b"PK"}
every_format = pytest.mark.parametrize("kind", TYPES)


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def made(author: Person) -> Any:
    fields = {"visibility": "ORGANIZATION", "tags": ["exports"], "title": "Exports: the checkout failed"}
    made = writing.draft(author, **fields)
    item = writing.with_item(author, made["id"], author.id, description="Alert on the pool")
    comment = {"body": "Was it really the pool, my friends?", "section": "rootCause"}
    ok(author.post(f"/api/postmortems/{made['id']}/comments", json=comment), 201)
    return made | {"item": item}


def export(person: Person, postmortem_id: str, **params: Any) -> httpx.Response:
    answer: httpx.Response = person.get(f"/api/postmortems/{postmortem_id}/export", params=params)
    return answer


@every_format
def test_each_format_is_a_file_with_a_readable_name(author: Person, made: Any, kind: str) -> None:
    answer = export(author, made["id"], format=kind)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == TYPES[kind]
    name = f"postmortem-{made['number']}-exports-the-checkout-failed.{kind}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content.startswith(MAGIC[kind])


def test_a_title_in_another_script_is_in_the_name(author: Person) -> None:
    made = writing.draft(author, title='Оплата "упала"; 支払い\\')
    told = export(author, made["id"], format="md").headers["content-disposition"]
    assert told.startswith(f"attachment; filename=\"postmortem-{made['number']}.md\"; filename*=UTF-8''postmortem-")
    assert told.endswith("-%D1%83%D0%BF%D0%B0%D0%BB%D0%B0-%E6%94%AF%E6%89%95%E3%81%84.md")


@pytest.mark.parametrize("params", [{}, {"format": "odt"}, {"format": "PDF"}, {"format": "pdf", "comments": "maybe"}])
def test_another_format_is_malformed(author: Person, made: Any, params: dict[str, str]) -> None:
    problem(export(author, made["id"], **params), 422, "Malformed")


def test_an_export_is_audited(author: Person, made: Any) -> None:
    export(author, made["id"], format="html", comments=True)
    entry = ok(author.get(f"/api/postmortems/{made['id']}/audit", params={"action": "postmortem.exported"}))["items"][0]
    assert (entry["actorId"], entry["after"]) == (author.id, {"format": "html", "comments": True})


# For whom


@every_format
def test_what_may_not_be_seen_is_not_exported(stack: Stack, author: Person, kind: str) -> None:
    private = writing.draft(author, visibility="PRIVATE")
    other = stack.person()
    problem(export(other, private["id"], format=kind), 404, "NotFound")
    hidden = problem(export(other, private["id"], format=kind, comments=True), 404, "NotFound")
    nowhere = problem(export(other, "pm_neverwas", format=kind, comments=True), 404, "NotFound")
    assert hidden["detail"].replace(private["id"], "") == nowhere["detail"].replace("pm_neverwas", "")


@every_format
def test_comments_are_for_those_who_work_on_it(stack: Stack, author: Person, made: Any, kind: str) -> None:
    other = stack.person()
    problem(export(other, made["id"], format=kind, comments=True), 403, "NotAllowed")
    assert export(other, made["id"], format=kind).status_code == 200
    if kind in {"pdf", "docx"}:
        return
    assert "my friends" not in export(author, made["id"], format=kind).text
    assert "my friends" in export(author, made["id"], format=kind, comments=True).text


@every_format
def test_a_number_is_a_link_only_if_it_may_be_seen(stack: Stack, author: Person, kind: str) -> None:
    other, word = stack.person(), f"zx{uuid4().hex[:10]}"
    hidden = writing.draft(author, title=f"Secret {word}", visibility="PRIVATE")
    text = f"As in #{hidden['number']}, `#{hidden['number']}`, and x#{hidden['number']}."
    shared = writing.draft(author, summary=text, visibility="ORGANIZATION")
    for person, sees in ((author, True), (other, False)):
        answer = export(person, shared["id"], format=kind)
        assert word.encode() not in answer.content
        if kind in {"html", "md"}:
            assert answer.text.count(f"/postmortems/{hidden['id']}") == sees
            written = answer.text.rpartition("</style>")[2]  # which has colors that look like numbers
            assert len(re.findall(rf"#{hidden['number']}(?!\d)", written)) == 3


# What is in it


def test_json_is_as_its_schema_says(author: Person, stack: Stack, made: Any) -> None:
    with httpx.Client(base_url=stack.url) as stranger:
        schema = ok(stranger.get("/api/schemas/postmortem.json"))
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    found = json.loads(export(author, made["id"], format="json", comments=True).content)
    validator.validate(found)
    for wrong in (
        {**found, "schemaVersion": 2},
        {**found, "status": "GONE"},
        {**found, "createdAt": "yesterday"},
        {name: value for name, value in found.items() if name != "people"},
        {**found, "sections": [{**found["sections"][0], "text": 1}]},
    ):
        assert not validator.is_valid(wrong)


def test_json_holds_what_the_api_shows(author: Person, made: Any) -> None:
    path = f"/api/postmortems/{made['id']}"
    found = json.loads(export(author, made["id"], format="json").content)
    shown = ok(author.get(path))
    for name in (
        "id",
        "number",
        "title",
        "status",
        "visibility",
        "url",
        "services",
        "authorId",
        "editors",
        "reviewers",
    ):
        assert found[name] == shown[name], name
    for name in ("participants", "timeline", "tags", "rootCauseCategory", "durationMinutes", "createdAt", "version"):
        assert found[name] == shown[name], name
    texts = {one["name"]: one["body"] for one in ok(author.get(f"{path}/sections"))["items"]}
    assert {one["key"]: one["text"] for one in found["sections"] if one["text"] is not None} == texts
    (item,) = found["actionItems"]
    listed = ok(author.get(f"/api/action-items/{made['item']['id']}"))
    assert item == {name: value for name, value in listed.items() if name in item}
    assert item["description"] == "Alert on the pool"
    me = ok(author.get("/api/me"))
    assert found["people"] == [{name: me[name] for name in ("id", "name", "handle", "email")}]
    assert found["comments"] is None
    assert len(found["targets"]) == len(ok(author.get(f"{path}/targets"))["items"])


def test_markdown_has_front_matter_and_reads_as_it_is(author: Person, made: Any) -> None:
    _, front, text = export(author, made["id"], format="md").text.split("---\n", 2)
    facts = yaml.safe_load(front)
    assert (facts["title"], facts["number"], facts["tags"]) == (made["title"], made["number"], ["exports"])
    assert text.startswith(f"\n# {made['title']}\n\n**Visible to the organization**\n")
    assert "\n## Root cause\n\nA pool limit from two years ago.\n" in text
    assert "| Time (UTC) | Event | Type | Who |" in text


def test_what_takes_too_much_is_refused_and_the_next_is_served(author: Person, made: Any) -> None:
    """A list of 50,000 lines in each of four sections takes a PDF of a thousand pages for each."""
    text = "- a\n" * 50_000
    large = writing.draft(author, **dict.fromkeys(("summary", "impact", "rootCause", "resolution"), text))
    answer = author.get(f"/api/postmortems/{large['id']}/export", params={"format": "pdf"}, timeout=150)
    told = problem(answer, 422, "TooLargeForOneAnswer")
    assert "/api/exports" in told["detail"]
    assert export(author, made["id"], format="pdf").status_code == 200


def test_the_facts_of_a_list_are_csv(stack: Stack, author: Person) -> None:
    word = f"zx{uuid4().hex[:10]}"
    fields = {"visibility": "ORGANIZATION", "tags": ["b", "a"], "rootCauseCategory": "=1+1"}
    seen = [writing.draft(author, title=f"{word} {number}", **fields) for number in range(3)]
    hidden = writing.draft(author, title=f"{word} hidden", visibility="PRIVATE")
    writing.with_item(author, seen[0]["id"], author.id, dueDate="2026-01-01")
    for person, expected in ((author, [*seen, hidden]), (stack.person(), seen)):
        answer = person.get("/api/postmortems", params={"format": "csv", "q": word, "sort": "number", "limit": 1})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="postmortems.csv"'
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert [one["id"] for one in rows] == [one["id"] for one in expected]
        assert rows[0] == rows[0] | {
            "number": str(seen[0]["number"]),
            "title": f"{word} 0",
            "status": "DRAFT",
            "tags": "; ".join(seen[0]["tags"]),
            "rootCauseCategory": "'=1+1",
            "openActionItems": "1",
            "overdueActionItems": "1",
            "url": seen[0]["url"],
        }
