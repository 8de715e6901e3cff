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
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote, urlsplit

from domain.errors import (
    StatusUnreachable,
    TextNotKept,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from integrations.pointers import host_of, page_at
from integrations.text.keeping import CannotKeep
from integrations.ticket import News, Ticket, TicketChange, TicketDraft, TicketRef
from integrations.tracker import Check, Handshake
from integrations.trackers.asana.addresses import gids_in
from integrations.trackers.asana.answers import (
    Named,
    Story,
    Task,
    projects_of,
)
from integrations.trackers.asana.connection import AsanaConnection
from integrations.trackers.asana.settings import GID, AsanaConfig, AsanaSecrets
from integrations.trackers.asana.setup import SETUP
from integrations.trackers.asana.status import LABEL, Move
from integrations.trackers.asana.texts import BODY_LIMIT, MARKER, body_of, canonical, mark_in, marked, one_line
from integrations.trackers.asana.webhook import Delivery, Event, task_news, task_of
from integrations.webhook import check_signature, header, payload

CLOCK_SKEW = timedelta(minutes=5)
PROBES = 3
"""How many tickets outside of the connection's projects :meth:`AsanaTracker.read_many` asks for one by one."""
SUBTYPES = ("default_task", "milestone", "approval")

_STORY_FIELDS = "created_by,html_text,resource_subtype"


class AsanaTracker(AsanaConnection):
    """One project's tasks."""

    label = LABEL
    Config = AsanaConfig
    Secrets = AsanaSecrets
    setup = SETUP
    knows_started = True
    lookup_lag = 5.0
    text_limit = BODY_LIMIT
    reads_at_once = 50  # it lists the project, from its beginning
    calls_per_second = 2.0  # 150 a minute without a paid plan

    @classmethod
    def canonical(cls, text: str) -> str:
        return canonical(text)

    # Tickets

    def find(self, marker: str, since: datetime | None = None) -> Ticket | None:
        mine = self.own_account()
        for task in self._candidates(marker, since):
            ticket = self._ticket(task)
            if ticket.marker == marker and ticket.author == mine:
                return ticket
        return None

    def _candidates(self, marker: str, since: datetime | None) -> Iterator[Task]:
        if self._config.oauth_app:
            try:
                yield self._task(f"external:{marker}")
            except (TicketGone, TicketForbidden):
                return
            return
        query = {"modified_since": _instant(since - CLOCK_SKEW)} if since else {}
        for project in self._projects:
            yield from self._list("/tasks", Task, self._task_fields, project=project, **query)

    def create(self, draft: TicketDraft) -> Ticket:
        if not MARKER.fullmatch(draft.marker):
            raise ValueError("a marker has letters, digits, '_', '.', ':' and '-' only")
        project = draft.project or self._config.project
        if project not in self._projects:
            detail = f"project {project} isn't part of this connection. Add it to its further projects."
            raise TrackerRefused(tracker=self.label, detail=detail)
        data: dict[str, object] = {
            "name": one_line(draft.title),
            "html_notes": marked(draft.body, None if self._config.oauth_app else draft.marker),
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
        return self._ticket(self._write("POST", "/tasks", data, Task, self._task_fields))

    def fetch(self, ref: TicketRef) -> Ticket:
        return self._ticket(self._task(ref.external_id, ref.key))

    def _task(self, gid: str, key: str | None = None) -> Task:
        return self._get(f"/tasks/{quote(gid, safe=':')}", Task, self._task_fields, key or gid)

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
            waiting += [one for one in projects_of(task) if one not in seen][:1]

    def _here(self, project: str, wanted: set[str]) -> Iterator[Ticket]:
        """Stops as soon as all are found; nothing of a project that we may not see."""
        try:
            for task in self._list(f"/projects/{project}/tasks", Task, self._task_fields, key=project):
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
            move = self._mapping.move(task, change, partial(self._places, task))
        except StatusUnreachable:
            if words:
                self._put(ref, words)
            raise
        if not words and move is None:
            return self._ticket(task)
        return self._ticket(self._carried_out(ref, task, words, move or Move()))

    def _carried_out(self, ref: TicketRef, task: Task, words: Mapping[str, object], move: "Move") -> Task:
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

    def _asides(self, ref: TicketRef, move: "Move") -> Iterator[tuple[str, dict[str, str]]]:
        gid = quote(ref.external_id)
        if move.tag is not None:
            yield f"/tasks/{gid}/addTag", {"tag": self._tag(move.tag)}
        if move.place is not None and not self._config.status_field:
            yield f"/sections/{move.place.gid}/addTask", {"task": ref.external_id}
        for tag in move.untag:
            yield f"/tasks/{gid}/removeTag", {"tag": tag}

    def _put(self, ref: TicketRef, data: Mapping[str, object]) -> Task:
        return self._write("PUT", f"/tasks/{quote(ref.external_id)}", data, Task, self._task_fields, ref.key)

    def _changed_words(self, task: Task, change: TicketChange) -> dict[str, object]:
        changed: dict[str, object] = {}
        if change.title is not None and one_line(change.title) != task.name:
            changed["name"] = one_line(change.title)
        if change.body is not None and body_of(marked(change.body, None)) != body_of(task.html_notes):
            changed["html_notes"] = self._rewritten(task, change.body)
        if change.assignee and change.assignee != (task.assignee.gid if task.assignee else None):
            changed["assignee"] = change.assignee
        if change.due_on is not None and change.due_on != task.due_on:
            changed["due_on"] = change.due_on.isoformat()
        if change.no_due_date and change.due_on is None and task.due_on is not None:
            changed["due_on"] = None
        return changed

    def _rewritten(self, task: Task, body: str) -> str:
        try:
            return marked(body, mark_in(task.html_notes), there=task.html_notes)
        except CannotKeep:
            raise TextNotKept(tracker=self.label, key=task.gid) from None

    def _ticket(self, task: Task) -> Ticket:
        standing = self._mapping.standing(task)
        marker = task.external.gid if self._config.oauth_app and task.external else None
        return Ticket(
            external_id=task.gid,
            key=task.gid,
            url=task.permalink_url,
            title=task.name.replace("\0", ""),
            body=body_of(task.html_notes),
            state=standing.state,
            reason=standing.reason,
            status=self._mapping.status(task),
            assignee=task.assignee.gid if task.assignee else None,
            author=task.created_by.gid if task.created_by else None,
            marker=marker or mark_in(task.html_notes),
            updated_at=task.modified_at.astimezone(UTC),
            due_on=task.due_on,
        )

    def _places(self, task: Task) -> list[Named]:
        """The sections of the project it is in, or the options of the status field there."""
        project = next((one for one in projects_of(task) if one in self._projects), next(iter(projects_of(task)), None))
        if project is None:
            return []
        if project not in self._known_places:
            self._known_places[project] = self._places_of(project)
        return self._known_places[project]

    # Comments and pointers

    def comment(self, ref: TicketRef, marker: str, body: str) -> None:
        path = f"/tasks/{quote(ref.external_id)}/stories"
        text = marked(body, marker, comment=True)
        mine = self.own_account()
        for story in self._list(path, Story, _STORY_FIELDS, key=ref.key):
            ours = story.resource_subtype == "comment_added" and story.created_by and story.created_by.gid == mine
            if ours and mark_in(story.html_text) == marker:
                if body_of(story.html_text) != body_of(text):
                    self._write("PUT", f"/stories/{story.gid}", {"html_text": text}, dict, key=ref.key)
                return
        self._write("POST", path, {"html_text": text}, dict, key=ref.key)

    def resolve(self, pointer: str) -> Ticket:
        gid = self._pointed_at(pointer.strip())
        task = self._task(gid)
        if not set(projects_of(task)) & set(self._projects):
            detail = f"task {gid} isn't in project {self._config.project}, which this connection uses."
            raise TrackerRefused(tracker=self.label, detail=detail)
        return self._ticket(task)

    def _pointed_at(self, pointer: str) -> str:
        """The gid in itself, or in the older or newer address of a task's page."""
        if re.fullmatch(GID, pointer):
            return pointer
        page = page_at(pointer)
        if page is not None and (page.scheme, page.host) in self._sites:
            found = next((one for one in gids_in(page) if re.fullmatch(GID, one)), None)
            if found is not None:
                return found
        raise TrackerRefused(tracker=self.label, detail="enter a task's URL or number.")

    @property
    def _sites(self) -> set[tuple[str, str]]:
        base = urlsplit(self._config.base_url)
        return {("https", "app.asana.com"), (base.scheme, host_of(self._config.base_url))}

    # The connection

    # Webhooks

    def handshake(self, headers: Mapping[str, str], body: bytes) -> Handshake | None:  # noqa: ARG002 (headers only)
        secret = header(headers, "X-Hook-Secret")
        if secret is None or not re.fullmatch(r"[!-+\--~]{1,500}", secret):
            return None
        return Handshake({"X-Hook-Secret": secret}, secret)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:  # noqa: ARG002
        check_signature(header(headers, "X-Hook-Signature"), body, self._secrets.webhook_secret)

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002 (Asana numbers nothing)
        payload(Delivery, body)
        return hashlib.sha256(body).hexdigest()

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        delivery = self.delivery_id(headers, body)
        by_task: dict[str, list[Event]] = {}
        for event in payload(Delivery, body).events:
            gid = task_of(event)
            if gid is not None:
                by_task.setdefault(gid, []).append(event)
        return tuple(task_news(f"{delivery}:{gid}", gid, events) for gid, events in by_task.items())


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# What happened, by events
