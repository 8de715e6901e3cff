"""Asana tasks, over its REST API.

https://developers.asana.com/reference/tasks
https://developers.asana.com/docs/errors, https://developers.asana.com/docs/rate-limits
https://developers.asana.com/docs/webhooks-guide
https://developers.asana.com/docs/custom-external-data

A ticket's ``external_id`` and its ``key`` are the task's gid, which never changes, whatever project the task is in;
only the address (``url``) names a project.

**Marker.** Asana promises ``external.gid``, and a look-up by it, to OAuth apps alone, and hides it from every other
app. With the setting ``oauthApp`` the marker is kept there, and :meth:`AsanaTracker.find` is one request. With a
personal access token or a service account's, it is the last line of the description, ``afterword:MARKER``, and is
looked for in the lists of the connection's projects, as changed since the given instant. Only tasks that our own
account made count. For that reason a ticket is made in the connection's projects only.

**State.** Asana knows done and not done, so the rest is told by a name: of the task's option in the custom field
``statusField`` where that is configured, else of the section it is in. A done task is CANCELLED where that name, or
one of its tags, is among ``cancelled`` or ``duplicate``; going out, a project without such a section or option gets
a tag, since a comment could not be read back: the item would turn from WONT_DO to COMPLETED. STARTED is a name among
``started``; a project that has none of these names refuses it (``StatusUnreachable``), and one whose administrator
empties that setting does not know it.

Webhooks tell gids only, are signed with a secret that Asana chose in its handshake, and come at most once.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Annotated, Generic, TypeVar
from urllib.parse import quote, urlsplit

from httpx import Response
from pydantic import AwareDatetime, BaseModel, Field, SecretStr

from domain.errors import (
    CredentialsRejected,
    StatusUnreachable,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from domain.tickets.status import CloseReason, Standing, TicketState
from integrations.asana_html import to_html, to_markdown
from integrations.connection import ConnectionModel
from integrations.http import Address, HttpClient, Token
from integrations.tracker import (
    Account,
    Check,
    Handshake,
    News,
    PermissionCheck,
    Registration,
    Ticket,
    TicketAction,
    TicketChange,
    TicketDraft,
    TicketEvent,
    TicketRef,
    Tracker,
    TrackerUnavailable,
)
from integrations.webhook import check_signature, header, payload, secret_list

TITLE_LIMIT = 1_024
BODY_LIMIT = 60_000
"""Characters of Markdown; Asana documents no limit, and refuses a description that is far longer."""
LIST_LIMIT = 100
"""The most that Asana tells in one answer."""
CLOCK_SKEW = timedelta(minutes=5)
PROBES = 3
"""How many tickets outside of the connection's projects :meth:`AsanaTracker.read_many` asks for one by one."""
SUBTYPES = ("default_task", "milestone", "approval")

_GID = r"[0-9]{1,32}"
_PATHS = (
    re.compile(rf"/0/(?:{_GID}|inbox|home|search)/({_GID})(?:/f)?/?"),
    re.compile(rf"/1/{_GID}/(?:project/{_GID}/|home/|inbox/{_GID}/item/{_GID}/)?(?:task|story)/({_GID})/?"),
    re.compile(rf"/1/{_GID}/project/{_GID}/(?:list|board|timeline|calendar)/[0-9]+/task/({_GID})/?"),
)
_MARKER = re.compile(r"[A-Za-z0-9_.:-]+")
_MARK = re.compile(
    rf"(?<!\s)\s*(?:<code>afterword:({_MARKER.pattern})</code>|(?<=[\n>])afterword:({_MARKER.pattern})(?=\s*(?:<|$)))"
)
_TASK_FIELDS = (
    "assignee,completed,created_by,due_on,html_notes,memberships.project,memberships.section.name,modified_at,name,"
    "permalink_url,tags.name"
)
_STORY_FIELDS = "created_by,html_text,resource_subtype"
_HOOK_FIELDS = "active,last_failure_at,last_failure_content,last_success_at,resource,target"
_MARKED = {"marked_complete": TicketAction.CLOSED, "marked_incomplete": TicketAction.REOPENED}
"""Stories that tell what a change of ``completed`` does not: to what."""
_FILTERS = [
    {"resource_type": "task", "action": action} for action in ("added", "changed", "deleted", "removed", "undeleted")
] + [{"resource_type": "story", "resource_subtype": subtype, "action": "added"} for subtype in _MARKED]

T = TypeVar("T")


def _names(title: str, description: str) -> object:
    return Field(title=title, description=description)


