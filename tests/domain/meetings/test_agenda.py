"""The agenda: five points, what is open under each, and time boxes that fit."""

from dataclasses import replace
from datetime import date

import pytest

from domain.access import Visibility
from domain.action_items.action_item import ActionItemStatus
from domain.meetings.agenda import time_boxes, write_agenda
from domain.meetings.attendees import Why, suggest_attendees
from domain.review.reviewers import ReviewerState
from tests.integrations.documents.samples import DocumentReviewer, sample, sections

POINTS = [
    "Incident summary review",
    "Timeline walkthrough",
    "Root cause discussion",
    "Action item assignment",
    "Lessons learned",
]


def points(agenda: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in agenda.splitlines()[2:]:
        if line[0].isdigit():
            found[line.split("**")[1]] = []
        else:
            list(found.values())[-1].append(line.removeprefix("   - "))
    return found


@pytest.mark.parametrize("minutes", [5, 15, 30, 45, 60, 90])
def test_time_boxes_fill_the_meeting(minutes: int) -> None:
    assert sum(time_boxes(minutes)) == minutes
    assert min(time_boxes(minutes)) >= 1


def test_half_an_hour() -> None:
    assert time_boxes(30) == [4, 9, 7, 7, 3]


def test_each_point_says_what_is_open() -> None:
    document = sample(visibility=Visibility.ORGANIZATION, root_cause_category=None)
    vague = replace(document.action_items[0], owner_id=None, due_date=None, description="Alert\nat *80* %")
    done = replace(vague, id="ai_2", status=ActionItemStatus.COMPLETED, description="Done")
    document = replace(document, action_items=(vague, done))
    agenda = write_agenda(document, {"summary": 2, "timeline": 1, None: 1}, 30)
    found = points(agenda)
    assert agenda.splitlines()[0] == '# Agenda: Postmortem review: The checkout failed: "all" of it'
    assert list(found) == POINTS
    assert found["Incident summary review"] == [
        "2 comment threads are open about “Summary”.",
        "“Impact” isn't written yet.",
    ]
    assert found["Timeline walkthrough"] == [
        "1 event has a day and no time.",
        "1 comment thread is open about the timeline.",
    ]
    assert found["Root cause discussion"] == [
        "“Root cause” isn't written yet.",
        "“Contributing factors” isn't written yet.",
        "No root cause category is chosen.",
    ]
    assert found["Action item assignment"] == ["“Alert at \\*80\\* %” has no owner and no due date."]
    assert found["Lessons learned"] == [
        "“Lessons learned” isn't written yet.",
        "“Resolution” isn't written yet.",
        "1 comment thread is open about the postmortem as a whole.",
    ]


def test_a_cause_without_an_action_is_named() -> None:
    texts = sections(
        summary="It failed.", rootCause="The pool was too small.", contributingFactors="Load.", impact="Some."
    )
    document = sample(sections=texts, action_items=(), timeline=())
    found = points(write_agenda(document, {}, 45))
    assert found["Root cause discussion"] == ["A root cause is described, but no action item follows from it."]
    assert found["Action item assignment"] == ["There are no action items yet."]
    assert found["Timeline walkthrough"] == ["The timeline is empty."]


def test_a_private_one_does_not_say_its_title() -> None:
    agenda = write_agenda(sample(), {}, 30)
    assert agenda.startswith("# Agenda: Postmortem review \\#17\n")
    assert "checkout" not in agenda


def test_attendees_come_with_every_reason_and_those_needed_first() -> None:
    document = sample(participants=("user_3", "user_1"))
    item = replace(document.action_items[0], owner_id="user_4")
    settled = replace(item, id="ai_2", owner_id="user_5", status=ActionItemStatus.COMPLETED, due_date=date(2026, 1, 1))
    late = DocumentReviewer("user_6", ReviewerState.PENDING, None)
    document = replace(document, action_items=(item, settled), reviewers=(*document.reviewers, late))
    found = suggest_attendees(document)
    assert [(one.person_id, one.why, one.is_required) for one in found] == [
        ("user_1", (Why.AUTHOR, Why.PARTICIPANT), True),
        ("user_2", (Why.REVIEWER,), True),
        ("user_6", (Why.REVIEWER,), True),
        ("user_3", (Why.PARTICIPANT,), False),
        ("user_4", (Why.OWNER,), False),
    ]
