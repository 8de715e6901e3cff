"""Notion pages, whose content is written and read as Notion's Markdown.

https://developers.notion.com/reference/post-page
https://developers.notion.com/reference/update-page-markdown
https://developers.notion.com/reference/retrieve-page-markdown
https://developers.notion.com/reference/get-block-children
https://developers.notion.com/reference/request-limits

A copy is a page below the page that the connection names. Its text begins with a link that nothing but this copy has:
a create that was answered by nobody is found among the pages of that title below the parent. The revision is a hash of
the Markdown that Notion gives back; where it is another one and the page was last edited by someone else, it was
changed there. A page is moved to the trash, from which people can restore it.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import Annotated

import httpx
from pydantic import AfterValidator, BaseModel, Field, SecretStr

from domain.errors import CredentialsRejected, PublicationChanged, PublicationGone
from integrations.connection import ConnectionModel, PermissionCheck, SetupStep
from integrations.outbound.client import Address, HttpClient, Token
from integrations.publisher import Copy, Published, Publisher, PublisherConfig
from integrations.text.blocks import Blocks, Paragraph, Runs, Table, with_runs
from integrations.text.markdown_writer import write

VERSION = "2026-03-11"
"""Of the API: the first that reads and writes Markdown."""
TITLE_LIMIT = 2000
PAGE_SIZE = 100
_ID = re.compile(r"([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$")


def _page_id(pointer: str) -> str:
    """The id at the end of a page's address, or an id as it is, with hyphens."""
    found = _ID.search(re.split("[?#]", pointer.strip().lower(), maxsplit=1)[0])
    if found is None:
        raise ValueError("expected the URL of a Notion page, which ends with 32 letters and digits")
    return "-".join(found.groups())


class NotionConfig(PublisherConfig):
    """Where pages are made."""

    parent: Annotated[
        str,
        AfterValidator(_page_id),
        Field(
            title="Parent page",
            description="The URL of the page that new pages are put under. Share it with your Notion connection.",
        ),
    ]
    base_url: Annotated[
        Address, Field(title="API address", description="Leave it as it is, unless you use a proxy.")
    ] = "https://api.notion.com"


class NotionSecrets(ConnectionModel):
    """What Notion knows us by."""

    token: Annotated[
        Token,
        Field(
            title="Token",
            description="The secret of an internal connection that can read, insert, and update content.",
        ),
    ] = None


class _Editor(BaseModel):
    id: str


class _Page(BaseModel):
    id: str
    url: str = ""
    in_trash: bool = False
    last_edited_by: _Editor


class _Title(BaseModel):
    title: str = ""


class _Block(BaseModel):
    id: str
    type: str
    child_page: _Title = _Title()


class _Blocks(BaseModel):
    results: list[_Block]
    has_more: bool = False
    next_cursor: str | None = None


class _Markdown(BaseModel):
    markdown: str


class _Me(BaseModel):
    id: str
    name: str | None = None


class _Problem(BaseModel):
    message: str = ""


SETUP = (
    SetupStep(
        "Create an internal integration in Notion that can read, insert, and update content. Enter its"
        " secret as Token.",
        link="https://www.notion.so/profile/integrations",
    ),
    SetupStep(
        "Open the page under which the copies go, and share it with the integration under Connections in"
        " the page's menu.",
    ),
    SetupStep(
        "Enter that page's URL as parent page, and save the connection.",
    ),
)