class AsanaConfig(ConnectionModel):
    """Where tasks are made, and by which names they stand where."""

    workspace: Annotated[
        str,
        Field(title="Workspace", description="Its gid: the number after /1/ in a URL.", pattern=f"^({_GID})?$"),
    ] = ""
    project: Annotated[
        str,
        Field(
            title="Project",
            description="Its gid: the number after /project/ in a URL. Tickets are created there.",
            pattern=f"^({_GID})?$",
        ),
    ] = ""
    further_projects: Annotated[
        tuple[Annotated[str, Field(pattern=f"^{_GID}$")], ...],
        Field(
            title="Further projects",
            description=(
                "Gids of other projects where tickets can be created. Only the first project sends webhooks;"
                " these are synced periodically."
            ),
        ),
    ] = ()
    base_url: Annotated[Address, Field(title="API address", description="Change it only if you use a proxy.")] = (
        "https://app.asana.com/api/1.0"
    )
    status_field: Annotated[
        str,
        Field(
            title="Status field",
            description="Gid of the project's single-select field for the status. If empty, sections are used.",
            pattern=f"^({_GID})?$",
        ),
    ] = ""
    opened: Annotated[
        tuple[str, ...],
        _names("Open", "Names of sections or options for open tasks. The first one is used for new tasks."),
    ] = ("To do", "Backlog", "Open", "Not started")
    started: Annotated[
        tuple[str, ...], _names("Started", "Names that mean in progress. If empty, tasks are only open or done.")
    ] = ("Doing", "In progress", "Started")
    done: Annotated[tuple[str, ...], _names("Done", "Names that mean done.")] = ("Done", "Complete", "Completed")
    cancelled: Annotated[tuple[str, ...], _names("Not planned", "Names (or tags) of tasks that won't be done.")] = (
        "Won't do",
        "Cancelled",
        "Canceled",
        "Not planned",
    )
    duplicate: Annotated[tuple[str, ...], _names("Duplicate", "Names (or tags) of duplicate tasks.")] = ("Duplicate",)
    oauth_app: Annotated[
        bool,
        Field(
            title="OAuth app",
            description=(
                "Turn this on if the token belongs to an OAuth app: Afterword's marker then stays out of the"
                " description. Leave it off for a personal access token."
            ),
        ),
    ] = False


class AsanaSecrets(ConnectionModel):
    """What Asana knows us by, and signs with."""

    token: Annotated[
        Token,
        Field(title="Token", description="A token of a person, a service account, or an OAuth app."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description="Asana sets it when the webhook is created. Required to accept webhooks.",
        ),
    ] = None


class _Named(BaseModel):
    gid: str
    name: str = ""


class _Account(_Named):
    email: str | None = None


class _Membership(BaseModel):
    project: _Named | None = None
    section: _Named | None = None


class _External(BaseModel):
    gid: str | None = None


class _FieldValue(BaseModel):
    gid: str
    enum_value: _Named | None = None


class _Task(BaseModel):
    gid: str
    name: str
    html_notes: str = ""
    completed: bool
    assignee: _Named | None = None
    created_by: _Named | None = None
    due_on: date | None = None
    modified_at: AwareDatetime
    permalink_url: str
    tags: list[_Named] = []
    memberships: list[_Membership] = []
    custom_fields: list[_FieldValue] = []
    external: _External | None = None


class _Story(BaseModel):
    gid: str
    resource_subtype: str = ""
    html_text: str = ""
    created_by: _Named | None = None


class _Project(_Named):
    archived: bool = False
    workspace: _Named | None = None
    default_access_level: str | None = None


class _Access(BaseModel):
    access_level: str = ""


class _Setting(BaseModel):
    custom_field: "_Choice"


class _Choice(_Named):
    enum_options: list["_Option"] = []


class _Option(_Named):
    enabled: bool = True


class _Hook(BaseModel):
    gid: str
    active: bool
    target: str = ""
    resource: _Named | None = None
    last_failure_at: AwareDatetime | None = None
    last_failure_content: str | None = None
    last_success_at: AwareDatetime | None = None


class _NextPage(BaseModel):
    offset: str


class _Data(BaseModel, Generic[T]):
    """The envelope of every answer."""

    data: T


class _Page(BaseModel, Generic[T]):
    data: list[T]
    next_page: _NextPage | None = None


class _Problem(BaseModel):
    message: str = ""
    phrase: str = ""


class _Problems(BaseModel):
    errors: list[_Problem] = []


class _Resource(BaseModel):
    gid: str
    resource_type: str
    resource_subtype: str | None = None


class _Change(BaseModel):
    field: str = ""
    new_value: _Resource | str | int | float | None = None


class _Event(BaseModel):
    action: str
    resource: _Resource
    parent: _Resource | None = None
    user: _Named | None = None
    created_at: AwareDatetime
    change: _Change | None = None


class _Delivery(BaseModel):
    events: list[_Event]


