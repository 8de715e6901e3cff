"""Jira Cloud issues, by REST v3 over the session of the package ``jira``.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/
https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile
https://developer.atlassian.com/cloud/jira/platform/webhooks/
https://developer.atlassian.com/platform/forge/manifest-reference/modules/jira-entity-property/

A ticket's ``external_id`` is the issue's ``id``, by which everything is asked: it stays when the issue moves to another
project and gets another ``key``. Texts are Atlassian Document Format there and Markdown here (``integrations.adf``).

Our marker is the label ``afterword-MARKER``, sent with the request that makes the issue. A property of the issue would
be hidden from people, but JQL finds only properties whose index an app has declared, and an API token is no app. JQL
lags behind by seconds, sometimes minutes, hence ``lookup_lag``. Only issues that our own account created count:
anybody may put a label on.

Jira answers 404 for what is gone and for what we may not see. The issue's project tells: where we cannot see that, the
ticket is forbidden. An issue hidden in a project that we do see (by issue security) cannot be told from a deleted one.

A status is told by its category; a done issue was cancelled where its resolution, or its status, has one of the
connection's words for it. An issue that is closed already keeps its resolution. Without an assignee, Jira gives a new
issue to the project's default assignee, if it has one. Writing a description replaces it, with all that Markdown
cannot say.

Webhooks: those of administrators (``/rest/webhooks/1.0/webhook``, or by hand in Jira's settings) are signed with a
secret (``X-Hub-Signature``) and stay for ever; an API token may register them if its account administers Jira. Those
of ``/rest/api/3/webhook``, which expire after 30 days, are for apps (OAuth and Connect) only, so they are not used.
``X-Atlassian-Webhook-Identifier`` is the same when a delivery is sent again; it has no documented shape. A webhook
tells an issue in the words of v2, its description in wiki markup: it is fetched instead.

The account needs: Browse Projects, Create, Edit, Transition, Assign and Schedule Issues, Add and Edit Own Comments.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, Field, JsonValue, SecretStr

from domain.errors import (
    CredentialsRejected,
    DomainError,
    StatusUnreachable,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from domain.tickets.status import TicketState
from integrations import adf
from integrations.connection import ConnectionModel
from integrations.http import Token
from integrations.jira_answers import (
    FIELDS,
    Comment,
    CommentList,
    CommentPage,
    Created,
    FormField,
    FormPage,
    FoundPage,
    Issue,
    Issues,
    Named,
    Permissions,
    Project,
    TypePage,
    User,
    Users,
    Webhooks,
)
from integrations.jira_form import kind_of, options_of, shaped
from integrations.jira_site import Forbidden, JiraSite, Unseen
from integrations.jira_walk import Walk
from integrations.jira_webhook import EVENTS, KEY, news
from integrations.jira_workflow import Goal, Words
from integrations.tracker import (
    Account,
    Check,
    News,
    PermissionCheck,
    Registration,
    RequiredField,
    Ticket,
    TicketChange,
    TicketDraft,
    TicketRef,
    Tracker,
)
from integrations.webhook import check_signature, header, needed_header

TITLE_LIMIT = 255
BODY_LIMIT = 30_000
"""Of 32,767 in Jira's own reckoning, which counts markup as well."""
PAGE = 100
PERMISSIONS = (
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "TRANSITION_ISSUES",
    "ASSIGN_ISSUES",
    "SCHEDULE_ISSUES",
    "ADD_COMMENTS",
    "EDIT_OWN_COMMENTS",
)
NOT_DONE = (
    "Won't Do",
    "Won't Fix",
    "Not Planned",
    "Cancelled",
    "Canceled",
    "Declined",
    "Rejected",
    "Duplicate",
    "Cannot Reproduce",
    "Obsolete",
    "Invalid",
    "Abandoned",
)
COMMENT_PROPERTY = "afterword.comment"

_ISSUE = "/rest/api/3/issue"
_HOOKS = "/rest/webhooks/1.0/webhook"
_FIELDS = ",".join(FIELDS)
_MARKER = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
_LABEL = "afterword-"
_OURS = {"summary", "description", "project", "issuetype", "labels", "assignee", "duedate", "reporter", "parent"}
"""Fields of the create form that we give, or Jira gives by itself."""


