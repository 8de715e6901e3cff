"""GitLab's state of an issue, and its labels, as ours: GitLab knows open and closed, labels tell the rest."""

from pydantic import JsonValue

from domain.tickets.status import CloseReason, Standing, TicketState
from integrations.ticket import TicketChange
from integrations.trackers.gitlab.answers import Issue
from integrations.trackers.gitlab.settings import GitlabConfig


def standing_of(issue: Issue, config: GitlabConfig) -> Standing:
    if issue.state == "opened":
        started = config.started_label in issue.labels
        return Standing(TicketState.STARTED if started else TicketState.OPEN)
    if config.duplicate_label in issue.labels:
        return Standing(TicketState.CANCELLED, CloseReason.DUPLICATE)
    if config.cancelled_label in issue.labels:
        return Standing(TicketState.CANCELLED, CloseReason.NOT_PLANNED)
    return Standing(TicketState.DONE, CloseReason.COMPLETED)


def status_name(issue: Issue, config: GitlabConfig) -> str:
    """The label that tells the state, or GitLab's own word for it."""
    standing = standing_of(issue, config)
    if standing.state is TicketState.STARTED:
        return config.started_label
    if standing.state is TicketState.CANCELLED:
        return config.duplicate_label if standing.reason is CloseReason.DUPLICATE else config.cancelled_label
    return issue.state


def status_change(issue: Issue, change: TicketChange, config: GitlabConfig) -> dict[str, JsonValue]:
    """An event for GitLab's two states, and labels for ours; nothing where it is so already."""
    now = standing_of(issue, config)
    if change.state is None or (now.state is change.state and change.reason in {None, now.reason}):
        return {}
    wanted = {_label_of(change, config)} - {None}
    known = {config.started_label, config.cancelled_label, config.duplicate_label}
    added = sorted(str(one) for one in wanted if one not in issue.labels)
    removed = sorted(known.intersection(issue.labels) - wanted)
    move: dict[str, JsonValue] = {}
    if added:
        move["add_labels"] = ",".join(added)
    if removed:
        move["remove_labels"] = ",".join(removed)
    if change.state.is_closed != (issue.state == "closed"):
        move["state_event"] = "close" if change.state.is_closed else "reopen"
    return move


def _label_of(change: TicketChange, config: GitlabConfig) -> str | None:
    if change.state is TicketState.STARTED:
        return config.started_label
    if change.state is TicketState.CANCELLED:
        duplicate = change.reason is CloseReason.DUPLICATE
        return config.duplicate_label if duplicate else config.cancelled_label
    return None