class NotionPublisher(Publisher):
    """The pages below one page."""

    label = "Notion"
    Config = NotionConfig
    Secrets = NotionSecrets
    setup = SETUP

    def __init__(self, config: NotionConfig, secrets: NotionSecrets) -> None:
        self._config = config
        self._secrets = secrets

    @cached_property
    def _http(self) -> HttpClient:
        if self._secrets.token is None:
            raise self.refused("this connection has no token.")
        token: SecretStr = self._secrets.token
        headers = {"Authorization": f"Bearer {token.get_secret_value()}", "Notion-Version": VERSION}
        return HttpClient(self, self._config.base_url, headers, hidden=[token.get_secret_value()])

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    # Pages

    def find(self, copy: Copy) -> str | None:
        for page_id in self._titled(_title(copy)):
            markdown = self._markdown(page_id)
            if copy.sign in markdown or not markdown.strip():  # an empty one of this title is ours, unfinished
                return page_id
        return None

    def _make(self, copy: Copy) -> Published:
        body = {
            "parent": {"page_id": self._config.parent},
            "properties": {"title": {"title": [{"type": "text", "text": {"content": _title(copy)}}]}},
        }
        page = self._http.decoded(self._checked(self._http.send("POST", "/v1/pages", json=body)), _Page)
        return self._write(page, copy)

    def _titled(self, title: str) -> Iterator[str]:
        """The ids of the pages with this title below the parent."""
        cursor: str | None = None
        while True:
            asked: dict[str, str | int] = {"page_size": PAGE_SIZE} | ({"start_cursor": cursor} if cursor else {})
            path = f"/v1/blocks/{self._config.parent}/children"
            found = self._http.decoded(self._checked(self._http.send("GET", path, params=asked)), _Blocks)
            yield from (one.id for one in found.results if one.type == "child_page" and one.child_page.title == title)
            cursor = found.next_cursor
            if not found.has_more or not cursor:
                return

    def update(self, id_: str, copy: Copy, revision: str | None) -> Published:
        page = self._page(id_)
        self._check_unchanged(page, revision)
        title = {"properties": {"title": {"title": [{"type": "text", "text": {"content": _title(copy)}}]}}}
        self._checked(self._http.send("PATCH", f"/v1/pages/{id_}", json=title))
        return self._write(page, copy)

    def _check_unchanged(self, page: _Page, revision: str | None) -> None:
        if revision is None or page.last_edited_by.id == self._me.id:
            return
        if _revision(self._markdown(page.id)) != revision:
            raise PublicationChanged(vendor=self.label)

    def _write(self, page: _Page, copy: Copy) -> Published:
        edit = {"new_str": notion_markdown(copy), "allow_deleting_content": False}
        body = {"type": "replace_content", "replace_content": edit}
        answer = self._http.send("PATCH", f"/v1/pages/{page.id}/markdown", json=body)
        self._http.decoded(self._checked(answer), _Markdown)
        return Published(page.id, page.url, _revision(self._markdown(page.id)))

    def withdraw(self, id_: str, copy: Copy, revision: str | None) -> None:  # noqa: ARG002 (its id is enough)
        try:
            page = self._page(id_)
        except PublicationGone:
            return
        self._check_unchanged(page, revision)
        answer = self._http.send("PATCH", f"/v1/pages/{id_}", json={"in_trash": True})
        if answer.status_code != 404:
            self._checked(answer)

    def fetch(self, id_: str, copy: Copy) -> Published:  # noqa: ARG002
        page = self._page(id_)
        return Published(page.id, page.url, _revision(self._markdown(page.id)))

    def _page(self, id_: str) -> _Page:
        answer = self._http.send("GET", f"/v1/pages/{id_}")
        if answer.status_code == 404:
            raise PublicationGone(vendor=self.label, detail="the page was deleted, or is no longer shared with us.")
        page = self._http.decoded(self._checked(answer), _Page)
        if page.in_trash:
            raise PublicationGone(vendor=self.label, detail="the page is in the trash.")
        return page

    def _markdown(self, id_: str) -> str:
        answer = self._checked(self._http.send("GET", f"/v1/pages/{id_}/markdown"))
        return self._http.decoded(answer, _Markdown).markdown

    @cached_property
    def _me(self) -> _Me:
        return self._http.decoded(self._checked(self._http.send("GET", "/v1/users/me")), _Me)

    # The connection

    def check_permissions(self) -> list[PermissionCheck]:
        return self._looked({"Token": self._see_account, "Parent page": self._see_parent})

    def _see_account(self) -> str:
        return f"Signed in as {self._me.name or 'a connection'}."

    def _see_parent(self) -> str:
        answer = self._http.send("GET", f"/v1/pages/{self._config.parent}")
        if answer.status_code == 404:
            raise self.refused("the parent page doesn't exist, or isn't shared with this connection.")
        self._http.decoded(self._checked(answer), _Page)
        return "New pages are put under the parent page."

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code == 401:
            raise CredentialsRejected(tracker=self.label)
        if answer.status_code == 409:
            raise self.unavailable("someone else is changing the page.")
        if answer.status_code >= 400:
            raise self.refused(self._words(answer))
        return answer

    def _words(self, answer: httpx.Response) -> str:
        try:
            told = _Problem.model_validate_json(answer.content).message
        except ValueError:
            told = ""
        return self._http.shown(told) or f"status {answer.status_code}."


def _title(copy: Copy) -> str:
    return " ".join(copy.title.split())[:TITLE_LIMIT]


def _revision(markdown: str) -> str:
    return hashlib.sha256(markdown.encode("utf-8", "surrogatepass")).hexdigest()


# Notion's Markdown: tables are tags, and a few more letters have a meaning


def notion_markdown(copy: Copy) -> str:
    """The page: where it comes from, then the postmortem."""
    note = f"> This page is written by [Afterword]({copy.sign}). Changes made here are not taken over."
    return f"{note}\n\n{_written(copy.blocks)}"


_SPECIAL = "<>{}$^|"
_UNUSED = range(0xE000, 0xF8FF)
"""Letters for private use, which stand for the special ones while the text is written."""


def _written(blocks: Blocks) -> str:
    text = repr(blocks)
    free = (chr(one) for one in _UNUSED if chr(one) not in text)
    signs = dict(zip(_SPECIAL, free, strict=False))
    hidden, shown = str.maketrans(signs), str.maketrans({sign: f"\\{one}" for one, sign in signs.items()})

    def hide(runs: Runs) -> Runs:
        return tuple(run if run.is_code else replace(run, text=run.text.translate(hidden)) for run in runs)

    groups = groupby(with_runs(blocks, hide), lambda one: isinstance(one, Table))
    parts = [_table_or_text(tuple(group)) for _, group in groups]
    return "\n\n".join(parts).translate(shown)


def _table_or_text(blocks: Blocks) -> str:
    """``blocks`` are tables, or none of them is."""
    tables = [_table(one) for one in blocks if isinstance(one, Table)]
    return "\n\n".join(tables) if tables else write(blocks)


def _table(table: Table) -> str:
    rows = "\n".join(f"<tr>\n{''.join(map(_cell, row))}</tr>" for row in table.rows)
    return f'<table header-row="true">\n{rows}\n</table>'


def _cell(runs: Runs) -> str:
    return f"<td>{write((Paragraph(runs),)) if runs else ''}</td>\n"
