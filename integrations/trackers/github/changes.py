"""What has to be written to an issue so that a change holds."""

from dataclasses import dataclass
from typing import Literal

from github.Issue import Issue

from domain.tickets.status import CloseReason, Standing
from integrations.text.mentions import with_line_ends_of
from integrations.ticket import TicketChange
from integrations.trackers.github.issues import BODY_LIMIT, mark_in, marked, short, unix
from integrations.trackers.github.status import standing_of, wanted_standing


@dataclass(frozen=True, slots=True)
class Edit:
    title: str | None = None
    body: str | None = None
    state: Literal["open", "closed"] | None = None
    state_reason: str | None = None
    assignees: tuple[str, ...] | None = None


def difference(issue: Issue, change: TicketChange) -> Edit:
    title = None if change.title is None else short(change.title)
    body = None if change.body is None else marked(change.body, mark_in(issue.body), unix(issue.body))
    wanted = wanted_standing(change)
    moves = wanted is not None and _moves(standing_of(issue.state, issue.state_reason), wanted, change.reason)
    return Edit(
        title=None if title == issue.title else title,
        body=None
        if body is None or body == unix(issue.body)
        else with_line_ends_of(issue.body or "", body, BODY_LIMIT),
        state=("closed" if wanted.state.is_closed else "open") if wanted and moves else None,
        state_reason=wanted.reason.value.lower() if wanted and wanted.reason and moves else None,
        assignees=_assignees(issue, change.assignee),
    )


def _assignees(issue: Issue, wanted: str | None) -> tuple[str, ...] | None:
    """The first one is the item's owner; the others are somebody's choice, and stay."""
    now = [one.login for one in issue.assignees]
    if wanted is None or wanted in now[:1]:
        return None
    return (wanted, *(one for one in now[1:] if one != wanted))


def _moves(now: Standing, wanted: Standing, reason: CloseReason | None) -> bool:
    """A reason that nobody asked for is no reason to write: not planned and duplicate both mean cancelled."""
    return now.state is not wanted.state or (reason is not None and now.reason is not wanted.reason)
