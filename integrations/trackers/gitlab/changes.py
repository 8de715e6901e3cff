"""What has to be written to an issue so that a change holds."""

from pydantic import JsonValue

from integrations.text.mentions import with_line_ends_of
from integrations.ticket import TicketChange
from integrations.trackers.gitlab.answers import Issue
from integrations.trackers.gitlab.settings import GitlabConfig
from integrations.trackers.gitlab.status import status_change
from integrations.trackers.gitlab.texts import BODY_LIMIT, mark_in, marked, short, unix


def difference(issue: Issue, change: TicketChange, config: GitlabConfig) -> dict[str, JsonValue]:
    edit: dict[str, JsonValue] = {}
    if change.title is not None and short(change.title) != issue.title:
        edit["title"] = short(change.title)
    if change.body is not None:
        body = marked(change.body, mark_in(issue.description), unix(issue.description))
        if body != unix(issue.description):
            edit["description"] = with_line_ends_of(issue.description or "", body, BODY_LIMIT)
    if change.assignee is not None and change.assignee not in {str(one.id) for one in issue.assignees[:1]}:
        edit["assignee_ids"] = [int(change.assignee)]
    due = None if change.no_due_date else change.due_on
    if (due or change.no_due_date) and due != issue.due_date:
        edit["due_date"] = due.isoformat() if due else ""
    return edit | status_change(issue, change, config)
