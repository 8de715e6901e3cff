"""What people do in Slack: commands, buttons and dialogs, through the real API and the real workflows."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api import writing
from tests.api.writing import ok
from tests.chat.workspace import Workspace, acknowledged, message_with_buttons
from tests.stack import eventually


def trail_of(workspace: Workspace, postmortem_id: str) -> list[tuple[str, str, str | None]]:
    path = f"/api/postmortems/{postmortem_id}/audit"
    listed = ok(workspace.stack.client().get(path, params={"limit": 100}))["items"]
    return [(one["action"], one["origin"], one["actorId"]) for one in listed]


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
    assert outcome["type"] == "context"
    assert f"<@{workspace.accounts['bob']}>" in outcome["elements"][0]["text"]
    (review,) = ok(jane.get(f"/api/postmortems/{made['id']}"))["reviewers"]
    assert review["state"] == "APPROVED"
    assert ("postmortem.approved", "slack", bob.id) in trail_of(workspace, made["id"]), trail_of(workspace, made["id"])
