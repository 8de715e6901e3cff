"""GitHub's contents, refs, and pull requests. Every request is judged by GitHub's own document as well."""

import re
from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import unquote

from tests.peers.publishers.git import Pull, Repository, blob
from tests.peers.publishers.peer import TOKEN, Place, PublisherPeer
from tests.peers.tracker_peer import Answer, Fault, Request


class GithubRepositoryPeer(PublisherPeer):
    kind = "github_repository"

    def __init__(self) -> None:
        super().__init__()
        self.repository = Repository()

    @property
    def config(self) -> dict[str, object]:
        return {"baseUrl": self.url, "repository": "acme/handbook"}

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

    def fault(self, fault: Fault, request: Request) -> Answer:
        if fault is Fault.LIMITED:
            return Answer(403, {"message": "You have exceeded a secondary rate limit"}, {"Retry-After": "7"})
        return super().fault(fault, request)

    def answer(self, request: Request) -> Answer:
        if self.is_revoked or request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"message": "Bad credentials"})
        if request.path == "/repos/acme/handbook":
            return Answer(200, self._shown())
        found = re.fullmatch(r"/repos/acme/handbook/(contents|git/refs?|pulls)(?:/(.*))?", request.path)
        if found is None:
            return Answer(404, {"message": "Not Found"})
        rest = unquote(found[2] or "")
        if found[1] == "contents":
            return self._contents(request, rest)
        if found[1] == "pulls":
            return self._pulls(request, rest)
        return self._refs(request, rest.removeprefix("heads/"))

    def _shown(self) -> dict[str, Any]:
        return {
            "full_name": "acme/handbook",
            "default_branch": "main",
            "html_url": "https://github.com/acme/handbook",
            "permissions": {"push": True, "pull": True},
        }

    def _contents(self, request: Request, path: str) -> Answer:
        repository, given = self.repository, request.json()
        name = request.query.get("ref") if request.method == "GET" else given["branch"]  # type: ignore[index, call-overload]
        files = repository.files.get(str(name))
        if files is None:
            return Answer(404, {"message": "No commit found for the ref"})
        there = files.get(path)
        if request.method == "GET":
            if there is None:
                return Answer(404, {"message": "Not Found"})
            content = b64encode(there.encode()).decode()
            return Answer(
                200, {"type": "file", "path": path, "sha": blob(there), "content": f"{content[:60]}\n{content[60:]}"}
            )
        told = given.get("sha")  # type: ignore[union-attr]
        if (blob(there) if there is not None else None) != told:
            return Answer(409 if told else 422, {"message": f"{path} does not match {told}"})
        text = b64decode(given["content"]).decode() if request.method == "PUT" else None  # type: ignore[index, call-overload]
        repository.commit(str(name), path, text)
        return Answer(201 if there is None else 200, {"content": {"sha": blob(text) if text else None}})

    def _refs(self, request: Request, name: str) -> Answer:
        repository, given = self.repository, request.json()
        if request.method == "POST":
            name = given["ref"].removeprefix("refs/heads/")  # type: ignore[index, call-overload]
            if name in repository.files:
                return Answer(422, {"message": "Reference already exists"})
            return self._move(name, given)
        if name not in repository.files:
            return Answer(404 if request.method == "GET" else 422, {"message": "Reference does not exist"})
        if request.method == "DELETE":
            repository.drop(name)
            return Answer(204)
        if request.method == "PATCH":
            return self._move(name, given)
        return Answer(200, {"ref": f"refs/heads/{name}", "object": {"type": "commit", "sha": repository.sha(name)}})

    def _move(self, name: str, given: Any) -> Answer:
        source = next((one for one in self.repository.heads if self.repository.sha(one) == given["sha"]), None)
        if source is None:
            return Answer(422, {"message": "Object does not exist"})
        self.repository.branch(name, source)
        return Answer(201, {"ref": f"refs/heads/{name}", "object": {"type": "commit", "sha": given["sha"]}})

    def _pulls(self, request: Request, number: str) -> Answer:
        repository, given = self.repository, request.json()
        if request.method == "GET":
            branch = request.query["head"].removeprefix("acme:")
            found = [one for one in reversed(repository.pulls) if one.branch == branch]
            return Answer(200, [_pull(one) for one in found[: int(request.query["per_page"])]])
        if request.method == "PATCH":
            pull = repository.pulls[int(number) - 1]
            pull.state = given["state"]  # type: ignore[index, call-overload]
            return Answer(200, _pull(pull))
        branch = given["head"]  # type: ignore[index, call-overload]
        if repository.open_pull(branch) is not None:
            problem = {"message": f"A pull request already exists for acme:{branch}."}
            return Answer(422, {"message": "Validation Failed", "errors": [problem]})
        if repository.files.get(branch) == repository.files["main"]:
            problem = {"message": f"No commits between main and {branch}"}
            return Answer(422, {"message": "Validation Failed", "errors": [problem]})
        pull = Pull(len(repository.pulls) + 1, branch, given["title"], given["body"])  # type: ignore[index, call-overload]
        repository.pulls.append(pull)
        return Answer(201, _pull(pull))


def _pull(pull: Pull) -> dict[str, Any]:
    return {
        "number": pull.number,
        "html_url": f"https://github.com/acme/handbook/pull/{pull.number}",
        "state": "open" if pull.state == "open" else "closed",
        "merged_at": "2026-11-01T10:00:00Z" if pull.state == "merged" else None,
    }
