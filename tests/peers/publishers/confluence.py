"""Confluence Cloud's pages, by https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/.

No registry has the document of REST v2. The peer is as strict as its pages can be read: it refuses fields and
parameters that they do not name, a version that isn't the next one, a title that is taken, and a body that is not
well-formed XHTML of the storage format.
"""

import base64
import itertools
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from tests.peers.publishers.peer import TOKEN, Place, PublisherPeer
from tests.peers.tracker_peer import Answer, Request

PAGES = "/wiki/api/v2/pages"
CREATE = {"spaceId", "status", "title", "parentId", "body", "subtype"}
UPDATE = {"id", "status", "title", "spaceId", "parentId", "ownerId", "body", "version"}
LIST = {"id", "space-id", "sort", "status", "title", "body-format", "subtype", "cursor", "limit"}
ELEMENTS = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "br", "hr", "a", "strong", "em", "del", "code", "blockquote", "ul"),
    *("ol", "li", "table", "tbody", "tr", "th", "td"),
    *("{ac}structured-macro", "{ac}rich-text-body", "{ac}plain-text-body", "{ac}parameter"),
    *("{ac}task-list", "{ac}task", "{ac}task-status", "{ac}task-body"),
}


@dataclass
class Page:
    id: str
    title: str
    storage: str
    number: int = 1
    message: str = ""
    status: str = "current"
    parent: str | None = None


class ConfluencePeer(PublisherPeer):
    kind = "confluence"
    EMAIL = "bot@example.com"

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, Page] = {"77": Page("77", "Postmortems", "<p>Home</p>")}
        self._ids = itertools.count(1001)

    @property
    def config(self) -> dict[str, object]:
        return {"baseUrl": self.url, "email": self.EMAIL, "space": "OPS", "parent": "77"}

    @property
    def secrets(self) -> dict[str, object]:
        return {"apiToken": TOKEN}

    def _copies(self) -> list[Page]:
        return [one for one in self.pages.values() if one.parent and one.status == "current"]

    def places(self) -> list[Place]:
        with self.lock:
            return [Place(one.id, one.title, _words(one.storage)) for one in self._copies()]

    def someone_edits(self, words: str) -> None:
        (page,) = self._copies()
        page.storage, page.number, page.message = f"{page.storage}<p>{words}</p>", page.number + 1, ""

    def someone_deletes(self) -> None:
        (page,) = self._copies()
        page.status = "trashed"

    def answer(self, request: Request) -> Answer:  # noqa: PLR0911 (a table of paths)
        wanted = base64.b64encode(f"{self.EMAIL}:{TOKEN}".encode()).decode()
        if self.is_revoked or request.headers.get("authorization") != f"Basic {wanted}":
            return Answer(401, {"message": "Unauthorized"})
        if request.path == "/wiki/api/v2/spaces" and request.method == "GET":
            found = [{"id": "5", "key": "OPS", "name": "Operations"}] if request.query.get("keys") == "OPS" else []
            return Answer(200, {"results": found, "_links": {}})
        if request.path == PAGES:
            return self._list(request) if request.method == "GET" else self._create(request)
        page = self.pages.get(request.path.removeprefix(f"{PAGES}/"))
        if page is None or page.status == "deleted":
            return _refused(404, "Not Found", "Page not found")
        match request.method:
            case "GET":
                return Answer(200, _shown(page))
            case "PUT":
                return self._update(page, request)
            case "DELETE":
                page.status = "trashed"
                return Answer(204)
        return _refused(405, "Method Not Allowed", "")

    def _list(self, request: Request) -> Answer:
        if unknown := request.query.keys() - LIST:
            return _refused(400, "Bad Request", f"unknown parameters {sorted(unknown)}")
        title = request.query.get("title")
        found = [one for one in self.pages.values() if one.status == "current" and title in {None, one.title}]
        return Answer(200, {"results": [_shown(one, request.query.get("body-format")) for one in found], "_links": {}})

    def _create(self, request: Request) -> Answer:
        given: Any = request.json()
        if problem := _problem(given, CREATE, {"spaceId", "title", "body"}):
            return _refused(400, "Bad Request", problem)
        if given["spaceId"] != "5" or given.get("parentId") not in {None, *self.pages}:
            return _refused(404, "Not Found", "space or parent")
        if self._is_taken(given["title"]):
            return _refused(400, "A page with this title already exists", "A page already exists with the same TITLE")
        id_ = str(next(self._ids))
        page = Page(id_, given["title"], given["body"]["value"], parent=given.get("parentId") or "home")
        self.pages[id_] = page
        return Answer(200, _shown(page))

    def _update(self, page: Page, request: Request) -> Answer:
        given: Any = request.json()
        if problem := _problem(given, UPDATE, {"id", "status", "title", "body", "version"}):
            return _refused(400, "Bad Request", problem)
        if given["id"] != page.id or given["version"].keys() - {"number", "message"}:
            return _refused(400, "Bad Request", "id or version")
        if given["version"]["number"] != page.number + 1:
            return _refused(409, "Conflict", f"Version must be incremented to {page.number + 1}")
        if given["title"] != page.title and self._is_taken(given["title"]):
            return _refused(400, "A page with this title already exists", "")
        page.title, page.storage = given["title"], given["body"]["value"]
        page.number, page.message, page.status = page.number + 1, given["version"].get("message", ""), "current"
        return Answer(200, _shown(page))

    def _is_taken(self, title: str) -> bool:
        return any(one.title == title and one.status == "current" for one in self.pages.values())


def _problem(given: Any, known: set[str], needed: set[str]) -> str | None:
    if unknown := given.keys() - known:
        return f"unknown fields {sorted(unknown)}"
    if absent := needed - given.keys():
        return f"missing fields {sorted(absent)}"
    if len(given["title"]) > 255 or not given["title"]:
        return "title"
    if given["body"].keys() != {"representation", "value"} or given["body"]["representation"] != "storage":
        return "body"
    try:
        tree = _tree(given["body"]["value"])
    except ET.ParseError as error:
        return f"not well-formed: {error}"
    strange = {one.tag for one in tree.iter()} - ELEMENTS - {"storage"}
    return f"unknown elements {sorted(strange)}" if strange else None


def _tree(storage: str) -> ET.Element:
    return ET.fromstring(f'<storage xmlns:ac="ac" xmlns:ri="ri">{storage}</storage>')


def _words(storage: str) -> str:
    return " ".join(" ".join(_tree(storage).itertext()).split())


def _shown(page: Page, body: str | None = None) -> dict[str, Any]:
    return {
        "id": page.id,
        "status": page.status,
        "title": page.title,
        "spaceId": "5",
        "version": {"number": page.number, "message": page.message},
        "body": {"storage": {"representation": "storage", "value": page.storage}} if body == "storage" else {},
        "_links": {"webui": f"/spaces/OPS/pages/{page.id}"},
    }


def _refused(status: int, title: str, detail: str) -> Answer:
    return Answer(status, {"errors": [{"status": status, "code": "X", "title": title, "detail": detail}]})
