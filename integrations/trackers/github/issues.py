"""GitHub's issues in our words: texts, markers, states, and the shapes that its APIs and webhooks tell them in.

https://docs.github.com/en/rest/issues/issues
https://docs.github.com/en/graphql/reference/objects#issue
https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues
"""

import re
from datetime import UTC
from typing import Annotated, Literal
from urllib.parse import urlsplit

from github.Issue import Issue
from github.NamedUser import NamedUser
from github.Organization import Organization
from pydantic import AfterValidator, AwareDatetime, BaseModel

from domain.tickets import texts
from integrations.text.mentions import disable_mentions, restore_mentions
from integrations.ticket import PullRequest, Ticket
from integrations.trackers.github.status import standing_of

TITLE_LIMIT = 256
BODY_LIMIT = 65_536
"""In code points, also of four bytes: its database keeps 262,144 bytes."""
MARK_ROOM = 100
"""What our marker takes of it."""

NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+"
KEY = re.compile(rf"({NAME})#([1-9][0-9]{{0,9}})")
PATH = re.compile(rf"/({NAME})/(?:issues|pull)/([1-9][0-9]{{0,9}})/?")
_MARK = re.compile(r"\s*<!-- afterword:([A-Za-z0-9_.:-]+) -->")


class NotGithub(ValueError):
    """What came is not of GitHub's shape: a proxy's page, a gateway's JSON."""


def key_of(html_url: str) -> str:
    found = PATH.fullmatch(urlsplit(html_url or "").path)
    if found is None:
        raise NotGithub("this isn't the URL of an issue")
    return f"{found[1]}#{found[2]}"


def issue_page(html_url: str) -> str:
    key_of(html_url)
    return html_url


class AccountPayload(BaseModel):
    login: str


class IssuePayload(BaseModel):
    """The part of a webhook's issue that we use; an issue of the REST API has the same."""

    id: int
    html_url: Annotated[str, AfterValidator(issue_page)]
    title: str
    body: str | None = None
    state: Literal["open", "closed"]
    state_reason: str | None = None
    user: AccountPayload | None = None
    assignees: list[AccountPayload] = []
    updated_at: AwareDatetime
    pull_request: object = None


def ticket_of(issue: Issue | IssuePayload, pull_requests: tuple[PullRequest, ...] | None = None) -> Ticket:
    standing = standing_of(issue.state, issue.state_reason)
    return Ticket(
        external_id=str(issue.id),
        key=key_of(issue.html_url),
        url=issue.html_url,
        title=restore_mentions(issue.title.replace("\0", "")),
        body=plain(issue.body),
        state=standing.state,
        reason=standing.reason,
        status=f"closed as {standing.reason.value.lower().replace('_', ' ')}" if standing.reason else issue.state,
        assignee=issue.assignees[0].login if issue.assignees else None,
        author=login_of(issue.user),
        marker=mark_in(issue.body),
        updated_at=issue.updated_at.astimezone(UTC),
        pull_requests=pull_requests,
    )


def login_of(account: NamedUser | Organization | AccountPayload | None) -> str | None:
    return account.login if account else None


def short(title: str) -> str:
    return title if len(title) <= TITLE_LIMIT else f"{title[: TITLE_LIMIT - 1]}…"


def marked(body: str, marker: str | None, there: str = "") -> str:
    """``body`` with our marker at its end and no other, without any where ``marker`` is None. It mentions nobody whom
    the text ``there`` does not."""
    mark = "" if marker is None else f"\n\n<!-- afterword:{marker} -->"
    if mark and not _MARK.fullmatch(mark):
        raise ValueError("a marker has letters, digits, '_', '.', ':' and '-' only")
    text = texts.shortened(disable_mentions(plain(body), there), BODY_LIMIT - len(mark))
    return f"{text}{mark}" if text else mark.lstrip()


def plain(body: str | None) -> str:
    return restore_mentions(_MARK.sub("", unix(body)).rstrip())


def unix(body: str | None) -> str:
    return (body or "").replace("\r\n", "\n").replace("\0", "")


def mark_in(body: str | None) -> str | None:
    marks = _MARK.findall(body or "")
    return str(marks[-1]) if marks else None
