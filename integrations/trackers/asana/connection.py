"""The connection to an Asana project: requests, errors, the account, its permissions, sections, tags, our webhook."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from urllib.parse import quote

from httpx import Response

from domain.errors import CredentialsRejected, TicketForbidden, TicketGone, TrackerRefused
from integrations.connection import PermissionCheck
from integrations.outbound.client import HttpClient
from integrations.tracker import Account, Registration, Tracker, TrackerUnavailable
from integrations.trackers.asana.answers import Access, Data, Hook, Named, Page, Problems, Project, Setting, T, User
from integrations.trackers.asana.settings import AsanaConfig, AsanaSecrets
from integrations.trackers.asana.status import StatusMapping, lower_names
from integrations.trackers.asana.webhook import FILTERS
from integrations.webhook import secret_list

LIST_LIMIT = 100
"""The most that Asana tells in one answer."""
_TASK_FIELDS = (
    "assignee,completed,created_by,due_on,html_notes,memberships.project,memberships.section.name,modified_at,name,"
    "permalink_url,tags.name"
)
_HOOK_FIELDS = "active,last_failure_at,last_failure_content,last_success_at,resource,target"


class AsanaConnection(Tracker):
    """What a tracker does beside its tickets."""

    def __init__(self, config: AsanaConfig, secrets: AsanaSecrets) -> None:
        self._config = config
        self._secrets = secrets
        self._mapping = StatusMapping(config, self._projects)
        self._known_places: dict[str, list[Named]] = {}
        self._known_tags: dict[str, str] = {}
        if not config.started:
            self.knows_started = False  # type: ignore[misc]  # what holds for this connection

    @cached_property
    def _http(self) -> HttpClient:
        token = self._secrets.token
        if token is None or not self._config.project or not self._config.workspace:
            raise TrackerRefused(tracker=self.label, detail="this connection has no token, workspace, or project.")
        secret = token.get_secret_value()
        headers = {"Authorization": f"Bearer {secret}"}
        return HttpClient(self, self._config.base_url, headers, hidden=[secret], request_id="X-Request-Id")

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    def _get(self, path: str, shape: type[T], fields: str, key: str | None = None, **query: str) -> T:
        answer = self._http.send("GET", path, params={**query, "opt_fields": fields})
        return self._data(answer, shape, key)

    def _write(
        self,
        method: str,
        path: str,
        data: Mapping[str, object],
        shape: type[T],
        fields: str = "",
        key: str | None = None,
    ) -> T:
        params = {"opt_fields": fields} if fields else None
        return self._data(self._http.send(method, path, params=params, json={"data": data}), shape, key)

    def _data(self, answer: Response, shape: type[T], key: str | None) -> T:
        self._refuse(answer, key)
        return self._http.decoded(answer, Data[shape]).data  # type: ignore[valid-type]

    def _list(self, path: str, shape: type[T], fields: str, key: str | None = None, **query: str) -> Iterator[T]:
        offset: str | None = None
        while True:
            params: dict[str, str | int] = {**query, "limit": LIST_LIMIT, "opt_fields": fields}
            if offset:
                params["offset"] = offset
            answer = self._http.send("GET", path, params=params)
            self._refuse(answer, key)
            page: Page[T] = self._http.decoded(answer, Page[shape])  # type: ignore[valid-type]
            yield from page.data
            if page.next_page is None:
                return
            if page.next_page.offset == offset:
                raise TrackerUnavailable(self.label, "its list doesn't end")
            offset = page.next_page.offset

    def _refuse(self, answer: Response, key: str | None) -> None:
        """``key`` is the ticket spoken of, None for the project."""
        status = answer.status_code
        if status < 400:
            return
        if status == 401:
            raise CredentialsRejected(tracker=self.label)
        problems = self._http.decoded(answer, Problems).errors
        words = self._http.shown("; ".join(one.message for one in problems if one.message)) or f"status {status}"
        if status == 403:
            raise TicketForbidden(tracker=self.label, key=key or f"project {self._config.project}", detail=words)
        if status == 404 and key:
            raise TicketGone(tracker=self.label, key=key)
        if status == 402:
            words = f"{words} (it requires another Asana plan)"
        raise TrackerRefused(tracker=self.label, detail=words)

    @property
    def _task_fields(self) -> str:
        field = ",custom_fields.enum_value.name" if self._config.status_field else ""
        return f"{_TASK_FIELDS}{field}{',external' if self._config.oauth_app else ''}"

    @property
    def _projects(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self._config.project, *self._config.further_projects)))

    def _places_of(self, project: str) -> list[Named]:
        path = f"/projects/{project}"
        if not self._config.status_field:
            return list(self._list(f"{path}/sections", Named, "name"))
        fields = "custom_field.name,custom_field.enum_options.name,custom_field.enum_options.enabled"
        for one in self._list(f"{path}/custom_field_settings", Setting, fields):
            if one.custom_field.gid == self._config.status_field:
                return [option for option in one.custom_field.enum_options if option.enabled]
        return []

    def _tag(self, name: str) -> str:
        """The gid of the workspace's tag with this name, made where there is none."""
        if not self._known_tags:
            for tag in self._list(f"/workspaces/{self._config.workspace}/tags", Named, "name"):
                self._known_tags.setdefault(tag.name.lower(), tag.gid)
        if name.lower() not in self._known_tags:
            made = self._write("POST", "/tags", {"name": name, "workspace": self._config.workspace}, Named)
            self._known_tags[name.lower()] = made.gid
        return self._known_tags[name.lower()]

    def own_account(self) -> str:
        return self._me.gid

    @cached_property
    def _me(self) -> User:
        return self._get("/users/me", User, "name")

    def accounts(self) -> Iterator[Account]:
        for user in self._list("/users", User, "email,name", workspace=self._config.workspace):
            yield Account(user.gid, user.name, user.email)

    def check_permissions(self) -> list[PermissionCheck]:
        looks = {
            "Token": self._see_account,
            "Workspace": self._see_workspace,
            "Project": self._see_project,
            "Read tasks": self._see_tasks,
            "Write tasks": self._see_access,
            "Status": self._see_places,
            "Webhooks": self._see_webhooks,
        }
        return self._permission_checks(self._secrets.webhook_secret, looks, aside={"Status", "Write tasks"})

    @property
    def _deaf(self) -> str:
        return "Asana hasn't sent its secret yet, so changes there aren't synced right away."

    def _see_account(self) -> tuple[bool, str]:
        return True, f"Signed in as {self._me.name} ({self._me.gid})."

    def _see_workspace(self) -> tuple[bool, str]:
        found = self._get(f"/workspaces/{self._config.workspace}", Named, "name")
        return True, f"{found.name} is visible."

    @cached_property
    def _project(self) -> Project:
        fields = "archived,default_access_level,name,workspace"
        return self._get(f"/projects/{self._config.project}", Project, fields)

    def _see_project(self) -> tuple[bool, str]:
        found = self._project
        if found.archived:
            return False, f"{found.name} is archived."
        if found.workspace and found.workspace.gid != self._config.workspace:
            return False, f"{found.name} is in workspace {found.workspace.gid}, not in {self._config.workspace}."
        return True, f"{found.name} is visible."

    def _see_tasks(self) -> tuple[bool, str]:
        self._get(f"/projects/{self._config.project}/tasks", list[Named], "name", limit="1")
        return True, "Tasks can be read."

    def _see_access(self) -> tuple[bool, str]:
        """By the account's own membership, else by what the project gives to everybody."""
        path = f"/projects/{self._config.project}/project_memberships"
        own = [one.access_level for one in self._list(path, Access, "access_level", user=self.own_account())]
        levels = own or [self._project.default_access_level or "none"]
        if set(levels) & {"admin", "editor"}:
            return True, "The account can create and change tasks."
        return False, f"The account's access is {' and '.join(levels)}. Make it an editor of the project."

    def _see_places(self) -> tuple[bool, str]:
        names = [one.name for one in self._places_of(self._config.project)]
        if self._config.status_field and not names:
            return (
                False,
                f"The project has no single-select field {self._config.status_field}. Correct the status field.",
            )
        if self._config.started and not lower_names(names) & lower_names(self._config.started):
            detail = (
                f"The project has {', '.join(names) or 'no names'}, but none of your names for in"
                " progress. Correct or clear those names."
            )
            return False, detail
        return True, f"Tasks can be in {', '.join(names)}."

    def _see_webhooks(self) -> tuple[bool, str]:
        hooks = list(self._own_hooks())
        for hook in hooks:
            if not hook.active:
                return False, f"Webhook {hook.gid} is inactive."
            if hook.last_failure_at and (hook.last_success_at is None or hook.last_success_at < hook.last_failure_at):
                words = self._http.shown(hook.last_failure_content or "without an error message")
                return False, f"Its last delivery failed on {hook.last_failure_at:%Y-%m-%d %H:%M} UTC: {words}"
        return True, f"{len(hooks)} webhooks work." if hooks else "No webhook yet. The account can create one."

    def _own_hooks(self) -> Iterator[Hook]:
        """Those that this token made for the project."""
        query = {"workspace": self._config.workspace, "resource": self._config.project}
        return self._list("/webhooks", Hook, _HOOK_FIELDS, **query)

    def register_webhook(self, url: str, secret: str, current: Registration | None = None) -> Registration:  # noqa: ARG002
        """Asana chooses the secret and tells it once, in the handshake: a webhook whose secret we do not hold, or that
        is inactive, is made anew."""
        known = bool(secret_list(self._secrets.webhook_secret))
        for hook in self._own_hooks():
            if hook.target != url and not (current and hook.gid == current.id):
                continue
            if hook.target == url and hook.active and known:
                return Registration(hook.gid)
            self.remove_webhook(Registration(hook.gid))
        data = {"resource": self._config.project, "target": url, "filters": FILTERS}
        return Registration(self._write("POST", "/webhooks", data, Hook, _HOOK_FIELDS).gid)

    def remove_webhook(self, current: Registration) -> None:
        answer = self._http.send("DELETE", f"/webhooks/{quote(current.id)}")
        if answer.status_code != 404:
            self._refuse(answer, None)