class AsanaTracker(Tracker):
    """One project's tasks."""

    label = "Asana"
    Config = AsanaConfig
    Secrets = AsanaSecrets
    knows_started = True
    lookup_lag = 5.0
    reads_at_once = 50  # it lists the project, from its beginning
    calls_per_second = 2.0  # 150 a minute without a paid plan

    def __init__(self, config: AsanaConfig, secrets: AsanaSecrets) -> None:
        self._config = config
        self._secrets = secrets
        self._known_places: dict[str, list[_Named]] = {}
        self._known_tags: dict[str, str] = {}
        if not config.started:
            self.knows_started = False  # type: ignore[misc]  # what holds for this connection

    @cached_property
    def _http(self) -> HttpClient:
        token = self._secrets.token
        if token is None or not self._config.project or not self._config.workspace:
            raise TrackerRefused(tracker=self.label, detail="this connection has no token, workspace, or project.")
        secret = token.get_secret_value()
        headers = {"Authorization": f"Bearer {secret}"}
        return HttpClient(self, self._config.base_url, headers, hidden=[secret], request_id="X-Request-Id")

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    # Requests

    def _get(self, path: str, shape: type[T], fields: str, key: str | None = None, **query: str) -> T:
        answer = self._http.send("GET", path, params={**query, "opt_fields": fields})
        return self._data(answer, shape, key)

    def _write(
        self,
        method: str,
        path: str,
        data: Mapping[str, object],
        shape: type[T],
        fields: str = "",
        key: str | None = None,
    ) -> T:
        params = {"opt_fields": fields} if fields else None
        return self._data(self._http.send(method, path, params=params, json={"data": data}), shape, key)

    def _data(self, answer: Response, shape: type[T], key: str | None) -> T:
        self._refuse(answer, key)
        return self._http.decoded(answer, _Data[shape]).data  # type: ignore[valid-type]

    def _list(self, path: str, shape: type[T], fields: str, key: str | None = None, **query: str) -> Iterator[T]:
        offset: str | None = None
        while True:
            params: dict[str, str | int] = {**query, "limit": LIST_LIMIT, "opt_fields": fields}
            if offset:
                params["offset"] = offset
            answer = self._http.send("GET", path, params=params)
            self._refuse(answer, key)
            page: _Page[T] = self._http.decoded(answer, _Page[shape])  # type: ignore[valid-type]
            yield from page.data
            if page.next_page is None:
                return
            if page.next_page.offset == offset:
                raise TrackerUnavailable(self.label, "its list doesn't end")
            offset = page.next_page.offset

    def _refuse(self, answer: Response, key: str | None) -> None:
        """``key`` is the ticket spoken of, None for the project."""
        status = answer.status_code
        if status < 400:
            return
        if status == 401:
            raise CredentialsRejected(tracker=self.label)
        problems = self._http.decoded(answer, _Problems).errors
        words = self._http.shown("; ".join(one.message for one in problems if one.message)) or f"status {status}"
        if status == 403:
            raise TicketForbidden(tracker=self.label, key=key or f"project {self._config.project}", detail=words)
        if status == 404 and key:
            raise TicketGone(tracker=self.label, key=key)
        if status == 402:
            words = f"{words} (it requires another Asana plan)"
        raise TrackerRefused(tracker=self.label, detail=words)

    # Tickets

    @property
    def _task_fields(self) -> str:
        field = ",custom_fields.enum_value.name" if self._config.status_field else ""
        return f"{_TASK_FIELDS}{field}{',external' if self._config.oauth_app else ''}"

    @property
    def _projects(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self._config.project, *self._config.further_projects)))

    def find(self, marker: str, since: datetime | None = None) -> Ticket | None:
        mine = self.own_account()
        for task in self._candidates(marker, since):
            ticket = self._ticket(task)
            if ticket.marker == marker and ticket.author == mine:
                return ticket
        return None

    def _candidates(self, marker: str, since: datetime | None) -> Iterator[_Task]:
        if self._config.oauth_app:
            try:
                yield self._task(f"external:{marker}")
            except (TicketGone, TicketForbidden):
                return
            return
        query = {"modified_since": _instant(since - CLOCK_SKEW)} if since else {}
        for project in self._projects:
            yield from self._list("/tasks", _Task, self._task_fields, project=project, **query)

    def create(self, draft: TicketDraft) -> Ticket:
        if not _MARKER.fullmatch(draft.marker):
            raise ValueError("a marker has letters, digits, '_', '.', ':' and '-' only")
        project = draft.project or self._config.project
        if project not in self._projects:
            detail = f"project {project} isn't part of this connection. Add it to its further projects."
            raise TrackerRefused(tracker=self.label, detail=detail)
        data: dict[str, object] = {
            "name": _title(draft.title),
            "html_notes": _marked(draft.body, None if self._config.oauth_app else draft.marker),
            "projects": [project],
        }
        if draft.assignee:
            data["assignee"] = draft.assignee
        if draft.due_on:
            data["due_on"] = draft.due_on.isoformat()
        if draft.labels:
            data["tags"] = [self._tag(name) for name in dict.fromkeys(draft.labels)]
        if draft.fields:
            data["custom_fields"] = dict(draft.fields)
        if draft.issue_type:
            data["resource_subtype" if draft.issue_type in SUBTYPES else "custom_type"] = draft.issue_type
        if self._config.oauth_app:
            data["external"] = {"gid": draft.marker}
        return self._ticket(self._write("POST", "/tasks", data, _Task, self._task_fields))

    def fetch(self, ref: TicketRef) -> Ticket:
        return self._ticket(self._task(ref.external_id, ref.key))

    def _task(self, gid: str, key: str | None = None) -> _Task:
        return self._get(f"/tasks/{quote(gid, safe=':')}", _Task, self._task_fields, key or gid)

    def read_many(self, refs: Sequence[TicketRef]) -> Iterator[Ticket]:
        wanted = {ref.external_id for ref in refs}
        waiting = list(self._projects)
        seen: set[str] = set()
        probes = PROBES
        while wanted:
            if waiting:
                project = waiting.pop(0)
                seen.add(project)
                for ticket in self._here(project, wanted):
                    wanted.discard(ticket.external_id)
                    yield ticket
                continue
            if not probes:
                return
            probes -= 1
            try:  # one that is elsewhere may show where the others are
                task = self._task(wanted.pop())
            except (TicketGone, TicketForbidden):
                continue
            yield self._ticket(task)
            waiting += [one for one in _homes(task) if one not in seen][:1]

    def _here(self, project: str, wanted: set[str]) -> Iterator[Ticket]:
        """Stops as soon as all are found; nothing of a project that we may not see."""
        try:
            for task in self._list(f"/projects/{project}/tasks", _Task, self._task_fields, key=project):
                if task.gid in wanted:
                    yield self._ticket(task)
                if not wanted:
                    return
        except (TicketGone, TicketForbidden):
            if project == self._config.project:
                raise TicketForbidden(
                    tracker=self.label,
                    key=f"project {project}",
                    detail="it doesn't exist, or the account can't see it.",
                ) from None

    def update(self, ref: TicketRef, change: TicketChange, check: Check | None = None) -> Ticket:
        task = self._task(ref.external_id, ref.key)
        if check is not None:
            check(self._ticket(task))
        words = self._changed_words(task, change)
        try:
            move = self._move(task, change)
        except StatusUnreachable:
            if words:
                self._put(ref, words)
            raise
        if not words and move is None:
            return self._ticket(task)
        return self._ticket(self._carried_out(ref, task, words, move or _Move()))

    def _carried_out(self, ref: TicketRef, task: _Task, words: Mapping[str, object], move: "_Move") -> _Task:
        """A task is never done before what tells dropped from done is there, and open before that is taken away."""
        data = {**words, **move.data(task, self._config.status_field)}
        asides = list(self._asides(ref, move))
        closes = task.completed if move.completed is None else move.completed
        if data and not (closes and asides):
            task = self._put(ref, data)
        for path, body in asides:
            self._write("POST", path, body, dict, key=ref.key)
        if data and closes and asides:
            return self._put(ref, data)
        return self._task(ref.external_id, ref.key) if asides else task

    def _asides(self, ref: TicketRef, move: "_Move") -> Iterator[tuple[str, dict[str, str]]]:
        gid = quote(ref.external_id)
        if move.tag is not None:
            yield f"/tasks/{gid}/addTag", {"tag": self._tag(move.tag)}
        if move.place is not None and not self._config.status_field:
            yield f"/sections/{move.place.gid}/addTask", {"task": ref.external_id}
        for tag in move.untag:
            yield f"/tasks/{gid}/removeTag", {"tag": tag}

    def _put(self, ref: TicketRef, data: Mapping[str, object]) -> _Task:
        return self._write("PUT", f"/tasks/{quote(ref.external_id)}", data, _Task, self._task_fields, ref.key)

    def _changed_words(self, task: _Task, change: TicketChange) -> dict[str, object]:
        changed: dict[str, object] = {}
        if change.title is not None and _title(change.title) != task.name:
            changed["name"] = _title(change.title)
        if change.body is not None:
            notes = _marked(change.body, _mark_in(task.html_notes))
            if _body(notes) != _body(task.html_notes):
                changed["html_notes"] = notes
        if change.assignee and change.assignee != (task.assignee.gid if task.assignee else None):
            changed["assignee"] = change.assignee
        if change.due_on is not None and change.due_on != task.due_on:
            changed["due_on"] = change.due_on.isoformat()
        if change.no_due_date and change.due_on is None and task.due_on is not None:
            changed["due_on"] = None
        return changed

    def _ticket(self, task: _Task) -> Ticket:
        standing = self._standing(task.completed, self._words(task))
        marker = task.external.gid if self._config.oauth_app and task.external else None
        return Ticket(
            external_id=task.gid,
            key=task.gid,
            url=task.permalink_url,
            title=task.name.replace("\0", ""),
            body=_body(task.html_notes),
            state=standing.state,
            reason=standing.reason,
            status=self._status(task),
            assignee=task.assignee.gid if task.assignee else None,
            author=task.created_by.gid if task.created_by else None,
            marker=marker or _mark_in(task.html_notes),
            updated_at=task.modified_at.astimezone(UTC),
            due_on=task.due_on,
        )

    # Where a task stands

    def _place(self, task: _Task) -> _Named | None:
        """Its option in the status field, or its section in the connection's project, else in the first it is in."""
        if self._config.status_field:
            chosen = [one.enum_value for one in task.custom_fields if one.gid == self._config.status_field]
            return chosen[0] if chosen else None
        ours = [one for one in task.memberships if one.project and one.project.gid in self._projects]
        return next((one.section for one in ours or task.memberships if one.section), None)

    def _words(self, task: _Task) -> set[str]:
        place = self._place(task)
        return {*_small(tag.name for tag in task.tags), *(_small([place.name]) if place else ())}

    def _standing(self, completed: bool, words: set[str]) -> Standing:
        if not completed:
            place_is_started = words & _small(self._config.started)
            return Standing(TicketState.STARTED if place_is_started else TicketState.OPEN)
        if words & _small(self._config.duplicate):
            return Standing(TicketState.CANCELLED, CloseReason.DUPLICATE)
        if words & _small(self._config.cancelled):
            return Standing(TicketState.CANCELLED, CloseReason.NOT_PLANNED)
        return Standing(TicketState.DONE, CloseReason.COMPLETED)

    def _status(self, task: _Task) -> str:
        """The name that says most: what it was dropped as, that it is completed, or where it is."""
        place = self._place(task)
        if not task.completed:
            return place.name if place else "Incomplete"
        names = [place.name if place else "", *(tag.name for tag in task.tags)]
        told = _small((*self._config.duplicate, *self._config.cancelled))
        return next((name for name in names if _word(name) in told), "Completed")

    def _move(self, task: _Task, change: TicketChange) -> "_Move | None":
        wanted = _wanted(change)
        if wanted is None:
            return None
        if wanted.state is TicketState.STARTED and not self.knows_started:
            wanted = Standing(TicketState.OPEN)
        now = self._standing(task.completed, self._words(task))
        place = self._place(task)
        named = _word(change.status) if change.status else None
        there = named in {None, _word(self._status(task)), _word(place.name) if place else None}
        other_reason = change.reason is not None and now.reason is not wanted.reason
        if now.state is wanted.state and there and not other_reason:
            return None
        completed = wanted.state.is_closed if wanted.state.is_closed != task.completed else None
        untag = self._stale_tags(task, wanted)
        left = self._words(task) - _small(tag.name for tag in task.tags if tag.gid in untag)
        target = self._named_place(task, named)
        if target is not None:
            left = left - (_small([place.name]) if place else set()) | _small([target.name])
        if self._standing(wanted.state.is_closed, left) == wanted or target is not None:
            return _Move(completed, target, untag=untag).unless_empty(place)
        found = self._found_place(task, wanted)
        if found is not None:
            return _Move(completed, found, untag=untag)
        if wanted.state is TicketState.CANCELLED:
            return _Move(completed, tag=self._reason_names(wanted)[0], untag=untag)
        if wanted.state is TicketState.STARTED:
            what = "option of the status field" if self._config.status_field else "section of its project"
            detail = f"no {what} is named {' or '.join(self._config.started)}."
            raise StatusUnreachable(
                tracker=self.label, key=task.gid, status=change.status or self._config.started[0], detail=detail
            )
        return _Move(completed, clear=bool(self._config.status_field), untag=untag)

    def _stale_tags(self, task: _Task, wanted: Standing) -> tuple[str, ...]:
        """Tags that would say something else than what is wanted."""
        told = _small((*self._config.cancelled, *self._config.duplicate))
        keep = _small(self._reason_names(wanted)) if wanted.state is TicketState.CANCELLED else set()
        return tuple(tag.gid for tag in task.tags if _word(tag.name) in told - keep)

    def _reason_names(self, wanted: Standing) -> tuple[str, ...]:
        duplicate = wanted.reason is CloseReason.DUPLICATE
        names = self._config.duplicate if duplicate else self._config.cancelled
        return names or (("Duplicate",) if duplicate else ("Won't do",))

    def _named_place(self, task: _Task, name: str | None) -> _Named | None:
        if name is None:
            return None
        return next((one for one in self._places(task) if _word(one.name) == name), None)

    def _found_place(self, task: _Task, wanted: Standing) -> _Named | None:
        config = self._config
        names = {
            TicketState.OPEN: config.opened,
            TicketState.STARTED: config.started,
            TicketState.DONE: config.done,
            TicketState.CANCELLED: self._reason_names(wanted),
        }[wanted.state]
        places = self._places(task)
        for name in names:
            for one in places:
                if _word(one.name) == _word(name):
                    return one
        if wanted.state in {TicketState.STARTED, TicketState.CANCELLED} or config.status_field:
            return None
        telling = _small((*config.started, *config.cancelled, *config.duplicate))
        return next((one for one in places if _word(one.name) not in telling), None)

    def _places(self, task: _Task) -> list[_Named]:
        """The sections of the project it is in, or the options of the status field there."""
        project = next((one for one in _homes(task) if one in self._projects), next(iter(_homes(task)), None))
        if project is None:
            return []
        if project not in self._known_places:
            self._known_places[project] = self._places_of(project)
        return self._known_places[project]

    def _places_of(self, project: str) -> list[_Named]:
        path = f"/projects/{project}"
        if not self._config.status_field:
            return list(self._list(f"{path}/sections", _Named, "name"))
        fields = "custom_field.name,custom_field.enum_options.name,custom_field.enum_options.enabled"
        for one in self._list(f"{path}/custom_field_settings", _Setting, fields):
            if one.custom_field.gid == self._config.status_field:
                return [option for option in one.custom_field.enum_options if option.enabled]
        return []

    def _tag(self, name: str) -> str:
        """The gid of the workspace's tag with this name, made where there is none."""
        if not self._known_tags:
            for tag in self._list(f"/workspaces/{self._config.workspace}/tags", _Named, "name"):
                self._known_tags.setdefault(tag.name.lower(), tag.gid)
        if name.lower() not in self._known_tags:
            made = self._write("POST", "/tags", {"name": name, "workspace": self._config.workspace}, _Named)
            self._known_tags[name.lower()] = made.gid
        return self._known_tags[name.lower()]

    # Comments and pointers

    def comment(self, ref: TicketRef, marker: str, body: str) -> None:
        path = f"/tasks/{quote(ref.external_id)}/stories"
        text = _marked(body, marker, comment=True)
        mine = self.own_account()
        for story in self._list(path, _Story, _STORY_FIELDS, key=ref.key):
            ours = story.resource_subtype == "comment_added" and story.created_by and story.created_by.gid == mine
            if ours and _mark_in(story.html_text) == marker:
                if _body(story.html_text) != _body(text):
                    self._write("PUT", f"/stories/{story.gid}", {"html_text": text}, dict, key=ref.key)
                return
        self._write("POST", path, {"html_text": text}, dict, key=ref.key)

    def resolve(self, pointer: str) -> Ticket:
        gid = self._pointed_at(pointer.strip())
        task = self._task(gid)
        if not set(_homes(task)) & set(self._projects):
            detail = f"task {gid} isn't in project {self._config.project}, which this connection uses."
            raise TrackerRefused(tracker=self.label, detail=detail)
        return self._ticket(task)

    def _pointed_at(self, pointer: str) -> str:
        """The gid in itself, or in the older or newer address of a task's page."""
        if re.fullmatch(_GID, pointer):
            return pointer
        try:
            parts = urlsplit(pointer)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme == "https" and parts.netloc.lower() == "app.asana.com":
            for path in _PATHS:
                if found := path.fullmatch(parts.path):
                    return found[1]
        raise TrackerRefused(tracker=self.label, detail="enter a task's URL or number.")

    # The connection

    def own_account(self) -> str:
        return self._me.gid

    @cached_property
    def _me(self) -> _Account:
        return self._get("/users/me", _Account, "name")

    def accounts(self) -> Iterator[Account]:
        for user in self._list("/users", _Account, "email,name", workspace=self._config.workspace):
            yield Account(user.gid, user.name, user.email)

    def check_permissions(self) -> list[PermissionCheck]:
        looks = {
            "Token": self._see_account,
            "Workspace": self._see_workspace,
            "Project": self._see_project,
            "Read tasks": self._see_tasks,
            "Write tasks": self._see_access,
            "Status": self._see_places,
            "Webhooks": self._see_webhooks,
        }
        return self._permission_checks(self._secrets.webhook_secret, looks, aside={"Status", "Write tasks"})

    @property
    def _deaf(self) -> str:
        return "Asana hasn't sent its secret yet, so changes there aren't synced right away."

    def _see_account(self) -> tuple[bool, str]:
        return True, f"Signed in as {self._me.name} ({self._me.gid})."

    def _see_workspace(self) -> tuple[bool, str]:
        found = self._get(f"/workspaces/{self._config.workspace}", _Named, "name")
        return True, f"{found.name} is visible."

    @cached_property
    def _project(self) -> _Project:
        fields = "archived,default_access_level,name,workspace"
        return self._get(f"/projects/{self._config.project}", _Project, fields)

    def _see_project(self) -> tuple[bool, str]:
        found = self._project
        if found.archived:
            return False, f"{found.name} is archived."
        if found.workspace and found.workspace.gid != self._config.workspace:
            return False, f"{found.name} is in workspace {found.workspace.gid}, not in {self._config.workspace}."
        return True, f"{found.name} is visible."

    def _see_tasks(self) -> tuple[bool, str]:
        self._get(f"/projects/{self._config.project}/tasks", list[_Named], "name", limit="1")
        return True, "Tasks can be read."

    def _see_access(self) -> tuple[bool, str]:
        """By the account's own membership, else by what the project gives to everybody."""
        path = f"/projects/{self._config.project}/project_memberships"
        own = [one.access_level for one in self._list(path, _Access, "access_level", user=self.own_account())]
        levels = own or [self._project.default_access_level or "none"]
        if set(levels) & {"admin", "editor"}:
            return True, "The account can create and change tasks."
        return False, f"The account's access is {' and '.join(levels)}. Make it an editor of the project."

    def _see_places(self) -> tuple[bool, str]:
        names = [one.name for one in self._places_of(self._config.project)]
        if self._config.status_field and not names:
            return (
                False,
                f"The project has no single-select field {self._config.status_field}. Correct the status field.",
            )
        if self._config.started and not _small(names) & _small(self._config.started):
            detail = (
                f"The project has {', '.join(names) or 'no names'}, but none of your names for in"
                " progress. Correct or clear those names."
            )
            return False, detail
        return True, f"Tasks can be in {', '.join(names)}."

    def _see_webhooks(self) -> tuple[bool, str]:
        hooks = list(self._own_hooks())
        for hook in hooks:
            if not hook.active:
                return False, f"Webhook {hook.gid} is inactive."
            if hook.last_failure_at and (hook.last_success_at is None or hook.last_success_at < hook.last_failure_at):
                words = self._http.shown(hook.last_failure_content or "without an error message")
                return False, f"Its last delivery failed on {hook.last_failure_at:%Y-%m-%d %H:%M} UTC: {words}"
        return True, f"{len(hooks)} webhooks work." if hooks else "No webhook yet. The account can create one."

    # Webhooks

    def _own_hooks(self) -> Iterator[_Hook]:
        """Those that this token made for the project."""
        query = {"workspace": self._config.workspace, "resource": self._config.project}
        return self._list("/webhooks", _Hook, _HOOK_FIELDS, **query)

    def register_webhook(self, url: str, secret: str, current: Registration | None = None) -> Registration:  # noqa: ARG002
        """Asana chooses the secret and tells it once, in the handshake: a webhook whose secret we do not hold, or that
        is inactive, is made anew."""
        known = bool(secret_list(self._secrets.webhook_secret))
        for hook in self._own_hooks():
            if hook.target != url and not (current and hook.gid == current.id):
                continue
            if hook.target == url and hook.active and known:
                return Registration(hook.gid)
            self.remove_webhook(Registration(hook.gid))
        data = {"resource": self._config.project, "target": url, "filters": _FILTERS}
        return Registration(self._write("POST", "/webhooks", data, _Hook, _HOOK_FIELDS).gid)

    def remove_webhook(self, current: Registration) -> None:
        answer = self._http.send("DELETE", f"/webhooks/{quote(current.id)}")
        if answer.status_code != 404:
            self._refuse(answer, None)

    def handshake(self, headers: Mapping[str, str], body: bytes) -> Handshake | None:  # noqa: ARG002 (headers only)
        secret = header(headers, "X-Hook-Secret")
        if secret is None or not re.fullmatch(r"[!-+\--~]{1,500}", secret):
            return None
        return Handshake({"X-Hook-Secret": secret}, secret)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:  # noqa: ARG002
        check_signature(header(headers, "X-Hook-Signature"), body, self._secrets.webhook_secret)

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002 (Asana numbers nothing)
        payload(_Delivery, body)
        return hashlib.sha256(body).hexdigest()

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        delivery = self.delivery_id(headers, body)
        by_task: dict[str, list[_Event]] = {}
        for event in payload(_Delivery, body).events:
            gid = _task_of(event)
            if gid is not None:
                by_task.setdefault(gid, []).append(event)
        return tuple(_news(f"{delivery}:{gid}", gid, events) for gid, events in by_task.items())


