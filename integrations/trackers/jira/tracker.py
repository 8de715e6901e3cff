"""Jira Cloud issues, by REST v3 over the session of the package ``jira``.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/
https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile
https://developer.atlassian.com/cloud/jira/platform/webhooks/
https://developer.atlassian.com/platform/forge/manifest-reference/modules/jira-entity-property/

A ticket's ``external_id`` is the issue's ``id``, by which everything is asked: it stays when the issue moves to another
project and gets another ``key``. Texts are Atlassian Document Format there and Markdown here: see ``adf``.

Our marker is the label ``afterword-MARKER``, sent with the request that makes the issue. A property of the issue would
be hidden from people, but JQL finds only properties whose index an app has declared, and an API token is no app. JQL
lags behind by seconds, sometimes minutes, hence ``lookup_lag``. Only issues that our own account created count:
anybody may put a label on.

Jira answers 404 for what is gone and for what we may not see. The issue's project tells: where we cannot see that, the
ticket is forbidden. An issue hidden in a project that we do see (by issue security) cannot be told from a deleted one.

A status is told by its category; a done issue was cancelled where its resolution, or its status, has one of the
connection's words for it. An issue that is closed already keeps its resolution. Without an assignee, Jira gives a new
issue to the project's default assignee, if it has one. A description is written with every node that Markdown has no
word for as it was: see ``adf_keeping``.

Webhooks: those of administrators (``/rest/webhooks/1.0/webhook``, or by hand in Jira's settings) are signed with a
secret (``X-Hub-Signature``) and stay for ever; an API token may register them if its account administers Jira. Those
of ``/rest/api/3/webhook``, which expire after 30 days, are for apps (OAuth and Connect) only, so they are not used.
``X-Atlassian-Webhook-Identifier`` is the same when a delivery is sent again; it has no documented shape. A webhook
tells an issue in the words of v2, its description in wiki markup: it is fetched instead.

The account needs: Browse Projects, Create, Edit, Transition, Assign and Schedule Issues, Add and Edit Own Comments.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from pydantic import JsonValue

from domain.errors import (
    StatusUnreachable,
    TextNotKept,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from domain.tickets.status import TicketState
from integrations.pointers import host_of, page_at
from integrations.text.keeping import CannotKeep
from integrations.ticket import News, Ticket, TicketChange, TicketDraft, TicketRef
from integrations.tracker import Check
from integrations.trackers.jira import adf
from integrations.trackers.jira.answers import (
    FIELDS,
    Comment,
    CommentList,
    CommentPage,
    Created,
    FoundPage,
    Issue,
    Issues,
)
from integrations.trackers.jira.changes import BODY_LIMIT, cut, difference, short, size
from integrations.trackers.jira.connection import ISSUE_PATH, PAGE, JiraConnection
from integrations.trackers.jira.form import shaped
from integrations.trackers.jira.settings import JiraConfig, JiraSecrets
from integrations.trackers.jira.setup import SETUP
from integrations.trackers.jira.walk import Walk
from integrations.trackers.jira.webhook import KEY, news
from integrations.trackers.jira.workflow import Goal
from integrations.webhook import check_signature, header, needed_header

COMMENT_PROPERTY = "afterword.comment"

_FIELDS = ",".join(FIELDS)
_MARKER = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
_LABEL = "afterword-"


class JiraTracker(JiraConnection):
    """One Jira site, and the project in it where tickets are opened."""

    label = "Jira"
    Config = JiraConfig
    Secrets = JiraSecrets
    setup = SETUP
    knows_started = True
    lookup_lag = 60.0
    text_limit = BODY_LIMIT

    @classmethod
    def canonical(cls, text: str) -> str:
        return adf.normal(text)

    @classmethod
    def text_size(cls, text: str) -> int:
        return size(text)

    # Tickets

    def find(self, marker: str, since: datetime | None = None) -> Ticket | None:  # noqa: ARG002 (a label needs no limit)
        label = _marker_label(marker)
        mine = self.own_account()
        for external_id, key in self._labelled(label):
            try:
                issue = self._issue(TicketRef(external_id, key))  # the index may be older than the issue
            except (TicketGone, TicketForbidden):
                continue
            if label in issue.fields.labels and issue.fields.creator and issue.fields.creator.id == mine:
                return self._ticket(issue)
        return None

    def _labelled(self, label: str) -> Iterator[tuple[str, str]]:
        body: dict[str, JsonValue] = {
            "jql": f'labels = "{label}" ORDER BY created ASC',
            "fields": ["labels"],
            "maxResults": PAGE,
        }
        while True:
            with self._translating_errors() as site:
                page = site.ask(FoundPage, "POST", "/rest/api/3/search/jql", body=body)
            for one in page.issues:
                yield one.id, one.key
            if not page.next:
                return
            body["nextPageToken"] = page.next

    def create(self, draft: TicketDraft) -> Ticket:
        project, kind = draft.project or self._config.project, draft.issue_type or self._config.issue_type
        labels = (*self._config.labels, *draft.labels, _marker_label(draft.marker))
        fields: dict[str, JsonValue] = {
            **self._further(draft, project, kind),
            "project": {"id" if project.isdigit() else "key": project},
            "issuetype": {"id" if kind.isdigit() else "name": kind},
            "summary": short(draft.title),
            "description": adf.to_adf(cut(draft.body)),
            "labels": list(dict.fromkeys("-".join(label.split()) for label in labels)),
        }
        if draft.assignee:
            fields["assignee"] = {"id": draft.assignee}
        if draft.due_on:
            fields["duedate"] = draft.due_on.isoformat()
        with self._translating_errors() as site:
            made = site.ask(Created, "POST", ISSUE_PATH, body={"fields": fields})
        return self.fetch(TicketRef(made.id, made.key))

    def _further(self, draft: TicketDraft, project: str, kind: str) -> dict[str, JsonValue]:
        """Values by field id, each in the shape that Jira's form says, never by what the value looks like."""
        if not draft.fields:
            return {}
        form = {field.id: field for field in self._form(project, kind)}
        return {name: shaped(form.get(name), value) for name, value in draft.fields.items()}

    def fetch(self, ref: TicketRef) -> Ticket:
        return self._ticket(self._issue(ref))

    def _issue(self, ref: TicketRef) -> Issue:
        with self._translating_errors(ref) as site:
            return site.ask(Issue, "GET", f"{ISSUE_PATH}/{ref.external_id}", {"fields": _FIELDS})

    def read_many(self, refs: Sequence[TicketRef]) -> Iterator[Ticket]:
        ids = [ref.external_id for ref in refs]
        for at in range(0, len(ids), self.page_size):
            body: dict[str, JsonValue] = {
                "issueIdsOrKeys": list(ids[at : at + self.page_size]),
                "fields": list(FIELDS),
            }
            with self._translating_errors() as site:
                found = site.ask(Issues, "POST", f"{ISSUE_PATH}/bulkfetch", body=body)
            yield from (self._ticket(issue) for issue in found.issues)

    def _ticket(self, issue: Issue) -> Ticket:
        fields = issue.fields
        standing = self._mapping.standing(fields.status, fields.resolution)
        return Ticket(
            external_id=issue.id,
            key=issue.key,
            url=f"{self._config.base_url}/browse/{issue.key}",
            title=fields.summary.replace("\0", ""),
            body=adf.to_markdown(fields.description),
            state=standing.state,
            reason=standing.reason,
            status=fields.status.name,
            assignee=fields.assignee.id if fields.assignee else None,
            author=fields.creator.id if fields.creator else None,
            marker=next((one.removeprefix(_LABEL) for one in fields.labels if one.startswith(_LABEL)), None),
            updated_at=fields.updated.astimezone(UTC),
            due_on=fields.due_on,
        )

    def update(self, ref: TicketRef, change: TicketChange, check: Check | None = None) -> Ticket:
        issue = self._issue(ref)
        if check is not None:
            check(self._ticket(issue))
        path = f"{ISSUE_PATH}/{issue.id}"
        try:
            edit = difference(issue, change)
        except CannotKeep:
            raise TextNotKept(tracker=self.label, key=issue.key) from None
        assigns = change.assignee not in {None, issue.fields.assignee.id if issue.fields.assignee else None}
        with self._translating_errors(ref) as site:
            if edit:
                site.send("PUT", path, body={"fields": edit})
            if assigns:
                site.send("PUT", f"{path}/assignee", body={"accountId": change.assignee})
        moved = self._moved(issue, change)
        if moved is None and (edit or assigns):
            return self.fetch(ref)
        return self._ticket(moved or issue)

    def _moved(self, issue: Issue, change: TicketChange) -> Issue | None:
        """The issue after it was moved, None where it need not be. Raises ``StatusUnreachable``."""
        if change.state is None:
            return None
        goal = Goal(change.state, change.reason, change.status, self._mapping)
        if goal.holds(issue.fields.status, issue.fields.resolution):
            return None
        ref = TicketRef(issue.id, issue.key)
        with self._translating_errors(ref) as site:
            reached = Walk(site, issue, goal).go()
        if not reached:
            start = issue.fields.status.name
            detail = f"its workflow has no transition from {start} to that status."
            raise self._unreachable(issue, goal, detail)
        now = self._issue(ref)
        if not goal.holds(now.fields.status, now.fields.resolution):
            resolution = f" ({now.fields.resolution.name})" if now.fields.resolution else ""
            raise self._unreachable(issue, goal, f"the transition led to {now.fields.status.name}{resolution}.")
        return now

    def _unreachable(self, issue: Issue, goal: Goal, detail: str) -> StatusUnreachable:
        cancelled = next(iter(self._config.not_done), "that it was cancelled")
        wanted = {
            TicketState.OPEN: "a status that is to do",
            TicketState.STARTED: "a status in progress",
            TicketState.DONE: "a done status",
            TicketState.CANCELLED: f"a done status or resolution that says {cancelled}",
        }[goal.state]
        return StatusUnreachable(tracker=self.label, status=goal.status or wanted, key=issue.key, detail=detail)

    def comment(self, ref: TicketRef, marker: str, body: str) -> None:
        path = f"{ISSUE_PATH}/{ref.external_id}/comment"
        document = adf.to_adf(cut(body))
        ours = self._our_comment(ref, path, marker)
        if ours is not None and adf.to_markdown(ours.body) == adf.to_markdown(document):
            return
        sent: dict[str, JsonValue] = {
            "body": document,
            "properties": [{"key": COMMENT_PROPERTY, "value": {"marker": marker}}],
        }
        with self._translating_errors(ref) as site:
            if ours is None:
                site.send("POST", path, body=sent)
            else:
                site.send("PUT", f"{path}/{ours.id}", body=sent)

    def _our_comment(self, ref: TicketRef, path: str, marker: str) -> Comment | None:
        """By its property, which only the list by ids tells; of our own account, since anybody may set one."""
        mine = self.own_account()
        at = 0
        while True:
            with self._translating_errors(ref) as site:
                page = site.ask(CommentPage, "GET", path, {"startAt": str(at), "maxResults": str(PAGE)})
                written = [int(one.id) for one in page.comments if one.author and one.author.id == mine]
                known = CommentList()
                if written:
                    ids: dict[str, JsonValue] = {"ids": list(written)}
                    known = site.ask(CommentList, "POST", "/rest/api/3/comment/list", {"expand": "properties"}, ids)
            for one in known.values:
                if any(has.key == COMMENT_PROPERTY and has.value == {"marker": marker} for has in one.properties):
                    return one
            at += len(page.comments)
            if not page.comments or at >= page.total:
                return None

    def resolve(self, pointer: str) -> Ticket:
        key = self._pointed_at(pointer.strip())
        with self._translating_errors(TicketRef("", key)) as site:
            return self._ticket(site.ask(Issue, "GET", f"{ISSUE_PATH}/{key}", {"fields": _FIELDS}))

    def _pointed_at(self, pointer: str) -> str:
        """The key in ``OPS-12``, in any page of an issue on this site, or in a board's ``?selectedIssue=OPS-12``."""
        if KEY.fullmatch(pointer):
            return pointer.upper()
        page = page_at(pointer)
        if page is not None and page.host == host_of(self._config.base_url):
            named = [page.query.get("selectedissue", ""), page.query.get("issuekey", ""), *reversed(page.path)]
            found = next((one for one in named if KEY.fullmatch(one)), None)
            if found is not None:
                return found.upper()
        raise TrackerRefused(tracker=self.label, detail="enter an issue's URL on this site or its key.")

    # The connection

    # Webhooks

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:  # noqa: ARG002
        signature = header(headers, "X-Hub-Signature")
        check_signature(signature and signature.removeprefix("sha256="), body, self._secrets.webhook_secret)

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002 (it names them)
        return needed_header(headers, "X-Atlassian-Webhook-Identifier")

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        return news(self.delivery_id(headers, body), body)


def _marker_label(marker: str) -> str:
    if not _MARKER.fullmatch(marker):
        raise ValueError("a marker has letters, digits, '_', '.', ':' and '-' only")
    return f"{_LABEL}{marker}"
