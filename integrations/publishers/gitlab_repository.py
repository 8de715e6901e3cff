"""Files in a GitLab project, by merge requests.

https://docs.gitlab.com/api/repository_files/
https://docs.gitlab.com/api/branches/
https://docs.gitlab.com/api/merge_requests/
"""

from base64 import b64decode
from functools import cached_property
from typing import Annotated
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field, JsonValue, SecretStr

from domain.errors import CredentialsRejected, PublicationChanged
from integrations.connection import ConnectionModel, PermissionCheck, SetupStep
from integrations.outbound.client import Address, HttpClient, Token
from integrations.pull_requests import File, PullRequest, PullRequestPublisher, RepositoryConfig

DEVELOPER = 30
"""The level of access that may push branches and open merge requests."""


class GitlabRepositoryConfig(RepositoryConfig):
    """Where files are written."""

    project: Annotated[
        str,
        Field(title="Project", description="As group/project, such as acme/handbook.", pattern=r"^[\w.-]+(/[\w.-]+)+$"),
    ]
    base_url: Annotated[
        Address, Field(title="Address", description="For GitLab Self-Managed: https://gitlab.example.com.")
    ] = "https://gitlab.com"


class GitlabRepositorySecrets(ConnectionModel):
    """What GitLab knows us by."""

    token: Annotated[
        Token,
        Field(title="Token", description="An access token with the scope api, and at least the role Developer there."),
    ] = None


class _Access(BaseModel):
    access_level: int


class _Permissions(BaseModel):
    project_access: _Access | None = None
    group_access: _Access | None = None


class _Project(BaseModel):
    id: int
    path_with_namespace: str
    default_branch: str | None = None
    web_url: str
    archived: bool = False
    permissions: _Permissions = _Permissions()


class _File(BaseModel):
    blob_id: str
    content: str = ""
    last_commit_id: str


class _Request(BaseModel):
    iid: int
    web_url: str
    state: str


class _Problem(BaseModel):
    message: JsonValue = None
    error: str | None = None


SETUP = (
    SetupStep(
        "Open Settings, Access tokens in the project, and create a token with the role Developer or above"
        " and the scope api. Enter it as Token.",
    ),
    SetupStep(
        "Enter the project as group/project and the folder for the files, and save the connection. Each"
        " copy is proposed as a merge request if the branch is protected.",
    ),
)


