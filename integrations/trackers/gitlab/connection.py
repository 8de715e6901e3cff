"""The connection to a GitLab project: requests and their errors, the account, its permissions, our webhook."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import JsonValue, TypeAdapter

from domain.errors import CredentialsRejected, TicketForbidden, TicketGone, TrackerRefused
from integrations.connection import PermissionCheck
from integrations.outbound.client import HttpClient
from integrations.tracker import Account, Registration, Tracker
from integrations.trackers.gitlab.answers import Hook, Project, User
from integrations.trackers.gitlab.errors import seconds_to_wait, words_of
from integrations.trackers.gitlab.paths import project_path
from integrations.trackers.gitlab.settings import GitlabConfig, GitlabSecrets
from integrations.trackers.gitlab.signature import signing_key

REPORTER, MAINTAINER = 20, 40
"""Levels of access: who may label, assign, and close issues; who may see webhooks."""
Scalar = str | int | bool
N = TypeVar("N")


class GitlabConnection(Tracker):
    """What a tracker does beside its tickets."""

    def __init__(self, config: GitlabConfig, secrets: GitlabSecrets) -> None:
        self._config = config
        self._secrets = secrets

    @cached_property
    def _http(self) -> HttpClient:
        if self._secrets.token is None or not self._config.project:
            raise TrackerRefused(tracker=self.label, detail="this connection has no token or no project.")
        token = self._secrets.token.get_secret_value()
        authorization = {"Authorization": f"Bearer {token}"}
        return HttpClient(self, self._config.base_url, authorization, hidden=[token], wait=seconds_to_wait)

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    def own_account(self) -> str:
        return str(self._me.id)

    @cached_property
    def _me(self) -> User:
        return self._ask("GET", "/user", User)

    @cached_property
    def _here(self) -> Project:
        return self._ask("GET", project_path(self._config.project), Project)

    def accounts(self) -> Iterator[Account]:
        for member in self._pages(f"{project_path(self._config.project)}/members/all", User, {}):
            if member.state == "active":
                yield Account(str(member.id), member.name or member.username)

    def check_permissions(self) -> list[PermissionCheck]:
        looks = {
            "Token": self._see_account,
            "Project": self._see_project,
            "Write issues": self._see_reporter,
            "Webhooks": self._see_maintainer,
        }
        return self._permission_checks(self._secrets.webhook_secret, looks, aside={"Write issues"})

    def _see_project(self) -> tuple[bool, str]:
        project = self._here
        if project.archived:
            return False, f"{project.path_with_namespace} is archived."
        if not project.issues_enabled:
            return False, f"Issues are turned off in {project.path_with_namespace}."
        return True, f"{project.path_with_namespace} accepts issues."

    def _see_account(self) -> tuple[bool, str]:
        return True, f"Signed in as {self._me.name or self._me.username}."

    def _see_reporter(self) -> tuple[bool, str]:
        return self._see_role(REPORTER, "Reporter", "label, assign, and close issues")

    def _see_maintainer(self) -> tuple[bool, str]:
        return self._see_role(MAINTAINER, "Maintainer", "register webhooks")

    def _see_role(self, level: int, role: str, what: str) -> tuple[bool, str]:
        if self._here.permissions.level >= level:
            return True, f"The account can {what}."
        return False, f"The account can't {what}. Give it the role {role}."

    def register_webhook(self, url: str, secret: str, current: Registration | None = None) -> Registration:
        """GitLab's webhooks do not expire. A GitLab that cannot sign ignores ``signing_token``."""
        hooks = f"{project_path(self._config.project)}/hooks"
        words: dict[str, JsonValue] = {
            "url": url,
            "issues_events": True,
            "confidential_issues_events": True,
            "push_events": False,
            "signing_token": f"whsec_{base64.b64encode(signing_key(secret)).decode()}",
        }
        if not secret.startswith("whsec_"):
            words["token"] = secret
        for hook in self._pages(hooks, Hook, {}):
            if hook.url == url or (current is not None and str(hook.id) == current.id):
                return Registration(str(self._ask("PUT", f"{hooks}/{hook.id}", Hook, json=words).id))
        return Registration(str(self._ask("POST", hooks, Hook, json=words).id))

    def remove_webhook(self, current: Registration) -> None:
        answer = self._send("DELETE", f"{project_path(self._config.project)}/hooks/{quote(current.id, safe='')}")
        if answer.status_code != 404:
            self._checked(answer)

    def _send(
        self, method: str, path: str, params: Mapping[str, Scalar | Sequence[str]] | None = None, json: object = None
    ) -> httpx.Response:
        return self._http.send(method, f"/api/v4{path}", params=params, json=json)

    def _ask(self, method: str, path: str, shape: type[N], *, key: str | None = None, json: object = None) -> N:
        return self._read(self._checked(self._send(method, path, json=json), key), shape)

    def _pages(self, path: str, shape: type[N], asked: Mapping[str, Scalar], key: str | None = None) -> Iterator[N]:
        page = "1"
        while page:
            answer = self._checked(self._send("GET", path, params={**asked, "per_page": 100, "page": page}), key)
            yield from self._read(answer, list[shape])  # type: ignore[valid-type]
            page = answer.headers.get("X-Next-Page", "")

    def _read(self, answer: httpx.Response, shape: type[N]) -> N:
        return self._http.decoded(answer, TypeAdapter(shape))

    def _checked(self, answer: httpx.Response, key: str | None = None) -> httpx.Response:
        """Turns GitLab's refusals into the contract's; ``key`` is the ticket spoken of, None for the project."""
        if answer.is_success:
            return answer
        words = self._http.shown(words_of(answer))
        if answer.status_code == 401:
            raise CredentialsRejected(tracker=self.label)
        if answer.status_code == 403:
            raise TicketForbidden(tracker=self.label, key=key or self._config.project, detail=words)
        if answer.status_code in {404, 410} and key:
            raise TicketGone(tracker=self.label, key=key)
        if answer.status_code == 404:
            words = f"{self._config.project} doesn't exist, or the token can't see it ({words})."
        raise TrackerRefused(tracker=self.label, detail=words)
