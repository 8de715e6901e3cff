import pytest

from domain.action_items import ActionItemStatus
from domain.tickets import CloseReason, Standing, TicketState, Verdict, agrees, follow, status_of, wanted_standing

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
    ("standing", "status", "justification"),
    [
        (DONE, ActionItemStatus.COMPLETED, None),
        (NOT_PLANNED, ActionItemStatus.WONT_DO, "Closed in GitHub as not planned."),
        (DUPLICATE, ActionItemStatus.WONT_DO, "Closed in GitHub as a duplicate."),
        (CANCELLED, ActionItemStatus.WONT_DO, "Cancelled in GitHub."),
    ],
)
@pytest.mark.parametrize("before", [ActionItemStatus.OPEN, ActionItemStatus.IN_PROGRESS])
def test_a_closed_ticket_settles_its_item(
    before: ActionItemStatus, standing: Standing, status: ActionItemStatus, justification: str | None
) -> None:
    verdict = follow(before, standing, OPEN, tracker="GitHub", knows_started=False)
    assert verdict == Verdict(status, justification)


@pytest.mark.parametrize("before", [ActionItemStatus.COMPLETED, ActionItemStatus.WONT_DO])
def test_a_reopened_ticket_opens_its_item(before: ActionItemStatus) -> None:
    assert follow(before, OPEN, DONE, tracker="GitHub", knows_started=False) == Verdict(ActionItemStatus.OPEN)


def test_work_that_starts_in_the_tracker_starts_here() -> None:
    verdict = follow(ActionItemStatus.OPEN, STARTED, OPEN, tracker="Jira", knows_started=True)
    assert verdict == Verdict(ActionItemStatus.IN_PROGRESS)


@pytest.mark.parametrize("agreed", [None, DONE])
def test_a_tracker_that_does_not_know_started_does_not_stop_work(agreed: Standing | None) -> None:
    assert follow(ActionItemStatus.IN_PROGRESS, OPEN, agreed, tracker="GitHub", knows_started=False) is None


def test_one_that_does_may_put_it_back() -> None:
    verdict = follow(ActionItemStatus.IN_PROGRESS, OPEN, STARTED, tracker="Jira", knows_started=True)
    assert verdict == Verdict(ActionItemStatus.OPEN)


def test_an_edit_of_the_ticket_does_not_undo_what_is_still_on_its_way_out() -> None:
    assert follow(ActionItemStatus.COMPLETED, OPEN, OPEN, tracker="GitHub", knows_started=False) is None


def test_our_own_change_coming_back_changes_nothing() -> None:
    assert follow(ActionItemStatus.WONT_DO, NOT_PLANNED, OPEN, tracker="GitHub", knows_started=False) is None
    assert follow(ActionItemStatus.WONT_DO, DUPLICATE, NOT_PLANNED, tracker="GitHub", knows_started=False) is None


def test_without_a_last_agreement_the_ticket_is_believed() -> None:
    assert follow(ActionItemStatus.OPEN, DONE, tracker="GitHub", knows_started=False) == Verdict(
        ActionItemStatus.COMPLETED
    )
