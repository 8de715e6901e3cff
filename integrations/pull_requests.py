"""Publishing as a file in a repository, by a pull request that people merge: what GitHub and GitLab do alike.

A copy is one file, at a path made of the postmortem's number, so that it is found again. It is written on a branch of
our own, made anew from the target branch for each pull request, so that each step may be done twice:

1. while our pull request is open, the branch is the place of the copy: its file is replaced there;
2. else the target branch is: the branch is made anew from it, the file written, a pull request opened.

The revision is the hash that Git gives the file's content: where the place of the copy holds another content than the
one that we wrote last, someone changed it.
"""

import hashlib
import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from domain.errors import PublicationChanged, PublicationGone
from integrations.publisher import Copy, Published, Publisher, PublisherConfig


def _folder(value: str) -> str:
    value = value.strip("/")
    if value and (".." in value.split("/") or not re.fullmatch(r"[\w .-]+(/[\w .-]+)*", value)):
        raise ValueError("expected a folder of the repository, such as docs/postmortems")
    return value


class RepositoryConfig(PublisherConfig):
    """Where in a repository files are written."""

    branch: Annotated[
        str,
        Field(
            title="Target branch",
            description="The branch that the copies are merged into. Empty: the default branch.",
            pattern=r"^[A-Za-z0-9._/-]*$",
        ),
    ] = ""
    folder: Annotated[
        str, AfterValidator(_folder), Field(title="Folder", description="Where files are put, such as postmortems.")
    ] = "postmortems"


@dataclass(frozen=True, slots=True)
class File:
    """``blob`` is Git's hash of the content."""

    blob: str
    text: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    number: int
    url: str
    is_open: bool
    is_merged: bool


def blob_of(text: str) -> str:
    """https://git-scm.com/book/en/v2/Git-Internals-Git-Objects"""
    content = text.encode()
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()


class PullRequestPublisher(Publisher):
    """A vendor says how each step is done; the order is the same for all."""

    folder: str
    """Where files are put, without slashes at its ends."""

    def find(self, copy: Copy) -> str | None:
        path = self._path(copy)
        there = self._place(copy, path)[1]
        if there is not None and copy.sign not in there.text:
            raise self.refused(f"there is already a file {path}. Move it, or choose another folder.")
        return path if there is not None else None

    def _make(self, copy: Copy) -> Published:
        return self._write(copy, self._path(copy))

    def update(self, id_: str, copy: Copy, revision: str | None) -> Published:
        request, there = self._place(copy, id_)
        if there is None and request is not None and not request.is_open and not request.is_merged:
            raise PublicationGone(vendor=self.label, detail="the pull request was closed without merging it.")
        if there is None:
            raise PublicationGone(vendor=self.label, detail=f"the file {id_} was deleted.")
        if revision is not None and there.blob not in {revision, blob_of(file_text(copy))}:
            raise PublicationChanged(vendor=self.label)
        return self._write(copy, id_)

    def withdraw(self, id_: str, copy: Copy, revision: str | None) -> None:
        request, there = self._place(copy, id_)
        if there is not None and revision is not None and there.blob != revision:
            raise PublicationChanged(vendor=self.label)
        branch, is_merged = branch_of(copy), self._file(None, id_) is not None
        if request is not None and request.is_open:
            if there is None and is_merged:
                return  # by a pull request that removes it
            self._close(request)
        if not is_merged:
            self._delete_branch(branch)
            return
        self._reset_branch(branch)
        self._delete_file(branch, id_, f"Remove {copy.name}")
        self._open(branch, f"Remove {copy.name}", f"[{copy.title}]({copy.url}) was taken back in Afterword.")

    def fetch(self, id_: str, copy: Copy) -> Published:
        request, there = self._place(copy, id_)
        if there is None:
            raise PublicationGone(vendor=self.label, detail=f"there is no file {id_}.")
        return Published(id_, request.url if request else self._address(id_), there.blob)

    def _path(self, copy: Copy) -> str:
        return f"{self.folder}/{copy.name}.md" if self.folder else f"{copy.name}.md"

    def _place(self, copy: Copy, path: str) -> tuple[PullRequest | None, File | None]:
        """Our last pull request, and the file as it is in the place of the copy."""
        request = self._last_request(branch_of(copy))
        on_branch = request is not None and request.is_open
        return request, self._file(branch_of(copy) if on_branch else None, path)

    def _write(self, copy: Copy, path: str) -> Published:
        branch, text = branch_of(copy), file_text(copy)
        request, there = self._place(copy, path)
        if request is not None and request.is_open and there is None and self._file(None, path) is not None:
            self._close(request)  # it would remove the file
            request, there = self._place(copy, path)
        if request is None or not request.is_open:
            if there is not None and there.blob == blob_of(text):  # it was merged as it is
                return Published(path, request.url if request else self._address(path), there.blob)
            self._reset_branch(branch)
            there = self._file(branch, path)
            request = None
        if there is None or there.blob != blob_of(text):
            self._put_file(branch, path, text, there, f"Publish {copy.name}")
        if request is None:
            words = f"[{copy.title}]({copy.url}), as it is in Afterword. Merge it to publish it here."
            request = self._open(branch, f"Publish {copy.name}: {_line(copy.title)}", words)
        return Published(path, request.url, blob_of(text))

    # What each vendor does

    @abstractmethod
    def _last_request(self, branch: str) -> PullRequest | None:
        """The newest one from this branch, in any state."""

    @abstractmethod
    def _file(self, branch: str | None, path: str) -> File | None:
        """``branch`` None is the target branch."""

    @abstractmethod
    def _reset_branch(self, branch: str) -> None:
        """The branch is where the target branch is now, whether it was there or not."""

    @abstractmethod
    def _delete_branch(self, branch: str) -> None:
        """No error where it is gone already."""

    @abstractmethod
    def _put_file(self, branch: str, path: str, text: str, there: File | None, message: str) -> None:
        """Raises ``PublicationChanged`` where the file isn't ``there`` any more."""

    @abstractmethod
    def _delete_file(self, branch: str, path: str, message: str) -> None: ...

    @abstractmethod
    def _open(self, branch: str, title: str, body: str) -> PullRequest:
        """The one that is open already, if there is one."""

    @abstractmethod
    def _close(self, request: PullRequest) -> None: ...

    @abstractmethod
    def _address(self, path: str) -> str:
        """Where people read the file."""


TITLE_LIMIT = 200


def branch_of(copy: Copy) -> str:
    return f"afterword/{copy.name}-{copy.marker[-10:].lower()}"


def file_text(copy: Copy) -> str:
    return f"{copy.text.rstrip()}\n\n<!-- Written by Afterword: {copy.sign} -->\n"


def _line(text: str) -> str:
    return " ".join(text.split())[:TITLE_LIMIT]
