"""``/afterword meet``: the times that suit everyone, and a meeting planned from a chat."""

import re
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.meetings.meetings import door
from tests.api.writing import ok
from tests.chat.workspace import Workspace

pytestmark = pytest.mark.usefixtures("no_meetings_left")


def test_times_are_proposed_and_one_is_planned(workspace: Workspace) -> None:
    jane, bob = workspace.people["jane"], workspace.people["bob"]
    made = writing.in_review(jane, [bob], visibility="ORGANIZATION", title=f"Checkout <{uuid4().hex[:6]}>")
    number = made["number"]
    told = workspace.says("jane", f"meet {number}")
    assert "2 of 2 can come" in told.words
    found = re.search(rf"/afterword meet {number} (\d{{4}}-\d\d-\d\d \d\d:\d\d)", told.words)
    assert found is not None
    assert ok(jane.get(door(made)))["items"] == [], "asking plans nothing"
    planned = workspace.says("jane", f"meet {number} {found[1]}")
    assert "is scheduled" in planned.words
    (meeting,) = ok(jane.get(door(made)))["items"]
    assert {one["userId"] for one in meeting["attendees"]} == {jane.id, bob.id}
    assert "is scheduled" in workspace.says("jane", f"meet {number} {found[1]}").words, "once, however often it is said"
    assert len(ok(jane.get(door(made)))["items"]) == 1
    assert "The review meeting of" in workspace.says("bob", f"meet #{number}").words
    assert "already scheduled" in workspace.says("bob", f"meet {number} 2126-01-01 10:00").words


def test_what_is_refused(workspace: Workspace) -> None:
    jane = workspace.people["jane"]
    made = writing.draft(jane, visibility="ORGANIZATION")
    number = made["number"]
    assert "a day and a time that exist" in workspace.says("jane", f"meet {number} 2126-02-31 10:00").words
    for at in ("2020-01-01 10:00", "9999-12-31 23:59"):
        assert "still to come" in workspace.says("jane", f"meet {number} {at}").words
    assert "You can't plan a meeting" in workspace.says("alice", f"meet {number}").words
    assert "You can't plan a meeting" in workspace.says("alice", f"meet {number} 2126-01-01 10:00").words
    hidden = writing.draft(jane, visibility="PRIVATE")
    assert "There is no postmortem" in workspace.says("alice", f"meet {hidden['number']}").words
    assert "There is no postmortem" in workspace.says("jane", "meet soon").words
    assert ok(jane.get(door(made)))["items"] == []
