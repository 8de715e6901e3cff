"""Buttons and dialogs in Slack, through the real API and real workflows."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.api import writing
from tests.api.writing import ok
from tests.chat.reading import item_of, read_item, trail_of
from tests.chat.workspace import Json, Workspace, acknowledged, message_with_buttons
from tests.peers.slack import Scripted
from tests.stack import eventually


def outcome_in(blocks: list[Json]) -> str:
    (found,) = [one for one in blocks if one["type"] == "context"]
    return str(found["elements"][0]["text"])


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