class GitlabRepositoryPublisher(PullRequestPublisher):
    """One project's files."""

    label = "GitLab (files)"
    Config = GitlabRepositoryConfig
    Secrets = GitlabRepositorySecrets
    setup = SETUP

    def __init__(self, config: GitlabRepositoryConfig, secrets: GitlabRepositorySecrets) -> None:
        self._config = config
        self._secrets = secrets
        self.folder = config.folder

    @cached_property
    def _http(self) -> HttpClient:
        if self._secrets.token is None:
            raise self.refused("this connection has no token.")
        token: SecretStr = self._secrets.token
        authorization = {"Authorization": f"Bearer {token.get_secret_value()}"}
        return HttpClient(self, self._config.base_url, authorization, hidden=[token.get_secret_value()])

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    # Steps

    def _last_request(self, branch: str) -> PullRequest | None:
        asked: dict[str, str | int] = {
            "source_branch": branch,
            "target_branch": self._target,
            "state": "all",
            "order_by": "created_at",
            "sort": "desc",
            "per_page": 1,
        }
        answer = self._checked(self._http.send("GET", f"{self._path_}/merge_requests", params=asked))
        found = self._http.decoded(answer, list[_Request])
        return _request(found[0]) if found else None

    def _file(self, branch: str | None, path: str) -> File | None:
        found = self._found(branch or self._target, path)
        return File(found.blob_id, b64decode(found.content).decode(errors="replace")) if found else None

    def _found(self, branch: str, path: str) -> _File | None:
        answer = self._http.send("GET", self._files(path), params={"ref": branch})
        if answer.status_code == 404:
            return None
        return self._http.decoded(self._checked(answer), _File)

    def _reset_branch(self, branch: str) -> None:
        self._delete_branch(branch)
        body = {"branch": branch, "ref": self._target}
        self._checked(self._http.send("POST", f"{self._path_}/repository/branches", json=body))

    def _delete_branch(self, branch: str) -> None:
        answer = self._http.send("DELETE", f"{self._path_}/repository/branches/{quote(branch, safe='')}")
        if answer.status_code != 404:
            self._checked(answer)

    def _put_file(self, branch: str, path: str, text: str, there: File | None, message: str) -> None:
        body = {"branch": branch, "content": text, "commit_message": message}
        if there is None:
            self._checked(self._http.send("POST", self._files(path), json=body))
            return
        found = self._found(branch, path)
        if found is None or found.blob_id != there.blob:
            raise PublicationChanged(vendor=self.label)
        body["last_commit_id"] = found.last_commit_id  # refused where someone was faster
        self._checked(self._http.send("PUT", self._files(path), json=body))

    def _delete_file(self, branch: str, path: str, message: str) -> None:
        body = {"branch": branch, "commit_message": message}
        answer = self._http.send("DELETE", self._files(path), json=body)
        if answer.status_code != 404:
            self._checked(answer)

    def _open(self, branch: str, title: str, body: str) -> PullRequest:
        asked = {
            "source_branch": branch,
            "target_branch": self._target,
            "title": title,
            "description": body,
            "remove_source_branch": True,
        }
        answer = self._http.send("POST", f"{self._path_}/merge_requests", json=asked)
        if answer.status_code == 409 and (there := self._last_request(branch)) is not None and there.is_open:
            return there
        return _request(self._http.decoded(self._checked(answer), _Request))

    def _close(self, request: PullRequest) -> None:
        path = f"{self._path_}/merge_requests/{request.number}"
        self._checked(self._http.send("PUT", path, json={"state_event": "close"}))

    def _address(self, path: str) -> str:
        return f"{self._here.web_url}/-/blob/{quote(self._target)}/{quote(path)}"

    @property
    def _path_(self) -> str:
        return f"/api/v4/projects/{self._here.id}"

    def _files(self, path: str) -> str:
        return f"{self._path_}/repository/files/{quote(path, safe='')}"

    @property
    def _target(self) -> str:
        branch = self._config.branch or self._here.default_branch
        if not branch:
            raise self.refused(f"{self._here.path_with_namespace} has no branch yet.")
        return branch

    @cached_property
    def _here(self) -> _Project:
        answer = self._http.send("GET", f"/api/v4/projects/{quote(self._config.project, safe='')}")
        if answer.status_code == 404:
            raise self.refused(f"{self._config.project} doesn't exist, or the token can't see it.")
        return self._http.decoded(self._checked(answer), _Project)

    # The connection

    def check_permissions(self) -> list[PermissionCheck]:
        return self._looked({"Project": self._see_project, "Write": self._see_role})

    def _see_project(self) -> str:
        if self._here.archived:
            raise self.refused(f"{self._here.path_with_namespace} is archived.")
        return f"Files go to {self._here.path_with_namespace}, and merge requests to its branch {self._target}."

    def _see_role(self) -> str:
        held = (self._here.permissions.project_access, self._here.permissions.group_access)
        if max((one.access_level for one in held if one), default=0) < DEVELOPER:
            raise self.refused("the account can't write there. Give it the role Developer.")
        return "The account can write there."

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code == 401:
            raise CredentialsRejected(tracker=self.label)
        if answer.status_code >= 400:
            raise self.refused(self._words(answer))
        return answer

    def _words(self, answer: httpx.Response) -> str:
        try:
            told = _Problem.model_validate_json(answer.content)
        except ValueError:
            return f"status {answer.status_code}."
        words = told.message if isinstance(told.message, str) else told.error or ""
        return self._http.shown(words) or f"status {answer.status_code}."


def _request(found: _Request) -> PullRequest:
    return PullRequest(found.iid, found.web_url, found.state == "opened", found.state == "merged")
