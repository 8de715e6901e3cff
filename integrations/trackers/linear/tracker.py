"""Linear issues, by GraphQL.

https://linear.app/developers/graphql
https://linear.app/developers/rate-limiting
https://linear.app/developers/webhooks
https://linear.app/developers/attachments
The schema: npm ``@linear/sdk``

A ticket's ``external_id`` is the issue's UUID; its ``key`` is ``ENG-12``, and changes when the issue moves to another
team. A ticket is looked for by the id alone.

Our marker *is* the id: ``issueCreate`` takes one of the client's choice, a UUID v4, which is made of the marker. A
second create with it is refused ("Entity Issue with id ... already exists"), and then answers the issue that is there:
whatever happens to a request, there is one ticket. Somebody's copy of an issue has an id of its own. Nothing of the
marker stands in the issue, so ``Ticket.marker`` is None. Where the issue with that id lies in the bin, the next id made
of the same marker is used, so that a ticket can be made anew. Our comment's id is made in the same way.

An issue in the bin is gone; so is an open one that was archived. Linear archives closed issues by itself after some
months: these stand as they did.

Linear keeps Markdown, and writes it in its own hand (``*`` for a list): it is read with ``-``, and compared by what it
looks like. A person's address in a text mentions that person, and so may ``@name``: both are broken on the way out and
mended on the way in.

A key may ask 2,500 to 5,000 times an hour. A query may weigh 10,000 points: 0.1 a field, 1 an object, times ``first``
for a list. The heaviest here is a page of :attr:`LinearTracker.page_size` issues: 4,321 points as
``tests/peers/linear_schema.py`` reckons them. A limit is answered with 400 and ``RATELIMITED``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import ValidationError

from domain.errors import (
    BadSignature,
    StatusUnreachable,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from integrations.pointers import Page, host_of, page_at
from integrations.text.comparison import looks_same
from integrations.ticket import News, Ticket, TicketChange, TicketDraft, TicketRef
from integrations.tracker import Check
from integrations.trackers.linear.answers import Comment, Issue, Label, Nodes, Success, Team
from integrations.trackers.linear.changes import difference
from integrations.trackers.linear.connection import LinearConnection
from integrations.trackers.linear.errors import LinearRefused
from integrations.trackers.linear.marker import IDS_OF_A_MARKER, id_for_marker
from integrations.trackers.linear.queries import (
    COMMENT_CREATE_MUTATION,
    COMMENT_QUERY,
    COMMENT_UPDATE_MUTATION,
    CREATE_MUTATION,
    ISSUE_QUERY,
    ISSUES_QUERY,
    LABEL_CREATE_MUTATION,
    LABELS_QUERY,
    STATES_QUERY,
    UPDATE_MUTATION,
)
from integrations.trackers.linear.settings import LinearConfig, LinearSecrets
from integrations.trackers.linear.setup import SETUP
from integrations.trackers.linear.status import State, holds, wanted_state
from integrations.trackers.linear.texts import BODY_LIMIT, canonical, one_line, written
from integrations.trackers.linear.webhook import AnyEvent, IssueEvent, PullEvent, Stamp, issue_news, pull_news
from integrations.webhook import check_signature, header, needed_header, payload

FRESH = timedelta(seconds=60)
"""How far a webhook's time may be from ours (Linear's documentation: a minute)."""


_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*-[1-9][0-9]{0,9}")


class LinearTracker(LinearConnection):
    """One team's issues."""

    label = "Linear"
    Config = LinearConfig
    Secrets = LinearSecrets
    setup = SETUP
    knows_started = True
    page_size = 200
    text_limit = BODY_LIMIT

    @classmethod
    def canonical(cls, text: str) -> str:
        return canonical(text)

    # Tickets

    def find(self, marker: str, since: datetime | None = None) -> Ticket | None:  # noqa: ARG002 (the id is known)
        with self._translating_errors():
            for place in range(IDS_OF_A_MARKER):
                issue = self._look(id_for_marker(marker, place))
                if issue is None or not issue.is_gone():
                    return None if issue is None else issue.as_ticket()
        return None

    def create(self, draft: TicketDraft) -> Ticket:
        """As the contract has it, but a second call with the same marker answers the ticket that is there."""
        with self._translating_errors():
            words = self._drafted(draft)
            for place in range(IDS_OF_A_MARKER):
                issue = self._made(words | {"id": id_for_marker(draft.marker, place)})
                if not issue.is_gone():
                    return issue.as_ticket()
        raise TrackerRefused(
            tracker=self.label, detail=f"{IDS_OF_A_MARKER} tickets of this action item are in its trash."
        )

    def _made(self, words: dict[str, object]) -> Issue:
        try:
            return self._ask(CREATE_MUTATION, "issueCreate.issue", Issue, input=words)
        except LinearRefused as refused:
            if refused.is_final:
                raise
            there = self._look(str(words["id"]))  # "already exists", in whichever words
            if there is None:
                raise
            return there

    def _drafted(self, draft: TicketDraft) -> dict[str, object]:
        if draft.issue_type:
            raise TrackerRefused(tracker=self.label, detail="it has no issue types.")
        team = self._team(draft.project or self._config.team)
        ours: dict[str, object] = {
            "teamId": team.id,
            "title": one_line(draft.title),
            "description": written(draft.body),
        }
        names = tuple(dict.fromkeys((*self._config.labels, *draft.labels)))
        if names:
            ours["labelIds"] = self._labels(team, names)
        if draft.assignee:
            ours["assigneeId"] = draft.assignee
        if draft.due_on:
            ours["dueDate"] = draft.due_on.isoformat()
        return {**draft.fields, **ours}

    def _labels(self, team: Team, names: Sequence[str]) -> list[str]:
        """Their ids, in this team or for all; those that are not there are made in the team."""
        here = [{"team": {"id": {"eq": team.id}}}, {"team": {"null": True}}]
        there = self._ask(
            LABELS_QUERY, "issueLabels", Nodes[Label], filter={"name": {"in": list(names)}, "or": here}
        ).nodes
        known = {label.name: label.id for label in there}
        return [known.get(name) or self._make_label(team, name) for name in names]

    def _make_label(self, team: Team, name: str) -> str:
        words = {"name": name, "teamId": team.id}
        return self._ask(LABEL_CREATE_MUTATION, "issueLabelCreate.issueLabel", Label, input=words).id

    def fetch(self, ref: TicketRef) -> Ticket:
        with self._translating_errors(ref.key):
            return self._present(ref).as_ticket()

    def read_many(self, refs: Sequence[TicketRef]) -> Iterator[Ticket]:
        for start in range(0, len(refs), self.page_size):
            ids = [ref.external_id for ref in refs[start : start + self.page_size]]
            with self._translating_errors():
                found = self._ask(ISSUES_QUERY, "issues", Nodes[Issue], ids=ids, first=len(ids)).nodes
            yield from (issue.as_ticket() for issue in found if not issue.is_gone())

    def update(self, ref: TicketRef, change: TicketChange, check: Check | None = None) -> Ticket:
        with self._translating_errors(ref.key):
            issue = self._present(ref)
            if check is not None:
                check(issue.as_ticket())
            edit = difference(issue, change)
            unreachable = None
            if change.state is not None and not holds(issue.state, change):
                try:
                    wanted = self._state(issue, change)
                except StatusUnreachable as refusal:
                    unreachable = refusal
                else:
                    edit |= {"stateId": wanted.id} if wanted.id != issue.state.id else {}
            if edit:
                issue = self._ask(UPDATE_MUTATION, "issueUpdate.issue", Issue, id=issue.id, input=edit)
            if unreachable:
                raise unreachable
            return issue.as_ticket()

    def _state(self, issue: Issue, change: TicketChange) -> State:
        """The team's state that the change wants; any of them is one step away."""
        states = self._ask(STATES_QUERY, "team.states", Nodes[State], id=issue.team.id).nodes
        found = wanted_state(sorted(states, key=lambda one: one.position), change)
        if found is None:
            status = change.status or (change.state.value if change.state else "")
            detail = f"the team {issue.team.key} has no state of that kind."
            raise StatusUnreachable(tracker=self.label, status=status, key=issue.identifier, detail=detail)
        return found

    def comment(self, ref: TicketRef, marker: str, body: str) -> None:
        text = written(body)
        with self._translating_errors(ref.key):
            for place in range(IDS_OF_A_MARKER):
                comment = id_for_marker(f"{ref.external_id}/{marker}", place)
                if self._said(comment, text) or self._say(ref, comment, text):
                    return
        raise TrackerRefused(tracker=self.label, detail="Afterword's comment was deleted too many times.")

    def _said(self, comment: str, text: str) -> bool:
        """Whether the comment is there; it says ``text`` then."""
        try:
            now = self._ask(COMMENT_QUERY, "comment", Comment, id=comment)
        except LinearRefused as refused:
            if refused.is_absent("Comment"):
                return False
            raise
        if not looks_same(now.body, text):
            self._ask(COMMENT_UPDATE_MUTATION, "commentUpdate", Success, id=comment, input={"body": text})
        return True

    def _say(self, ref: TicketRef, comment: str, text: str) -> bool:
        """Whether it could be written: not with the id of one that was deleted, or that came in between."""
        words = {"id": comment, "issueId": ref.external_id, "body": text}
        try:
            self._ask(COMMENT_CREATE_MUTATION, "commentCreate", Success, input=words)
        except LinearRefused as refused:
            if refused.is_final or refused.is_absent("Issue"):
                raise
            if not refused.message.lower().startswith("conflict on insert"):
                raise
            return self._said(comment, text)
        return True

    def resolve(self, pointer: str) -> Ticket:
        page = page_at(pointer, "linear")
        key, workspace = (pointer.strip(), None) if page is None else self._named_by(page)
        if not _KEY.fullmatch(key):
            raise TrackerRefused(tracker=self.label, detail="enter an issue's URL or a key like ENG-12.")
        key = key.upper()
        with self._translating_errors(key):
            ticket = self._present(TicketRef(key, key)).as_ticket()
        there = page_at(ticket.url)
        if workspace and there and workspace.lower() != there.path[0].lower():
            detail = f"this connection is for the workspace {there.path[0]}, not for {workspace}."
            raise TrackerRefused(tracker=self.label, detail=detail)
        return ticket

    def _named_by(self, page: Page) -> tuple[str, str | None]:
        """The key and the workspace in the address of an issue's page, or of the desktop app (``linear://acme/…``)."""
        ours = self._web_host
        keys = (one for one in page.after("issue", "issues") if _KEY.fullmatch(one))
        if page.host == ours and page.path:
            return next(keys, ""), page.path[0]
        return (next(keys, ""), page.host) if "." not in page.host and ":" not in page.host else ("", None)

    @property
    def _web_host(self) -> str:
        return host_of(self._config.base_url).removeprefix("api.")

    def _look(self, id_or_key: str) -> Issue | None:
        try:
            return self._ask(ISSUE_QUERY, "issue", Issue, id=id_or_key)
        except LinearRefused as refused:
            if refused.is_absent("Issue"):
                return None
            raise

    def _present(self, ref: TicketRef) -> Issue:
        issue = self._look(ref.external_id)
        if issue is None:
            self._must_see_team(ref.key)
        if issue is None or issue.is_gone():
            raise TicketGone(tracker=self.label, key=ref.key)
        return issue

    def _must_see_team(self, key: str) -> None:
        """Linear says "not found" for what is gone and for what we may not see; the team of the key tells which."""
        team = key.rpartition("-")[0]
        ours = team.lower() == self._config.team.lower() and self._config.team_id
        known = [*self._teams_like(team), *(self._teams_like(ours) if ours else ())]
        if not any(one.key.lower() == team.lower() or one.id == ours for one in known):
            detail = f"the team {team} doesn't exist, or the key can't see it."
            raise TicketForbidden(tracker=self.label, key=key, detail=detail)

    # The connection

    # Webhooks

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Where a rightly signed body holds no time, :meth:`parse_webhook` refuses it."""
        check_signature(header(headers, "Linear-Signature"), body, self._secrets.webhook_secret)
        try:
            stamp = Stamp.model_validate_json(body)
        except ValidationError:
            return
        if abs(stamp.webhook_timestamp / 1000 - now.timestamp()) > FRESH.total_seconds():
            raise BadSignature(detail="it was signed more than a minute ago, or its clock is wrong.")

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002 (it numbers them)
        return needed_header(headers, "Linear-Delivery")

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        delivery = self.delivery_id(headers, body)
        kind = payload(AnyEvent, body).type
        if kind == "Issue":
            return (issue_news(delivery, payload(IssueEvent, body)),)
        if kind == "Attachment":
            return pull_news(delivery, payload(PullEvent, body))
        return ()

    # How to speak
