"""GitLab issues, by REST v4.

https://docs.gitlab.com/api/issues/
https://docs.gitlab.com/api/notes/
https://docs.gitlab.com/api/project_webhooks/
https://docs.gitlab.com/user/project/integrations/webhooks/
https://docs.gitlab.com/user/project/quick_actions/

A ticket's ``external_id`` is the issue's global ``id``; its ``key`` is ``group/project#12``, which the API wants. A
moved issue is closed where it was, and names the new one by its global id, whose key only GraphQL tells.

An issue is opened or closed, no more: that it is in progress, was cancelled or is a duplicate is said by labels, which
the connection names.

Our marker is the comment ``<!-- afterword:MARKER -->`` at the end of the description, looked for in the list of our
account's issues, newest first. A line that begins with ``/`` would be a command, and ``@name`` a mention: both are
broken on the way out and mended on the way in.

Webhooks are signed (``webhook-signature``, GitLab 18 and later) or carry the secret itself (``X-Gitlab-Token``). Their
instants have no milliseconds, so that they would seem older than what was read before: an event has no ticket and no
time, and the ticket is fetched. GitLab sends none for a deleted issue.
"""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from domain.errors import (
    BadSignature,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from integrations.pointers import host_of, page_at
from integrations.ticket import News, Ticket, TicketChange, TicketDraft, TicketRef
from integrations.tracker import Check
from integrations.trackers.gitlab.answers import Issue, MovedAnswer, Note
from integrations.trackers.gitlab.changes import difference
from integrations.trackers.gitlab.connection import GitlabConnection, Scalar
from integrations.trackers.gitlab.paths import KEY, base_path, issue_path, keys_in, project_path
from integrations.trackers.gitlab.settings import GitlabConfig, GitlabSecrets
from integrations.trackers.gitlab.setup import SETUP
from integrations.trackers.gitlab.signature import check_standard_signature
from integrations.trackers.gitlab.status import standing_of, status_name
from integrations.trackers.gitlab.texts import BODY_LIMIT, MARK_ROOM, mark_in, marked, plain, short, size, unix
from integrations.trackers.gitlab.webhook import news
from integrations.webhook import header, needed_header, secret_list

NEWEST = 300
"""How many of our issues are looked through for a marker where it is not known since when to look."""
CLOCK_SKEW = timedelta(minutes=5)

WHERE_NOW_QUERY = "query($id: IssueID!) { issue(id: $id) { reference(full: true) } }"


class GitlabTracker(GitlabConnection):
    """One project's issues."""

    label = "GitLab"
    Config = GitlabConfig
    Secrets = GitlabSecrets
    setup = SETUP
    knows_started = True
    lookup_lag = 5.0
    text_limit = BODY_LIMIT - MARK_ROOM

    @classmethod
    def canonical(cls, text: str) -> str:
        return plain(marked(text, None))

    @classmethod
    def text_size(cls, text: str) -> int:
        return size(text)

    # Tickets

    def find(self, marker: str, since: datetime | None = None) -> Ticket | None:
        mine = self.own_account()
        for issue in self._newest(mine, since):
            if mark_in(issue.description) == marker and issue.author and str(issue.author.id) == mine:
                return self._ticket(issue)
        return None

    def _newest(self, author: str, since: datetime | None) -> Iterator[Issue]:
        asked: dict[str, Scalar] = {"scope": "all", "author_id": author, "order_by": "created_at", "sort": "desc"}
        if since is not None:
            asked["created_after"] = f"{since.astimezone(UTC) - CLOCK_SKEW:%Y-%m-%dT%H:%M:%SZ}"
        for count, issue in enumerate(self._pages(f"{project_path(self._config.project)}/issues", Issue, asked)):
            if since is None and count >= NEWEST:
                return
            yield issue

    def create(self, draft: TicketDraft) -> Ticket:
        ours: dict[str, JsonValue] = {
            "title": short(draft.title),
            "description": marked(draft.body, draft.marker),
            "labels": ",".join(dict.fromkeys((*self._config.labels, *draft.labels))),
        }
        if draft.assignee:
            ours["assignee_ids"] = [int(draft.assignee)]
        if draft.due_on:
            ours["due_date"] = draft.due_on.isoformat()
        if draft.issue_type:
            ours["issue_type"] = draft.issue_type
        path = f"{project_path(draft.project or self._config.project)}/issues"
        return self._ticket(self._ask("POST", path, Issue, json={**draft.fields, **ours}))

    def fetch(self, ref: TicketRef) -> Ticket:
        return self._ticket(self._issue(ref))

    def read_many(self, refs: Sequence[TicketRef]) -> Iterator[Ticket]:
        by_project: dict[str, dict[str, str]] = {}
        for ref in refs:
            if named := KEY.fullmatch(ref.key):
                by_project.setdefault(named[1], {})[named[2]] = ref.external_id
        for project, wanted in by_project.items():
            numbers = list(wanted)
            for start in range(0, len(numbers), self.page_size):
                asked: dict[str, Scalar | Sequence[str]] = {"scope": "all", "per_page": self.page_size}
                asked["iids[]"] = numbers[start : start + self.page_size]
                answer = self._send("GET", f"{project_path(project)}/issues", params=asked)
                if answer.status_code == 404:
                    continue  # a project that is gone says nothing of the others
                for issue in self._read(self._checked(answer), list[Issue]):
                    if wanted.get(str(issue.iid)) == str(issue.id) and issue.moved_to_id is None:
                        yield self._ticket(issue)

    def update(self, ref: TicketRef, change: TicketChange, check: Check | None = None) -> Ticket:
        issue = self._issue(ref)
        if check is not None:
            check(self._ticket(issue))
        edit = difference(issue, change, self._config)
        if edit:
            issue = self._ask("PUT", issue_path(issue.key), Issue, key=ref.key, json=edit)
        return self._ticket(issue)

    def _ticket(self, issue: Issue) -> Ticket:
        standing = standing_of(issue, self._config)
        return Ticket(
            external_id=str(issue.id),
            key=issue.key,
            url=issue.web_url,
            title=issue.title.replace("\0", ""),
            body=plain(issue.description),
            state=standing.state,
            reason=standing.reason,
            status=status_name(issue, self._config),
            assignee=str(issue.assignees[0].id) if issue.assignees else None,
            author=str(issue.author.id) if issue.author else None,
            marker=mark_in(issue.description),
            updated_at=issue.updated_at.astimezone(UTC),
            due_on=issue.due_date,
        )

    def comment(self, ref: TicketRef, marker: str, body: str) -> None:
        issue, mine, text = self._issue(ref), self.own_account(), marked(body, marker)
        notes = f"{issue_path(issue.key)}/notes"
        for note in self._pages(notes, Note, {"sort": "asc", "order_by": "created_at"}, ref.key):
            if mark_in(note.body) == marker and str(note.author.id) == mine:
                if unix(note.body) != text:
                    self._ask("PUT", f"{notes}/{note.id}", Note, key=ref.key, json={"body": text})
                return
        self._ask("POST", notes, Note, key=ref.key, json={"body": text})

    def resolve(self, pointer: str) -> Ticket:
        key = self._pointed_at(pointer.strip())
        ours = self._config.project
        if not key.lower().startswith(f"{ours}#".lower()):
            raise TrackerRefused(tracker=self.label, detail=f"this connection is for {ours}, not for {key}.")
        return self._ticket(self._followed(self._seen(key), key))

    def _pointed_at(self, pointer: str) -> str:
        """The key in ``group/project#12``, ``#12``, ``12``, the address of an issue's page, or that of a list or board
        with the issue opened beside it."""
        page = page_at(pointer)
        if page is not None:
            pointer = next(keys_in(page, base_path(self._config.base_url)), "") if page.host == self._web_host else ""
        for key in (pointer, f"{self._config.project}#{pointer.removeprefix('#')}"):
            if KEY.fullmatch(key):
                return key
        raise TrackerRefused(tracker=self.label, detail="enter an issue's URL or a key like #12.")

    @property
    def _web_host(self) -> str:
        return host_of(self._config.base_url)

    def _issue(self, ref: TicketRef) -> Issue:
        """The issue as and where it is now."""
        issue = self._seen(ref.key)
        if str(issue.id) != ref.external_id:
            raise TicketGone(tracker=self.label, key=ref.key)  # another issue has this key now
        return self._followed(issue, ref.key)

    def _followed(self, issue: Issue, key: str) -> Issue:
        """Where it was moved, however often."""
        for _ in range(10):
            if issue.moved_to_id is None:
                return issue
            asked = {"query": WHERE_NOW_QUERY, "variables": {"id": f"gid://gitlab/Issue/{issue.moved_to_id}"}}
            answer = self._read(self._checked(self._http.send("POST", "/api/graphql", json=asked), key), MovedAnswer)
            if answer.data.issue is None:
                detail = "it was moved to a project that the token can't see."
                raise TicketForbidden(tracker=self.label, key=key, detail=detail)
            issue = self._seen(answer.data.issue.reference)
        raise TrackerRefused(tracker=self.label, detail=f"{key} was moved too many times.")

    def _seen(self, key: str) -> Issue:
        answer = self._send("GET", issue_path(key))
        if answer.status_code == 404:
            self._must_see(key)
        return self._read(self._checked(answer, key), Issue)

    def _must_see(self, key: str) -> None:
        """GitLab answers 404 for what is gone and for what the token may not see; its project tells which."""
        project = key.partition("#")[0]
        if self._send("GET", project_path(project)).status_code == 404:
            detail = f"{project} doesn't exist, or the token can't see it."
            raise TicketForbidden(tracker=self.label, key=key, detail=detail)

    # The connection

    # Webhooks

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """A signature where there is one, else the secret itself, unless ours is a signing token."""
        secrets = secret_list(self._secrets.webhook_secret)
        if not secrets:
            raise BadSignature(detail="this connection has no webhook secret.")
        if header(headers, "webhook-signature"):
            check_standard_signature(secrets, headers, body, now)
            return
        given = (header(headers, "X-Gitlab-Token") or "").encode(errors="replace")
        plain = [one.encode() for one in secrets if not one.startswith("whsec_")]
        matches = [hmac.compare_digest(one, given) for one in plain]  # each is compared, whichever it is
        if not any(matches):
            raise BadSignature(detail="it has neither a signature nor this connection's secret.")

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002 (it numbers them)
        told = header(headers, "webhook-id") or header(headers, "Idempotency-Key")
        return told or needed_header(headers, "X-Gitlab-Event-UUID")

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        delivery = self.delivery_id(headers, body)
        return news(delivery, body)

    # How to speak


# Signatures: https://www.standardwebhooks.com


# Texts
