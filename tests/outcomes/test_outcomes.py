"""The API document says what the code does: see ``tests.outcomes.outcomes``."""

import json

import pytest

from api.app import create_app
from tests.outcomes.outcomes import FILE, outcomes


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, list[str]]]:
    return outcomes(create_app())


def test_the_kept_outcomes_are_those_of_the_code(found: dict[str, dict[str, list[str]]]) -> None:
    kept = json.loads(FILE.read_text())
    wrong = {name: (kept.get(name), found.get(name)) for name in kept | found if kept.get(name) != found.get(name)}
    assert not wrong, "after a change of what is refused, run: python -m tests.outcomes.outcomes"


def test_commands_have_only_their_own_refusals(found: dict[str, dict[str, list[str]]]) -> None:
    assert "NotReadyToPublish" in found["publish_postmortem"]["codes"]
    assert "NotReadyToPublish" not in found["submit_postmortem"]["codes"]
    assert "TicketExists" in found["add_ticket"]["codes"]
    assert "TicketExists" not in found["snooze_action_item"]["codes"]


def test_what_is_caught_is_not_given(found: dict[str, dict[str, list[str]]]) -> None:
    assert "IllegalTransition" not in found["update_action_items"]["codes"]
    assert found["list_postmortems"]["codes"] == ["BadCursor"]


def test_headers_are_found_through_what_a_handler_calls(found: dict[str, dict[str, list[str]]]) -> None:
    assert found["create_team"]["headers"] == ["ETag", "Location"]
    assert found["get_team"]["headers"] == ["ETag"]
    assert found["list_teams"]["headers"] == []