def _site_address(value: str) -> str:
    if not value:
        return ""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ValueError("expected an address such as https://acme.atlassian.net, without credentials")
    return value.rstrip("/")


class JiraConfig(ConnectionModel):
    """Where tickets are opened, and as whom."""

    base_url: Annotated[
        str,
        AfterValidator(_site_address),
        Field(
            title="Site",
            description=(
                "The site's URL, such as https://acme.atlassian.net. Without the site, the e-mail, and the"
                " project, Afterword accepts webhooks but can't create tickets."
            ),
        ),
    ] = ""
    email: Annotated[
        str,
        Field(
            title="E-mail",
            description="The e-mail of the account that owns the API token.",
            pattern=r"^([^@:\s]+@[^@\s]+)?$",
        ),
    ] = ""
    project: Annotated[
        str,
        Field(
            title="Project",
            description="The key of the project for new tickets, such as OPS.",
            pattern=r"^([A-Za-z][A-Za-z0-9_]*|[0-9]+)?$",
        ),
    ] = ""
    issue_type: Annotated[
        str, Field(title="Issue type", description="Its name or number, such as Task.", min_length=1)
    ] = "Task"
    labels: Annotated[
        tuple[str, ...],
        Field(title="Labels", description="Added to every ticket that Afterword creates here. Spaces become hyphens."),
    ] = ()
    not_done: Annotated[
        tuple[str, ...],
        Field(
            title="Resolutions for won't do",
            description=(
                "Resolutions and statuses of closed tickets that won't be done. Afterword sets the first one"
                " that the workflow offers."
            ),
        ),
    ] = NOT_DONE
    webhook_filter: Annotated[
        str,
        Field(
            title="Webhook filter",
            description=(
                "JQL for the issues whose changes Jira sends. By default, the project above. If tickets go to"
                " several projects, include all of them."
            ),
        ),
    ] = ""


class JiraSecrets(ConnectionModel):
    """What Jira knows us by, and we Jira."""

    api_token: Annotated[
        Token,
        Field(title="API token", description="The account's API token, created at id.atlassian.com."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description=(
                "The secret of the webhook in Jira. Required to accept webhooks. While you rotate it, enter"
                " both, separated by a comma."
            ),
        ),
    ] = None


