"""What has to be written to an issue so that a change holds."""

from integrations.ticket import TicketChange
from integrations.trackers.linear.answers import Issue
from integrations.trackers.linear.texts import canonical, one_line, written
from integrations.trackers.linear.wire import id_of


def difference(issue: Issue, change: TicketChange) -> dict[str, object]:
    edit: dict[str, object] = {}
    if change.title is not None and one_line(change.title) != issue.title:
        edit["title"] = one_line(change.title)
    if change.body is not None and canonical(change.body) != canonical(issue.description or ""):
        edit["description"] = written(change.body, issue.description or "")
    if change.assignee is not None and change.assignee != id_of(issue.assignee):
        edit["assigneeId"] = change.assignee
    due = None if change.no_due_date else change.due_on
    if (due or change.no_due_date) and due != issue.due_date:
        edit["dueDate"] = due and due.isoformat()
    return edit