@dataclass(frozen=True, slots=True)
class _Move:
    """What has to change for a task to stand where it should; ``tag`` is a name, ``untag`` are gids."""

    completed: bool | None = None
    place: _Named | None = None
    clear: bool = False
    tag: str | None = None
    untag: tuple[str, ...] = ()

    def unless_empty(self, place: _Named | None) -> "_Move | None":
        """Without a place that the task is in already."""
        here = self.place is not None and place is not None and self.place.gid == place.gid
        move = _Move(self.completed, None if here else self.place, self.clear, self.tag, self.untag)
        return None if move == _Move() else move

    def data(self, task: _Task, status_field: str) -> dict[str, object]:
        data: dict[str, object] = {}
        if self.completed is not None and self.completed != task.completed:
            data["completed"] = self.completed
        if status_field and (self.place is not None or self.clear):
            data["custom_fields"] = {status_field: self.place.gid if self.place else None}
        return data


def _wanted(change: TicketChange) -> Standing | None:
    if change.state is None:
        return None
    if change.state is TicketState.DONE:
        return Standing(TicketState.DONE, CloseReason.COMPLETED)
    if change.state is TicketState.CANCELLED:
        duplicate = change.reason is CloseReason.DUPLICATE
        return Standing(TicketState.CANCELLED, CloseReason.DUPLICATE if duplicate else CloseReason.NOT_PLANNED)
    return Standing(change.state)