class JiraTracker(Tracker):
    """One Jira site, and the project in it where tickets are opened."""

    label = "Jira"
    Config = JiraConfig
    Secrets = JiraSecrets
    knows_started = True
    lookup_lag = 60.0

    def __init__(self, config: JiraConfig, secrets: JiraSecrets) -> None:
        self._config = config
        self._secrets = secrets
        self._words = Words(config.not_done)

    @cached_property
    def _site(self) -> JiraSite:
        config = self._config
        if self._secrets.api_token is None:
            raise TrackerRefused(tracker=self.label, detail="this connection has no API token.")
        if not (config.base_url and config.email and config.project):
            raise TrackerRefused(tracker=self.label, detail="this connection has no site, e-mail, or project.")
        token = self._secrets.api_token.get_secret_value()
        return JiraSite(self.label, config.base_url, config.email, token)

    def close(self) -> None:
        if "_site" in self.__dict__:
            self._site.close()

    @contextmanager
    def _speaking(self, ref: TicketRef | None = None) -> Iterator[JiraSite]:
        """Turns what the site raises into the contract's errors; ``ref`` is the ticket spoken of, None the project."""
        site = self._site
        try:
            yield site
        except Unseen as error:
            if ref is None:
                raise TrackerRefused(tracker=self.label, detail=str(error)) from None
            self._must_see_project(ref.key)
            raise TicketGone(tracker=self.label, key=ref.key) from None
        except Forbidden as error:
            key = ref.key if ref else self._config.project
            raise TicketForbidden(tracker=self.label, key=key, detail=str(error)) from None
        finally:
            self.calls, self.request_id = site.calls, site.request_id

    def _must_see_project(self, key: str) -> None:
        project = key.rpartition("-")[0] or self._config.project
        try:
            self._site.send("GET", f"/rest/api/3/project/{project}")
        except (Unseen, Forbidden):
            detail = f"the project {project} doesn't exist, or the account can't see it."
            raise TicketForbidden(tracker=self.label, key=key, detail=detail) from None

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
            with self._speaking() as site:
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
            "summary": _short(draft.title),
            "description": adf.to_adf(_cut(draft.body)),
            "labels": list(dict.fromkeys("-".join(label.split()) for label in labels)),
        }
        if draft.assignee:
            fields["assignee"] = {"id": draft.assignee}
        if draft.due_on:
            fields["duedate"] = draft.due_on.isoformat()
        with self._speaking() as site:
            made = site.ask(Created, "POST", _ISSUE, body={"fields": fields})
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
        with self._speaking(ref) as site:
            return site.ask(Issue, "GET", f"{_ISSUE}/{ref.external_id}", {"fields": _FIELDS})

    def read_many(self, refs: Sequence[TicketRef]) -> Iterator[Ticket]:
        ids = [ref.external_id for ref in refs]
        for at in range(0, len(ids), self.page_size):
            body: dict[str, JsonValue] = {
                "issueIdsOrKeys": list(ids[at : at + self.page_size]),
                "fields": list(FIELDS),
            }
            with self._speaking() as site:
                found = site.ask(Issues, "POST", f"{_ISSUE}/bulkfetch", body=body)
            yield from (self._ticket(issue) for issue in found.issues)

    def _ticket(self, issue: Issue) -> Ticket:
        fields = issue.fields
        standing = self._words.standing(fields.status, fields.resolution)
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
        path = f"{_ISSUE}/{issue.id}"
        edit = _difference(issue, change)
        assigns = change.assignee not in {None, issue.fields.assignee.id if issue.fields.assignee else None}
        with self._speaking(ref) as site:
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
        goal = Goal(change.state, change.reason, change.status, self._words)
        if goal.holds(issue.fields.status, issue.fields.resolution):
            return None
        ref = TicketRef(issue.id, issue.key)
        with self._speaking(ref) as site:
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
            TicketState.CANCELLED: f"a done status that says {cancelled}",
        }[goal.state]
        return StatusUnreachable(tracker=self.label, status=goal.status or wanted, key=issue.key, detail=detail)

    def comment(self, ref: TicketRef, marker: str, body: str) -> None:
        path = f"{_ISSUE}/{ref.external_id}/comment"
        document = adf.to_adf(_cut(body))
        ours = self._our_comment(ref, path, marker)
        if ours is not None and adf.to_markdown(ours.body) == adf.to_markdown(document):
            return
        sent: dict[str, JsonValue] = {
            "body": document,
            "properties": [{"key": COMMENT_PROPERTY, "value": {"marker": marker}}],
        }
        with self._speaking(ref) as site:
            if ours is None:
                site.send("POST", path, body=sent)
            else:
                site.send("PUT", f"{path}/{ours.id}", body=sent)

    def _our_comment(self, ref: TicketRef, path: str, marker: str) -> Comment | None:
        """By its property, which only the list by ids tells; of our own account, since anybody may set one."""
        mine = self.own_account()
        at = 0
        while True:
            with self._speaking(ref) as site:
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
        with self._speaking(TicketRef("", key)) as site:
            return self._ticket(site.ask(Issue, "GET", f"{_ISSUE}/{key}", {"fields": _FIELDS}))

    def _pointed_at(self, pointer: str) -> str:
        """The key in ``OPS-12``, ``/browse/OPS-12``, ``?selectedIssue=OPS-12`` or ``…/issues/OPS-12``."""
        if KEY.fullmatch(pointer):
            return pointer.upper()
        try:
            parts = urlsplit(pointer)
        except ValueError:
            parts = urlsplit("")
        site = urlsplit(self._config.base_url)
        if parts.scheme in {"http", "https"} and parts.netloc.lower() == site.netloc.lower():
            named = [*parse_qs(parts.query).get("selectedIssue", []), parts.path.rstrip("/").rpartition("/")[2]]
            found = next((one for one in named if KEY.fullmatch(one)), None)
            if found is not None:
                return found.upper()
        raise TrackerRefused(tracker=self.label, detail="enter an issue's URL on this site or its key.")

    # The connection

    def own_account(self) -> str:
        return self._account.id

    @cached_property
    def _account(self) -> User:
        with self._speaking() as site:
            return site.ask(User, "GET", "/rest/api/3/myself")

    def accounts(self) -> Iterator[Account]:
        """Of the first thousand users, which is all that Jira looks through, those who may be assigned."""
        for at in range(0, 1000, PAGE):
            query = {"project": self._config.project, "startAt": str(at), "maxResults": str(PAGE)}
            with self._speaking() as site:
                found = site.read(Users, {"users": site.send("GET", "/rest/api/3/user/assignable/search", query)})
            # a page is filtered after it was cut: an empty one says nothing about the next
            people = (one for one in found.users if one.active and one.kind == "atlassian")
            yield from (Account(one.id, one.name, one.email or None) for one in people)

    def check_permissions(self) -> list[PermissionCheck]:
        checks = [self._hears(self._secrets.webhook_secret)]
        for look in (self._check_account, self._check_project, self._check_form):
            try:
                checks += look()
            except DomainError as refusal:
                checks.append(PermissionCheck(_CHECKS[look.__name__], granted=False, detail=str(refusal)))
            if not all(check.granted for check in checks[1:]):
                break  # what follows would fail for the same reason
        return checks

    def _check_account(self) -> list[PermissionCheck]:
        return [
            PermissionCheck("API token", granted=True, detail=f"Signed in as {self._account.name or 'an account'}.")
        ]

    def _check_project(self) -> list[PermissionCheck]:
        project = self._project()
        if project.archived:
            return [PermissionCheck("Project", granted=False, detail=f"{project.key} is archived.")]
        query = {"projectKey": project.key, "permissions": ",".join(PERMISSIONS)}
        with self._speaking() as site:
            told = site.ask(Permissions, "GET", "/rest/api/3/mypermissions", query).permissions
        checks = [PermissionCheck("Project", granted=True, detail=f"{project.key} is {project.name or 'there'}.")]
        for name in PERMISSIONS:
            people = (told[name].name if name in told else "") or name.replace("_", " ").title()
            granted = name in told and told[name].granted
            detail = f"The account {'has' if granted else 'lacks'} this permission in {project.key}."
            checks.append(PermissionCheck(people, granted=granted, detail=detail))
        return checks

    def _project(self) -> Project:
        try:
            with self._speaking() as site:
                return site.ask(Project, "GET", f"/rest/api/3/project/{self._config.project}")
        except TrackerRefused:
            detail = f"the project {self._config.project} doesn't exist, or the account can't see it."
            raise TrackerRefused(tracker=self.label, detail=detail) from None

    def _check_form(self) -> list[PermissionCheck]:
        form = {field.id for field in self._form(self._config.project, self._config.issue_type)}
        absent = [name for name in ("summary", "description", "labels") if name not in form]
        kind = self._config.issue_type
        detail = f"{kind} can be created." if not absent else f"{kind}'s create form lacks: {', '.join(absent)}."
        return [PermissionCheck("Issue type", granted=not absent, detail=detail)]

    def required_fields(self, project: str | None = None, issue_type: str | None = None) -> list[RequiredField]:
        form = self._form(project or self._config.project, issue_type or self._config.issue_type)
        needed = [field for field in form if field.required and not field.has_default and field.id not in _OURS]
        return [RequiredField(field.id, field.name or field.id, kind_of(field), options_of(field)) for field in needed]

    def _form(self, project: str, issue_type: str) -> list[FormField]:
        """The create form, page by page."""
        path = f"{_ISSUE}/createmeta/{project}/issuetypes"
        kind = issue_type if issue_type.isdigit() else self._type(path, project, issue_type).id
        fields: list[FormField] = []
        while True:
            query = {"startAt": str(len(fields)), "maxResults": str(PAGE)}
            with self._speaking() as site:
                page = site.ask(FormPage, "GET", f"{path}/{kind}", query)
            fields += page.fields
            if not page.fields or len(fields) >= page.total:
                return fields

    def _type(self, path: str, project: str, name: str) -> Named:
        with self._speaking() as site:
            types = site.ask(TypePage, "GET", path, {"maxResults": "200"}).types
        found = next((one for one in types if one.name.casefold() == name.casefold()), None)
        if found is None:
            offered = ", ".join(one.name for one in types) or "none"
            detail = f"{project} has no issue type {name} that the account can create. It can create {offered}."
            raise TrackerRefused(tracker=self.label, detail=detail)
        return found

    # Webhooks

    def register_webhook(self, url: str, secret: str, current: Registration | None = None) -> Registration:
        project = self._config.project
        chosen = self._config.webhook_filter or f'project = "{project}"'
        hook: dict[str, JsonValue] = {
            "name": "Afterword",
            "description": "Changes of the tickets of action items",
            "url": url,
            "events": list(EVENTS),
            "filters": {"issue-related-events-section": chosen},
            "excludeBody": False,
            "secret": secret,
        }
        with self._administering() as site:
            there = site.read(Webhooks, {"webhooks": site.send("GET", _HOOKS)}).webhooks
            known = current.id if current else None
            mine = next((one for one in there if one.id == known), None)
            mine = mine or next((one for one in there if one.url == url), None)
            if mine is None:
                mine = site.read(Webhooks, {"webhooks": [site.send("POST", _HOOKS, body=hook)]}).webhooks[0]
            else:
                site.send("PUT", f"{_HOOKS}/{mine.id}", body=hook)
        return Registration(mine.id)

    def remove_webhook(self, current: Registration) -> None:
        with self._administering() as site:
            try:
                site.send("DELETE", f"{_HOOKS}/{current.id}")
            except Unseen:
                return

    @contextmanager
    def _administering(self) -> Iterator[JiraSite]:
        """What only administrators of Jira may do, and 401 says as well as 403."""
        try:
            with self._speaking() as site:
                yield site
        except (TicketForbidden, CredentialsRejected):
            self.__dict__.pop("_account", None)
            self.own_account()
            detail = (
                "only a Jira administrator can register webhooks. Create the webhook in Jira yourself,"
                " with this secret."
            )
            raise TrackerRefused(tracker=self.label, detail=detail) from None

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:  # noqa: ARG002
        signature = header(headers, "X-Hub-Signature")
        check_signature(signature and signature.removeprefix("sha256="), body, self._secrets.webhook_secret)

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002 (it names them)
        return needed_header(headers, "X-Atlassian-Webhook-Identifier")

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        return news(self.delivery_id(headers, body), body)


