"""What has to be written to an issue so that a change holds; titles and texts as Jira takes them."""

from pydantic import JsonValue

from integrations.ticket import TicketChange
from integrations.trackers.jira import adf
from integrations.trackers.jira.answers import Issue

TITLE_LIMIT = 255
BODY_LIMIT = 30_000
"""Of 32,767 in Jira's own reckoning, which counts markup as well."""


def short(title: str) -> str:
    line = " ".join(title.split())
    return line if len(line) <= TITLE_LIMIT else f"{line[: TITLE_LIMIT - 1]}…"


def cut(body: str) -> str:
    return body if len(body) <= BODY_LIMIT else f"{body[: BODY_LIMIT - 1]}…"


def difference(issue: Issue, change: TicketChange) -> dict[str, JsonValue]:
    fields = issue.fields
    edit: dict[str, JsonValue] = {}
    if change.title is not None and short(change.title) != fields.summary:
        edit["summary"] = short(change.title)
    if change.body is not None:
        document = adf.to_adf(cut(change.body))
        if adf.to_markdown(document) != adf.to_markdown(fields.description):
            edit["description"] = document
    if change.no_due_date and fields.due_on is not None:
        edit["duedate"] = None
    elif change.due_on is not None and change.due_on != fields.due_on:
        edit["duedate"] = change.due_on.isoformat()
    return edit
