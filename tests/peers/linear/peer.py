"""Which field of the schema is answered by what; wrong tokens, and faults."""

from datetime import UTC, datetime, timedelta

from graphql import FieldNode, GraphQLError, OperationDefinitionNode, execute_sync, parse

from tests.peers.linear.webhooks import LinearWebhooks
from tests.peers.linear.workspace import TOKEN, Json, problem
from tests.peers.linear_schema import known, linear_schema
from tests.peers.tracker_peer import Answer, Fault, Kind, Request

_KINDS = {
    "issueCreate": Kind.CREATE,
    "issueUpdate": Kind.UPDATE,
    "issue": Kind.READ,
    "issues": Kind.LIST,
}


class LinearPeer(LinearWebhooks):
    def kind_of(self, request: Request) -> Kind:
        return _KINDS.get(_root(request), Kind.OTHER)

    def answer(self, request: Request) -> Answer:
        headers = {"X-Request-Id": f"request-{next(self._requests)}", "X-Complexity": "1"}
        if not self.is_valid or request.headers.get("authorization") != TOKEN:
            words = "You need to authenticate to access this operation."
            error = problem(
                "Authentication required, not authenticated", words, "AUTHENTICATION_ERROR", "authentication error"
            )
            return Answer(401, {"errors": [error.formatted]}, headers)
        asked = request.json()
        assert isinstance(asked, dict)
        try:
            document = known(asked["query"])
        except (AssertionError, GraphQLError) as error:
            words = problem(str(error), str(error), "GRAPHQL_VALIDATION_FAILED", "graphql error")
            return Answer(400, {"errors": [words.formatted]}, headers)
        variables = asked.get("variables")
        done = execute_sync(linear_schema(), document, self._roots(), variable_values=variables).formatted
        broken = any("extensions" not in error for error in done.get("errors", []))
        return Answer(400 if broken else 200, done, headers)

    def fault(self, fault: Fault, request: Request) -> Answer:
        if fault is Fault.EMPTY_LIST:
            page = {"hasNextPage": False, "endCursor": None}
            return Answer(200, {"data": {_root(request): {"nodes": [], "pageInfo": page}}})
        if fault in {Fault.LIMITED, Fault.LIMITED_SILENTLY}:
            words = "Rate limit exceeded. Only 2500 requests are allowed per 1 hour."
            error = problem("Rate limit exceeded", words, "RATELIMITED", "ratelimited")
            soon = datetime.now(UTC) + timedelta(seconds=1)
            reset = {
                "X-RateLimit-Requests-Remaining": "0",
                "X-RateLimit-Requests-Reset": str(int(soon.timestamp() * 1000)),
            }
            return Answer(400, {"errors": [error.formatted]}, reset if fault is Fault.LIMITED else {})
        if fault is Fault.GONE:
            return Answer(410, {"errors": [problem("Gone", "This API is no more.").formatted]})
        error = problem("Internal server error", "Something went wrong.", "INTERNAL_SERVER_ERROR", "internal error")
        return Answer(500, {"errors": [error.formatted]})

    def _roots(self) -> Json:
        """Resolvers by the name of the field, called with graphql-core's ``info`` and the field's arguments."""
        return {
            "viewer": lambda _info: self._user(self.account),
            "issue": lambda _info, id: self._issue(self._visible_issue(id)),  # noqa: A006 (Linear's own names)
            "issues": lambda _info, **asked: self._page(self._filtered(asked), asked),
            "team": lambda _info, id: self._team(self._visible_team(id)),  # noqa: A006
            "teams": lambda _info, **asked: self._page(self._teams_like(asked.get("filter", {})), asked),
            "users": lambda _info, **asked: self._page([self._user(one.id) for one in self.users], asked),
            "issueLabels": lambda _info, **asked: self._page(self._labels_like(asked["filter"]), asked),
            "comment": lambda _info, id: self._comment(id),  # noqa: A006
            "webhooks": lambda _info, **asked: self._page(self._hooks(), asked),
            "issueCreate": lambda _info, input: self._create(input),  # noqa: A006
            "issueUpdate": lambda _info, id, input: self._update(id, input),  # noqa: A006
            "issueLabelCreate": lambda _info, input: self._create_label(input),  # noqa: A006
            "commentCreate": lambda _info, input: self._create_comment(input),  # noqa: A006
            "commentUpdate": lambda _info, id, input: self._update_comment(id, input),  # noqa: A006
            "webhookCreate": lambda _info, input: self._create_hook(input),  # noqa: A006
            "webhookUpdate": lambda _info, id, input: self._update_hook(id, input),  # noqa: A006
            "webhookDelete": lambda _info, id: self._delete_hook(id),  # noqa: A006
        }


def _root(request: Request) -> str:
    """The field that a document asks for: ``issueCreate``."""
    asked = request.json()
    assert isinstance(asked, dict)
    for one in parse(asked["query"]).definitions:
        if isinstance(one, OperationDefinitionNode):
            (root,) = one.selection_set.selections
            assert isinstance(root, FieldNode)
            return root.name.value
    raise AssertionError("no operation")
