"""Asana as the conformance suite needs it: a workspace with two projects on a socket, with faults.

Each behaviour is from Asana's documentation:

- envelopes, ``opt_fields``, pages: https://developers.asana.com/docs/inputoutput-options and
  https://developers.asana.com/docs/pagination (``data`` around everything; lists tell gid, type and name alone unless
  asked for more; ``offset`` is a token)
- errors: https://developers.asana.com/docs/errors (``errors`` with a ``message``, a ``phrase`` for a 500)
- limits: https://developers.asana.com/docs/rate-limits (429 with ``Retry-After``)
- tasks: https://developers.asana.com/reference/tasks (a deleted one is 404, one out of sight 403; ``memberships`` tell
  project and section, a new task is in the first section; ``modified_at`` in milliseconds)
- sections: https://developers.asana.com/reference/addtaskforsection (out of the project's other sections)
- rich text: https://developers.asana.com/docs/rich-text (XML, known tags, no attributes but on links; else 400)
- external data: https://developers.asana.com/docs/custom-external-data (an OAuth app's alone: refused to others)
- webhooks: https://developers.asana.com/docs/webhooks-guide (the handshake comes while the create call is open;
  gids alone, several events to a delivery, a heartbeat without any; the signature is a hexadecimal HMAC-SHA256)
- events: https://developers.asana.com/reference/events (a change tells its field; completing adds a story
  ``marked_complete`` or ``marked_incomplete``; a new task is added to its project and its section)

``tests/integrations/trackers/asana/`` checks what it answers against Asana's OpenAPI document.
"""

import hashlib
import hmac
import itertools
import json
import re
import secrets as dice
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.tickets.status import CloseReason, TicketState
from integrations.trackers.asana.html import to_html, to_markdown
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import Answer, Fault, Kind, PeerTicket, Request, Settings, TrackerPeer

Json = dict[str, Any]
BASE = "/api/1.0"
PERSONAL, OAUTH = "a personal access token".replace(" ", "-"), "an-oauth-app-s-token"
WORKSPACE, HERE, THERE = "9001", "7001", "7002"
ME, JANE, BOB = "1001", "1002", "1003"
PEOPLE = {ME: ("Afterword", "afterword@example.com"), JANE: ("Jane", "jane@example.com"), BOB: ("Bob", None)}
SECTIONS = {HERE: {"8001": "To do", "8002": "Doing", "8003": "Done"}, THERE: {"8011": "Backlog", "8012": "Doing"}}
STATUS, PRIORITY = "6001", "6002"
OPTIONS = {"6101": "Not started", "6102": "In progress", "6103": "Done", "6104": "Won't do"}
NAMES = {HERE: "Follow-ups", THERE: "Web"}
TAG_OF = {CloseReason.NOT_PLANNED: "Won't do", CloseReason.DUPLICATE: "Duplicate"}
TAGS = {"body", "h1", "h2", "hr", "strong", "em", "u", "s", "code", "pre", "ol", "ul", "li", "a", "blockquote"}
COMMENT_TAGS = TAGS - {"h1", "h2", "hr"}
NOT_IN = {
    "li": {"h1", "h2", "pre", "blockquote", "hr"},
    "blockquote": {"ul", "ol", "h1", "h2"},
    "pre": TAGS,
    "h1": {"ul"},
}
_MARK = re.compile(r"(?:\n\n)?`afterword:[^`]+`$")


@dataclass(slots=True)
class _Story:
    gid: str
    author: str
    html: str
    subtype: str = "comment_added"


@dataclass(slots=True)
class _Task:
    gid: str
    name: str
    author: str
    created_at: datetime
    modified_at: datetime
    html_notes: str = "<body></body>"
    completed: bool = False
    assignee: str | None = None
    due_on: str | None = None
    sections: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    option: str | None = None
    external: Json | None = None
    stories: list[_Story] = field(default_factory=list)
    gone: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class _NoAnswer(Exception):
    answer: Answer


