"""How Asana shows one thing and a page of things, by the fields that are asked for."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

from tests.peers.asana.people import AsanaPeople
from tests.peers.asana.workspace import (
    BASE,
    HERE,
    NAMES,
    OAUTH,
    SECTIONS,
    STATUS,
    WORKSPACE,
    Json,
    Task,
    a_field,
    a_person,
    an_option,
    instant,
    named,
    refusal_of,
)
from tests.peers.tracker_peer import Answer, Request


class AsanaPages(AsanaPeople):
    def _token(self, request: Request) -> str:
        return request.headers.get("authorization", "").removeprefix("Bearer ")

    def _data(self, request: Request) -> Json:
        given = request.json()
        if not isinstance(given, dict) or not isinstance(given.get("data"), dict):
            raise refusal_of(400, "Could not parse request data, expected an object named data")
        data: Json = given["data"]
        return data

    def _one(self, request: Request, whole: Json, default: set[str] | None = None) -> Answer:
        return Answer(201 if request.method == "POST" else 200, {"data": asked_of(request, whole, default)})

    def _page_of(
        self,
        request: Request,
        found: list[Any],
        default: set[str] | None = None,
        told: Callable[[Any], Json] = lambda one: one,
    ) -> Answer:
        size = int(request.query.get("limit", 100))
        if not 1 <= size <= 100:
            raise refusal_of(400, "limit: Must be between 1 and 100")
        given = request.query.get("offset")
        start = 0 if given is None else self._place(given)
        rest = found[start + size :]
        token = f"eyJ{start + size:08d}"
        path = f"{request.path.removeprefix(BASE)}?limit={size}&offset={token}"
        more = {"offset": token, "path": path, "uri": f"https://app.asana.com{BASE}{path}"} if rest else None
        data = [asked_of(request, told(one), default or {"name"}) for one in found[start : start + size]]
        return Answer(200, {"data": data, "next_page": more})

    def _place(self, token: str) -> int:
        if not re.fullmatch(r"eyJ[0-9]{8}", token):
            raise refusal_of(400, "offset: Your pagination token is invalid.")
        return int(token[3:])

    def _project(self, gid: str) -> str:
        if gid not in NAMES:
            raise refusal_of(404, f"project: Unknown object: {gid}")
        return gid

    def _visible(self, request: Request, gid: str) -> Task:
        if gid.startswith("external:") and self._token(request) == OAUTH:
            named = gid.removeprefix("external:")
            found = [one for one in self._tasks if one.external and one.external.get("gid") == named]
        else:
            found = [one for one in self._tasks if one.gid == gid]
        for task in found:
            if not task.gone:
                if task.hidden:
                    raise refusal_of(403, "task: You do not have access to this task.")
                return task
        raise refusal_of(404, f"task: Unknown object: {gid}")

    def _whole(self, request: Request, task: Task) -> Json:
        status = {**a_field(STATUS), "enum_value": an_option(task.option) if task.option else None}
        whole = named(
            task.gid,
            "task",
            name=task.name,
            resource_subtype="default_task",
            completed=task.completed,
            created_at=instant(task.created_at),
            modified_at=instant(task.modified_at),
            due_on=task.due_on,
            due_at=None,
            notes="".join(ET.fromstring(task.html_notes).itertext()),
            html_notes=task.html_notes,
            permalink_url=self._page(task),
            assignee=a_person(task.assignee) if task.assignee else None,
            created_by=a_person(task.author),
            workspace=named(WORKSPACE, "workspace", name="Acme"),
            tags=[named(one, "tag", name=self._tags[one]) for one in task.tags],
            memberships=[
                {
                    "project": named(project, "project", name=NAMES[project]),
                    "section": named(section, "section", name=SECTIONS[project][section]),
                }
                for project, section in task.sections.items()
            ],
            custom_fields=[status] if HERE in task.sections else [],
        )
        if self._token(request) == OAUTH and task.external:
            whole["external"] = task.external
        return whole


def asked_of(request: Request, whole: Json, default: set[str] | None = None) -> Json:
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
