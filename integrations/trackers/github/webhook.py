"""What GitHub's webhooks tell of tickets: the issues themselves, pull requests and commits that close or mention them.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
"""

import re
from collections.abc import Iterator, Sequence

from pydantic import AwareDatetime, BaseModel

from integrations.ticket import News, PullRequest, PullRequestEvent, PullRequestState, TicketAction, TicketEvent
from integrations.trackers.github.issues import NAME, AccountPayload, IssuePayload, ticket_of
from integrations.webhook import payload

EVENTS = ("issues", "pull_request", "push")
"""What our webhook subscribes to."""
MENTIONS_LIMIT = 50
"""Tickets that one pull request or commit may name: a list of the whole repository is none."""
COMMITS_LIMIT = 50

_ACTIONS = {action.value.lower(): action for action in TicketAction}
_NUMBER = r"([1-9][0-9]{0,9})\b"
_MENTIONS = re.compile(
    rf"https?://[^\s/]+/({NAME})/issues/{_NUMBER}|(?<![\w/.-])({NAME})#{_NUMBER}|(?<![\w&#/])(?:#|GH-){_NUMBER}"
)
_BRANCH = re.compile(r"([1-9][0-9]{0,9})-\w")
"""A branch that GitHub made for an issue begins with its number."""


class _Changes(BaseModel):
    new_issue: IssuePayload | None = None


class _AnyEvent(BaseModel):
    """An event of whatever kind: a JSON object."""


class _AnyIssuesEvent(BaseModel):
    action: str


class _IssuesEvent(_AnyIssuesEvent):
    issue: IssuePayload
    sender: AccountPayload | None = None
    changes: _Changes | None = None


class _Repository(BaseModel):
    full_name: str
    default_branch: str = ""


class _Head(BaseModel):
    ref: str = ""


class _PullRequest(BaseModel):
    html_url: str
    title: str
    body: str | None = None
    state: str
    merged: bool | None = None
    merged_at: AwareDatetime | None = None
    updated_at: AwareDatetime
    head: _Head = _Head()


class _PullRequestEvent(BaseModel):
    pull_request: _PullRequest
    repository: _Repository


class _Commit(BaseModel):
    url: str
    message: str
    timestamp: AwareDatetime


class _Push(BaseModel):
    ref: str
    repository: _Repository
    commits: list[_Commit] = []


def news(kind: str, delivery: str, body: bytes) -> Sequence[News]:
    """The news in an event of that kind, none for what we do not use. Raises ``MalformedWebhook``."""
    match kind:
        case "issues":
            return tuple(_of_issue(delivery, body))
        case "pull_request":
            return tuple(_of_pull_request(delivery, payload(_PullRequestEvent, body)))
        case "push":
            return tuple(_of_push(delivery, payload(_Push, body)))
        case _:
            payload(_AnyEvent, body)
            return ()


def _of_issue(delivery: str, body: bytes) -> Iterator[News]:
    action = _ACTIONS.get(payload(_AnyIssuesEvent, body).action)
    if action is None:
        return
    event = payload(_IssuesEvent, body)
    if event.issue.pull_request is not None:
        return
    moved = event.changes and event.changes.new_issue
    ticket = ticket_of(event.issue)
    yield TicketEvent(
        delivery_id=delivery,
        action=action,
        ref=ticket.ref,
        ticket=ticket,
        actor=event.sender.login if event.sender else None,
        at=ticket.updated_at,
        moved_to=ticket_of(moved) if moved else None,
    )


def _of_pull_request(delivery: str, event: _PullRequestEvent) -> Iterator[News]:
    pull, repository = event.pull_request, event.repository.full_name
    keys = list(mentioned(f"{pull.title}\n{pull.body or ''}", repository))
    if branch := _BRANCH.match(pull.head.ref):
        keys.append(f"{repository}#{branch[1]}")
    if keys:
        told = PullRequest(pull.html_url, pull.title.replace("\0", ""), _state(pull))
        yield PullRequestEvent(delivery, tuple(dict.fromkeys(keys))[:MENTIONS_LIMIT], told, pull.updated_at)


def _state(pull: _PullRequest) -> PullRequestState:
    if pull.merged or pull.merged_at:
        return PullRequestState.MERGED
    return PullRequestState.OPEN if pull.state == "open" else PullRequestState.CLOSED


def _of_push(delivery: str, push: _Push) -> Iterator[News]:
    """A commit is shown as a pull request is: merged once it is on the default branch."""
    landed = push.ref == f"refs/heads/{push.repository.default_branch}"
    state = PullRequestState.MERGED if landed else PullRequestState.OPEN
    for place, commit in enumerate(push.commits[:COMMITS_LIMIT]):
        if keys := tuple(mentioned(commit.message, push.repository.full_name))[:MENTIONS_LIMIT]:
            title = commit.message.replace("\0", "").strip().partition("\n")[0][:250]
            told = PullRequest(commit.url, title, state)
            yield PullRequestEvent(f"{delivery}:{place}", keys, told, commit.timestamp)


def mentioned(text: str, repository: str) -> Iterator[str]:
    """Keys of the issues that ``text`` names, each once: ``#12``, ``GH-12``, ``acme/api#12``, an issue's address."""
    seen: set[str] = set()
    for found in _MENTIONS.finditer(text):
        key = f"{found[1] or found[3] or repository}#{found[2] or found[4] or found[5]}"
        if key not in seen:
            seen.add(key)
            yield key