_CHECKS = {"_check_account": "API token", "_check_project": "Project", "_check_form": "Issue type"}


def _marker_label(marker: str) -> str:
    if not _MARKER.fullmatch(marker):
        raise ValueError("a marker has letters, digits, '_', '.', ':' and '-' only")
    return f"{_LABEL}{marker}"


def _short(title: str) -> str:
    line = " ".join(title.split())
    return line if len(line) <= TITLE_LIMIT else f"{line[: TITLE_LIMIT - 1]}…"


def _cut(body: str) -> str:
    return body if len(body) <= BODY_LIMIT else f"{body[: BODY_LIMIT - 1]}…"


def _difference(issue: Issue, change: TicketChange) -> dict[str, JsonValue]:
    fields = issue.fields
    edit: dict[str, JsonValue] = {}
    if change.title is not None and _short(change.title) != fields.summary:
        edit["summary"] = _short(change.title)
    if change.body is not None:
        document = adf.to_adf(_cut(change.body))
        if adf.to_markdown(document) != adf.to_markdown(fields.description):
            edit["description"] = document
    if change.no_due_date and fields.due_on is not None:
        edit["duedate"] = None
    elif change.due_on is not None and change.due_on != fields.due_on:
        edit["duedate"] = change.due_on.isoformat()
    return edit
