"""What has to be written to an issue so that a change holds; titles and texts as Jira takes them."""

from pydantic import JsonValue

from domain.tickets import texts
from integrations.ticket import TicketChange
from integrations.trackers.jira import adf
from integrations.trackers.jira.answers import Issue

TITLE_LIMIT = 255
BODY_LIMIT = 32_000
"""Of 32,767 in Jira's own reckoning: UTF-16 units of its markup, which has escapes where ours has none."""


def short(title: str) -> str:
    line = " ".join(title.split())
    return line if len(line) <= TITLE_LIMIT else f"{line[: TITLE_LIMIT - 1]}…"


def size(text: str) -> int:
    """UTF-16 units, and one more for each sign that may need an escape, two for the bars of a table."""
    escaped = sum(text.count(sign) for sign in "\\`*_[]<>~#|") + text.count("|")
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + escaped


def cut(body: str) -> str:
    return texts.shortened(body, BODY_LIMIT, size)


def difference(issue: Issue, change: TicketChange) -> dict[str, JsonValue]:
    fields = issue.fields
    edit: dict[str, JsonValue] = {}
    if change.title is not None and short(change.title) != fields.summary:
        edit["summary"] = short(change.title)
    if change.body is not None:
        body = cut(change.body)
        if adf.normal(body) != adf.to_markdown(fields.description):
            edit["description"] = adf.rewritten(fields.description, body)
    if change.no_due_date and fields.due_on is not None:
        edit["duedate"] = None
    elif change.due_on is not None and change.due_on != fields.due_on:
        edit["duedate"] = change.due_on.isoformat()
    return edit
