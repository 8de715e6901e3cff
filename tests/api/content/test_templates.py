"""Templates through HTTP: writing them, who may use which, what a postmortem keeps of one, and the gates."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Update, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.postmortem import Postmortem
from models.record import AuditEntry
from models.session import make_engine
from tests.api import writing
from tests.api.writing import ok
from tests.stack import Person, Stack, eventually

CORE = ["summary", "timeline", "impact", "rootCause", "resolution", "actionItems"]
STARTING = ["tpl_default", "tpl_sre", "tpl_short", "tpl_security", "tpl_customer"]


def refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    body: dict[str, Any] = response.json()
    assert body["code"] == code, body
    return body


def name() -> str:
    return f"Template {uuid4().hex[:8]}"


def sections(
    *custom: dict[str, Any], required: tuple[str, ...] = (), **changes: dict[str, Any]
) -> list[dict[str, Any]]:
    """The six core sections, optional unless named, each with its changes; then the custom ones."""
    return [*({"key": one, "required": one in required, **changes.get(one, {})} for one in CORE), *custom]


def made(by: Any, **fields: Any) -> Any:
    return ok(by.post("/api/templates", json={"name": name(), **fields}), 201)


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


def every(client: Any, **params: Any) -> list[Any]:
    """The whole list, page by page."""
    found: list[Any] = []
    cursor = None
    while True:
        page = ok(client.get("/api/templates", params={**params, "limit": 7, **({"cursor": cursor} if cursor else {})}))
        found += page["items"]
        if (cursor := page["nextCursor"]) is None:
            return found


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


def opened(by: Any, **fields: Any) -> Any:
    return ok(by.post("/api/postmortems", json={"title": f"Opened {uuid4().hex[:6]}", **fields}), 201)


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
    assert ok(author.patch(path, json={"templateId": "tpl_short", "title": "Same"}))["templateId"] == template["id"]


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


# Every type of field

FIELDS = [
    {"key": "words", "label": "Words", "type": "TEXT"},
    {"key": "count", "label": "Count", "type": "NUMBER"},
    {"key": "day", "label": "Day", "type": "DATE"},
    {"key": "grade", "label": "Grade", "type": "CHOICE", "choices": ["A", "B c"]},
    {"key": "lead", "label": "Lead", "type": "PERSON"},
    {"key": "told", "label": "Told", "type": "YES_NO"},
]


@pytest.fixture(scope="module")
def typed(admin: httpx.Client) -> str:
    return str(made(admin, customFields=FIELDS)["id"])


def test_good_values_of_every_type(author: Person, typed: str) -> None:
    values = {
        "words": "Ünï\n\ncode",
        "count": -2.5,
        "day": "2026-12-01",
        "grade": "B c",
        "lead": author.id,
        "told": False,
    }
    begun = opened(author, templateId=typed, customFields=values)
    assert begun["customFields"] == values
    path = f"/api/postmortems/{begun['id']}"
    for key, value in (("words", "x"), ("count", 2**53), ("count", 0), ("day", "1970-01-01"), ("grade", "A")):
        assert ok(author.patch(path, json={"customFields": {key: value}}))["customFields"] == {key: value}
    assert ok(author.patch(path, json={"customFields": {**values, "words": " ", "day": None}}))["customFields"] == {
        key: value for key, value in values.items() if key not in {"words", "day"}
    }
    assert ok(author.patch(path, json={"customFields": None}))["customFields"] == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("words", 1),
        ("words", ["x"]),
        ("words", "x" * 10_001),
        ("count", "1"),
        ("count", True),
        ("count", 2**53 + 1),
        ("count", 10**400),
        ("count", 1e300),
        ("day", "2026-02-30"),
        ("day", "1.12.2026"),
        ("day", "2026-12-01T00:00:00Z"),
        ("day", 20261201),
        ("grade", "C"),
        ("grade", ["A"]),
        ("lead", "user_nobody"),
        ("lead", "Jane"),
        ("lead", {"id": "user_admin"}),
        ("told", "yes"),
        ("told", 0),
        ("other", "x"),
    ],
)
def test_bad_values_of_every_type(author: Person, typed: str, key: str, value: Any) -> None:
    body = {"title": "x", "templateId": typed, "customFields": {"told": True, key: value}}
    problem = refused(author.post("/api/postmortems", json=body), 422, "InvalidCustomFields")
    assert [(one["field"], one["where"]) for one in problem["reasons"]] == [(key, f"customFields.{key}")]


def test_all_bad_values_are_told_at_once_and_nothing_is_saved(author: Person, typed: str) -> None:
    begun = opened(author, templateId=typed, customFields={"told": True})
    path = f"/api/postmortems/{begun['id']}"
    bad = {"words": 1, "count": "1", "day": "never", "grade": "Z", "lead": "user_nobody", "told": 1, "a": 1, "b": None}
    problem = refused(author.patch(path, json={"title": "Not this", "customFields": bad}), 422, "InvalidCustomFields")
    assert sorted(one["field"] for one in problem["reasons"]) == sorted(bad)
    assert ok(author.get(path)) == begun
    refused(author.patch(path, json={"customFields": {"a": 1}}), 422, "InvalidCustomFields")
    by_default = writing.draft(author)
    refused(
        author.patch(f"/api/postmortems/{by_default['id']}", json={"customFields": {"a": 1}}),
        422,
        "InvalidCustomFields",
    )
