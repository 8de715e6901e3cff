"""Which request is answered by what; wrong tokens, and faults."""

import base64
import re
from collections.abc import Callable

from tests.peers.jira.site import EMAIL, GONE_WORDS, TOKEN, Json, Refused
from tests.peers.jira.webhooks import JiraWebhooks
from tests.peers.tracker_peer import Answer, Fault, Kind, Request


class JiraPeer(JiraWebhooks):
    def kind_of(self, request: Request) -> Kind:
        for method, pattern, kind in _KINDS:
            if request.method == method and re.fullmatch(pattern, request.path):
                return kind
        return Kind.OTHER

    def answer(self, request: Request) -> Answer:
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        if not self._good or given != base64.b64encode(f"{EMAIL}:{TOKEN}".encode()).decode():
            return self._to_a_stranger(request)
        self._actor = self.account
        for method, pattern, door in _DOORS:
            found = re.fullmatch(pattern, request.path)
            if found and request.method == method:
                try:
                    told = door(self, request, *found.groups())
                except Refused as refusal:
                    told = refusal.answer
                return Answer(told.status, told.body, {"Atl-Traceid": f"{next(self._ids):032x}", **told.headers})
        return Answer(404, {"errorMessages": [f"No endpoint {request.method} {request.path}."], "errors": {}})

    def _to_a_stranger(self, request: Request) -> Answer:
        """Who is not known sees what anybody may see: no issue here, and an empty list. Only a header tells why."""
        told = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
        if self.kind_of(request) is Kind.LIST:
            return Answer(200, {"issues": [], "isLast": True}, told)
        if request.method == "GET" and not request.path.endswith("/myself"):
            return Answer(404, {"errorMessages": [GONE_WORDS], "errors": {}}, told)
        words = "Client must be authenticated to access this resource."
        return Answer(401, {"errorMessages": [words], "errors": {}}, told)

    def fault(self, fault: Fault, request: Request) -> Answer:
        said: Json = {"errorMessages": [], "errors": {}}
        match fault:
            case Fault.LIMITED | Fault.LIMITED_SILENTLY:
                told = {"Retry-After": "1"} if fault is Fault.LIMITED else {}
                return Answer(
                    429,
                    said | {"errorMessages": ["Rate limit exceeded."]},
                    {**told, "RateLimit-Reason": "jira-burst-based"},
                )
            case Fault.GONE:
                return Answer(410, said | {"errorMessages": ["The requested API has been removed."]})
            case Fault.EMPTY_LIST:
                return Answer(
                    200, {"issues": [], "isLast": True, "issueErrors": [], "values": [], "comments": [], "total": 0}
                )
            case _:
                return Answer(503, said | {"errorMessages": ["The service is temporarily unavailable."]})


_V3 = "/rest/api/3"

_ISSUE = rf"{_V3}/issue/([A-Za-z0-9_-]+)"

_HOOKS = "/rest/webhooks/1.0/webhook"

_DOORS: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("GET", rf"{_V3}/myself", JiraPeer._myself),
    ("GET", rf"{_V3}/project/(\w+)", JiraPeer._project),
    ("GET", rf"{_V3}/mypermissions", JiraPeer._permissions),
    ("GET", rf"{_V3}/resolution", JiraPeer._resolutions),
    ("GET", rf"{_V3}/project/(\w+)/statuses", JiraPeer._statuses),
    ("GET", rf"{_V3}/issue/createmeta/(\w+)/issuetypes", JiraPeer._types),
    ("GET", rf"{_V3}/issue/createmeta/(\w+)/issuetypes/(\w+)", JiraPeer._form),
    ("POST", rf"{_V3}/issue", JiraPeer._create),
    ("POST", rf"{_V3}/issue/bulkfetch", JiraPeer._bulk_fetch),
    ("GET", _ISSUE, JiraPeer._read),
    ("PUT", _ISSUE, JiraPeer._edit),
    ("PUT", rf"{_ISSUE}/assignee", JiraPeer._assign),
    ("GET", rf"{_ISSUE}/transitions", JiraPeer._transitions),
    ("POST", rf"{_ISSUE}/transitions", JiraPeer._transition),
    ("GET", rf"{_ISSUE}/comment", JiraPeer._comments),
    ("POST", rf"{_ISSUE}/comment", JiraPeer._add_comment),
    ("PUT", rf"{_ISSUE}/comment/(\d+)", JiraPeer._edit_comment),
    ("POST", rf"{_V3}/comment/list", JiraPeer._comment_list),
    ("POST", rf"{_V3}/search/jql", JiraPeer._search),
    ("POST", rf"{_V3}/search", JiraPeer._old_search),
    ("GET", rf"{_V3}/user/assignable/search", JiraPeer._assignable),
    ("POST", rf"{_V3}/workflows", JiraPeer._workflows),
    ("GET", _HOOKS, JiraPeer._list_hooks),
    ("POST", _HOOKS, JiraPeer._put_hook),
    ("PUT", rf"{_HOOKS}/(\d+)", JiraPeer._put_hook),
    ("DELETE", rf"{_HOOKS}/(\d+)", JiraPeer._delete_hook),
)

_KINDS = (
    ("POST", rf"{_V3}/issue", Kind.CREATE),
    ("PUT", rf"{_ISSUE}(?:/assignee|/comment/\d+)?", Kind.UPDATE),
    ("POST", rf"{_ISSUE}/(?:transitions|comment)", Kind.UPDATE),
    ("POST", rf"{_V3}/(?:issue/bulkfetch|search/jql)", Kind.LIST),
    ("GET", _ISSUE, Kind.READ),
)
