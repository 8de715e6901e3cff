"""Transitions, and the workflow that they belong to."""

from tests.peers.jira.issues import JiraIssues
from tests.peers.jira.site import Issue, Json, Refused, Way
from tests.peers.tracker_peer import Answer, Request


class JiraWorkflow(JiraIssues):
    def _ways(self, issue: Issue) -> list[Way]:
        if "TRANSITION_ISSUES" in self.refused:
            return []
        return [way for way in self.flow.ways if way.sources is None or issue.status in way.sources]

    def _transitions(self, request: Request, named: str) -> Answer:
        found = []
        for way in self._ways(self._seen(named)):
            shown: Json = {
                "id": way.id,
                "name": way.name,
                "to": self._status(way.to),
                "hasScreen": way.resolution or bool(way.required),
                "isGlobal": way.sources is None,
                "isInitial": False,
                "isAvailable": True,
                "isConditional": False,
            }
            if "transitions.fields" in request.query.get("expand", ""):
                shown["fields"] = self._screen(way)
            found.append(shown)
        return Answer(200, {"expand": "transitions", "transitions": found})

    def _screen(self, way: Way) -> Json:
        allowed = [
            {"id": key, "name": name, "self": f"{self.url}/rest/api/3/resolution/{key}"}
            for key, name in self.resolutions.items()
        ]
        common = {"operations": ["set"], "hasDefaultValue": False, "required": True}
        screen: Json = {
            name: {**common, "name": name, "key": name, "schema": {"type": "string", "custom": "textfield"}}
            for name in way.required
        }
        if way.resolution:
            schema = {"type": "resolution", "system": "resolution"}
            screen["resolution"] = {
                **common,
                "name": "Resolution",
                "key": "resolution",
                "schema": schema,
                "allowedValues": allowed,
            }
        return screen

    def _transition(self, request: Request, named: str) -> Answer:
        issue = self._seen(named)
        body = request.json()
        wanted = body.get("transition", {}).get("id") if isinstance(body, dict) else None
        way = next((one for one in self._ways(issue) if one.id == wanted), None)
        if way is None:  # also for an id that is a number
            raise Refused(400, f"Transition id '{wanted}' is not valid for this issue.")
        fields = body.get("fields", {}) if isinstance(body, dict) else {}
        for name in way.required:
            if name not in fields:
                raise Refused(400, **{name: f"{name} is required."})
        if not way.resolution and "resolution" in fields:
            raise Refused(
                400, resolution="Field 'resolution' cannot be set. It is not on the appropriate screen, or unknown."
            )
        resolution = None
        if way.resolution:
            resolution = self._named(self.resolutions, fields.get("resolution") or {}, "resolution")
        self._change(issue, {"status": way.to, "resolution": resolution})
        return Answer(204)

    def _workflows(self, _request: Request) -> Answer:
        if not self.administers:
            raise Refused(403, "Only administrators can access this resource.")
        categories = {"new": "TODO", "indeterminate": "IN_PROGRESS", "done": "DONE"}
        statuses = [
            {"id": key, "statusReference": key, "name": name, "statusCategory": categories[category]}
            for key, (name, category) in self.flow.statuses.items()
        ]
        first = next(iter(self.flow.statuses))
        ways: list[Json] = [{"id": "1", "name": "Create", "type": "INITIAL", "toStatusReference": first, "links": []}]
        for way in self.flow.ways:
            links = [{"fromStatusReference": one, "fromPort": 0, "toPort": 1} for one in way.sources or ()]
            kind = "GLOBAL" if way.sources is None else "DIRECTED"
            ways.append({"id": way.id, "name": way.name, "type": kind, "toStatusReference": way.to, "links": links})
        flow = {"id": "w1", "name": "Flow", "statuses": [{"statusReference": key} for key in self.flow.statuses]}
        return Answer(200, {"statuses": statuses, "workflows": [{**flow, "transitions": ways}]})
