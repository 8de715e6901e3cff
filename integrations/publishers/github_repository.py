"""Files in a GitHub repository, by pull requests.

https://docs.github.com/en/rest/repos/contents
https://docs.github.com/en/rest/git/refs
https://docs.github.com/en/rest/pulls/pulls

By httpx like the other publishers, not by PyGithub: these are nine calls without pagination, and one client tells the
errors of all publishers alike.
"""

from base64 import b64decode, b64encode
from functools import cached_property
from typing import Annotated
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field, SecretStr

from domain.errors import CredentialsRejected, PublicationChanged
from integrations.connection import ConnectionModel, PermissionCheck, SetupStep
from integrations.outbound.client import Address, HttpClient, Token
from integrations.pull_requests import File, PullRequest, PullRequestPublisher, RepositoryConfig

LIMITED_FOR = 60.0
"""Seconds to wait where GitHub limits the rate without saying for how long (its documentation: a minute)."""
_PART = r"[A-Za-z0-9._-]+"


class GithubRepositoryConfig(RepositoryConfig):
    """Where files are written."""

    repository: Annotated[
        str,
        Field(title="Repository", description="As owner/name, such as acme/handbook.", pattern=f"^{_PART}/{_PART}$"),
    ]
    base_url: Annotated[
        Address,
        Field(title="API address", description="For GitHub Enterprise: https://github.example.com/api/v3."),
    ] = "https://api.github.com"


class GithubRepositorySecrets(ConnectionModel):
    """What GitHub knows us by."""

    token: Annotated[
        Token,
        Field(title="Token", description="A personal access token that can write contents and pull requests there."),
    ] = None


class _Commit(BaseModel):
    sha: str


class _Ref(BaseModel):
    object: _Commit


class _Content(BaseModel):
    sha: str
    content: str = ""
    type: str = "file"


class _Repository(BaseModel):
    full_name: str
    default_branch: str
    html_url: str
    archived: bool = False
    permissions: dict[str, bool] = {}


class _Pull(BaseModel):
    number: int
    html_url: str
    state: str
    merged_at: str | None = None


class _Detail(BaseModel):
    message: str = ""


class _Problem(BaseModel):
    message: str = ""
    errors: list[_Detail | str] = []


SETUP = (
    SetupStep(
        "Create a fine-grained personal access token for the repository, with Contents and Pull requests"
        " set to read and write. Enter it as Token.",
        link="https://github.com/settings/personal-access-tokens/new",
    ),
    SetupStep(
        "Enter the repository as owner/name and the folder for the files, and save the connection. Each"
        " copy is proposed as a pull request if the branch is protected.",
    ),
)


