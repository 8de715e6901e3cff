"""What a workspace of Asana holds, how it changes, and what its webhooks tell."""

import hashlib
import hmac
import itertools
import json
from datetime import UTC, datetime, timedelta

from tests.peers.asana.workspace import HERE, JANE, ME, SECTIONS, STATUS, WORKSPACE, Json, Task, instant, named
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import TrackerPeer


class AsanaState(TrackerPeer):
    kind = "asana"
    account = ME
    other_account = JANE

    def __init__(self) -> None:
        super().__init__()
        self._ids = itertools.count(1_200_000_000_004_501)
        self._tasks: list[Task] = []
        self._tags: dict[str, str] = {"5001": "postmortem"}
        self._hooks: dict[str, Json] = {}
        self._secret = "a secret of asana's choosing"
        self._last = datetime.now(UTC)
        self._revoked = False
        self.access = "editor"
        """Our account's access to the project."""
        self.paid = True
        """Without it custom fields are answered 402."""

    def signed(self, body: bytes) -> Delivery:
        signature = hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
        return Delivery({"Content-Type": "application/json", "X-Hook-Signature": signature}, body)

    def _now(self) -> datetime:
        """Later than ever before, by a millisecond at least."""
        now = datetime.now(UTC)
        self._last = max(
            now.replace(microsecond=now.microsecond // 1000 * 1000), self._last + timedelta(milliseconds=1)
        )
        return self._last

    def _touch(self, task: Task) -> None:
        task.modified_at = self._now()

    def _by_id(self, gid: str) -> Task:
        return next(one for one in self._tasks if one.gid == gid)

    def _home(self, task: Task) -> str:
        return next(iter(task.sections), HERE)

    def _tag_named(self, name: str) -> str:
        for gid, known in self._tags.items():
            if known == name:
                return gid
        gid = str(next(self._ids))
        self._tags[gid] = name
        return gid

    def _make(self, data: Json, author: str) -> Task:
        now = self._now()
        task = Task(str(next(self._ids)), "", author, now, now)
        task.sections = {project: next(iter(SECTIONS[project])) for project in data.get("projects", ())}
        task.tags = list(data.get("tags", ()))
        self._change(task, data, author)
        self._tasks.append(task)
        parents = [named(project, "project") for project in task.sections]
        parents += [named(section, "section") for section in task.sections.values()]
        self._tell([self._event(task, "added", author, parent=one) for one in parents])
        return task

    def _change(self, task: Task, data: Json, author: str) -> list[Json]:
        """What changed, as events; ``data`` is sound."""
        events = []
        for name in ("name", "html_notes", "assignee", "due_on", "completed"):
            if name in data and getattr(task, name) != data[name]:
                setattr(task, name, data[name])
                change: Json = {"field": "notes" if name == "html_notes" else name, "action": "changed"}
                if name == "assignee" and data[name]:
                    change["new_value"] = named(data[name], "user")
                events.append(self._event(task, "changed", author, change=change))
                if name == "completed":
                    subtype = "marked_complete" if data[name] else "marked_incomplete"
                    story = named(str(next(self._ids)), "story", resource_subtype=subtype)
                    events.append(self._event(task, "added", author, story, parent=named(task.gid, "task")))
        fields = data.get("custom_fields", {})
        if STATUS in fields and fields[STATUS] != task.option:
            task.option = fields[STATUS]
            events.append(self._event(task, "changed", author, change={"field": "custom_fields", "action": "changed"}))
        if "external" in data:
            task.external = data["external"]
        if events:
            self._touch(task)
        return events

    def _put_into(self, task: Task, section: str, author: str) -> list[Json]:
        project = next(one for one, sections in SECTIONS.items() if section in sections)
        if task.sections.get(project) == section:
            return []
        task.sections[project] = section
        self._touch(task)  # by the story section_changed
        return [self._event(task, "added", author, parent=named(section, "section"))]

    def _event(
        self,
        task: Task,
        action: str,
        author: str,
        resource: Json | None = None,
        *,
        parent: Json | None = None,
        change: Json | None = None,
    ) -> Json:
        told = {
            "user": named(author, "user"),
            "created_at": instant(self._now()),
            "action": action,
            "resource": resource or named(task.gid, "task", resource_subtype="default_task"),
            "parent": parent,
        }
        return told | ({"change": change} if change else {})

    def _tell(self, events: list[Json]) -> None:
        if events:
            self.outbox.append(self.signed(json.dumps({"events": events}).encode()))

    def _page(self, task: Task) -> str:
        where = f"project/{self._home(task)}/" if task.sections else ""
        return f"https://app.asana.com/1/{WORKSPACE}/{where}task/{task.gid}"
