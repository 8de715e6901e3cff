"""Commands in Slack, also when Temporal is away or the process is killed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.writing import ok
from tests.chat.reading import item_of, read_item, trail_of
from tests.chat.workspace import FORM, Workspace, acknowledged, message_with_buttons
from tests.peers.slack import BOT_TOKEN, Scripted
from tests.stack import Stack, eventually, shared_stack


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """With a Temporal of its own, which a test kills."""
    with shared_stack("temporal") as one:
        yield one


def test_mine_and_overdue(workspace: Workspace) -> None:
    jane = workspace.people["jane"]
    made = writing.draft(jane)
    late = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
    item = writing.with_item(jane, made["id"], workspace.people["bob"].id, dueDate=late, description=f"L{uuid4().hex}")
    mine = workspace.says("bob", "MINE")
    assert item["description"] in mine.words
    assert "3 days late" in mine.words
    assert "overdue: " in mine.fields["text"]
    assert "3 days late · high priority · open" in mine.fields["text"]
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


def test_a_number_is_no_title(workspace: Workspace) -> None:
    """It names a postmortem; in quotes it is a title."""
    jane, bob = workspace.people["jane"], workspace.people["bob"]
    made = writing.draft(jane, visibility="ORGANIZATION")
    for words in (str(made["number"]), f"#{made['number']}", made["id"], made["url"]):
        told = workspace.says("bob", f"create {words}").fields["text"]
        assert told.startswith(f"#{made['number']} already exists: ")
        assert made["title"] in told
    hidden = writing.draft(jane, visibility="PRIVATE")
    for words in (str(hidden["number"]), "999999999"):
        told = workspace.says("bob", f"create {words}").fields["text"]
        assert told.startswith(f"You can't see a postmortem “{words}”.")
        assert f'`/afterword create "{words}"`' in told
    titles = [one["title"] for one in ok(bob.get("/api/postmortems", params={"authorId": bob.id}))["items"]]
    assert not [one for one in titles if one.strip("#").isdigit()]
    assert "999999999" in workspace.says("bob", 'create "999999999"').words


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
    eventually(lambda: workspace.peer.answered(address))
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
    eventually(lambda: workspace.peer.answered(address))
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
        eventually(lambda: workspace.results()[0] == "paused")
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