def _homes(task: _Task) -> list[str]:
    return [one.project.gid for one in task.memberships if one.project]


def _small(names: Iterable[str]) -> set[str]:
    return {_word(name) for name in names if name}


def _word(name: str) -> str:
    return name.lower().replace("\u2019", "'")


def _title(title: str) -> str:
    line = " ".join(title.replace("\0", "").split())
    return line if len(line) <= TITLE_LIMIT else f"{line[: TITLE_LIMIT - 1]}…"


def _marked(body: str, marker: str | None, *, comment: bool = False) -> str:
    """``body`` as Asana's HTML with our marker as its last line; without any where ``marker`` is None."""
    text = body if len(body) <= BODY_LIMIT else f"{body[: BODY_LIMIT - 1]}…"
    html = to_html(text, comment=comment)
    if marker is None:
        return html
    if not _MARKER.fullmatch(marker):
        raise ValueError("a marker has letters, digits, '_', '.', ':' and '-' only")
    inside = html.removeprefix("<body>").removesuffix("</body>")
    between = "\n\n" if inside else ""
    return f"<body>{inside}{between}<code>afterword:{marker}</code></body>"


def _body(html: str) -> str:
    return to_markdown(_MARK.sub("", html))


def _mark_in(html: str) -> str | None:
    marks = [one for pair in _MARK.findall(html) for one in pair if one]
    return str(marks[-1]) if marks else None


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# What happened, by events


