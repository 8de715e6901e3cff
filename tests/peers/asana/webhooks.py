"""Webhooks, made by a handshake."""

import secrets as dice
import urllib.error
import urllib.request

from tests.peers.asana.projects import AsanaProjects
from tests.peers.asana.workspace import NAMES, WORKSPACE, Json, instant, named, refusal_of
from tests.peers.tracker_peer import Answer, Request


class AsanaWebhooks(AsanaProjects):
    def _get_hooks(self, request: Request) -> Answer:
        if request.query.get("workspace") != WORKSPACE:
            raise refusal_of(400, "workspace: Missing input")
        wanted = request.query.get("resource")
        found = [one for one in self._hooks.values() if wanted in {None, one["resource"]["gid"]}]
        return self._page_of(request, found, {"active", "resource", "target"})

    def _post_hook(self, request: Request) -> Answer:
        data = self._data(request)
        project = self._project(data["resource"])
        secret = dice.token_hex(32)
        self.lock.release()  # held once, by handle(): whoever is asked now may ask us something before answering
        try:
            echoed = _shake_hands(data["target"], secret)
        finally:
            self.lock.acquire()
        if not echoed:
            raise refusal_of(400, "The remote server did not respond with the handshake secret.")
        hook = named(
            str(next(self._ids)),
            "webhook",
            active=True,
            target=data["target"],
            resource=named(project, "project", name=NAMES[project]),
            created_at=instant(self._now()),
            last_success_at=instant(self._now()),
            filters=data.get("filters", []),
        )
        self._hooks[hook["gid"]] = hook
        self._secret = secret
        return self._one(request, hook)

    def _get_hook(self, request: Request, gid: str) -> Answer:
        return self._one(request, self._hook(gid))

    def _delete_hook(self, _: Request, gid: str) -> Answer:
        self._hook(gid)
        del self._hooks[gid]
        return Answer(200, {"data": {}})

    def _hook(self, gid: str) -> Json:
        if gid not in self._hooks:
            raise refusal_of(404, f"webhook: Unknown object: {gid}")
        return self._hooks[gid]


def _shake_hands(target: str, secret: str) -> bool:
    question = urllib.request.Request(target, data=b"{}", headers={"X-Hook-Secret": secret}, method="POST")
    try:
        with urllib.request.urlopen(question, timeout=8) as answer:
            return answer.status in {200, 204} and answer.headers.get("X-Hook-Secret") == secret
    except (urllib.error.URLError, OSError):
        return False
