"""The template version that a postmortem keeps: what it shows, requires, and accepts."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Update, update

from models.postmortem import Postmortem
from models.session import make_engine
from tests.api.content.templates import CORE, every, made, name, opened, refused, sections
from tests.api.writing import ok
from tests.stack import Person, Stack, eventually


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


def test_a_teams_postmortems_begin_with_its_default(
    admin: httpx.Client, author: Person, team: dict[str, Any], stack: Stack
) -> None:
    theirs = made(admin, teamId=team["id"], isDefault=True, sections=sections(summary={"defaultText": "In short: "}))
    other = ok(admin.post("/api/teams", json={"name": name()}), 201)["id"]
    try:
        bodies: list[tuple[dict[str, Any], str]] = [
            ({"teamIds": [team["id"]]}, theirs["id"]),
            ({"teamIds": [other, team["id"]]}, theirs["id"]),
            ({"teamIds": [other]}, "tpl_default"),
            ({}, "tpl_default"),
            ({"teamIds": [team["id"]], "templateId": "tpl_short"}, "tpl_short"),
        ]
        for body, expected in bodies:
            assert opened(author, **body)["templateId"] == expected
        drafted = from_incident(stack, teamId=team["id"])
        assert (drafted["templateId"], drafted["summary"]) == (theirs["id"], "In short: ")
        assert "summary" not in drafted["missingSections"], "it is optional in this template"
    finally:
        ok(admin.patch(f"/api/templates/{theirs['id']}", json={"isDefault": False}))


def from_incident(stack: Stack, **fields: Any) -> Any:
    """The draft that a resolved incident opens by itself."""
    admin = stack.client()
    start = datetime.now(UTC) - timedelta(hours=2)
    report = {
        "externalId": uuid4().hex,
        "title": "Login is down",
        "urgency": "HIGH",
        "status": "RESOLVED",
        "startedAt": start.isoformat(),
        "resolvedAt": (start + timedelta(hours=1)).isoformat(),
        "customerImpact": True,
        **fields,
    }
    incident = ok(admin.post("/api/incidents", json=report), 201)
    return eventually(lambda: ok(admin.get(f"/api/postmortems/{incident['postmortemId']}")))


# What a postmortem keeps


def test_a_postmortem_keeps_its_version_while_the_template_changes(admin: httpx.Client, author: Person) -> None:
    extra = {"key": "quotes", "title": "Quotes", "required": True, "defaultText": "> "}
    field = {"key": "severity", "label": "Severity", "type": "CHOICE", "choices": ["A", "B"]}
    template = made(admin, sections=sections(extra, required=("impact",)), customFields=[field])
    begun = opened(author, templateId=template["id"], customFields={"severity": "A"})
    assert (begun["templateId"], begun["templateVersion"]) == (template["id"], 1)
    assert begun["missingSections"] == ["impact", "quotes"]
    path = f"/api/postmortems/{begun['id']}"

    changes = {
        "sections": sections(required=("summary",)),
        "customFields": [{**field, "choices": ["C"]}],
        "name": "New",
    }
    assert ok(admin.patch(f"/api/templates/{template['id']}", json=changes))["version"] == 2
    kept = ok(author.get(path))
    assert kept == begun
    assert ok(author.patch(path, json={"customFields": {"severity": "B"}}))["customFields"] == {"severity": "B"}
    refused(author.patch(path, json={"customFields": {"severity": "C"}}), 422, "InvalidCustomFields")
    assert ok(author.patch(path, json={"customSections": {"quotes": "> We could not pay"}}))["missingSections"] == [
        "impact"
    ]
    shown = ok(author.get(f"{path}/template"))
    assert (shown["id"], shown["version"], shown["name"]) == (template["id"], 1, template["name"])
    assert shown["sections"] == template["sections"]

    later = opened(author, templateId=template["id"])
    assert (later["templateVersion"], later["missingSections"]) == (2, ["summary"])
    refused(author.patch(path, json={"templateId": "tpl_short", "title": "Same"}), 422, "Malformed")
    assert ok(author.patch(path, json={"templateId": template["id"], "title": "Same"}))["templateId"] == template["id"]


def test_one_from_before_there_were_templates_follows_the_default(author: Person, stack: Stack) -> None:
    begun = opened(author, impact="Ten.")
    no_template = update(Postmortem).where(Postmortem.id == begun["id"])
    old = no_template.values(template_id=None, template_version=None, custom_fields={"cause": ["rain"]})
    asyncio.run(written(stack, old))
    path = f"/api/postmortems/{begun['id']}"
    seen = ok(author.get(path))
    assert (seen["templateId"], seen["templateVersion"], seen["customFields"]) == (None, None, {"cause": ["rain"]})
    assert seen["missingSections"] == [one for one in CORE if one != "impact"]
    shown = ok(author.get(f"{path}/template"))
    assert (shown["id"], shown["version"], len(shown["sections"])) == (None, None, 10)
    assert ok(author.patch(path, json={**seen, "detection": "By chance."}))["customFields"] == {"cause": ["rain"]}
    refused(author.patch(path, json={"customFields": {"cause": "rain"}}), 422, "InvalidCustomFields")


async def written(stack: Stack, statement: Update) -> None:
    engine = make_engine(stack.database_url)
    async with engine.begin() as connection:
        await connection.execute(statement)
    await engine.dispose()


def test_whoever_sees_a_postmortem_reads_its_template(admin: httpx.Client, team: dict[str, Any]) -> None:
    template = made(admin, teamId=team["id"])
    begun = opened(team["member"], templateId=template["id"])
    path = f"/api/postmortems/{begun['id']}/template"
    refused(team["stranger"].get(path), 404, "NotFound")
    body = {"userId": team["stranger"].id, "level": "COMMENT"}
    ok(team["member"].post(f"/api/postmortems/{begun['id']}/editors", json=body), 201)
    assert ok(team["stranger"].get(path))["name"] == template["name"]
    assert team["stranger"].get(f"/api/templates/{template['id']}").status_code == 404


def test_an_archived_template_is_kept_and_begins_nothing(admin: httpx.Client, author: Person) -> None:
    template = made(admin, sections=sections({"key": "ours", "title": "Ours", "required": True}))
    path = f"/api/templates/{template['id']}"
    begun = opened(author, templateId=template["id"])
    assert admin.delete(path, headers={"If-Match": '"7"'}).status_code == 412
    ok(admin.delete(path), 204)
    ok(admin.delete(path), 204)
    assert template["id"] not in [one["id"] for one in every(author)]
    assert [one["archivedAt"] for one in every(author, archived="true") if one["id"] == template["id"]] != [None]
    archived = ok(author.get(path))
    assert archived["archivedAt"]
    refused(author.post("/api/postmortems", json={"title": "x", "templateId": template["id"]}), 409, "TemplateArchived")
    refused(admin.post("/api/templates", json={"copyOf": template["id"]}), 409, "TemplateArchived")
    refused(admin.patch(path, json={"name": "Back"}), 409, "TemplateArchived")
    assert ok(author.get(f"/api/postmortems/{begun['id']}")) == begun
    written = ok(author.patch(f"/api/postmortems/{begun['id']}", json={"customSections": {"ours": "Words"}}))
    assert written["missingSections"] == []


def test_default_texts_stand_in_empty_sections_and_count_as_missing(admin: httpx.Client, author: Person) -> None:
    guided = sections(
        {"key": "quotes", "title": "Quotes", "required": True, "defaultText": "> "},
        required=("summary", "impact"),
        summary={"defaultText": "What happened:\n\n- "},
        impact={"defaultText": "How many: "},
    )
    template = made(admin, sections=guided)
    begun = opened(author, templateId=template["id"], impact="Nobody.", summary="  ")
    assert begun["summary"] == "What happened:\n\n- "
    assert begun["impact"] == "Nobody."
    assert begun["resolution"] is None
    assert begun["customSections"] == {"quotes": "> "}
    assert begun["missingSections"] == ["summary", "quotes"]
    path = f"/api/postmortems/{begun['id']}"
    assert "summary" in ok(author.patch(path, json={"summary": "What happened:\r\n\r\n-"}))["missingSections"]
    assert ok(author.patch(path, json={"summary": "What happened:\n\n- rain"}))["missingSections"] == ["quotes"]
    assert ok(author.patch(path, json={"summary": None}))["missingSections"] == ["summary", "quotes"]


def test_an_incidents_draft_has_the_default_texts(admin: httpx.Client, author: Person, stack: Stack) -> None:
    before = ok(admin.get("/api/templates/tpl_default"))
    changed = [
        {**one, "defaultText": "Guide"} if one["key"] in {"summary", "rootCause"} else one for one in before["sections"]
    ]
    ok(admin.patch("/api/templates/tpl_default", json={"sections": changed}))
    try:
        drafted = from_incident(stack, description="Nobody could log in.")
        assert (drafted["summary"], drafted["rootCause"]) == ("Nobody could log in.", "Guide")
        assert drafted["missingSections"] == ["impact", "rootCause", "resolution", "actionItems"]
        external = uuid4().hex
        silent = from_incident(stack, externalId=external)
        assert (silent["summary"], silent["draftStartedAt"]) == ("Guide", None)
        start = datetime.now(UTC) - timedelta(hours=2)
        told = {"externalId": external, "title": "Login was down", "startedAt": start.isoformat()}
        told |= {"updatedAt": datetime.now(UTC).isoformat()}
        ok(admin.post("/api/incidents", json=told), 200)
        again = ok(admin.get(f"/api/postmortems/{silent['id']}"))
        assert (again["title"], again["summary"], again["rootCause"]) == ("Login was down", "Guide", "Guide")
        ok(admin.post("/api/incidents", json={**told, "description": "All of it."}), 200)
        assert ok(admin.get(f"/api/postmortems/{silent['id']}"))["summary"] == "All of it."
    finally:
        ok(admin.patch("/api/templates/tpl_default", json={"sections": before["sections"]}))


def test_only_sections_of_the_kept_template_take_text(admin: httpx.Client, author: Person) -> None:
    template = made(admin, sections=sections({"key": "quotes", "title": "Quotes"}))
    begun = opened(author, templateId=template["id"], customSections={"quotes": "> Hm"})
    assert begun["customSections"] == {"quotes": "> Hm"}
    path = f"/api/postmortems/{begun['id']}"
    for name_of_another in ("timeline", "summary", "Quotes", "with blank"):
        refused(author.patch(path, json={"customSections": {name_of_another: "x"}}), 422, "Malformed")
    for body in ({"detection": "x"}, {"customSections": {"other": "x"}}):
        problem = refused(author.patch(path, json=body), 422, "SectionNotInTemplate")
        assert "quotes" in problem["detail"]
        refused(
            author.post("/api/postmortems", json={"title": "x", "templateId": template["id"], **body}),
            422,
            "SectionNotInTemplate",
        )
    assert ok(author.get(path)) == begun
    assert ok(author.patch(path, json=begun))["customSections"] == {"quotes": "> Hm"}, "nulls of others are no text"


# Required and optional, in order


def test_missing_sections_follow_the_template(admin: httpx.Client, author: Person) -> None:
    order = [
        {"key": "actionItems"},
        {"key": "closing", "title": "Closing", "required": True},
        {"key": "lessonsLearned", "required": True},
        {"key": "resolution", "required": True},
        {"key": "rootCause"},
        {"key": "impact"},
        {"key": "timeline", "required": True},
        {"key": "summary", "required": True},
    ]
    begun = opened(author, templateId=made(admin, sections=order)["id"])
    assert begun["missingSections"] == ["closing", "lessonsLearned", "resolution", "timeline", "summary"]
    listed = ok(author.get("/api/postmortems", params={"limit": 5}))["items"]
    assert next(one for one in listed if one["id"] == begun["id"])["missingSections"] == begun["missingSections"]
    problem = refused(author.post(f"/api/postmortems/{begun['id']}/submit", json={}), 409, "NotReadyToSubmit")
    named = [one["section"] for one in problem["reasons"] if one["code"] == "SectionMissing"]
    assert named == begun["missingSections"]


def test_the_gates_ask_for_what_the_kept_template_requires(admin: httpx.Client, author: Person, stack: Stack) -> None:
    reviewer = stack.person()
    template = made(
        admin,
        sections=sections({"key": "closing", "title": "Closing", "required": True, "defaultText": "Thanks."}),
        customFields=[
            {"key": "severity", "label": "Severity", "type": "NUMBER", "required": True},
            {"key": "lead", "label": "Lead", "type": "PERSON"},
            {"key": "told", "label": "Customers told", "type": "YES_NO", "required": True},
        ],
    )
    begun = opened(author, templateId=template["id"])
    path = f"/api/postmortems/{begun['id']}"
    assert (begun["missingSections"], begun["missingFields"]) == (["closing"], ["severity", "told"])
    ok(author.post(f"{path}/reviewers", json={"userIds": [reviewer.id]}), 201)
    missing = [
        ("SectionMissing", "closing"),
        ("FieldMissing", "severity"),
        ("FieldMissing", "told"),
    ]
    assert reasons(author.post(f"{path}/submit", json={})) == missing
    ok(author.patch(path, json={"customSections": {"closing": "Bye."}, "customFields": {"severity": 0, "told": False}}))
    ok(author.post(f"{path}/submit", json={}))
    ok(
        author.patch(
            path, json={"customSections": {"closing": "Thanks. "}, "customFields": {"severity": 1, "told": None}}
        )
    )
    ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    assert reasons(author.post(f"{path}/publish")) == [missing[0], missing[2]]
    ok(author.patch(path, json={"customSections": {"closing": "Bye."}, "customFields": {"severity": 1, "told": True}}))
    ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    assert ok(author.post(f"{path}/publish"))["status"] == "PUBLISHED"


def reasons(response: httpx.Response) -> list[tuple[str, str]]:
    assert response.status_code == 409, response.text
    return [(one["code"], one.get("section") or one.get("field")) for one in response.json()["reasons"]]
