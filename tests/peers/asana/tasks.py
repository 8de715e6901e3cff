"""Tasks and their stories are made, read and changed."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from tests.peers.asana.pages import AsanaPages
from tests.peers.asana.workspace import (
    COMMENT_TAGS,
    ME,
    NOT_IN,
    OAUTH,
    OPTIONS,
    PEOPLE,
    PRIORITY,
    SECTIONS,
    STATUS,
    TAGS,
    Json,
    Story,
    a_story,
    instant,
    refusal_of,
)
from tests.peers.tracker_peer import Answer, Request


class AsanaTasks(AsanaPages):
    def _check_task(self, request: Request, data: Json) -> None:
        """What Asana refuses of a task that is made or changed."""
        if "html_notes" in data:
            _check_html(data["html_notes"], TAGS)
        if data.get("assignee") and data["assignee"] not in PEOPLE:
            raise refusal_of(400, f"assignee: Not a recognized ID: {data['assignee']}")
        if "external" in data and self._token(request) != OAUTH:
            raise refusal_of(403, "external: You must authenticate with OAuth to write external data.")
        if data.get("custom_fields") and not self.paid:
            raise refusal_of(402, "Custom Fields are not available for free users or guests.")
        for gid, value in data.get("custom_fields", {}).items():
            if gid not in {STATUS, PRIORITY} or (gid == STATUS and value not in {None, *OPTIONS}):
                raise refusal_of(400, f"custom_fields: {gid} is not a field of this task, or {value} not an option")
        for tag in data.get("tags", ()):
            if tag not in self._tags:
                raise refusal_of(400, f"tags: Unknown object: {tag}")
        if self.access not in {"admin", "editor"}:
            raise refusal_of(403, "You do not have permission to do that in this project.")

    def _tasks_of(self, request: Request, project: str) -> Answer:
        self._project(project)
        since = request.query.get("modified_since", "")
        found = [one for one in self._tasks if project in one.sections and not (one.gone or one.hidden)]
        found = [one for one in found if instant(one.modified_at) >= since]
        return self._page_of(request, found, told=lambda one: self._whole(request, one))

    def _get_tasks(self, request: Request) -> Answer:
        if "project" not in request.query:
            raise refusal_of(400, "You should specify one of the following: project, tag, section, user_task_list")
        return self._tasks_of(request, request.query["project"])

    def _post_task(self, request: Request) -> Answer:
        data = self._data(request)
        self._check_task(request, data)
        for project in data.get("projects", ()):
            self._project(project)
        if not data.get("projects") and not data.get("workspace"):
            raise refusal_of(400, "You should specify one of workspace, parent, projects")
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
            raise refusal_of(400, f"tag: Unknown object: {tag}")
        task.tags = [one for one in task.tags if one != tag] + ([tag] if verb == "addTag" else [])
        self._touch(task)
        self._tell([self._event(task, "changed", ME, change={"field": "tags", "action": f"{verb[:-3].rstrip('e')}ed"})])
        return Answer(200, {"data": {}})

    def _fill_section(self, request: Request, section: str) -> Answer:
        task = self._visible(request, self._data(request)["task"])
        if not any(section in sections for sections in SECTIONS.values()):
            raise refusal_of(404, f"section: Unknown object: {section}")
        self._tell(self._put_into(task, section, ME))
        return Answer(200, {"data": {}})

    def _stories(self, request: Request, gid: str) -> Answer:
        task = self._visible(request, gid)
        system = Story("1", task.author, "<body>added to Follow-ups</body>", "added_to_project")
        return self._page_of(request, [a_story(one) for one in (system, *task.stories)], {"resource_subtype", "text"})

    def _post_story(self, request: Request, gid: str) -> Answer:
        task, data = self._visible(request, gid), self._data(request)
        _check_html(data["html_text"], COMMENT_TAGS)
        task.stories.append(Story(str(next(self._ids)), ME, data["html_text"]))
        self._touch(task)
        return self._one(request, a_story(task.stories[-1]))

    def _put_story(self, request: Request, gid: str) -> Answer:
        data = self._data(request)
        _check_html(data["html_text"], COMMENT_TAGS)
        for task in self._tasks:
            for story in task.stories:
                if story.gid == gid:
                    if story.author != ME:
                        raise refusal_of(403, "You can only edit your own comments.")
                    story.html = data["html_text"]
                    return self._one(request, a_story(story))
        raise refusal_of(404, f"story: Unknown object: {gid}")


def _check_html(html: str, tags: set[str]) -> None:
    try:
        root = ET.fromstring(html)
    except ET.ParseError as error:
        raise refusal_of(400, f"html: XML is invalid: {error}") from None
    for node in _all(root):
        allowed = {"href"} if node.tag == "a" else set()
        if node.tag not in tags or set(node.attrib) - allowed:
            raise refusal_of(
                400, f"html: XML is invalid: <{node.tag}> with {sorted(node.attrib)} is not supported here"
            )
        inside = {one.tag for one in node.iter()} - {node.tag}
        if inside & NOT_IN.get(node.tag, set()):
            raise refusal_of(400, f"html: XML is invalid: {sorted(inside)} must not be in <{node.tag}>")
        if node.tag == "a" and not re.match(r"(?:https?://|mailto:).", node.attrib.get("href", "")):
            raise refusal_of(400, "html: a link needs a gid or a valid href")
    if root.tag != "body":
        raise refusal_of(400, "html: XML is invalid: the root is not <body>")


def _all(root: ET.Element) -> Iterator[ET.Element]:
    yield from root.iter()
