"""Notion's pages and their Markdown. Every request is judged by Notion's own document as well (``notion_openapi``)."""

import itertools
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.peers.publishers.peer import TOKEN, Place, PublisherPeer
from tests.peers.tracker_peer import Answer, Request

PARENT = "0123abcd-0000-4000-8000-000000000001"
US, SOMEONE = "11111111-0000-4000-8000-00000000000a", "22222222-0000-4000-8000-00000000000b"


@dataclass
class Page:
    id: str
    title: str
    markdown: str = ""
    editor: str = US
    in_trash: bool = False


class NotionPeer(PublisherPeer):
    kind = "notion"

    def __init__(self) -> None:
        super().__init__()
        self.pages = {PARENT: Page(PARENT, "Postmortems")}
        self._numbers = itertools.count(2)

    @property
    def config(self) -> dict[str, object]:
        return {"baseUrl": self.url, "parent": f"https://www.notion.so/acme/Postmortems-{PARENT.replace('-', '')}?v=1"}

    def _copies(self) -> list[Page]:
        return [one for one in self.pages.values() if one.id != PARENT and not one.in_trash]

    def places(self) -> list[Place]:
        with self.lock:
            return [Place(one.id, one.title, one.markdown) for one in self._copies()]

    def someone_edits(self, words: str) -> None:
        (page,) = self._copies()
        page.markdown, page.editor = f"{page.markdown}\n\n{words}", SOMEONE

    def someone_deletes(self) -> None:
        (page,) = self._copies()
        page.in_trash, page.editor = True, SOMEONE

    def answer(self, request: Request) -> Answer:  # noqa: PLR0911 (a table of paths)
        if self.is_revoked or request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _refused(401, "unauthorized", "API token is invalid.")
        if request.headers.get("notion-version", "") < "2026-03-11":
            return _refused(400, "missing_version", "Notion-Version header failed validation")
        if request.path == "/v1/users/me":
            return Answer(200, {"object": "user", "id": US, "name": "Afterword", "type": "bot", "bot": {}})
        if request.path == "/v1/pages" and request.method == "POST":
            return self._create(request)
        found = re.fullmatch(r"/v1/(pages|blocks)/([0-9a-f-]{36})(/markdown|/children)?", request.path)
        page = self.pages.get(found[2]) if found else None
        if found is None or page is None:
            return _refused(404, "object_not_found", "Could not find page with that ID.")
        if found[1] == "blocks":
            return self._children()
        if found[3]:
            return self._markdown(page, request)
        return self._page(page, request)

    def _children(self) -> Answer:
        results = [
            {"object": "block", "id": one.id, "type": "child_page", "child_page": {"title": one.title}}
            for one in self._copies()
        ]
        heading = {"object": "block", "id": str(UUID(int=9)), "type": "heading_1", "heading_1": {"rich_text": []}}
        return Answer(200, {"object": "list", "results": [heading, *results], "has_more": False, "next_cursor": None})

    def _create(self, request: Request) -> Answer:
        given: Any = request.json()
        if given["parent"] != {"page_id": PARENT} or set(given["properties"]) != {"title"}:
            return _refused(400, "validation_error", "parent or properties")
        id_ = f"0123abcd-0000-4000-8000-{next(self._numbers):012d}"
        self.pages[id_] = Page(id_, _title(given))
        return Answer(200, _shown(self.pages[id_]))

    def _page(self, page: Page, request: Request) -> Answer:
        if request.method == "PATCH":
            given: Any = request.json()
            if page.in_trash and "in_trash" not in given:
                return _refused(400, "validation_error", "Can't edit block that is archived.")
            if "properties" in given:
                page.title = _title(given)
            page.in_trash, page.editor = given.get("in_trash", page.in_trash), US
        return Answer(200, _shown(page))

    def _markdown(self, page: Page, request: Request) -> Answer:
        if request.method == "PATCH":
            given: Any = request.json()
            if page.in_trash:
                return _refused(400, "validation_error", "Can't edit block that is archived.")
            page.markdown, page.editor = given["replace_content"]["new_str"].strip(), US
        told = {"object": "page_markdown", "id": page.id, "markdown": page.markdown}
        return Answer(200, {**told, "truncated": False, "unknown_block_ids": []})


def _title(given: Any) -> str:
    return "".join(one["text"]["content"] for one in given["properties"]["title"]["title"])


def _shown(page: Page) -> dict[str, Any]:
    return {
        "object": "page",
        "id": page.id,
        "url": f"https://www.notion.so/{page.id.replace('-', '')}",
        "in_trash": page.in_trash,
        "last_edited_by": {"object": "user", "id": page.editor},
    }


def _refused(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"object": "error", "status": status, "code": code, "message": message})
