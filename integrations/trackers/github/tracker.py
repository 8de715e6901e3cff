"""GitHub issues, by PyGithub.

https://docs.github.com/en/rest/issues/issues
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
https://docs.github.com/en/rest/repos/webhooks
https://docs.github.com/en/graphql/reference/objects#issue
https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries

A ticket's ``external_id`` is the issue's database ``id``, which every webhook carries; its ``key`` is
``owner/name#12``, which the API wants. A transfer to another repository changes both (GitHub answers 301, and sends
``transferred`` with the new issue). A pull request is an issue to GitHub's API, but never to us.

Our marker is the comment ``<!-- afterword:MARKER -->`` at the end of the body, which readers do not see. It is looked
for in the list of the repository's issues, newest first, and not by search, whose index lags by seconds to minutes;
GitHub promises no read-after-write for the list either, hence ``lookup_lag``. Only issues of our own account count,
since anybody may copy a marker.

A title has at most 256 characters, a body 65,536: what is longer is cut. The token needs "Issues: read and write" and
"Metadata: read" (fine-grained), or the scope ``repo`` (classic).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from github import GithubException
from github.GithubObject import NotSet
from github.Issue import Issue

from domain.errors import TicketForbidden, TicketGone, TrackerRefused
from integrations.pointers import Page, host_of, page_at
from integrations.ticket import News, Ticket, TicketChange, TicketDraft, TicketRef
from integrations.tracker import Check
from integrations.trackers.github.changes import Edit, difference
from integrations.trackers.github.connection import GithubConnection
from integrations.trackers.github.errors import graphql_error
from integrations.trackers.github.graphql import IssueNode, issues_query
from integrations.trackers.github.issues import (
    BODY_LIMIT,
    KEY,
    MARK_ROOM,
    key_of,
    login_of,
    mark_in,
    marked,
    plain,
    short,
    ticket_of,
    unix,
)
from integrations.trackers.github.settings import GithubConfig, GithubSecrets
from integrations.trackers.github.setup import SETUP
from integrations.trackers.github.webhook import news
from integrations.webhook import check_signature, form_payload, header, needed_header

NEWEST = 300
"""How many issues are looked through for a marker where it is not known since when to look."""
CLOCK_SKEW = timedelta(minutes=5)


class GithubTracker(GithubConnection):
    """One repository's issues."""

    label = "GitHub"
    Config = GithubConfig
    Secrets = GithubSecrets
    setup = SETUP
    knows_started = False
    knows_due = False
    lookup_lag = 10.0
    text_limit = BODY_LIMIT - MARK_ROOM

    @classmethod
    def canonical(cls, text: str) -> str:
        return plain(marked(text, None))

    # Addresses in GitHub's answers are not followed, since it may be reached by another one: each request is made
    # from names.

    def find(self, marker: str, since: datetime | None = None) -> Ticket | None:
        mine = self.own_account()
        with self._translating_errors():
            for issue in self._newest(since):
                if mark_in(issue.body) == marker and login_of(issue.user) == mine:
                    return ticket_of(issue)
        return None

    def _newest(self, since: datetime | None) -> Iterator[Issue]:
        if since is None:
            every = self._here.get_issues(state="all", sort="created", direction="desc")
            yield from islice(every, NEWEST)
            return
        since = since.astimezone(UTC) - CLOCK_SKEW
        # to GitHub "since" is about the last change, which is never before the creation
        for issue in self._here.get_issues(state="all", sort="created", direction="desc", since=since):
            if issue.created_at < since:
                return
            yield issue

    def create(self, draft: TicketDraft) -> Ticket:
        body = marked(draft.body, draft.marker)
        with self._translating_errors():
            issue = self._here.create_issue(
                title=short(draft.title),
                body=body,
                labels=list(dict.fromkeys((*self._config.labels, *draft.labels))),
                assignees=[draft.assignee] if draft.assignee else [],
            )
            return self._seen_ticket(issue)

    def fetch(self, ref: TicketRef) -> Ticket:
        with self._translating_errors(ref.key):
            return self._seen_ticket(self._issue(ref))

    def update(self, ref: TicketRef, change: TicketChange, check: Check | None = None) -> Ticket:
        with self._translating_errors(ref.key):
            issue = self._issue(ref)
            if check is not None:
                check(ticket_of(issue))
            edit = difference(issue, change)
            if edit != Edit():
                issue = self._lazy(key_of(issue.html_url))
                issue.edit(
                    title=NotSet if edit.title is None else edit.title,
                    body=NotSet if edit.body is None else edit.body,
                    state=edit.state or NotSet,
                    state_reason=edit.state_reason or NotSet,
                    assignees=NotSet if edit.assignees is None else list(edit.assignees),
                )
            return self._seen_ticket(issue)

    def _seen_ticket(self, issue: Issue) -> Ticket:
        self.request_id = str(issue.raw_headers.get("x-github-request-id") or "") or self.request_id
        return ticket_of(issue)

    def _issue(self, ref: TicketRef) -> Issue:
        """The issue as it is now. One request, which is worth it: nothing is written twice, or to a stranger."""
        issue = self._seen(ref.key)
        if str(issue.id) != ref.external_id and key_of(issue.html_url).lower() == ref.key.lower():
            raise TicketGone(tracker=self.label, key=ref.key)  # another issue has this key now
        return issue

    def _seen(self, key: str) -> Issue:
        issue = self._lazy(key)
        try:
            pull = issue.pull_request
        except GithubException as error:
            if error.status == 404:
                raise self._unseen(key) from None
            raise
        if pull is not None:
            raise TrackerRefused(tracker=self.label, detail=f"{key} is a pull request, not an issue.")
        return issue

    def _lazy(self, key: str) -> Issue:
        """An issue that nobody has asked GitHub about yet."""
        named = KEY.fullmatch(key)
        if named is None:
            raise ValueError(f"not a GitHub key: {key}")
        return self._client.get_repo(named[1]).get_issue(int(named[2]))

    def _unseen(self, key: str) -> TicketForbidden:
        """GitHub answers 410 for what was deleted, and 404 for what the token may not see: also an issue that was
        transferred out of its sight."""
        repository = key.partition("#")[0]
        detail = "there is no issue with that number, or it was transferred to a repository that the token can't see."
        try:
            _ = self._client.get_repo(repository).id
        except GithubException as error:
            if error.status != 404:
                raise
            detail = f"{repository} doesn't exist, or the token can't see it."
        return TicketForbidden(tracker=self.label, key=key, detail=detail)

    def resolve(self, pointer: str) -> Ticket:
        key = self._pointed_at(pointer.strip())
        ours = self._config.repository
        if not key.lower().startswith(f"{ours}#".lower()):
            raise TrackerRefused(tracker=self.label, detail=f"this connection is for {ours}, not for {key}.")
        with self._translating_errors(key):
            return self._seen_ticket(self._seen(key))

    def _pointed_at(self, pointer: str) -> str:
        """The key in ``owner/name#12``, ``#12``, ``12``, the address of an issue's page, or that of a project's board
        with the issue opened beside it."""
        page = page_at(pointer)
        if page is not None:
            pointer = next(_keys_in(page), "") if page.host == self._web_host else ""
        for key in (pointer, f"{self._config.repository}#{pointer.removeprefix('#')}"):
            if KEY.fullmatch(key):
                return key
        raise TrackerRefused(tracker=self.label, detail="enter an issue's URL or a key like #12.")

    @property
    def _web_host(self) -> str:
        return host_of(self._config.base_url).removeprefix("api.")

    def read_many(self, refs: Sequence[TicketRef]) -> Iterator[Ticket]:
        """By GraphQL, since REST lists a repository and not the issues that one names."""
        for first in range(0, len(refs), self.page_size):
            with self._translating_errors():
                yield from self._read(refs[first : first + self.page_size])

    def _read(self, refs: Sequence[TicketRef]) -> Iterator[Ticket]:
        wanted = {ref.external_id for ref in refs}
        requester = self._client.requester
        asked = {"query": issues_query([ref.key for ref in refs])}
        headers, data = requester.requestJsonAndCheck("POST", requester.graphql_url, input=asked)
        self.request_id = str(headers.get("x-github-request-id") or "") or self.request_id
        answer = data.get("data") if isinstance(data, dict) else None
        if not isinstance(answer, dict):  # not a missing issue, which is a null in its place and an error beside
            raise graphql_error(data, headers)
        for place in answer.values():
            found = (place or {}).get("issue")
            if found is not None:
                node = IssueNode.model_validate(found)
                if str(node.id) in wanted:
                    yield ticket_of(node.payload(), node.pulls())

    def comment(self, ref: TicketRef, marker: str, body: str) -> None:
        mine, text = self.own_account(), marked(body, marker)
        with self._translating_errors(ref.key):
            issue = self._issue(ref)
            for one in self._lazy(key_of(issue.html_url)).get_comments():
                if login_of(one.user) == mine and mark_in(one.body) == marker:
                    if unix(one.body) != text:
                        one.edit(text)
                    return
            self._lazy(key_of(issue.html_url)).create_comment(text)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:  # noqa: ARG002
        signature = header(headers, "X-Hub-Signature-256")
        check_signature(signature and signature.removeprefix("sha256="), body, self._secrets.webhook_secret)

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002 (GitHub numbers them)
        return needed_header(headers, "X-GitHub-Delivery")

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        told = form_payload(headers, body)
        return news(needed_header(headers, "X-GitHub-Event"), self.delivery_id(headers, body), told)


def _keys_in(page: Page) -> Iterator[str]:
    """``/acme/api/issues/12``, whatever follows; ``?issue=acme|api|12`` on a board."""
    match page.path:
        case [owner, name, "issues" | "pull", number, *_]:
            yield f"{owner}/{name}#{number}"
    match page.query.get("issue", "").split("|"):
        case [owner, name, number]:
            yield f"{owner}/{name}#{number}"
