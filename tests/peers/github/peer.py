"""Which request is answered by what; wrong tokens, and faults."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from tests.peers.github.people import GithubPeople
from tests.peers.github.repository import HERE, REPOSITORIES, SCOPES, TOKEN, Comment, Issue, Json, NoAnswer, instant
from tests.peers.tracker_peer import Answer, Fault, Kind, Request

_ISSUES = re.compile(r"/repos/([^/]+/[^/]+)/issues")

_ISSUE = re.compile(r"/(?:repos/([^/]+/[^/]+)|repositories/(\d+))/issues/(\d+)")

_COMMENTS = re.compile(r"/repos/([^/]+/[^/]+)/issues/(\d+)/comments")

_COMMENT = re.compile(r"/repos/([^/]+/[^/]+)/issues/comments/(\d+)")

_HOOKS = re.compile(r"/repos/([^/]+/[^/]+)/hooks(?:/(\d+))?")

_ASSIGNEES = re.compile(r"/repos/([^/]+/[^/]+)/assignees")

_REPOSITORY = re.compile(r"/repos/([^/]+/[^/]+)|/repositories/(\d+)")

_NODE = re.compile(r'(t\d+): repository\(owner: "([^"]+)", name: "([^"]+)"\) \{ issue\(number: (\d+)\)')


class GithubPeer(GithubPeople):
    def kind_of(self, request: Request) -> Kind:
        if request.method == "POST" and _ISSUES.fullmatch(request.path):
            return Kind.CREATE
        if request.path == "/graphql" or _ISSUES.fullmatch(request.path):
            return Kind.LIST
        if _ISSUE.fullmatch(request.path):
            return Kind.READ if request.method == "GET" else Kind.UPDATE
        if request.method in {"POST", "PATCH"} and "/comments" in request.path:
            return Kind.UPDATE
        return Kind.OTHER

    def answer(self, request: Request) -> Answer:
        if self._revoked or request.headers.get("authorization") != f"token {TOKEN}":
            return Answer(401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"})
        try:
            found = self._routed(request)
        except NoAnswer as refusal:
            found = refusal.answer
        headers = {"X-GitHub-Request-Id": uuid4().hex[:12].upper(), "X-OAuth-Scopes": ", ".join(SCOPES)}
        return Answer(found.status, found.body, {**headers, **found.headers})

    def fault(self, fault: Fault, request: Request) -> Answer:
        match fault:
            case Fault.SERVER_ERROR:
                return Answer(502, {"message": "Server Error"})
            case Fault.LIMITED:
                words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
                return Answer(403, {"message": words}, {"Retry-After": "1"})
            case Fault.LIMITED_SILENTLY:
                return Answer(429, {"message": "API rate limit exceeded for user ID 1."})
            case Fault.GONE:
                return Answer(410, {"message": "Issues are disabled for this repo"})
            case Fault.EMPTY_LIST if request.path == "/graphql":
                return Answer(200, {"data": dict.fromkeys(found[1] for found in _asked(request))})
            case _:
                return Answer(200, [])

    def _routed(self, request: Request) -> Answer:
        given: Any = request.json()
        for shape, answer in self._routes.items():
            if found := shape.fullmatch(request.path):
                return answer(request, given, *found.groups())
        return Answer(404, {"message": "Not Found"})

    @property
    def _routes(self) -> dict[re.Pattern[str], Callable[..., Answer]]:
        return {
            re.compile("/user"): lambda request, given: Answer(200, self._account(self.account)),
            re.compile("/graphql"): lambda request, given: self._nodes(request),
            _COMMENT: lambda request, given, repository, number: self._edit_comment(repository, int(number), given),
            _COMMENTS: lambda request, given, repository, number: self._comments(
                self._visible(repository, int(number)), request.method, given
            ),
            _ISSUE: self._one,
            _ISSUES: self._several,
            _HOOKS: lambda request, given, _, number: self._hook(
                request.method, int(number) if number else None, given
            ),
            _ASSIGNEES: lambda request, given, _: Answer(
                200, [self._account(self.account), self._account(self.other_account)]
            ),
            _REPOSITORY: lambda request, given, name, _: Answer(200, self._repository(name or HERE)),
        }

    def _one(self, request: Request, given: Any, name: str | None, numbered: str | None, number: str) -> Answer:
        repository = name or next(one for one, there in REPOSITORIES.items() if str(there) == numbered)
        issue = self._visible(repository, int(number))
        if request.method == "PATCH":
            self._change(issue, given, self.account)
        return Answer(200, self._issue(issue))

    def _several(self, request: Request, given: Any, repository: str) -> Answer:
        if request.method == "POST":
            return Answer(201, self._issue(self._make(repository, given, self.account)))
        return self._list(repository, request)

    def _visible(self, repository: str, number: int) -> Issue:
        for issue in self._issues:
            if (issue.repository, issue.number) == (repository, number) and not issue.hidden:
                if issue.gone:
                    raise NoAnswer(Answer(410, {"message": "This issue was deleted"}))
                if issue.moved_to is not None:
                    to = issue.moved_to
                    there = f"{self.url}/repositories/{REPOSITORIES[to.repository]}/issues/{to.number}"
                    raise NoAnswer(Answer(301, {"message": "Moved Permanently", "url": there}, {"Location": there}))
                return issue
        raise NoAnswer(Answer(404, {"message": "Not Found"}))

    def _list(self, repository: str, request: Request) -> Answer:
        since = request.query.get("since", "")
        found = [
            one
            for one in self._issues
            if one.repository == repository
            and not (one.gone or one.hidden or one.moved_to)
            and instant(one.updated_at) >= since
            and request.query.get("state", "open") in {"all", one.state}
        ]
        found.sort(key=lambda one: (one.created_at, one.number), reverse=request.query.get("direction") != "asc")
        size, page = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
        headers = {}
        if len(found) > size * page:
            there = urlencode({**request.query, "page": page + 1})
            headers["Link"] = f'<{self.url}{request.path}?{there}>; rel="next"'
        return Answer(200, [self._issue(one) for one in found[size * (page - 1) : size * page]], headers)

    def _comments(self, issue: Issue, method: str, given: Json) -> Answer:
        if method == "GET":
            return Answer(200, [self._comment(issue, one) for one in issue.comments])
        issue.comments.append(Comment(next(self._ids), self.account, given["body"]))
        return Answer(201, self._comment(issue, issue.comments[-1]))

    def _edit_comment(self, repository: str, number: int, given: Json) -> Answer:
        for issue in self._issues:
            for one in issue.comments:
                if issue.repository == repository and one.id == number:
                    one.body = given["body"]
                    return Answer(200, self._comment(issue, one))
        return Answer(404, {"message": "Not Found"})

    def _hook(self, method: str, number: int | None, given: Json) -> Answer:
        if number is not None and number not in self._hooks:
            return Answer(404, {"message": "Not Found"})
        match method:
            case "POST":
                number = next(self._ids)
                self._hooks[number] = given
                return Answer(201, self._told_hook(number))
            case "PATCH" if number is not None:
                self._hooks[number] |= given
            case "DELETE" if number is not None:
                del self._hooks[number]
                return Answer(204)
        if number is not None:
            return Answer(200, self._told_hook(number))
        return Answer(200, [self._told_hook(one) for one in self._hooks])

    def _told_hook(self, number: int) -> Json:
        config = self._hooks[number]["config"] | {"secret": "********"}
        at = f"{self.url}/repos/{HERE}/hooks/{number}"
        return {**self._hooks[number], "type": "Repository", "id": number, "url": at, "config": config}

    def _nodes(self, request: Request) -> Answer:
        data: Json = {}
        errors: list[Json] = []
        for _, place, owner, name, number in _asked(request):
            try:
                issue = self._visible(f"{owner}/{name}", int(number))
            except NoAnswer:
                data[place] = {"issue": None}
                errors.append(
                    {"type": "NOT_FOUND", "path": [place, "issue"], "message": "Could not resolve to an Issue"}
                )
            else:
                data[place] = {"issue": self._node(issue)}
        return Answer(200, {"data": data} | ({"errors": errors} if errors else {}))

    def _node(self, issue: Issue) -> Json:
        pulls = [
            {"url": f"{self.url}/{issue.repository}/pull/{one.number}", "title": one.title, "state": one.state.upper()}
            for one in issue.pulls
        ]
        return {
            "databaseId": issue.id,
            "url": f"{self.url}/{issue.repository}/issues/{issue.number}",
            "title": issue.title,
            "body": issue.body,
            "state": issue.state.upper(),
            "stateReason": issue.state_reason.upper() if issue.state_reason else None,
            "updatedAt": instant(issue.updated_at),
            "author": {"__typename": "User", "login": issue.login},
            "assignees": {"nodes": [{"__typename": "User", "login": one} for one in issue.assignees]},
            "closedByPullRequestsReferences": {"nodes": pulls},
        }


def _asked(request: Request) -> list[tuple[str, str, str, str, str]]:
    given: Any = request.json()
    return [(found[0], found[1], found[2], found[3], found[4]) for found in _NODE.finditer(given["query"])]
