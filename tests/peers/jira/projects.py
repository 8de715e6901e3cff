"""Projects, permissions, and what the create form asks for."""

from integrations.trackers.jira.connection import PERMISSIONS
from tests.peers.jira.people import JiraPeople
from tests.peers.jira.site import FORM, GONE_WORDS, HERE, PROJECTS, TYPES, Issue, Json, Refused
from tests.peers.tracker_peer import Answer, Request


class JiraProjects(JiraPeople):
    def _allowed(self, permission: str, project: str = HERE) -> None:
        if project in self._hidden or permission in self.refused:
            raise Refused(403, f"You do not have the permission {permission}.")

    def _seen(self, named: str) -> Issue:
        for issue in self._issues.values():
            if named in {issue.id, issue.key} and issue.project not in self._hidden:
                return issue
        raise Refused(404, GONE_WORDS)

    def _visible_project(self, named: str) -> str:
        for key, number in PROJECTS.items():
            if named in {key, number} and key not in self._hidden:
                return key
        raise Refused(404, f"No project could be found with key '{named}'.")

    def _myself(self, _request: Request) -> Answer:
        return Answer(200, self._person(self.account))

    def _project(self, _request: Request, named: str) -> Answer:
        key = self._visible_project(named)
        types = [{"id": one, "name": name, "subtask": False} for one, name in TYPES.items()]
        return Answer(
            200, {"id": PROJECTS[key], "key": key, "name": f"Project {key}", "archived": False, "issueTypes": types}
        )

    def _permissions(self, request: Request) -> Answer:
        if not request.query.get("permissions"):
            raise Refused(400, "The permissions query parameter is required.")
        self._visible_project(request.query["projectKey"])
        told = {}
        for key in request.query["permissions"].split(","):
            if key not in PERMISSIONS:
                raise Refused(400, f"Unrecognized permission: {key}")
            name = key.replace("_", " ").title()
            told[key] = {
                "id": "1",
                "key": key,
                "name": name,
                "type": "PROJECT",
                "havePermission": key not in self.refused,
            }
        return Answer(200, {"permissions": told})

    def _resolutions(self, _request: Request) -> Answer:
        at = f"{self.url}/rest/api/3/resolution"
        told = [{"self": f"{at}/{key}", "id": key, "name": name} for key, name in self.resolutions.items()]
        return Answer(200, told)

    def _statuses(self, _request: Request, named: str) -> Answer:
        self._visible_project(named)
        statuses = [self._status(key) for key in self.flow.statuses]
        told = []
        for one, name in TYPES.items():
            at = f"{self.url}/rest/api/3/issuetype/{one}"
            told.append({"self": at, "id": one, "name": name, "subtask": False, "statuses": statuses})
        return Answer(200, told)

    def _types(self, _request: Request, named: str) -> Answer:
        self._visible_project(named)
        types = [{"id": one, "name": name, "description": "", "subtask": False} for one, name in TYPES.items()]
        return Answer(200, {"issueTypes": types, "maxResults": 50, "startAt": 0, "total": len(types)})

    def _form(self, request: Request, named: str, kind: str) -> Answer:
        self._visible_project(named)
        if kind not in TYPES:
            raise Refused(404, "The issue type was not found.")
        needed = {"summary", "issuetype", "project", "reporter"}
        known = [
            {
                "fieldId": name,
                "key": name,
                "name": name.title(),
                "required": name in needed,
                "hasDefaultValue": name == "reporter",
                "schema": {"type": "array", "items": "string"}
                if name == "labels"
                else {"type": "string", "system": name},
                "operations": ["set"],
            }
            for name in FORM
        ]
        known += [{"fieldId": name, "key": name, **meta} for name, meta in self.required.items()]
        at, size = int(request.query.get("startAt", 0)), min(int(request.query.get("maxResults", 50)), self.page)
        return Answer(200, {"fields": known[at : at + size], "maxResults": size, "startAt": at, "total": len(known)})

    def _named(self, known: dict[str, str], given: Json, what: str) -> str:
        for key, name in known.items():
            if given.get("id") == key or given.get("name") == name:
                return key
        raise Refused(400, **{what: f"Specify a valid {what}"})
