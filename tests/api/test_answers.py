"""The answers that the database shapes: each keeps to the OpenAPI document, and is what its shape would write."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import jsonschema_rs
import pytest
from pydantic import TypeAdapter
from sqlalchemy import delete, insert, select, update

from api.app import create_app
from api.shapes.action_items import ActionItemOut
from api.shapes.base import Listing
from api.shapes.incidents import IncidentOut
from api.shapes.notifications import NoticeOut
from api.shapes.postmortems import PostmortemOut, TimelineEventOut
from api.v1.comments import CommentOut
from models.action_item import ActionItem, PullRequest, Ticket
from models.content import Section
from models.postmortem import (
    Comment,
    Postmortem,
    PostmortemEditor,
    PostmortemParticipant,
    PostmortemReviewer,
    PostmortemTeam,
    TimelineEvent,
)
from models.queries.postmortems.counts import unresolved_threads
from models.team import Service
from runtime.settings import Settings
from tests.api import writing
from tests.api.rows import sessions_of
from tests.api.writing import ok
from tests.stack import Person, Stack, eventually

NOW = datetime(2026, 11, 3, 9, 30, 15, 120_000, tzinfo=UTC)
DOORS: dict[str, Any] = {
    "/api/postmortems/{pm}": PostmortemOut,
    "/api/postmortems": Listing[PostmortemOut],
    "/api/postmortems/{pm}/action-items": Listing[ActionItemOut],
    "/api/action-items": Listing[ActionItemOut],
    "/api/action-items/{item}": ActionItemOut,
    "/api/incidents": Listing[IncidentOut],
    "/api/incidents/{incident}": IncidentOut,
    "/api/me/notifications": Listing[NoticeOut],
    "/api/postmortems/{pm}/comments": Listing[CommentOut],
    "/api/postmortems/{pm}/comments/{comment}": CommentOut,
    "/api/postmortems/{pm}/timeline": Listing[TimelineEventOut],
}
NAMES = {"pm": "postmortem_id", "item": "item_id", "incident": "incident_id", "comment": "comment_id"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    settings = Settings(database_url="postgresql+asyncpg://nowhere/nothing", secret_key="x")  # type: ignore[arg-type]
    return create_app(settings).openapi()


@pytest.fixture
async def known(stack: Stack) -> dict[str, str]:
    """Of each kind one that has everything: fractions of seconds, amounts, odd letters, tickets, anchors."""
    author, admin = stack.person("ADMIN"), stack.client()
    team = ok(admin.post("/api/teams", json={"name": uuid4().hex}), 201)["id"]
    service = ok(admin.post("/api/services", json={"name": f"pay-“ß”-{uuid4().hex}"}), 201)["id"]
    reviewers = [stack.person(), stack.person()]
    pm = str(
        writing.ready(
            author,
            reviewers,
            visibility="PRIVATE",
            teamIds=[team],
            serviceIds=[service],
            summary='Line one\n\n"quoted" \\ back 障害 café\u2028',
            impactMetrics={"revenueImpact": {"amount": "12500.00", "currency": "USD"}, "affectedUsers": 0},
            tags=["a, b", "c"],
            timeline=[
                {"at": "2026-01-01T10:00:00.5Z", "event": "Paged"},
                {"at": "2026-01-01T11:00:00Z", "event": "Up"},
            ],
        )["id"]
    )
    report = {
        "externalId": uuid4().hex,
        "title": "Down",
        "startedAt": "2026-01-01T10:00:00+02:00",
        "status": "OPEN",
        "responders": ["jane@example.com"],
        "timeline": [{"at": "2026-01-01T10:00:00.25Z", "event": "Alert"}],
    }
    incident = ok(author.post("/api/incidents", json=report), 201)["id"]
    anchored = {"body": f"Why? @{handle(author)}", "section": "summary", "anchor": {"quote": "quoted"}}
    comment = ok(author.post(f"/api/postmortems/{pm}/comments", json=anchored), 201)["id"]
    ok(author.post(f"/api/postmortems/{pm}/comments", json={"body": "So.", "parentId": comment}), 201)
    item = writing.with_item(author, pm, reviewers[0].id, details="More\nof it")["id"]
    ticket = await give_ticket(stack, item)
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        fields = {"custom_fields": {"number": 1.5, "text": "é"}, "draft_started_at": NOW, "submitted_at": NOW}
        await session.execute(update(Postmortem).where(Postmortem.id == pm).values(**fields))
        late = {"due_on": date(2026, 1, 1), "snoozed_until": NOW, "due_on_moves": 2}
        await session.execute(update(ActionItem).where(ActionItem.id == item).values(**late))
    token = author.http.headers["Authorization"]
    return {"pm": pm, "item": item, "incident": incident, "comment": comment, "token": token} | {
        "author": author.id,
        "other": stack.person().id,
        "service": service,
        "ticket": ticket,
    }


def handle(person: Person) -> str:
    return str(ok(person.get("/api/me"))["handle"])


async def give_ticket(stack: Stack, item: str) -> str:
    made = {"kind": "console", "name": uuid4().hex, "config": {}, "secrets": {"webhookSecret": "x"}}
    integration = ok(stack.client().post("/api/integrations", json=made), 201)["id"]
    ticket = {"id": f"tkt_{uuid4().hex}", "action_item_id": item, "integration_id": integration, "tracker": "console"}
    shown = {
        "key": "C-1",
        "url": "https://example.com/1",
        "link_state": "ok",
        "conflict": "Both",
        "last_synced_at": NOW,
    }
    pull = {
        "id": uuid4().hex,
        "ticket_id": ticket["id"],
        "url": "https://example.com/p",
        "title": "Fix",
        "state": "open",
    }
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        await session.execute(insert(Ticket).values(**ticket, **shown))
        await session.execute(insert(PullRequest).values(**pull))
    return ticket["id"]


async def test_answers_keep_to_the_document_and_to_their_shapes(
    stack: Stack, known: dict[str, str], document: dict[str, Any]
) -> None:
    for pattern, shape in DOORS.items():
        answer = ok_answer(stack, known, pattern.format(**known))
        documented = document["paths"][pattern.format(**{one: f"{{{name}}}" for one, name in NAMES.items()})]["get"]
        schema = documented["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": document["components"]}
        problems = [one.message for one in jsonschema_rs.validator_for(whole).iter_errors(answer)]
        assert not problems, (pattern, problems)
        adapter: TypeAdapter[Any] = TypeAdapter(shape)
        assert answer == json.loads(adapter.dump_json(adapter.validate_python(answer), by_alias=True)), pattern


def ok_answer(stack: Stack, known: dict[str, str], path: str) -> Any:
    return ok(stack.client().get(path, headers={"Authorization": known["token"]}))


async def test_the_details_of_a_postmortem(stack: Stack, known: dict[str, str]) -> None:
    found = ok_answer(stack, known, f"/api/postmortems/{known['pm']}")
    assert found["draftStartedAt"] == "2026-11-03T09:30:15.120000Z"
    assert [one["at"] for one in found["timeline"]] == ["2026-01-01T10:00:00.500000Z", "2026-01-01T11:00:00Z"]
    assert found["impactMetrics"] == {
        "durationMinutes": None,
        "affectedUsers": 0,
        "failedTransactions": None,
        "revenueImpact": {"amount": "12500.00", "currency": "USD"},
        "slaBreach": None,
        "supportTickets": None,
    }
    assert found["customFields"] == {"number": 1.5, "text": "é"}
    assert found["summary"].endswith("障害 café\u2028")
    assert found["actionItemCounts"] == {"open": 2, "inProgress": 0, "completed": 0, "wontDo": 0, "overdue": 1}
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        threads = select(Comment.id).where(Comment.postmortem_id == known["pm"], *unresolved_threads())
        assert found["unresolvedComments"] == len((await session.execute(threads)).all()) == 1
    ticket = ok_answer(stack, known, f"/api/action-items/{known['item']}")["tickets"][0]
    assert (ticket["detail"], ticket["lastSyncedAt"]) == ("Both", "2026-11-03T09:30:15.120000Z")


CHANGED: dict[str, Any] = {
    "a section": update(Section).values(body="Other"),
    "a comment that is resolved": update(Comment).values(resolved_at=NOW),
    "an item": update(ActionItem).values(status="COMPLETED"),
    "an item that is now overdue": update(ActionItem).values(due_on=date(2026, 1, 1), status="OPEN"),
    "a decision": update(PostmortemReviewer).values(decision="APPROVE", decided_revision=1),
    "an event": update(TimelineEvent).values(event="Other"),
    "an event that is gone": delete(TimelineEvent),
    "a participant": insert(PostmortemParticipant),
    "an editor": insert(PostmortemEditor).values(level="EDIT"),
    "a team that is gone": delete(PostmortemTeam),
}
"""What changes a postmortem's answer and not its row, as statements over all rows."""


