"""Webhooks, which administrators register."""

from tests.peers.jira.search import JiraSearch
from tests.peers.jira.site import Json, Refused
from tests.peers.tracker_peer import Answer, Request


class JiraWebhooks(JiraSearch):
    def _hooks_admin(self) -> None:
        if not self.administers:
            raise Refused(403, "You are not authorized to perform this action.")

    def _hook(self, number: str) -> Json:
        shown = {name: value for name, value in self.hooks[number].items() if name != "secret"}
        return {**shown, "self": f"{self.url}/rest/webhooks/1.0/webhook/{number}", "enabled": True, "isSigned": True}

    def _list_hooks(self, _request: Request) -> Answer:
        self._hooks_admin()
        return Answer(200, [self._hook(number) for number in self.hooks])

    def _put_hook(self, request: Request, number: str = "") -> Answer:
        self._hooks_admin()
        if number and number not in self.hooks:
            raise Refused(404, "No webhook with this id.")
        body = request.json()
        assert isinstance(body, dict)
        status, number = (200, number) if number else (201, str(next(self._ids)))
        self.hooks[number] = self.hooks.get(number, {}) | body
        self._secret = self.hooks[number].get("secret", self._secret)
        return Answer(status, self._hook(number))

    def _delete_hook(self, _request: Request, number: str) -> Answer:
        self._hooks_admin()
        if self.hooks.pop(number, None) is None:
            raise Refused(404, "No webhook with this id.")
        return Answer(204)
