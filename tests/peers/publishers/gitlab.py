"""GitLab's files, branches, and merge requests, by https://docs.gitlab.com/api/repository_files/ and its siblings.

GitLab publishes no document on a registry: the peer refuses fields that those pages do not name.
"""

import re
from base64 import b64encode
from typing import Any
from urllib.parse import unquote

from tests.peers.publishers.git import Pull, Repository, blob
from tests.peers.publishers.peer import TOKEN, Place, PublisherPeer
from tests.peers.tracker_peer import Answer, Request

FILE = {"branch", "content", "commit_message", "last_commit_id", "encoding", "author_email", "author_name"}
REQUEST = {"source_branch", "target_branch", "title", "description", "remove_source_branch", "squash", "labels"}


class GitlabRepositoryPeer(PublisherPeer):
    kind = "gitlab_repository"

    def __init__(self) -> None:
        super().__init__()
        self.repository = Repository()

    @property
    def config(self) -> dict[str, object]:
        return {"baseUrl": self.url, "project": "acme/handbook"}

    def places(self) -> list[Place]:
        with self.lock:
            return [Place(path, path, text, name != "main") for name, path, text in self.repository.copies()]

    def someone_edits(self, words: str) -> None:
        ((name, path, text),) = self.repository.copies()
        self.repository.commit(name, path, f"{text}\n{words}\n")

    def someone_deletes(self) -> None:
        ((name, path, _),) = self.repository.copies()
        if name == "main":
            self.repository.commit(name, path, None)
        else:
            self.repository.pulls[-1].state = "closed"

    def merge(self) -> None:
        self.repository.merge()

    def answer(self, request: Request) -> Answer:
        if self.is_revoked or request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"message": "401 Unauthorized"})
        if unquote(request.path) == "/api/v4/projects/acme/handbook":
            return Answer(200, _PROJECT)
        kinds = "repository/files|repository/branches|merge_requests"
        found = re.fullmatch(rf"/api/v4/projects/7/({kinds})(?:/([^/]*))?", request.path)
        if found is None:
            return Answer(404, {"error": "404 Not Found"})
        rest = unquote(found[2] or "")
        if found[1] == "repository/files":
            return self._file(request, rest)
        if found[1] == "repository/branches":
            return self._branch(request, rest)
        return self._merge_request(request, rest)

    def _file(self, request: Request, path: str) -> Answer:  # noqa: PLR0911 (a table of methods)
        repository = self.repository
        given: Any = request.json() or dict(request.query)
        if request.method != "GET" and (unknown := given.keys() - FILE):
            return Answer(400, {"error": f"unknown fields {sorted(unknown)}"})
        name = given["ref"] if request.method == "GET" else given["branch"]
        there = repository.files.get(name, {}).get(path)
        if request.method == "POST":
            if there is not None:
                return Answer(400, {"message": "A file with this name already exists"})
            repository.commit(name, path, given["content"])
            return Answer(201, {"file_path": path, "branch": name})
        if there is None:
            return Answer(404, {"message": "404 File Not Found"})
        if request.method == "GET":
            last = repository.sha(name)
            content = b64encode(there.encode()).decode()
            return Answer(200, {"blob_id": blob(there), "content": content, "last_commit_id": last})
        if request.method == "PUT" and given.get("last_commit_id", repository.sha(name)) != repository.sha(name):
            return Answer(400, {"message": "You are attempting to update a file that has changed since you started"})
        repository.commit(name, path, given.get("content"))
        return Answer(204 if request.method == "DELETE" else 200, None)

    def _branch(self, request: Request, name: str) -> Answer:
        repository = self.repository
        if request.method == "DELETE":
            if name not in repository.files:
                return Answer(404, {"message": "404 Branch Not Found"})
            repository.drop(name)
            return Answer(204)
        given: Any = request.json()
        if given["branch"] in repository.files or given["ref"] not in repository.files:
            return Answer(400, {"message": "Branch already exists"})
        repository.branch(given["branch"], given["ref"])
        return Answer(201, {"name": given["branch"]})

    def _merge_request(self, request: Request, number: str) -> Answer:
        repository = self.repository
        if request.method == "GET":
            found = [one for one in reversed(repository.pulls) if one.branch == request.query["source_branch"]]
            return Answer(200, [_shown(one) for one in found[: int(request.query["per_page"])]])
        given: Any = request.json()
        if request.method == "PUT":
            pull = repository.pulls[int(number) - 1]
            if set(given) != {"state_event"}:
                return Answer(400, {"error": "unknown fields"})
            pull.state = "closed"
            return Answer(200, _shown(pull))
        if unknown := given.keys() - REQUEST:
            return Answer(400, {"error": f"unknown fields {sorted(unknown)}"})
        if repository.open_pull(given["source_branch"]) is not None:
            return Answer(409, {"message": ["Another open merge request already exists for this source branch: !1"]})
        pull = Pull(len(repository.pulls) + 1, given["source_branch"], given["title"], given["description"])
        repository.pulls.append(pull)
        return Answer(201, _shown(pull))


_PROJECT = {
    "id": 7,
    "path_with_namespace": "acme/handbook",
    "default_branch": "main",
    "web_url": "https://gitlab.com/acme/handbook",
    "archived": False,
    "permissions": {"project_access": {"access_level": 40}, "group_access": None},
}


def _shown(pull: Pull) -> dict[str, Any]:
    states = {"open": "opened", "closed": "closed", "merged": "merged"}
    address = f"https://gitlab.com/acme/handbook/-/merge_requests/{pull.number}"
    return {"iid": pull.number, "web_url": address, "state": states[pull.state]}