@pytest.mark.parametrize("what", CHANGED)
async def test_whatever_is_shown_changes_the_tag(stack: Stack, known: dict[str, str], what: str) -> None:
    path, statement = f"/api/postmortems/{known['pm']}", CHANGED[what]
    client, headers = stack.client(), {"Authorization": known["token"]}
    eventually(lambda: are_started(stack, known["pm"]))
    seen = client.get(path, headers=headers)
    listed = client.get(f"/api/postmortems?authorId={known['author']}", headers=headers)
    with_tag = headers | {"If-None-Match": seen.headers["etag"]}
    assert client.get(path, headers=with_tag).status_code == 304
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        if statement.is_insert:
            added = statement.values(postmortem_id=known["pm"], person_id=known["other"])
            await session.execute(added)
        else:
            table = statement.entity_description["entity"]
            await session.execute(statement.where(table.postmortem_id == known["pm"]))
    again = client.get(path, headers=with_tag)
    assert again.status_code == 200
    assert again.json() != seen.json()
    assert again.headers["etag"] != seen.headers["etag"]
    assert again.json()["version"] == seen.json()["version"]
    list_tag = headers | {"If-None-Match": listed.headers["etag"]}
    assert client.get(f"/api/postmortems?authorId={known['author']}", headers=list_tag).status_code == 200