class GithubRepositoryPublisher(PullRequestPublisher):
    """One repository's files."""

    label = "GitHub (files)"
    Config = GithubRepositoryConfig
    Secrets = GithubRepositorySecrets
    setup = SETUP

    def __init__(self, config: GithubRepositoryConfig, secrets: GithubRepositorySecrets) -> None:
        self._config = config
        self._secrets = secrets
        self.folder = config.folder

    @cached_property
    def _http(self) -> HttpClient:
        if self._secrets.token is None:
            raise self.refused("this connection has no token.")
        token: SecretStr = self._secrets.token
        headers = {
            "Authorization": f"Bearer {token.get_secret_value()}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        hidden = [token.get_secret_value()]
        return HttpClient(self, self._config.base_url, headers, hidden=hidden, request_id="X-GitHub-Request-Id")

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    # Steps

    def _last_request(self, branch: str) -> PullRequest | None:
        owner = self._here.full_name.partition("/")[0]
        asked: dict[str, str | int] = {
            "head": f"{owner}:{branch}",
            "base": self._target,
            "state": "all",
            "sort": "created",
            "per_page": 1,
        }
        answer = self._checked(self._http.send("GET", f"{self._path_}/pulls", params=asked | {"direction": "desc"}))
        found = self._http.decoded(answer, list[_Pull])
        return _request(found[0]) if found else None

    def _file(self, branch: str | None, path: str) -> File | None:
        answer = self._http.send("GET", self._contents(path), params={"ref": branch or self._target})
        if answer.status_code == 404:
            return None
        found = self._http.decoded(self._checked(answer), _Content)
        if found.type != "file":
            raise self.refused(f"{path} is a {found.type}, not a file.")
        return File(found.sha, b64decode(found.content).decode(errors="replace"))

    def _reset_branch(self, branch: str) -> None:
        head = self._http.send("GET", f"{self._path_}/git/ref/heads/{quote(self._target)}")
        if head.status_code == 404:
            raise self.refused(f"{self._here.full_name} has no branch {self._target}.")
        sha = self._http.decoded(self._checked(head), _Ref).object.sha
        made = self._http.send("POST", f"{self._path_}/git/refs", json={"ref": f"refs/heads/{branch}", "sha": sha})
        if made.status_code == 422:  # it is there
            body = {"sha": sha, "force": True}
            made = self._http.send("PATCH", f"{self._path_}/git/refs/heads/{quote(branch)}", json=body)
        self._checked(made)

    def _delete_branch(self, branch: str) -> None:
        answer = self._http.send("DELETE", f"{self._path_}/git/refs/heads/{quote(branch)}")
        if answer.status_code not in {404, 422}:
            self._checked(answer)

    def _put_file(self, branch: str, path: str, text: str, there: File | None, message: str) -> None:
        body = {"message": message, "content": b64encode(text.encode()).decode(), "branch": branch}
        answer = self._http.send("PUT", self._contents(path), json=body | ({"sha": there.blob} if there else {}))
        if answer.status_code == 409:
            raise PublicationChanged(vendor=self.label)
        self._checked(answer)

    def _delete_file(self, branch: str, path: str, message: str) -> None:
        there = self._file(branch, path)
        if there is not None:
            body = {"message": message, "sha": there.blob, "branch": branch}
            self._checked(self._http.send("DELETE", self._contents(path), json=body))

    def _open(self, branch: str, title: str, body: str) -> PullRequest:
        asked = {"title": title, "body": body, "head": branch, "base": self._target}
        answer = self._http.send("POST", f"{self._path_}/pulls", json=asked)
        if answer.status_code == 422 and (there := self._last_request(branch)) is not None and there.is_open:
            return there
        return _request(self._http.decoded(self._checked(answer), _Pull))

    def _close(self, request: PullRequest) -> None:
        self._checked(self._http.send("PATCH", f"{self._path_}/pulls/{request.number}", json={"state": "closed"}))

    def _address(self, path: str) -> str:
        return f"{self._here.html_url}/blob/{quote(self._target)}/{quote(path)}"

    @property
    def _path_(self) -> str:
        return f"/repos/{self._here.full_name}"

    def _contents(self, path: str) -> str:
        return f"{self._path_}/contents/{quote(path)}"

    @property
    def _target(self) -> str:
        return self._config.branch or self._here.default_branch

    @cached_property
    def _here(self) -> _Repository:
        """By its name of today: GitHub redirects from an old one."""
        answer = self._http.send("GET", f"/repos/{self._config.repository}")
        if answer.status_code == 404:
            raise self.refused(f"{self._config.repository} doesn't exist, or the token can't see it.")
        return self._http.decoded(self._checked(answer), _Repository)

    # The connection

    def check_permissions(self) -> list[PermissionCheck]:
        return self._looked({"Repository": self._see_repository, "Write": self._see_role})

    def _see_repository(self) -> str:
        if self._here.archived:
            raise self.refused(f"{self._here.full_name} is archived.")
        return f"Files go to {self._here.full_name}, and pull requests to its branch {self._target}."

    def _see_role(self) -> str:
        """By the account's role: what a fine-grained token is limited to GitHub tells at the first write only."""
        if not self._here.permissions.get("push"):
            raise self.refused("the account can't write there. Give it the role Write.")
        return "The account can write there."

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        status = answer.status_code
        if status == 401:
            raise CredentialsRejected(tracker=self.label)
        if status == 403 and (answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers):
            told = answer.headers.get("retry-after", "")
            raise self.unavailable("status 403", float(told) if told.isdigit() else LIMITED_FOR)
        if status >= 400:
            raise self.refused(self._words(answer))
        return answer

    def _words(self, answer: httpx.Response) -> str:
        try:
            told = _Problem.model_validate_json(answer.content)
        except ValueError:
            return f"status {answer.status_code}."
        details = [one if isinstance(one, str) else one.message for one in told.errors]
        words = ": ".join(one for one in (told.message, "; ".join(filter(None, details))) if one)
        return self._http.shown(words) or f"status {answer.status_code}."


def _request(pull: _Pull) -> PullRequest:
    return PullRequest(pull.number, pull.html_url, pull.state == "open", pull.merged_at is not None)
