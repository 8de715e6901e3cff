"""Templates through HTTP: editing them, who may use which, and the defaults."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import AuditEntry
from models.session import make_engine
from tests.api.content.templates import CORE, every, made, name, refused, sections
from tests.api.writing import ok
from tests.stack import Person, Stack

STARTING = ["tpl_default", "tpl_sre", "tpl_short", "tpl_security", "tpl_customer"]


@pytest.fixture(scope="module")
def admin(stack: Stack) -> httpx.Client:
    return stack.client()


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def team(stack: Stack) -> dict[str, Any]:
    """A team with a lead, a member, and somebody who is in no team."""
    lead, stranger = stack.person(), stack.person()
    body = {"name": f"Templates {uuid4().hex[:8]}", "leadId": lead.id}
    row = ok(stack.client().post("/api/teams", json=body), 201)
    member = stack.person(teamIds=[row["id"]])
    return {"id": row["id"], "lead": lead, "member": member, "stranger": stranger}


# Writing them


def test_the_starting_points_are_there(author: Person) -> None:
    found = {one["id"]: one for one in ok(author.get("/api/templates", params={"limit": 200}))["items"]}
    assert set(STARTING) <= found.keys()
    assert [one for one in STARTING if found[one]["isDefault"]] == ["tpl_default"]
    default = found["tpl_default"]
    assert [one["key"] for one in default["sections"] if one["required"]] == CORE
    assert len(default["sections"]) == 10
    assert all(one["standard"] and one["prompt"] and one["defaultText"] is None for one in default["sections"])
    security = found["tpl_security"]
    assert {one["type"] for one in security["customFields"]} == {"TEXT", "NUMBER", "DATE", "CHOICE", "PERSON", "YES_NO"}
    assert [one["key"] for one in security["sections"] if not one["standard"]] == ["exposedData", "notices"]
    assert security["createdById"] is None


def test_seeding_again_leaves_what_people_made_of_them(admin: httpx.Client, stack: Stack) -> None:
    before = ok(admin.get("/api/templates/tpl_short"))
    changed = ok(admin.patch("/api/templates/tpl_short", json={"description": f"Ours {uuid4().hex}"}))
    stack.run("seed")
    assert ok(admin.get("/api/templates/tpl_short")) == changed
    ok(admin.patch("/api/templates/tpl_short", json={"description": before["description"]}))


def test_a_template_is_written_read_and_changed(admin: httpx.Client, author: Person) -> None:
    body = {
        "name": name(),
        "description": "For us",
        "sections": sections({"key": "quotes", "title": "Customer quotes", "prompt": "Three at most"}),
        "customFields": [
            {"key": "severity", "label": "Severity", "type": "CHOICE", "choices": ["A", "B"], "required": True}
        ],
    }
    answer = admin.post("/api/templates", json=body)
    template = ok(answer, 201)
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/api/templates/{template['id']}"
    assert template["sections"][0] == {
        "key": "summary",
        "title": "Summary",
        "required": False,
        "standard": True,
        "defaultText": None,
        "prompt": None,
        "shareable": True,
    }
    assert template["sections"][-1]["standard"] is False
    assert template["customFields"][0]["choices"] == ["A", "B"]
    assert (template["teamId"], template["isDefault"], template["archivedAt"]) == (None, False, None)

    path = f"/api/templates/{template['id']}"
    read = author.get(path)
    assert ok(read) == template
    assert read.headers["etag"] == '"1"'
    changed = ok(admin.patch(path, json={"description": None}, headers={"If-Match": '"1"'}))
    assert changed == {**template, "description": None, "version": 2, "updatedAt": changed["updatedAt"]}
    assert ok(author.get(path, params={"version": 1})) == template
    assert ok(author.get(path)) == changed
    assert ok(admin.patch(path, json={"description": ""}))["version"] == 2, "what changes nothing makes no version"
    versions = ok(author.get(f"{path}/versions"))["items"]
    assert [(one["version"], one["description"]) for one in versions] == [(2, None), (1, "For us")]
    page = ok(author.get(f"{path}/versions", params={"limit": 1}))
    assert ok(author.get(f"{path}/versions", params={"cursor": page["nextCursor"]}))["items"] == versions[1:]
    refused(author.get(path, params={"version": 9}), 404, "NotFound")
    refused(author.get(path, params={"version": 0}), 422, "Malformed")


def test_what_is_sent_back_unchanged_is_taken(admin: httpx.Client) -> None:
    template = made(admin, copyOf="tpl_security")
    assert ok(admin.patch(f"/api/templates/{template['id']}", json=template)) == template


def test_a_copy_begins_with_what_it_copies(admin: httpx.Client) -> None:
    original = ok(admin.get("/api/templates/tpl_sre"))
    copy = made(admin, copyOf="tpl_sre", description="Ours")
    same = ("sections", "customFields")
    assert {one: copy[one] for one in same} == {one: original[one] for one in same}
    assert (copy["description"], copy["isDefault"]) == ("Ours", False)
    refused(admin.post("/api/templates", json={"copyOf": "tpl_nothing"}), 422, "UnknownReference")
    assert made(admin)["sections"] == ok(admin.get("/api/templates/tpl_default"))["sections"]


def test_a_template_that_cannot_be_used_is_refused_with_every_reason(admin: httpx.Client) -> None:
    body = {
        "name": name(),
        "sections": [
            {"key": "summary"},
            {"key": "summary"},
            {"key": "rootcause", "title": "x"},
            {"key": "extra"},
            {"key": "timeline", "defaultText": "14:00"},
        ],
        "customFields": [
            {"key": "a", "label": "A", "type": "CHOICE"},
            {"key": "a", "label": "A", "type": "TEXT", "choices": ["x"]},
        ],
    }
    problem = refused(admin.post("/api/templates", json=body), 422, "InvalidTemplate")
    assert [(one["code"], one["where"]) for one in problem["reasons"]] == [
        ("RepeatedKey", "sections.1.key"),
        ("ReservedKey", "sections.2.key"),
        ("TitleMissing", "sections.3.title"),
        ("NoDefaultText", "sections.4.defaultText"),
        *[("SectionLeftOut", "sections")] * 4,
        ("ChoicesMissing", "customFields.0.choices"),
        ("RepeatedKey", "customFields.1.key"),
        ("NoChoices", "customFields.1.choices"),
    ]
    template = made(admin)
    refused(
        admin.patch(f"/api/templates/{template['id']}", json={"sections": [{"key": "impact"}]}), 422, "InvalidTemplate"
    )
    assert ok(admin.get(f"/api/templates/{template['id']}")) == template


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": None},
        {"name": " "},
        {"name": "x", "nmae": "x"},
        {"name": "x", "sections": []},
        {"name": "x", "sections": [{"key": "With Blank"}]},
        {"name": "x", "sections": [{"key": "summary", "requierd": True}]},
        {"name": "x", "sections": [{"key": f"a{one}", "title": "x"} for one in range(61)]},
        {"name": "x", "customFields": [{"key": "a", "label": "A", "type": "COLOUR"}]},
        {"name": "x", "customFields": [{"key": "a", "label": "", "type": "TEXT"}]},
        {"name": "x", "isDefault": None},
        {"name": "x", "teamId": "nonsense"},
        {"name": "x\0y"},
    ],
)
def test_malformed_templates(admin: httpx.Client, body: dict[str, Any]) -> None:
    refused(admin.post("/api/templates", json=body), 422, "Malformed")


def test_two_who_save_at_once_do_not_overwrite_each_other(admin: httpx.Client, stack: Stack) -> None:
    path = f"/api/templates/{made(admin)['id']}"
    with ThreadPoolExecutor(6) as pool:
        clients = [stack.client() for _ in range(6)]
        answers = list(
            pool.map(
                lambda one: one[1].patch(path, json={"description": f"by {one[0]}"}, headers={"If-Match": '"1"'}),
                enumerate(clients),
            )
        )
    assert sorted(one.status_code for one in answers) == [200, *[412] * 5]
    for one in answers:
        if one.status_code == 412:
            assert refused(one, 412, "StaleVersion")["current"] == 2
    won = next(one.json() for one in answers if one.status_code == 200)
    assert ok(admin.get(path)) == won
    assert len(ok(admin.get(f"{path}/versions"))["items"]) == 2


def test_a_repeated_request_makes_one_template(admin: httpx.Client) -> None:
    headers, body = {"Idempotency-Key": uuid4().hex}, {"name": name()}
    first, again = (admin.post("/api/templates", json=body, headers=headers) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert [one["name"] for one in every(admin)].count(body["name"]) == 1


# Whose they are


def test_a_teams_templates_are_its_own(admin: httpx.Client, team: dict[str, Any]) -> None:
    template = made(admin, teamId=team["id"])
    path = f"/api/templates/{template['id']}"
    for person, sees in ((admin, True), (team["member"], True), (team["lead"], True), (team["stranger"], False)):
        assert (template in every(person)) is sees
        assert (template in every(person, teamId=team["id"])) is sees
        for door in (path, f"{path}/versions"):
            assert person.get(door).status_code == (200 if sees else 404)
    refused(team["stranger"].patch(path, json={"name": "Mine"}), 404, "NotFound")
    refused(team["stranger"].delete(path), 404, "NotFound")
    refused(
        team["stranger"].post("/api/templates", json={"name": "x", "copyOf": template["id"]}), 422, "UnknownReference"
    )
    refused(
        team["stranger"].post("/api/postmortems", json={"title": "x", "templateId": template["id"]}),
        422,
        "UnknownReference",
    )


def test_administrators_write_and_a_lead_for_their_team(
    admin: httpx.Client, author: Person, team: dict[str, Any], stack: Stack
) -> None:
    refused(author.post("/api/templates", json={"name": "x"}), 403, "NotAllowed")
    refused(author.patch("/api/templates/tpl_sre", json={"name": "x"}), 403, "NotAllowed")
    refused(author.delete("/api/templates/tpl_sre"), 403, "NotAllowed")
    refused(team["lead"].post("/api/templates", json={"name": "x"}), 403, "NotAllowed")
    refused(team["member"].post("/api/templates", json={"name": "x", "teamId": team["id"]}), 403, "NotAllowed")
    refused(admin.post("/api/templates", json={"name": "x", "teamId": "team_nothing"}), 422, "UnknownReference")
    theirs = made(team["lead"], teamId=team["id"], copyOf="tpl_short")
    path = f"/api/templates/{theirs['id']}"
    refused(team["member"].patch(path, json={"name": "x"}), 403, "NotAllowed")
    assert ok(team["lead"].patch(path, json={"description": "Ours"}))["version"] == 2
    ok(team["lead"].delete(path), 204)

    someone = stack.person("ADMIN")
    token = ok(someone.post("/api/tokens", json={"name": "narrow", "scopes": ["read", "write"]}), 201)["token"]
    refused(stack.client(token).post("/api/templates", json={"name": "x"}), 403, "ScopeMissing")
    refused(stack.client(None).get("/api/templates"), 401, "NotSignedIn")


def test_every_change_is_in_the_audit_trail(admin: httpx.Client, stack: Stack) -> None:
    template = made(admin)
    ok(admin.patch(f"/api/templates/{template['id']}", json={"description": "New"}))
    ok(admin.delete(f"/api/templates/{template['id']}"), 204)
    rows = asyncio.run(audit_of(stack, template["id"]))
    assert [one.action for one in rows] == ["template.created", "template.updated", "template.archived"]
    assert (rows[1].before, rows[1].after) == ({"description": None}, {"description": "New", "version": 2})
    assert all(one.actor_id == "user_admin" and one.origin == "api" for one in rows)


async def audit_of(stack: Stack, entity_id: str) -> list[AuditEntry]:
    engine = make_engine(stack.database_url)
    async with AsyncSession(engine) as session:
        statement = select(AuditEntry).where(AuditEntry.entity_id == entity_id).order_by(AuditEntry.id)
        rows = list((await session.execute(statement)).scalars())
    await engine.dispose()
    return rows


# The default one


def test_each_team_and_the_organisation_have_one_default(admin: httpx.Client, team: dict[str, Any]) -> None:
    first, second = (made(admin, teamId=team["id"], isDefault=True) for _ in range(2))
    assert ok(admin.get(f"/api/templates/{first['id']}"))["isDefault"] is False
    assert ok(admin.get(f"/api/templates/{first['id']}"))["version"] == 2
    again = ok(admin.patch(f"/api/templates/{first['id']}", json={"isDefault": True}))
    assert (again["isDefault"], again["version"]) == (True, 3)
    assert ok(admin.get(f"/api/templates/{second['id']}"))["isDefault"] is False
    refused(admin.delete(f"/api/templates/{first['id']}"), 409, "DefaultTemplateNeeded")
    assert ok(admin.get("/api/templates/tpl_default"))["isDefault"] is True
    assert ok(admin.patch(f"/api/templates/{first['id']}", json={"isDefault": False}))["isDefault"] is False
    ok(admin.delete(f"/api/templates/{first['id']}"), 204)


def test_the_organisation_always_has_a_default(admin: httpx.Client, author: Person) -> None:
    refused(admin.delete("/api/templates/tpl_default"), 409, "DefaultTemplateNeeded")
    refused(admin.patch("/api/templates/tpl_default", json={"isDefault": False}), 409, "DefaultTemplateNeeded")
    ours = made(admin, sections=sections({"key": "ours", "title": "Ours"}), isDefault=True)
    try:
        opened = ok(author.post("/api/postmortems", json={"title": "By the new default"}), 201)
        assert (opened["templateId"], opened["templateVersion"]) == (ours["id"], 1)
        assert [one["id"] for one in every(author) if one["isDefault"]] == [ours["id"]]
    finally:
        ok(admin.patch("/api/templates/tpl_default", json={"isDefault": True}))
    opened = ok(author.post("/api/postmortems", json={"title": "By the old default"}), 201)
    assert opened["templateId"] == "tpl_default"


def test_defaults_that_are_taken_at_once_leave_one(admin: httpx.Client, team: dict[str, Any], stack: Stack) -> None:
    rivals = [made(admin, teamId=team["id"]) for _ in range(5)]
    clients = [stack.client() for _ in rivals]
    with ThreadPoolExecutor(5) as pool:
        answers = list(
            pool.map(
                lambda one: one[0].patch(f"/api/templates/{one[1]['id']}", json={"isDefault": True}),
                zip(clients, rivals, strict=True),
            )
        )
    assert {one.status_code for one in answers} <= {200, 409, 503}, [one.text for one in answers]
    assert any(one.status_code == 200 for one in answers)
    defaults = [one["id"] for one in every(admin, teamId=team["id"]) if one["isDefault"]]
    assert len(defaults) == 1
    ok(admin.patch(f"/api/templates/{defaults[0]}", json={"isDefault": False}))
