import pytest

from domain.action_items.action_item import ActionItemStatus
from domain.tickets.status import (
    CloseReason,
    Standing,
    TicketState,
    agrees,
    justification,
    status_in,
    status_of,
    wanted_standing,
)

OPEN = Standing(TicketState.OPEN)
STARTED = Standing(TicketState.STARTED)
DONE = Standing(TicketState.DONE, CloseReason.COMPLETED)
NOT_PLANNED = Standing(TicketState.CANCELLED, CloseReason.NOT_PLANNED)
DUPLICATE = Standing(TicketState.CANCELLED, CloseReason.DUPLICATE)
CANCELLED = Standing(TicketState.CANCELLED)


@pytest.mark.parametrize("status", list(ActionItemStatus))
def test_out_and_back_in_is_the_same_status(status: ActionItemStatus) -> None:
    assert status_of(wanted_standing(status)) is status
    assert agrees(status, wanted_standing(status), knows_started=True)


@pytest.mark.parametrize("status", list(ActionItemStatus))
def test_a_settled_item_wants_a_closed_ticket(status: ActionItemStatus) -> None:
    assert wanted_standing(status).state.is_closed is status.is_settled


@pytest.mark.parametrize(
    ("standing", "status", "words"),
    [
        (DONE, ActionItemStatus.COMPLETED, None),
        (NOT_PLANNED, ActionItemStatus.WONT_DO, "Closed in GitHub as not planned."),
        (DUPLICATE, ActionItemStatus.WONT_DO, "Closed in GitHub as a duplicate."),
        (CANCELLED, ActionItemStatus.WONT_DO, "Canceled in GitHub."),
    ],
)
@pytest.mark.parametrize("before", [ActionItemStatus.OPEN, ActionItemStatus.IN_PROGRESS])
def test_a_closed_ticket_settles_its_item(
    before: ActionItemStatus, standing: Standing, status: ActionItemStatus, words: str | None
) -> None:
    assert status_in(before, standing, knows_started=False) is status
    assert justification(standing, "GitHub") == words


@pytest.mark.parametrize("before", [ActionItemStatus.COMPLETED, ActionItemStatus.WONT_DO])
def test_a_reopened_ticket_opens_its_item(before: ActionItemStatus) -> None:
    assert status_in(before, OPEN, knows_started=False) is ActionItemStatus.OPEN


def test_work_that_starts_in_the_tracker_starts_here() -> None:
    assert status_in(ActionItemStatus.OPEN, STARTED, knows_started=True) is ActionItemStatus.IN_PROGRESS


def test_a_tracker_that_does_not_know_started_does_not_stop_work() -> None:
    assert status_in(ActionItemStatus.IN_PROGRESS, OPEN, knows_started=False) is ActionItemStatus.IN_PROGRESS


def test_one_that_does_may_put_it_back() -> None:
    assert status_in(ActionItemStatus.IN_PROGRESS, OPEN, knows_started=True) is ActionItemStatus.OPEN


def test_cancelled_is_cancelled_whatever_for() -> None:
    assert status_in(ActionItemStatus.WONT_DO, DUPLICATE, knows_started=False) is ActionItemStatus.WONT_DO
