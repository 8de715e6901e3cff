"""Issues, comments and people are searched."""

import re
from collections.abc import Callable, Iterator

from tests.peers.jira.site import Issue, Json, Refused
from tests.peers.jira.workflow import JiraWorkflow
from tests.peers.tracker_peer import Answer, Request


class JiraSearch(JiraWorkflow):
    def _comment_list(self, request: Request) -> Answer:
        body = request.json()
        assert isinstance(body, dict)
        properties = "properties" in request.query.get("expand", "")
        known = [one for issue in self._issues.values() if issue.project not in self._hidden for one in issue.comments]
        shown = [self._comment(one, properties=properties) for one in known if int(one.id) in body["ids"]]
        return Answer(200, {"values": shown, "startAt": 0, "maxResults": 1000, "total": len(shown), "isLast": True})

    def _bulk_fetch(self, request: Request) -> Answer:
        body = request.json()
        assert isinstance(body, dict)
        if len(body["issueIdsOrKeys"]) > 100:
            raise Refused(400, "The maximum number of issues that can be fetched is 100.")
        wanted = set(body["issueIdsOrKeys"])
        found = [one for one in self._issues.values() if {one.id, one.key} & wanted and one.project not in self._hidden]
        shown = [self._shown(one, body.get("fields", [])) for one in found]
        return Answer(200, {"issues": shown, "issueErrors": []})

    def _search(self, request: Request) -> Answer:
        body = request.json()
        assert isinstance(body, dict)
        matches = _jql(body["jql"])
        known = [one for one in self._issues.values() if one.project not in self._hidden and one.is_indexed]
        found = [one for one in known if matches(one)]
        at = int(body.get("nextPageToken") or 0)
        size = min(body.get("maxResults", 50), self.page)
        page: Json = {"issues": [self._shown(one, body.get("fields", [])) for one in found[at : at + size]]}
        if at + size < len(found):
            return Answer(200, {**page, "nextPageToken": str(at + size), "isLast": False})
        return Answer(200, {**page, "isLast": True})

    def _old_search(self, _request: Request) -> Answer:
        words = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."
        raise Refused(410, words)

    def _assignable(self, request: Request) -> Answer:
        self._visible_project(request.query["project"])
        at = int(request.query.get("startAt", 0))
        return Answer(200, [self._person(one) for one in self._people] if at == 0 else [])


def _jql(query: str) -> Callable[[Issue], bool]:
    """The little of JQL that is asked here: ``a = "b" AND id in (1, 2) ORDER BY created ASC``."""
    conditions = re.sub(r"\s*ORDER BY created ASC$", "", query)
    if not conditions.strip():
        raise Refused(400, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
    tests = list(_conditions(conditions))
    return lambda issue: all(test(issue) for test in tests)


def _conditions(text: str) -> Iterator[Callable[[Issue], bool]]:
    for part in text.split(" AND "):
        found = re.fullmatch(r'\s*(labels|project) = "([^"]+)"\s*', part)
        if found is None:
            raise Refused(400, f"Error in the JQL Query: '{part}'")
        name, value = found.groups()
        if name == "labels":
            yield lambda issue, value=value: value in issue.labels  # type: ignore[misc]
        else:
            yield lambda issue, value=value: issue.project == value  # type: ignore[misc]
