"""Which request is answered by what; wrong tokens, and faults."""

import base64
import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote

from tests.peers.gitlab.people import GitlabPeople
from tests.peers.gitlab.project import MAINTAINER, TOKEN, Issue, Json, Project, Refusal
from tests.peers.tracker_peer import Answer, Fault, Kind, Request

_LIST = {"scope", "author_id", "order_by", "sort", "created_after", "iids[]", "per_page", "page"}

_CREATE = {"title", "description", "labels", "assignee_ids", "due_date", "issue_type", "weight"}

_UPDATE = {"title", "description", "assignee_ids", "due_date", "state_event", "add_labels", "remove_labels"}

_HOOK = {"url", "token", "signing_token", "issues_events", "confidential_issues_events", "push_events"}

_NOTES = {"sort", "order_by", "per_page", "page"}

_PAGE = {"per_page", "page"}


class GitlabPeer(GitlabPeople):
    def kind_of(self, request: Request) -> Kind:
        if re.search(r"/issues$", request.path):
            return Kind.CREATE if request.method == "POST" else Kind.LIST
        if re.search(r"/issues/\d+$", request.path):
            return Kind.UPDATE if request.method == "PUT" else Kind.READ
        return Kind.OTHER

    def answer(self, request: Request) -> Answer:
        if not self.is_valid or request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"message": "401 Unauthorized"})
        try:
            answer = self._answered(request)
        except Refusal as refusal:
            answer = refusal.answer
        return Answer(answer.status, answer.body, {"X-Request-Id": str(uuid.uuid4()), **answer.headers})

    def _answered(self, request: Request) -> Answer:  # noqa: PLR0911 (one door after another)
        if request.path == "/api/graphql":
            return self._asked_where(request)
        parts = [unquote(one) for one in request.path.removeprefix("/api/v4/").split("/")]
        if parts == ["user"]:
            return Answer(200, self._users([int(self.account)])[0])
        if parts[0] != "projects":
            raise Refusal(404, "404 Not Found")
        project = self._visible(parts[1])
        match (request.method, *parts[2:]):
            case ("GET",):
                return Answer(200, self._project(project))
            case ("GET", "issues"):
                return self._paged(self._listed(project, request), request)
            case ("POST", "issues"):
                made = self._make(project, _body(request, _CREATE), int(self.account))
                return Answer(201, self._shown(made))
            case ("GET", "issues", iid):
                return Answer(200, self._shown(self._issue(project, iid)))
            case ("PUT", "issues", iid):
                issue = self._issue(project, iid)
                self._change(issue, _body(request, _UPDATE), int(self.account))
                return Answer(200, self._shown(issue))
            case ("GET", "issues", iid, "notes"):
                _allowed(request.query, _NOTES)
                return self._paged(self._issue(project, iid).notes, request)
            case ("POST", "issues", iid, "notes"):
                return Answer(201, self._say(self._issue(project, iid), _body(request, {"body"})))
            case ("PUT", "issues", iid, "notes", number):
                (note,) = [one for one in self._issue(project, iid).notes if str(one["id"]) == number]
                note["body"] = self._obey(str(_body(request, {"body"})["body"]))
                return Answer(200, note)
            case ("GET", "members", "all"):
                _allowed(request.query, _PAGE)
                return self._paged(self._users(list(self.names)), request)
            case (_, "hooks", *number):
                return self._hooked(project, request, number)
        raise Refusal(404, "404 Not Found")

    def _visible(self, path: str) -> Project:
        for project in self.projects:
            if project.path.lower() == path.lower() and project.visible:
                return project
        raise Refusal(404, "404 Project Not Found")

    def _issue(self, project: Project, iid: str) -> Issue:
        for issue in self.issues.values():
            if (issue.project, str(issue.iid)) == (project, iid) and issue.is_seen:
                return issue
        raise Refusal(404, "404 Issue Not Found")

    def _listed(self, project: Project, request: Request) -> list[Json]:
        _allowed(request.query, _LIST)
        assert request.query["scope"] == "all", "else only those that are assigned or created by us"
        there = [one for one in self.issues.values() if one.project is project and one.is_seen]
        author, since, iids = (request.query.get(name) for name in ("author_id", "created_after", "iids[]"))
        if author is not None:
            there = [one for one in there if str(one.author) == author]
        if since is not None:
            there = [one for one in there if one.created_at >= datetime.fromisoformat(since)]
        if iids is not None:
            there = [one for one in there if str(one.iid) in iids.split(",")]
        return [self._shown(one) for one in reversed(there)]

    def _paged(self, found: list[Json], request: Request) -> Answer:
        size, page = int(request.query.get("per_page", 20)), int(request.query.get("page", 1))
        assert size <= 100
        more = str(page + 1) if len(found) > size * page else ""
        return Answer(200, found[size * (page - 1) : size * page], {"X-Next-Page": more})

    def _say(self, issue: Issue, words: Json) -> Json:
        note: Json = {"id": next(self._ids), "system": False, "author": self._users([int(self.account)])[0]}
        note["body"] = self._obey(str(words["body"]))
        issue.notes.append(note)
        return note

    def _hooked(self, project: Project, request: Request, number: list[str]) -> Answer:
        if self.access < MAINTAINER:
            raise Refusal(403, "403 Forbidden")
        if request.method == "GET":
            _allowed(request.query, _PAGE)
            return self._paged([{"id": one, "url": hook["url"]} for one, hook in project.hooks.items()], request)
        if request.method == "POST":
            hook_id = next(self._ids)
        else:
            hook_id = int(number[0])
            if hook_id not in project.hooks:
                raise Refusal(404, "404 Not found")
        if request.method == "DELETE":
            del project.hooks[hook_id]
            return Answer(204)
        words = _body(request, _HOOK)
        key = base64.b64decode(str(words["signing_token"]).removeprefix("whsec_"), validate=True)
        if len(key) != 32:
            raise Refusal(422, "Signing token is invalid")
        project.hooks[hook_id] = {**project.hooks.get(hook_id, {}), **words}
        return Answer(201 if request.method == "POST" else 200, {"id": hook_id, "url": words["url"]})

    def _asked_where(self, request: Request) -> Answer:
        asked = request.json()
        assert isinstance(asked, dict)
        assert "issue(id: $id) { reference(full: true) }" in asked["query"]
        found = self.issues[int(asked["variables"]["id"].removeprefix("gid://gitlab/Issue/"))]
        return Answer(200, {"data": {"issue": {"reference": found.key} if found.is_seen else None}})

    def fault(self, fault: Fault, request: Request) -> Answer:
        if fault is Fault.EMPTY_LIST:
            return Answer(200, [], {"X-Next-Page": ""})
        if fault is Fault.LIMITED:
            return Answer(429, {"message": "Too Many Requests"}, {"Retry-After": "1"})
        if fault is Fault.LIMITED_SILENTLY:
            return Answer(429, {"message": "Too Many Requests"})
        if fault is Fault.GONE:
            return Answer(410, {"message": "410 Gone"})
        return Answer(500, {"message": "500 Internal Server Error"})


def _body(request: Request, allowed: set[str]) -> Json:
    words = request.json()
    assert isinstance(words, dict)
    _allowed(words, allowed)
    return words


def _allowed(given: Mapping[str, object], allowed: set[str]) -> None:
    if unknown := given.keys() - allowed:
        raise Refusal(400, f"{', '.join(sorted(unknown))} is unknown")
