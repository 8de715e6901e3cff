"""What people do in Slack: commands, buttons, and dialogs, through the real API and real workflows."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from models.account import PersonAccount
from tests.api import writing
from tests.api.writing import ok
from tests.chat.workspace import FORM, Json, Workspace, acknowledged, message_with_buttons
from tests.peers.slack import BOT_TOKEN, Scripted
from tests.stack import Stack, eventually, shared_stack


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """With a Temporal of its own, which a test kills."""
    with shared_stack("temporal") as one:
        yield one


def trail_of(workspace: Workspace, postmortem_id: str) -> list[tuple[str, str, str | None]]:
    path = f"/api/postmortems/{postmortem_id}/audit"
    listed = ok(workspace.stack.client().get(path, params={"limit": 100}))["items"]
    return [(one["action"], one["origin"], one["actorId"]) for one in listed]


def item_of(workspace: Workspace, owner: str = "bob", **fields: str) -> Json:
    jane = workspace.people["jane"]
    made = writing.with_item(jane, writing.draft(jane)["id"], workspace.people[owner].id, **fields)
    return dict(made)


def read_item(workspace: Workspace, item: Json) -> Json:
    return dict(ok(workspace.stack.client().get(f"/api/action-items/{item['id']}")))


def outcome_in(blocks: list[Json]) -> str:
    (found,) = [one for one in blocks if one["type"] == "context"]
    return str(found["elements"][0]["text"])


# Buttons


def test_a_reviewer_approves(workspace: Workspace) -> None:
    jane, bob = workspace.people["jane"], workspace.people["bob"]
    made = writing.in_review(jane, [bob])
    listed = workspace.says("bob", "mine")
    assert made["title"] in listed.words
    (row,) = [one for one in listed.json("blocks") if one.get("block_id", "").startswith(made["id"])]
    assert [one["action_id"] for one in row["elements"]] == ["APPROVE", "REQUEST_CHANGES"]

    message = message_with_buttons(made["id"], "APPROVE", "REQUEST_CHANGES")
    told = workspace.presses("bob", "APPROVE", made["id"], message)
    assert told.fields["replace_original"] is True
    head, outcome = told.json("blocks")
    assert head == message["blocks"][0]
    assert f"<@{workspace.accounts['bob']}>" in outcome_in([head, outcome])
    (review,) = ok(jane.get(f"/api/postmortems/{made['id']}"))["reviewers"]
    assert review["state"] == "APPROVED"
    assert ("postmortem.approved", "slack", bob.id) in trail_of(workspace, made["id"])


def test_somebody_else_does_not_approve(workspace: Workspace) -> None:
    jane, bob, alice = (workspace.people[one] for one in ("jane", "bob", "alice"))
    made = writing.in_review(jane, [bob], visibility="ORGANIZATION")
    hidden = writing.in_review(jane, [bob], visibility="PRIVATE")
    for who, postmortem, words in (
        ("alice", made, "Ask a reviewer"),
        ("jane", made, "Ask a reviewer"),
        ("alice", hidden, "There is no postmortem"),
        ("mallory", made, "Afterword can't tell who you are"),
    ):
        told = workspace.presses(who, "APPROVE", postmortem["id"], message_with_buttons(postmortem["id"], "APPROVE"))
        assert words in told.fields["text"], who
        assert told.fields["replace_original"] is False
        assert told.fields["response_type"] == "ephemeral"
        assert postmortem["title"] not in told.words
    for postmortem in (made, hidden):
        (review,) = ok(jane.get(f"/api/postmortems/{postmortem['id']}"))["reviewers"]
        assert review["state"] == "PENDING"
    assert alice.get(f"/api/postmortems/{made['id']}").status_code == 200
    workspace.presses("bob", "APPROVE", hidden["id"])
    (review,) = ok(jane.get(f"/api/postmortems/{hidden['id']}"))["reviewers"]
    assert review["state"] == "APPROVED", "who may, may"


def test_a_reviewer_requests_changes_in_a_dialog(workspace: Workspace) -> None:
    jane, bob = workspace.people["jane"], workspace.people["bob"]
    made = writing.in_review(jane, [bob])
    message = message_with_buttons(made["id"], "APPROVE", "REQUEST_CHANGES")
    view, address = workspace.opens("bob", "REQUEST_CHANGES", made["id"], message)
    assert made["title"] in json.dumps(view)
    wrong = ok(workspace.submits("bob", view, reason={"type": "plain_text_input", "value": "  "}))
    assert (wrong["response_action"], list(wrong["errors"])) == ("errors", ["reason"])
    reason = f"Say who noticed {uuid4().hex}"
    acknowledged(workspace.submits("bob", view, reason={"type": "plain_text_input", "value": reason}))
    told = workspace.answer(address)
    assert told.fields["replace_original"] is True
    assert "Changes requested by" in outcome_in(told.json("blocks"))
    assert reason not in told.words, "others may read the message"
    back = ok(jane.get(f"/api/postmortems/{made['id']}"))
    assert back["status"] == "DRAFT"
    (review,) = ok(jane.get(f"/api/postmortems/{made['id']}/reviews"))["items"]
    assert (review["decision"], review["comment"]) == ("REQUEST_CHANGES", reason)


def test_no_dialog_for_whom_it_would_be_refused(workspace: Workspace) -> None:
    jane, bob = workspace.people["jane"], workspace.people["bob"]
    made = writing.in_review(jane, [bob])
    before = len(workspace.peer.called("views.open"))
    told = workspace.presses("alice", "REQUEST_CHANGES", made["id"])
    assert "There is no postmortem" in told.fields["text"]
    assert len(workspace.peer.called("views.open")) == before


def test_a_dialog_is_for_whom_it_was_opened(workspace: Workspace) -> None:
    item = item_of(workspace)
    view, address = workspace.opens("bob", "WONT_DO", item["id"])
    entered = {"type": "plain_text_input", "value": "Not ours"}
    workspace.rest()
    results = len(workspace.results())
    acknowledged(workspace.submits("jane", view, reason=entered))
    for metadata in ("", "{}", '{"delivery": 1, "entity": "x"}', '{"delivery": "x"}', "[" * 900):
        acknowledged(workspace.submits("bob", {**view, "private_metadata": metadata}, reason=entered))
    eventually(lambda: len(workspace.results()) == results + 6)
    assert set(workspace.results()[:6]) == {"ignored"}
    assert not workspace.peer.answered(address)
    assert read_item(workspace, item)["status"] == "OPEN"


def test_a_dialog_that_slack_does_not_open_in_time(workspace: Workspace) -> None:
    """A trigger that is used up, as after three seconds."""
    item = item_of(workspace)
    payload, address = workspace.pressing("bob", "WONT_DO", item["id"], trigger_id="123.456.old")
    acknowledged(workspace.interact(payload))
    assert "Press the button again" in workspace.answer(address).fields["text"]


# Action items


def test_an_owner_starts_and_finishes(workspace: Workspace) -> None:
    item = item_of(workspace, description="Alert <at> 80 % & *more*")
    listed = workspace.says("bob", "mine")
    assert "Alert &lt;at&gt; 80 % &amp;" in listed.words
    for act, status in (("START", "IN_PROGRESS"), ("MARK_DONE", "COMPLETED")):
        told = workspace.presses("bob", act, item["id"], message_with_buttons(item["id"], "START", "MARK_DONE"))
        assert told.fields["replace_original"] is True
        assert read_item(workspace, item)["status"] == status
    trail = trail_of(workspace, item["postmortemId"])
    assert trail.count(("action_item.updated", "slack", workspace.people["bob"].id)) == 2


def test_wont_do_asks_why(workspace: Workspace) -> None:
    item = item_of(workspace)
    view, address = workspace.opens("bob", "WONT_DO", item["id"], message_with_buttons(item["id"], "WONT_DO"))
    acknowledged(workspace.submits("bob", view, reason={"type": "plain_text_input", "value": " The vendor did it. "}))
    workspace.answer(address)
    after = read_item(workspace, item)
    assert (after["status"], after["justification"]) == ("WONT_DO", "The vendor did it.")


def test_snooze_asks_until_when(workspace: Workspace) -> None:
    ok(workspace.people["bob"].patch("/api/me", json={"timeZone": "Asia/Kolkata"}))
    item = item_of(workspace)
    view, address = workspace.opens("bob", "SNOOZE", item["id"])
    today = datetime.now(UTC).date()
    for wrong in ("", "2020-01-01", str(today + timedelta(days=4000))):
        told = ok(workspace.submits("bob", view, until={"type": "datepicker", "selected_date": wrong or None}))
        assert list(told["errors"]) == ["until"]
    day = today + timedelta(days=5)
    acknowledged(workspace.submits("bob", view, until={"type": "datepicker", "selected_date": str(day)}))
    assert str(day) in workspace.answer(address).fields["text"]
    until = datetime.fromisoformat(read_item(workspace, item)["snoozedUntil"])
    assert until == datetime.fromisoformat(f"{day - timedelta(days=1)}T18:30:00+00:00"), "midnight in Kolkata"


def test_what_is_not_theirs_is_not_done(workspace: Workspace) -> None:
    item = item_of(workspace, owner="jane")
    for act in ("START", "MARK_DONE", "SNOOZE", "WONT_DO"):
        told = workspace.presses("bob", act, item["id"], message_with_buttons(item["id"], act))
        assert "There is no action item" in told.fields["text"]
        assert told.fields["replace_original"] is False
    assert read_item(workspace, item)["version"] == item["version"]


def test_a_press_that_comes_twice_is_one(workspace: Workspace) -> None:
    item = item_of(workspace)
    payload, address = workspace.pressing("bob", "START", item["id"], message_with_buttons(item["id"], "START"))
    for _ in range(3):
        acknowledged(workspace.interact(payload))
    workspace.answer(address)
    workspace.says("bob", "help")
    assert len(workspace.peer.answered(address)) == 1
    assert read_item(workspace, item)["version"] == item["version"] + 1


def test_what_slack_limits_is_told_later(workspace: Workspace) -> None:
    item = item_of(workspace)
    payload, address = workspace.pressing("bob", "START", item["id"], message_with_buttons(item["id"], "START"))
    path = address.removeprefix(workspace.peer.url)
    workspace.peer.scripted[path] = [
        Scripted(429, {"ok": False}, {"Retry-After": "1"}),
        Scripted(503, {"ok": False}),
    ]
    acknowledged(workspace.interact(payload))
    eventually(lambda: len(workspace.peer.answered(address)) == 3)
    eventually(lambda: workspace.results()[0] == "done")
    assert read_item(workspace, item)["version"] == item["version"] + 1, "done once, told at the third attempt"


# People


def test_a_stranger_is_told_what_to_do(workspace: Workspace) -> None:
    told = workspace.says("mallory", "mine")
    assert "can't tell who you are" in told.fields["text"]
    assert workspace.accounts["mallory"] in told.fields["text"], "what to give an administrator"


def test_the_explicit_table_goes_before_the_email(workspace: Workspace, slack_domain: str) -> None:
    """Carol has Eve's e-mail in Slack, but the table says who she is; and whose account Eve's is."""
    carol, eve = workspace.stack.person(name="Carol"), workspace.stack.person(email=f"eve@{slack_domain}", name="Eve")
    accounts = {"carol": f"U{uuid4().hex[:9].upper()}", "eve": f"U{uuid4().hex[:9].upper()}"}
    workspace.accounts |= accounts
    item = item_of(workspace)
    for person, account in ((carol, accounts["carol"]), (eve, "U0OTHER")):
        keep_account(workspace, person.id, account)
    assert "You have no" in workspace.says("carol", "mine").fields["text"]
    user = {"id": accounts["eve"], "team_id": "T000000001", "name": "eve", "profile": {"email": f"eve@{slack_domain}"}}
    workspace.peer.scripted["users.info"] = [Scripted(200, {"ok": True, "user": user})]
    assert "can't tell who you are" in workspace.says("eve", "mine").fields["text"], "another account is Eve's"
    assert "There is no action item" in workspace.presses("carol", "START", item["id"]).fields["text"]


def keep_account(workspace: Workspace, person_id: str, account: str) -> None:
    """As an administrator writes it down."""

    async def write() -> None:
        engine = create_async_engine(workspace.stack.database_url)
        async with AsyncSession(engine) as session, session.begin():
            session.add(
                PersonAccount(
                    id=f"acc_{uuid4().hex}",
                    integration_id=workspace.integration["id"],
                    person_id=person_id,
                    account=account,
                    source="MANUAL",
                )
            )
        await engine.dispose()

    asyncio.run(write())


def test_whoever_left_is_refused(workspace: Workspace) -> None:
    leaver = workspace.people["alice"]
    admin = workspace.stack.client()
    assert "You have no" in workspace.says("alice", "mine").fields["text"]
    ok(admin.patch(f"/api/users/{leaver.id}", json={"active": False}))
    assert "deactivated" in workspace.says("alice", "mine").fields["text"]
    ok(admin.patch(f"/api/users/{leaver.id}", json={"active": True}))
    assert "You have no" in workspace.says("alice", "mine").fields["text"]


@pytest.mark.parametrize(
    "change",
    [
        {"is_bot": True},
        {"is_stranger": True},
        {"is_restricted": True},
        {"is_ultra_restricted": True},
        {"is_email_confirmed": False},
        {"team_id": "T000000009"},
        {"deleted": True},
    ],
    ids=str,
)
def test_guests_and_strangers_are_not_matched_by_email(workspace: Workspace, change: Json) -> None:
    email = f"new-{uuid4().hex[:8]}@example.com"
    person, account = workspace.stack.person(email=email), f"U{uuid4().hex[:9].upper()}"
    user = {"id": account, "team_id": "T000000001", "name": "new", "profile": {"email": email}}
    workspace.accounts["new"], method = account, "users.info"
    workspace.peer.scripted[method] = [Scripted(200, {"ok": True, "user": {**user, **change}})]
    assert "can't tell who you are" in workspace.says("new", "mine").fields["text"]
    workspace.peer.scripted[method] = [Scripted(200, {"ok": True, "user": {**user, "is_email_confirmed": True}})]
    assert "You have no" in workspace.says("new", "mine").fields["text"], person.id


# Commands


def test_mine_and_overdue(workspace: Workspace) -> None:
    jane = workspace.people["jane"]
    made = writing.draft(jane)
    late = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
    item = writing.with_item(jane, made["id"], workspace.people["bob"].id, dueDate=late, description=f"L{uuid4().hex}")
    mine = workspace.says("bob", "MINE")
    assert item["description"] in mine.words
    assert made["title"] not in mine.words, "Bob owns an item of what he may not see"
    assert mine.fields["response_type"] == "ephemeral"
    assert item["description"] in workspace.says("bob", "overdue").words
    assert item["description"] in workspace.says("jane", "overdue").words
    assert item["description"] not in workspace.says("alice", "overdue").words
    author = workspace.stack.person()
    ok(author.post("/api/postmortems", json={"title": "Somebody else's"}), 201)
    fresh = writing.draft(workspace.people["alice"])
    assert fresh["title"] in workspace.says("alice", "mine").words
    assert "Somebody else's" not in workspace.says("alice", "mine").words


def test_create_opens_a_draft_once(workspace: Workspace) -> None:
    title = f"Checkout <failed> {uuid4().hex}"
    raw, address = workspace.command_form("bob", f"create {title}")
    for _ in range(2):
        acknowledged(workspace.send(raw, FORM))
    told = workspace.answer(address)
    assert "Checkout &lt;failed&gt;" in told.words
    bob = workspace.people["bob"]
    listed = [
        one
        for one in ok(bob.get("/api/postmortems", params={"authorId": bob.id, "limit": 100}))["items"]
        if one["title"] == title
    ]
    assert len(listed) == 1
    assert ("postmortem.created", "slack", bob.id) in trail_of(workspace, listed[0]["id"])
    assert "Add a title or an incident" in workspace.says("bob", "create").fields["text"]


def test_create_from_an_incident(workspace: Workspace) -> None:
    admin, at = workspace.stack.client(), datetime.now(UTC) - timedelta(minutes=10)
    body = {"externalId": uuid4().hex, "title": "Slow login", "urgency": "LOW", "status": "OPEN"}
    incident = ok(admin.post("/api/incidents", json={**body, "startedAt": at.isoformat()}), 201)
    assert "before you start its postmortem" in workspace.says("bob", f"create {incident['id']}").fields["text"]
    resolved = {**body, "status": "RESOLVED", "resolvedAt": datetime.now(UTC).isoformat()}
    ok(admin.post("/api/incidents", json=resolved))
    assert "Slow login" in workspace.says("bob", f"create {incident['id']}").words
    assert "already has a postmortem" in workspace.says("bob", f"create {incident['id']}").fields["text"]
    assert "There is no incident" in workspace.says("bob", "create inc_nothing").fields["text"]


def test_status_by_number_id_and_address(workspace: Workspace) -> None:
    jane, bob = workspace.people["jane"], workspace.people["bob"]
    made = writing.in_review(jane, [bob], visibility="ORGANIZATION")
    for pointer in (made["id"], str(made["number"]), f"#{made['number']}", made["url"], f"<{made['url']}|it>"):
        told = workspace.says("bob", f"status {pointer}")
        assert made["title"] in told.words
        assert "Bob (pending)" in told.words
    hidden = writing.draft(jane, visibility="PRIVATE")
    for pointer in (hidden["id"], str(hidden["number"]), "pm_nothing", "999999999", "a pm", "'; drop table"):
        told = workspace.says("bob", f"status {pointer}")
        assert "There is no postmortem" in told.fields["text"]
        assert hidden["title"] not in told.words


def test_wrong_words_are_helped(workspace: Workspace) -> None:
    for words in ("", "help", "HELP me"):
        assert "*Commands*" in workspace.says("bob", words).fields["text"]
    told = workspace.says("bob", "delete <!channel> `everything`")
    assert "Unknown command `delete`" in told.fields["text"]
    assert "<!channel>" not in told.fields["text"]


def test_temporal_is_away(workspace: Workspace) -> None:
    """Acknowledged in time, done once it is back."""
    item = item_of(workspace)
    ok(workspace.people["bob"].get("/api/me"))
    payload, address = workspace.pressing("bob", "START", item["id"], message_with_buttons(item["id"], "START"))
    workspace.stack.kill("temporal")
    try:
        acknowledged(workspace.interact(payload))
    finally:
        workspace.stack.revive("temporal")
        workspace.stack.wait_until_ready()
    eventually(lambda: workspace.peer.answered(address), seconds=60)
    assert read_item(workspace, item)["status"] == "IN_PROGRESS"


def test_killed_after_the_acknowledgement(workspace: Workspace) -> None:
    """API and worker: what was acknowledged is done by whoever comes after them."""
    item = item_of(workspace)
    payload, address = workspace.pressing("bob", "START", item["id"], message_with_buttons(item["id"], "START"))
    workspace.stack.kill("worker")
    try:
        acknowledged(workspace.interact(payload))
        workspace.stack.kill("api")
    finally:
        workspace.stack.revive("api")
        workspace.stack.revive("worker")
        workspace.stack.wait_until_ready()
    eventually(lambda: workspace.peer.answered(address), seconds=60)
    assert read_item(workspace, item)["status"] == "IN_PROGRESS"
    assert read_item(workspace, item)["version"] == item["version"] + 1


def test_paused_after_the_acknowledgement(workspace: Workspace) -> None:
    """What waited then is not answered, also not once it goes on."""
    item, admin = item_of(workspace), workspace.stack.client()
    payload, address = workspace.pressing("bob", "START", item["id"], message_with_buttons(item["id"], "START"))
    path = f"/api/integrations/{workspace.integration['id']}"
    workspace.stack.kill("worker")
    try:
        acknowledged(workspace.interact(payload))
        ok(admin.patch(path, json={"enabled": False}))
    finally:
        workspace.stack.revive("worker")
        workspace.stack.wait_until_ready()
    try:
        eventually(lambda: workspace.results()[0] == "paused", seconds=60)
    finally:
        ok(admin.patch(path, json={"enabled": True}))
    workspace.says("bob", "help")
    assert not workspace.peer.answered(address)
    assert read_item(workspace, item)["status"] == "OPEN"


def test_a_revoked_token_is_told_once(workspace: Workspace) -> None:
    """A stranger presses, and Slack does not say any more who that is."""
    admin, path = workspace.stack.client(), f"/api/integrations/{workspace.integration['id']}"
    workspace.accounts["unknown"] = f"U{uuid4().hex[:9].upper()}"
    workspace.peer.scripted["users.info"] = [Scripted(200, {"ok": False, "error": "token_revoked"})]
    raw, address = workspace.command_form("unknown", "mine")
    acknowledged(workspace.send(raw, FORM))
    assert "An administrator has been notified" in workspace.answer(address).fields["text"], "which needs no token"
    eventually(lambda: workspace.results()[0] == "CredentialsRejected")
    assert "Slack" in ok(admin.get(path))["needsAttention"]
    ok(admin.patch(path, json={"secrets": {"token": BOT_TOKEN}}))
    assert ok(admin.get(path))["needsAttention"] is None
    assert "can't tell who you are" in workspace.says("unknown", "mine").fields["text"]