def _no(status: int, words: str) -> _NoAnswer:
    return _NoAnswer(Answer(status, {"errors": [{"message": words}]}))


def _told(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _known(gid: str, kind: str, **more: object) -> Json:
    return {"gid": gid, "resource_type": kind, **more}


class AsanaPeer(TrackerPeer):
    kind = "asana"
    account = ME
    other_account = JANE

    def __init__(self) -> None:
        super().__init__()
        self._ids = itertools.count(1_200_000_000_004_501)
        self._tasks: list[_Task] = []
        self._tags: dict[str, str] = {"5001": "postmortem"}
        self._hooks: dict[str, Json] = {}
        self._secret = "a secret of asana's choosing"
        self._last = datetime.now(UTC)
        self._revoked = False
        self.access = "editor"
        """Our account's access to the project."""
        self.paid = True
        """Without it custom fields are answered 402."""

    @property
    def config(self) -> Settings:
        return {"workspace": WORKSPACE, "project": HERE, "baseUrl": f"{self.url}{BASE}"}

    @property
    def secrets(self) -> Settings:
        return {"token": PERSONAL, "webhookSecret": self._secret}

    # Somebody else at work

    def tickets(self) -> list[PeerTicket]:
        with self.lock:
            return [self._seen(one) for one in self._tasks if not one.gone]

    def edit(
        self,
        external_id: str,
        *,
        title: str | None = None,
        body: str | None = None,
        state: TicketState | None = None,
        reason: CloseReason | None = None,
        status: str | None = None,
        assignee: str | None = None,
        due_on: date | None = None,
    ) -> None:
        with self.lock:
            task = self._by_id(external_id)
            events: list[Json] = []
            data: Json = {}
            if title is not None:
                data["name"] = title
            if body is not None:
                mark = re.search(r"\s*<code>afterword:[^<]+</code>", task.html_notes)
                data["html_notes"] = to_html(body).replace("</body>", f"{mark[0] if mark else ''}</body>")
            if assignee is not None:
                data["assignee"] = assignee
            if due_on is not None:
                data["due_on"] = due_on.isoformat()
            if status is not None:
                there = next(gid for gid, name in SECTIONS[self._home(task)].items() if name == status)
                events += self._put_into(task, there, JANE)
            if state is not None:
                told = [gid for gid, name in self._tags.items() if name in TAG_OF.values()]
                task.tags = [one for one in task.tags if one not in told]
                if state is TicketState.CANCELLED:
                    task.tags.append(self._tag_named(TAG_OF[reason or CloseReason.NOT_PLANNED]))
                data["completed"] = state.is_closed
                wanted = {
                    TicketState.STARTED: "Doing",
                    TicketState.OPEN: next(iter(SECTIONS[self._home(task)].values())),
                }
                if state in wanted:
                    there = next(gid for gid, name in SECTIONS[self._home(task)].items() if name == wanted[state])
                    events += self._put_into(task, there, JANE)
            events += self._change(task, data, JANE)
            self._tell(events)

    def unassign(self, external_id: str) -> None:
        with self.lock:
            self._tell(self._change(self._by_id(external_id), {"assignee": None}, JANE))

    def open(self, title: str, body: str) -> str:
        with self.lock:
            return self._make({"name": title, "html_notes": to_html(body), "projects": [HERE]}, JANE).gid

    def delete(self, external_id: str) -> None:
        with self.lock:
            task = self._by_id(external_id)
            task.gone = True
            self._tell([self._event(task, "deleted", JANE)])

    def move(self, external_id: str) -> None:
        """Out of the project and into another: the gid stays, and the address changes."""
        with self.lock:
            task = self._by_id(external_id)
            task.sections = {THERE: next(iter(SECTIONS[THERE]))}
            self._touch(task)
            self._tell([self._event(task, "removed", JANE, parent=_known(HERE, "project"))])

    def hide(self, external_id: str) -> None:
        with self.lock:
            self._by_id(external_id).hidden = True

    def revoke(self) -> None:
        self._revoked = True

    def restore(self) -> None:
        self._revoked = False

    def fail_webhook(self, gid: str, *, active: bool) -> None:
        """Asana could not deliver."""
        with self.lock:
            now = _told(self._now())
            self._hooks[gid] |= {"active": active, "last_failure_at": now, "last_failure_content": "500 Server Error"}

    def expire_webhooks(self) -> None:
        """Asana deletes a webhook that could not be delivered for 24 hours."""
        with self.lock:
            self._hooks.clear()

    def unused(self) -> Delivery:
        return self.signed(b'{"events":[]}')

    def signed(self, body: bytes) -> Delivery:
        signature = hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
        return Delivery({"Content-Type": "application/json", "X-Hook-Signature": signature}, body)

    # State

    def _now(self) -> datetime:
        """Later than ever before, by a millisecond at least."""
        now = datetime.now(UTC)
        self._last = max(
            now.replace(microsecond=now.microsecond // 1000 * 1000), self._last + timedelta(milliseconds=1)
        )
        return self._last

    def _touch(self, task: _Task) -> None:
        task.modified_at = self._now()

    def _by_id(self, gid: str) -> _Task:
        return next(one for one in self._tasks if one.gid == gid)

    def _home(self, task: _Task) -> str:
        return next(iter(task.sections), HERE)

    def _tag_named(self, name: str) -> str:
        for gid, known in self._tags.items():
            if known == name:
                return gid
        gid = str(next(self._ids))
        self._tags[gid] = name
        return gid

    def _make(self, data: Json, author: str) -> _Task:
        now = self._now()
        task = _Task(str(next(self._ids)), "", author, now, now)
        task.sections = {project: next(iter(SECTIONS[project])) for project in data.get("projects", ())}
        task.tags = list(data.get("tags", ()))
        self._change(task, data, author)
        self._tasks.append(task)
        parents = [_known(project, "project") for project in task.sections]
        parents += [_known(section, "section") for section in task.sections.values()]
        self._tell([self._event(task, "added", author, parent=one) for one in parents])
        return task

    def _change(self, task: _Task, data: Json, author: str) -> list[Json]:
        """What changed, as events; ``data`` is sound."""
        events = []
        for name in ("name", "html_notes", "assignee", "due_on", "completed"):
            if name in data and getattr(task, name) != data[name]:
                setattr(task, name, data[name])
                change: Json = {"field": "notes" if name == "html_notes" else name, "action": "changed"}
                if name == "assignee" and data[name]:
                    change["new_value"] = _known(data[name], "user")
                events.append(self._event(task, "changed", author, change=change))
                if name == "completed":
                    subtype = "marked_complete" if data[name] else "marked_incomplete"
                    story = _known(str(next(self._ids)), "story", resource_subtype=subtype)
                    events.append(self._event(task, "added", author, story, parent=_known(task.gid, "task")))
        fields = data.get("custom_fields", {})
        if STATUS in fields and fields[STATUS] != task.option:
            task.option = fields[STATUS]
            events.append(self._event(task, "changed", author, change={"field": "custom_fields", "action": "changed"}))
        if "external" in data:
            task.external = data["external"]
        if events:
            self._touch(task)
        return events

    def _put_into(self, task: _Task, section: str, author: str) -> list[Json]:
        project = next(one for one, sections in SECTIONS.items() if section in sections)
        if task.sections.get(project) == section:
            return []
        task.sections[project] = section
        self._touch(task)  # by the story section_changed
        return [self._event(task, "added", author, parent=_known(section, "section"))]

    def _event(
        self,
        task: _Task,
        action: str,
        author: str,
        resource: Json | None = None,
        *,
        parent: Json | None = None,
        change: Json | None = None,
    ) -> Json:
        told = {
            "user": _known(author, "user"),
            "created_at": _told(self._now()),
            "action": action,
            "resource": resource or _known(task.gid, "task", resource_subtype="default_task"),
            "parent": parent,
        }
        return told | ({"change": change} if change else {})

    def _tell(self, events: list[Json]) -> None:
        if events:
            self.outbox.append(self.signed(json.dumps({"events": events}).encode()))

    def _seen(self, task: _Task) -> PeerTicket:
        tags = {self._tags[one] for one in task.tags}
        reason = next((why for why, name in TAG_OF.items() if name in tags), CloseReason.COMPLETED)
        closed = TicketState.DONE if reason is CloseReason.COMPLETED else TicketState.CANCELLED
        section = self._section(task)
        started = TicketState.STARTED if section == "Doing" else TicketState.OPEN
        return PeerTicket(
            external_id=task.gid,
            key=task.gid,
            url=self._page(task),
            title=task.name,
            body=_MARK.sub("", to_markdown(task.html_notes)),
            state=closed if task.completed else started,
            reason=reason if task.completed else None,
            status="Completed" if task.completed and reason is CloseReason.COMPLETED else section,
            assignee=task.assignee,
            due_on=date.fromisoformat(task.due_on) if task.due_on else None,
            comments=tuple(_MARK.sub("", to_markdown(one.html)) for one in task.stories),
            updated_at=task.modified_at,
        )

    def _section(self, task: _Task) -> str:
        project = self._home(task)
        return SECTIONS[project][task.sections[project]] if task.sections else ""

    def _page(self, task: _Task) -> str:
        where = f"project/{self._home(task)}/" if task.sections else ""
        return f"https://app.asana.com/1/{WORKSPACE}/{where}task/{task.gid}"

    # Answers

    def kind_of(self, request: Request) -> Kind:
        path = request.path.removeprefix(BASE)
        if re.fullmatch(r"/tasks|/projects/[^/]+/tasks", path):
            return Kind.CREATE if request.method == "POST" else Kind.LIST
        if re.fullmatch(r"/tasks/[^/]+", path):
            return Kind.READ if request.method == "GET" else Kind.UPDATE
        if request.method != "GET" and re.match(r"/(tasks|sections|stories)/", path):
            return Kind.UPDATE
        return Kind.OTHER

    def answer(self, request: Request) -> Answer:
        try:
            if self._revoked or self._token(request) not in {PERSONAL, OAUTH}:
                raise _no(401, "Not Authorized")
            return self._routed(request)
        except _NoAnswer as refusal:
            return refusal.answer

    def fault(self, fault: Fault, request: Request) -> Answer:
        limited = {"errors": [{"message": "You have made too many requests and hit a rate limit."}]}
        match fault:
            case Fault.SERVER_ERROR:
                return Answer(500, {"errors": [{"message": "Server Error", "phrase": "6 sad squid snuggle softly"}]})
            case Fault.LIMITED:
                return Answer(429, limited, {"Retry-After": "1"})
            case Fault.LIMITED_SILENTLY:
                return Answer(429, limited)
            case Fault.GONE:
                return Answer(410, {"errors": [{"message": "This API has been removed."}]})
            case _:
                return Answer(200, {"data": [], "next_page": None})

    def _token(self, request: Request) -> str:
        return request.headers.get("authorization", "").removeprefix("Bearer ")

    def _routed(self, request: Request) -> Answer:
        if not request.path.startswith(BASE):
            raise _no(404, "No matching route for request")
        for shape, methods in _ROUTES.items():
            if found := re.fullmatch(shape, request.path.removeprefix(BASE)):
                answer = methods.get(request.method)
                if answer is not None:
                    return answer(self, request, *found.groups())
        raise _no(404, "No matching route for request")

    def _data(self, request: Request) -> Json:
        given = request.json()
        if not isinstance(given, dict) or not isinstance(given.get("data"), dict):
            raise _no(400, "Could not parse request data, expected an object named data")
        data: Json = given["data"]
        return data

    def _one(self, request: Request, whole: Json, default: set[str] | None = None) -> Answer:
        return Answer(201 if request.method == "POST" else 200, {"data": _asked(request, whole, default)})

    def _page_of(
        self,
        request: Request,
        found: list[Any],
        default: set[str] | None = None,
        told: Callable[[Any], Json] = lambda one: one,
    ) -> Answer:
        size = int(request.query.get("limit", 100))
        if not 1 <= size <= 100:
            raise _no(400, "limit: Must be between 1 and 100")
        given = request.query.get("offset")
        start = 0 if given is None else self._place(given)
        rest = found[start + size :]
        token = f"eyJ{start + size:08d}"
        path = f"{request.path.removeprefix(BASE)}?limit={size}&offset={token}"
        more = {"offset": token, "path": path, "uri": f"https://app.asana.com{BASE}{path}"} if rest else None
        data = [_asked(request, told(one), default or {"name"}) for one in found[start : start + size]]
        return Answer(200, {"data": data, "next_page": more})

    def _place(self, token: str) -> int:
        if not re.fullmatch(r"eyJ[0-9]{8}", token):
            raise _no(400, "offset: Your pagination token is invalid.")
        return int(token[3:])

    def _project(self, gid: str) -> str:
        if gid not in NAMES:
            raise _no(404, f"project: Unknown object: {gid}")
        return gid

    def _visible(self, request: Request, gid: str) -> _Task:
        if gid.startswith("external:") and self._token(request) == OAUTH:
            named = gid.removeprefix("external:")
            found = [one for one in self._tasks if one.external and one.external.get("gid") == named]
        else:
            found = [one for one in self._tasks if one.gid == gid]
        for task in found:
            if not task.gone:
                if task.hidden:
                    raise _no(403, "task: You do not have access to this task.")
                return task
        raise _no(404, f"task: Unknown object: {gid}")

    def _whole(self, request: Request, task: _Task) -> Json:
        status = {**_field(STATUS), "enum_value": _option(task.option) if task.option else None}
        whole = _known(
            task.gid,
            "task",
            name=task.name,
            resource_subtype="default_task",
            completed=task.completed,
            created_at=_told(task.created_at),
            modified_at=_told(task.modified_at),
            due_on=task.due_on,
            due_at=None,
            notes="".join(ET.fromstring(task.html_notes).itertext()),
            html_notes=task.html_notes,
            permalink_url=self._page(task),
            assignee=_person(task.assignee) if task.assignee else None,
            created_by=_person(task.author),
            workspace=_known(WORKSPACE, "workspace", name="Acme"),
            tags=[_known(one, "tag", name=self._tags[one]) for one in task.tags],
            memberships=[
                {
                    "project": _known(project, "project", name=NAMES[project]),
                    "section": _known(section, "section", name=SECTIONS[project][section]),
                }
                for project, section in task.sections.items()
            ],
            custom_fields=[status] if HERE in task.sections else [],
        )
        if self._token(request) == OAUTH and task.external:
            whole["external"] = task.external
        return whole

    def _check_task(self, request: Request, data: Json) -> None:
        """What Asana refuses of a task that is made or changed."""
        if "html_notes" in data:
            _check_html(data["html_notes"], TAGS)
        if data.get("assignee") and data["assignee"] not in PEOPLE:
            raise _no(400, f"assignee: Not a recognized ID: {data['assignee']}")
        if "external" in data and self._token(request) != OAUTH:
            raise _no(403, "external: You must authenticate with OAuth to write external data.")
        if data.get("custom_fields") and not self.paid:
            raise _no(402, "Custom Fields are not available for free users or guests.")
        for gid, value in data.get("custom_fields", {}).items():
            if gid not in {STATUS, PRIORITY} or (gid == STATUS and value not in {None, *OPTIONS}):
                raise _no(400, f"custom_fields: {gid} is not a field of this task, or {value} not an option")
        for tag in data.get("tags", ()):
            if tag not in self._tags:
                raise _no(400, f"tags: Unknown object: {tag}")
        if self.access not in {"admin", "editor"}:
            raise _no(403, "You do not have permission to do that in this project.")

    def _tasks_of(self, request: Request, project: str) -> Answer:
        self._project(project)
        since = request.query.get("modified_since", "")
        found = [one for one in self._tasks if project in one.sections and not (one.gone or one.hidden)]
        found = [one for one in found if _told(one.modified_at) >= since]
        return self._page_of(request, found, told=lambda one: self._whole(request, one))

    def _get_tasks(self, request: Request) -> Answer:
        if "project" not in request.query:
            raise _no(400, "You should specify one of the following: project, tag, section, user_task_list")
        return self._tasks_of(request, request.query["project"])

    def _post_task(self, request: Request) -> Answer:
        data = self._data(request)
        self._check_task(request, data)
        for project in data.get("projects", ()):
            self._project(project)
        if not data.get("projects") and not data.get("workspace"):
            raise _no(400, "You should specify one of workspace, parent, projects")
        return self._one(request, self._whole(request, self._make(data, ME)))

    def _get_task(self, request: Request, gid: str) -> Answer:
        return self._one(request, self._whole(request, self._visible(request, gid)))

    def _put_task(self, request: Request, gid: str) -> Answer:
        task = self._visible(request, gid)
        data = self._data(request)
        self._check_task(request, data)
        self._tell(self._change(task, data, ME))
        return self._one(request, self._whole(request, task))

    def _tag_task(self, request: Request, gid: str, verb: str) -> Answer:
        task, tag = self._visible(request, gid), self._data(request)["tag"]
        if tag not in self._tags:
            raise _no(400, f"tag: Unknown object: {tag}")
        task.tags = [one for one in task.tags if one != tag] + ([tag] if verb == "addTag" else [])
        self._touch(task)
        self._tell([self._event(task, "changed", ME, change={"field": "tags", "action": f"{verb[:-3].rstrip('e')}ed"})])
        return Answer(200, {"data": {}})

    def _fill_section(self, request: Request, section: str) -> Answer:
        task = self._visible(request, self._data(request)["task"])
        if not any(section in sections for sections in SECTIONS.values()):
            raise _no(404, f"section: Unknown object: {section}")
        self._tell(self._put_into(task, section, ME))
        return Answer(200, {"data": {}})

    def _stories(self, request: Request, gid: str) -> Answer:
        task = self._visible(request, gid)
        system = _Story("1", task.author, "<body>added to Follow-ups</body>", "added_to_project")
        return self._page_of(request, [_story(one) for one in (system, *task.stories)], {"resource_subtype", "text"})

    def _post_story(self, request: Request, gid: str) -> Answer:
        task, data = self._visible(request, gid), self._data(request)
        _check_html(data["html_text"], COMMENT_TAGS)
        task.stories.append(_Story(str(next(self._ids)), ME, data["html_text"]))
        self._touch(task)
        return self._one(request, _story(task.stories[-1]))

    def _put_story(self, request: Request, gid: str) -> Answer:
        data = self._data(request)
        _check_html(data["html_text"], COMMENT_TAGS)
        for task in self._tasks:
            for story in task.stories:
                if story.gid == gid:
                    if story.author != ME:
                        raise _no(403, "You can only edit your own comments.")
                    story.html = data["html_text"]
                    return self._one(request, _story(story))
        raise _no(404, f"story: Unknown object: {gid}")

    def _user(self, request: Request, gid: str) -> Answer:
        return self._one(request, _person(ME if gid == "me" else gid, email=True))

    def _users(self, request: Request) -> Answer:
        return self._page_of(request, [_person(gid, email=True) for gid in PEOPLE])

    def _workspace(self, request: Request, gid: str) -> Answer:
        if gid != WORKSPACE:
            raise _no(404, f"workspace: Unknown object: {gid}")
        return self._one(request, _known(WORKSPACE, "workspace", name="Acme", is_organization=True))

    def _tags_of(self, request: Request, gid: str) -> Answer:
        self._workspace(request, gid)
        return self._page_of(request, [_known(one, "tag", name=name) for one, name in self._tags.items()])

    def _post_tag(self, request: Request) -> Answer:
        data = self._data(request)
        if data.get("workspace") != WORKSPACE:
            raise _no(400, "workspace: Missing input")
        return self._one(request, _known(self._tag_named(data["name"]), "tag", name=data["name"]))

    def _get_project(self, request: Request, gid: str) -> Answer:
        workspace = _known(WORKSPACE, "workspace", name="Acme")
        whole = _known(self._project(gid), "project", name=NAMES[gid], archived=False, workspace=workspace)
        return self._one(request, whole | {"default_access_level": "editor"})

    def _sections(self, request: Request, gid: str) -> Answer:
        found = SECTIONS[self._project(gid)].items()
        return self._page_of(request, [_known(one, "section", name=name) for one, name in found])

    def _settings(self, request: Request, gid: str) -> Answer:
        project = self._project(gid)
        found = [{**_known("6901", "custom_field_setting"), "custom_field": _field(STATUS)}] if project == HERE else []
        return self._page_of(request, found, {"custom_field"})

    def _memberships(self, request: Request, gid: str) -> Answer:
        self._project(gid)
        user = ME if request.query.get("user") == "me" else request.query.get("user", ME)
        own = _known("3001", "project_membership", member=_person(user), access_level=self.access)
        return self._page_of(request, [own] if user == ME else [], {"member", "access_level"})

    def _get_hooks(self, request: Request) -> Answer:
        if request.query.get("workspace") != WORKSPACE:
            raise _no(400, "workspace: Missing input")
        wanted = request.query.get("resource")
        found = [one for one in self._hooks.values() if wanted in {None, one["resource"]["gid"]}]
        return self._page_of(request, found, {"active", "resource", "target"})

    def _post_hook(self, request: Request) -> Answer:
        data = self._data(request)
        project = self._project(data["resource"])
        secret = dice.token_hex(32)
        self.lock.release()  # held once, by handle(): whoever is asked now may ask us something before answering
        try:
            echoed = _shake_hands(data["target"], secret)
        finally:
            self.lock.acquire()
        if not echoed:
            raise _no(400, "The remote server did not respond with the handshake secret.")
        hook = _known(
            str(next(self._ids)),
            "webhook",
            active=True,
            target=data["target"],
            resource=_known(project, "project", name=NAMES[project]),
            created_at=_told(self._now()),
            last_success_at=_told(self._now()),
            filters=data.get("filters", []),
        )
        self._hooks[hook["gid"]] = hook
        self._secret = secret
        return self._one(request, hook)

    def _get_hook(self, request: Request, gid: str) -> Answer:
        return self._one(request, self._hook(gid))

    def _delete_hook(self, _: Request, gid: str) -> Answer:
        self._hook(gid)
        del self._hooks[gid]
        return Answer(200, {"data": {}})

    def _hook(self, gid: str) -> Json:
        if gid not in self._hooks:
            raise _no(404, f"webhook: Unknown object: {gid}")
        return self._hooks[gid]


_ROUTES: dict[str, dict[str, Callable[..., Answer]]] = {
    r"/tasks": {"GET": AsanaPeer._get_tasks, "POST": AsanaPeer._post_task},
    r"/tasks/([^/]+)": {"GET": AsanaPeer._get_task, "PUT": AsanaPeer._put_task},
    r"/tasks/([^/]+)/(addTag|removeTag)": {"POST": AsanaPeer._tag_task},
    r"/tasks/([^/]+)/stories": {"GET": AsanaPeer._stories, "POST": AsanaPeer._post_story},
    r"/stories/([^/]+)": {"PUT": AsanaPeer._put_story},
    r"/sections/([^/]+)/addTask": {"POST": AsanaPeer._fill_section},
    r"/users": {"GET": AsanaPeer._users},
    r"/users/([^/]+)": {"GET": AsanaPeer._user},
    r"/workspaces/([^/]+)": {"GET": AsanaPeer._workspace},
    r"/workspaces/([^/]+)/tags": {"GET": AsanaPeer._tags_of},
    r"/tags": {"POST": AsanaPeer._post_tag},
    r"/projects/([^/]+)": {"GET": AsanaPeer._get_project},
    r"/projects/([^/]+)/tasks": {"GET": AsanaPeer._tasks_of},
    r"/projects/([^/]+)/sections": {"GET": AsanaPeer._sections},
    r"/projects/([^/]+)/custom_field_settings": {"GET": AsanaPeer._settings},
    r"/projects/([^/]+)/project_memberships": {"GET": AsanaPeer._memberships},
    r"/webhooks": {"GET": AsanaPeer._get_hooks, "POST": AsanaPeer._post_hook},
    r"/webhooks/([^/]+)": {"GET": AsanaPeer._get_hook, "DELETE": AsanaPeer._delete_hook},
}


def _person(gid: str, *, email: bool = False) -> Json:
    if gid not in PEOPLE:
        raise _no(404, f"user: Unknown object: {gid}")
    name, address = PEOPLE[gid]
    told = _known(gid, "user", name=name)
    return told | ({"email": address} if email and address else {})


def _option(gid: str) -> Json:
    return _known(gid, "enum_option", name=OPTIONS[gid], enabled=True)


def _field(gid: str) -> Json:
    return _known(gid, "custom_field", name="Status", type="enum", enum_options=[_option(one) for one in OPTIONS])


def _story(story: _Story) -> Json:
    return _known(
        story.gid,
        "story",
        resource_subtype=story.subtype,
        type="comment" if story.subtype == "comment_added" else "system",
        text=to_markdown(story.html),
        html_text=story.html,
        created_by=_person(story.author),
    )


def _asked(request: Request, whole: Json, default: set[str] | None = None) -> Json:
    """What ``opt_fields`` asks for, with gid and type; without it ``default``, None for all that is not opt-in."""
    asked = request.query.get("opt_fields")
    if asked is None:
        keep = (whole.keys() - {"html_notes", "html_text", "external"}) if default is None else default
        return {name: value for name, value in whole.items() if name in {"gid", "resource_type", *keep}}
    return _picked(whole, [one.split(".") for one in asked.split(",") if one])


def _picked(whole: Json, paths: list[list[str]]) -> Json:
    picked = {name: value for name, value in whole.items() if name in {"gid", "resource_type"}}
    for name in dict.fromkeys(path[0] for path in paths):
        if name not in whole:
            continue
        deeper = [path[1:] for path in paths if path[0] == name and len(path) > 1]
        value = whole[name]
        if deeper and isinstance(value, list):
            picked[name] = [_picked(one, deeper) for one in value]
        elif deeper and isinstance(value, dict):
            picked[name] = _picked(value, deeper)
        else:
            picked[name] = value
    return picked


def _check_html(html: str, tags: set[str]) -> None:
    try:
        root = ET.fromstring(html)
    except ET.ParseError as error:
        raise _no(400, f"html: XML is invalid: {error}") from None
    for node in _all(root):
        allowed = {"href"} if node.tag == "a" else set()
        if node.tag not in tags or set(node.attrib) - allowed:
            raise _no(400, f"html: XML is invalid: <{node.tag}> with {sorted(node.attrib)} is not supported here")
        inside = {one.tag for one in node.iter()} - {node.tag}
        if inside & NOT_IN.get(node.tag, set()):
            raise _no(400, f"html: XML is invalid: {sorted(inside)} must not be in <{node.tag}>")
        if node.tag == "a" and not re.match(r"(?:https?://|mailto:).", node.attrib.get("href", "")):
            raise _no(400, "html: a link needs a gid or a valid href")
    if root.tag != "body":
        raise _no(400, "html: XML is invalid: the root is not <body>")


def _all(root: ET.Element) -> Iterator[ET.Element]:
    yield from root.iter()


def _shake_hands(target: str, secret: str) -> bool:
    question = urllib.request.Request(target, data=b"{}", headers={"X-Hook-Secret": secret}, method="POST")
    try:
        with urllib.request.urlopen(question, timeout=8) as answer:
            return answer.status in {200, 204} and answer.headers.get("X-Hook-Secret") == secret
    except (urllib.error.URLError, OSError):
        return False
