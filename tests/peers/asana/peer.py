"""Which request is answered by what; wrong tokens, and faults."""

import re
from collections.abc import Callable

from tests.peers.asana.webhooks import AsanaWebhooks
from tests.peers.asana.workspace import BASE, OAUTH, PERSONAL, NoAnswer, refusal_of
from tests.peers.tracker_peer import Answer, Fault, Kind, Request


class AsanaPeer(AsanaWebhooks):
    def kind_of(self, request: Request) -> Kind:
        path = request.path.removeprefix(BASE)
        if re.fullmatch(r"/tasks|/projects/[^/]+/tasks", path):
            return Kind.CREATE if request.method == "POST" else Kind.LIST
        if re.fullmatch(r"/tasks/[^/]+", path):
            return Kind.READ if request.method == "GET" else Kind.UPDATE
        if request.method != "GET" and re.match(r"/(tasks|sections|stories)/", path):
            return Kind.UPDATE
        return Kind.OTHER

    def answer(self, request: Request) -> Answer:
        try:
            if self._revoked or self._token(request) not in {PERSONAL, OAUTH}:
                raise refusal_of(401, "Not Authorized")
            return self._routed(request)
        except NoAnswer as refusal:
            return refusal.answer

    def fault(self, fault: Fault, request: Request) -> Answer:
        limited = {"errors": [{"message": "You have made too many requests and hit a rate limit."}]}
        match fault:
            case Fault.SERVER_ERROR:
                return Answer(500, {"errors": [{"message": "Server Error", "phrase": "6 sad squid snuggle softly"}]})
            case Fault.LIMITED:
                return Answer(429, limited, {"Retry-After": "1"})
            case Fault.LIMITED_SILENTLY:
                return Answer(429, limited)
            case Fault.GONE:
                return Answer(410, {"errors": [{"message": "This API has been removed."}]})
            case _:
                return Answer(200, {"data": [], "next_page": None})

    def _routed(self, request: Request) -> Answer:
        if not request.path.startswith(BASE):
            raise refusal_of(404, "No matching route for request")
        for shape, methods in _ROUTES.items():
            if found := re.fullmatch(shape, request.path.removeprefix(BASE)):
                answer = methods.get(request.method)
                if answer is not None:
                    return answer(self, request, *found.groups())
        raise refusal_of(404, "No matching route for request")


_ROUTES: dict[str, dict[str, Callable[..., Answer]]] = {
    r"/tasks": {"GET": AsanaPeer._get_tasks, "POST": AsanaPeer._post_task},
    r"/tasks/([^/]+)": {"GET": AsanaPeer._get_task, "PUT": AsanaPeer._put_task},
    r"/tasks/([^/]+)/(addTag|removeTag)": {"POST": AsanaPeer._tag_task},
    r"/tasks/([^/]+)/stories": {"GET": AsanaPeer._stories, "POST": AsanaPeer._post_story},
    r"/stories/([^/]+)": {"PUT": AsanaPeer._put_story},
    r"/sections/([^/]+)/addTask": {"POST": AsanaPeer._fill_section},
    r"/users": {"GET": AsanaPeer._users},
    r"/users/([^/]+)": {"GET": AsanaPeer._user},
    r"/workspaces/([^/]+)": {"GET": AsanaPeer._workspace},
    r"/workspaces/([^/]+)/tags": {"GET": AsanaPeer._tags_of},
    r"/tags": {"POST": AsanaPeer._post_tag},
    r"/projects/([^/]+)": {"GET": AsanaPeer._get_project},
    r"/projects/([^/]+)/tasks": {"GET": AsanaPeer._tasks_of},
    r"/projects/([^/]+)/sections": {"GET": AsanaPeer._sections},
    r"/projects/([^/]+)/custom_field_settings": {"GET": AsanaPeer._settings},
    r"/projects/([^/]+)/project_memberships": {"GET": AsanaPeer._memberships},
    r"/webhooks": {"GET": AsanaPeer._get_hooks, "POST": AsanaPeer._post_hook},
    r"/webhooks/([^/]+)": {"GET": AsanaPeer._get_hook, "DELETE": AsanaPeer._delete_hook},
}