def are_started(stack: Stack, pm: str) -> bool:
    """That a workflow has started is the last change that the rows of the postmortem and its items make by
    themselves."""
    assert stack.direct is not None
    rows = select(Postmortem.workflow_started).where(Postmortem.id == pm)
    items = select(ActionItem.workflow_started).where(ActionItem.postmortem_id == pm)
    return all(stack.direct.rows(rows) + stack.direct.rows(items))


async def test_a_service_that_is_renamed_and_a_ticket_that_moves_change_the_tags(
    stack: Stack, known: dict[str, str]
) -> None:
    client, headers = stack.client(), {"Authorization": known["token"]}
    renamed = update(Service).where(Service.id == known["service"]).values(name=uuid4().hex)
    moved = update(Ticket).where(Ticket.action_item_id == known["item"]).values(status="Done")
    merged = update(PullRequest).where(PullRequest.ticket_id == known["ticket"]).values(state="merged")
    paths = {renamed: "/api/postmortems/{pm}", moved: "/api/action-items/{item}", merged: "/api/action-items/{item}"}
    for statement, pattern in paths.items():
        path = pattern.format(**known)
        tag = client.get(path, headers=headers).headers["etag"]
        async with sessions_of(stack) as sessions, sessions.begin() as session:
            await session.execute(statement)
        assert client.get(path, headers=headers | {"If-None-Match": tag}).status_code == 200, path


async def test_what_one_may_no_longer_see_is_not_unchanged(stack: Stack, known: dict[str, str]) -> None:
    """Not even for who has its tag."""
    reader = stack.person()
    path = f"/api/postmortems/{known['pm']}"
    author = {"Authorization": known["token"]}
    ok(stack.client().patch(path, json={"visibility": "ORGANIZATION"}, headers=author))
    tag = reader.get(path).headers["etag"]
    assert reader.get(path, headers={"If-None-Match": tag}).status_code == 304
    ok(stack.client().patch(path, json={"visibility": "PRIVATE"}, headers=author))
    assert reader.get(path, headers={"If-None-Match": tag}).status_code == 404
    assert reader.get(path, headers={"If-None-Match": "*"}).status_code == 404