def _task_of(event: _Event) -> str | None:
    """The task that an event is about; None for what we do not use."""
    if event.resource.resource_type == "task":
        return event.resource.gid
    marked = event.resource.resource_subtype in _MARKED
    if event.resource.resource_type == "story" and marked and event.parent and event.parent.resource_type == "task":
        return event.parent.gid
    return None


def _news(delivery_id: str, gid: str, events: Sequence[_Event]) -> TicketEvent:
    """One for all events of a task. The actor is told only where it is one: else a person's change among ours would
    pass for ours."""
    actors = {event.user.gid if event.user else None for event in events}
    return TicketEvent(
        delivery_id=delivery_id,
        action=_action(events),
        ref=TicketRef(gid, gid),
        ticket=None,
        actor=actors.pop() if len(actors) == 1 else None,
        at=max(event.created_at for event in events).astimezone(UTC),
    )


def _action(events: Sequence[_Event]) -> TicketAction:
    """What says most: the last of deleted or brought back, of done or not, made, then who has it."""
    told = [_told(event) for event in events]
    ranks: tuple[tuple[TicketAction | None, ...], ...] = (
        (TicketAction.DELETED,),
        (TicketAction.CLOSED, TicketAction.REOPENED),
        (TicketAction.OPENED,),
        (TicketAction.EDITED,),
        (TicketAction.ASSIGNED, TicketAction.UNASSIGNED),
    )
    if TicketAction.DELETED in told and any(event.action == "undeleted" for event in events):
        last = [event.action for event in events if event.action in {"deleted", "undeleted"}][-1]
        told = [TicketAction.DELETED] if last == "deleted" else [TicketAction.EDITED]
    for rank in ranks:
        found = [one for one in told if one in rank]
        if found:
            return found[-1]
    return TicketAction.EDITED


def _told(event: _Event) -> TicketAction:
    if event.resource.resource_type == "story":
        return _MARKED[event.resource.resource_subtype or ""]
    field = event.change.field if event.change else ""
    match event.action, field:
        case "deleted", _:
            return TicketAction.DELETED
        case "added", _ if event.parent and event.parent.resource_type in {"project", "workspace"}:
            return TicketAction.OPENED
        case "changed", "assignee":
            given = event.change is not None and event.change.new_value is not None
            return TicketAction.ASSIGNED if given else TicketAction.UNASSIGNED
        case _:
            return TicketAction.EDITED
