"""A repository with branches, files, and pull requests, as GitHub and GitLab show it."""

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field


def blob(text: str) -> str:
    content = text.encode()
    return hashlib.sha1(b"blob " + str(len(content)).encode() + b"\0" + content).hexdigest()


@dataclass
class Pull:
    number: int
    branch: str
    title: str
    body: str
    state: str = "open"
    """``open``, ``closed`` or ``merged``"""


@dataclass
class Repository:
    """``branches`` by name: each has its files by path, and the number of its last commit."""

    files: dict[str, dict[str, str]] = field(default_factory=lambda: {"main": {"README.md": "# Handbook\n"}})
    heads: dict[str, int] = field(default_factory=lambda: {"main": 1})
    pulls: list[Pull] = field(default_factory=list)
    commits: Iterator[int] = field(default_factory=lambda: itertools.count(2))

    def branch(self, name: str, source: str) -> None:
        self.files[name], self.heads[name] = dict(self.files[source]), self.heads[source]

    def drop(self, name: str) -> None:
        del self.files[name], self.heads[name]
        for pull in self.pulls:
            if pull.branch == name and pull.state == "open":
                pull.state = "closed"

    def commit(self, name: str, path: str, text: str | None) -> None:
        if text is None:
            del self.files[name][path]
        else:
            self.files[name][path] = text
        self.heads[name] = next(self.commits)

    def sha(self, name: str) -> str:
        return f"{self.heads[name]:040x}"

    def open_pull(self, branch: str) -> Pull | None:
        return next((one for one in self.pulls if one.branch == branch and one.state == "open"), None)

    def merge(self) -> None:
        (pull,) = [one for one in self.pulls if one.state == "open"]
        self.files["main"], self.heads["main"] = dict(self.files[pull.branch]), next(self.commits)
        pull.state = "merged"

    def copies(self) -> list[tuple[str, str, str]]:
        """Branch, path and text of each file that a pull request proposes, and of those that are merged."""
        proposed = {one.branch for one in self.pulls if one.state == "open"}
        found = []
        for name in ("main", *sorted(proposed)):
            for path, text in self.files[name].items():
                if path != "README.md" and (name == "main" or self.files["main"].get(path) != text):
                    found.append((name, path, text))
        return found
