"""Confluence pages, by REST v2 of Confluence Cloud.

https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/
https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html

A page's title is unique in its space, so a create that was answered by nobody is found by the title, and known by the
address that only this copy leads to. A version of ours carries the hash of what we wrote as its message: whatever else
is the newest version is someone's change. A page is moved to the trash, from which people can restore it.
"""

import hashlib
from collections.abc import Iterable
from functools import cached_property
from html import escape
from typing import Annotated
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import httpx
from pydantic import AfterValidator, BaseModel, Field, SecretStr

from domain.errors import CredentialsRejected, PublicationChanged, PublicationGone
from integrations.connection import ConnectionModel, PermissionCheck, SetupStep
from integrations.outbound.client import Address, HttpClient, Token, basic_authorization
from integrations.publisher import Copy, Published, Publisher, PublisherConfig
from integrations.text.blocks import (
    BREAK,
    Block,
    Code,
    Heading,
    Listing,
    Mark,
    Paragraph,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
)

TITLE_LIMIT = 255
_TAGS = {Mark.STRONG: "strong", Mark.EM: "em", Mark.STRIKE: "del", Mark.CODE: "code"}
_OURS = "Afterword "


def _not_wiki(value: str) -> str:
    return value.removesuffix("/wiki")


class ConfluenceConfig(PublisherConfig):
    """Where pages are made, and as whom."""

    base_url: Annotated[
        Address,
        AfterValidator(_not_wiki),
        Field(title="Site", description="The site's URL, such as https://acme.atlassian.net."),
    ]
    email: Annotated[
        str,
        Field(
            title="E-mail",
            description="The e-mail of the account that owns the API token.",
            pattern=r"^[^@:\s]+@[^@\s]+$",
        ),
    ]
    space: Annotated[
        str,
        Field(
            title="Space", description="The key of the space for new pages, such as OPS.", pattern=r"^[~A-Za-z0-9_-]+$"
        ),
    ]
    parent: Annotated[
        str,
        Field(
            title="Parent page",
            description="The number in the URL of the page that new pages are put under. Empty: the space's home page.",
            pattern=r"^[0-9]*$",
        ),
    ] = ""


class ConfluenceSecrets(ConnectionModel):
    """What Confluence knows us by."""

    api_token: Annotated[
        Token, Field(title="API token", description="An API token of an account that can add and delete pages there.")
    ] = None


class _Version(BaseModel):
    number: int
    message: str = ""


class _Storage(BaseModel):
    value: str = ""


class _Body(BaseModel):
    storage: _Storage = _Storage()


class _Links(BaseModel):
    webui: str = ""


class _Page(BaseModel):
    id: str
    title: str = ""
    status: str = "current"
    version: _Version
    body: _Body = _Body()
    links: _Links = Field(default=_Links(), alias="_links")


class _Pages(BaseModel):
    results: list[_Page]


class _Space(BaseModel):
    id: str
    name: str = ""


class _Spaces(BaseModel):
    results: list[_Space]


class _Problem(BaseModel):
    title: str = ""
    detail: str | None = None


class _Problems(BaseModel):
    errors: list[_Problem]


SETUP = (
    SetupStep(
        "Choose the account that publishes. It can add, edit, and delete pages in the space.",
    ),
    SetupStep(
        "Signed in with that account, create an API token. Enter it as API token, with the account's e-mail.",
        link="https://id.atlassian.com/manage-profile/security/api-tokens",
    ),
    SetupStep(
        "Enter the site, such as https://acme.atlassian.net, and the key of the space, and save the connection.",
    ),
)


class ConfluencePublisher(Publisher):
    """One space's pages."""

    label = "Confluence"
    Config = ConfluenceConfig
    Secrets = ConfluenceSecrets
    setup = SETUP

    def __init__(self, config: ConfluenceConfig, secrets: ConfluenceSecrets) -> None:
        self._config = config
        self._secrets = secrets

    @cached_property
    def _http(self) -> HttpClient:
        if self._secrets.api_token is None:
            raise self.refused("this connection has no API token.")
        token: SecretStr = self._secrets.api_token
        authorization = basic_authorization(self._config.email, token)
        return HttpClient(
            self, self._config.base_url, {"Authorization": authorization}, hidden=[token.get_secret_value()]
        )

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    # Pages

    def find(self, copy: Copy) -> str | None:
        return next((one.id for one in self._found(_title(copy)) if copy.sign in one.body.storage.value), None)

    def _make(self, copy: Copy) -> Published:
        title = _title(copy)
        body = {"spaceId": self._space.id, "status": "current", "title": title, "body": _storage(copy)}
        if self._config.parent:
            body["parentId"] = self._config.parent
        return self._published(self._http.decoded(self._checked(self._http.send("POST", PAGES, json=body)), _Page))

    def _found(self, title: str) -> list[_Page]:
        asked: dict[str, str | int] = {
            "space-id": self._space.id,
            "title": title,
            "status": "current",
            "body-format": "storage",
            "limit": 1,
        }
        return self._http.decoded(self._checked(self._http.send("GET", PAGES, params=asked)), _Pages).results

    def update(self, id_: str, copy: Copy, revision: str | None) -> Published:
        page = self._page(id_)
        if page.version.message == _message(copy) and page.title == _title(copy):
            return self._published(page)
        if revision is not None and not _is_ours(page, revision):
            raise PublicationChanged(vendor=self.label)
        return self._write(page, copy)

    def _write(self, page: _Page, copy: Copy) -> Published:
        """The version after the one that was read; the vendor refuses it where someone was faster."""
        version = {"number": page.version.number + 1, "message": _message(copy)}
        body = {"id": page.id, "status": "current", "title": _title(copy), "body": _storage(copy), "version": version}
        answer = self._http.send("PUT", f"{PAGES}/{page.id}", json=body)
        if answer.status_code == 409:
            raise self.unavailable("someone is editing the page.")
        return self._published(self._http.decoded(self._checked(answer), _Page))

    def withdraw(self, id_: str, copy: Copy, revision: str | None) -> None:  # noqa: ARG002 (its id is enough)
        try:
            page = self._page(id_)
        except PublicationGone:
            return
        if revision is not None and not _is_ours(page, revision):
            raise PublicationChanged(vendor=self.label)
        answer = self._http.send("DELETE", f"{PAGES}/{page.id}")
        if answer.status_code != 404:
            self._checked(answer)

    def fetch(self, id_: str, copy: Copy) -> Published:  # noqa: ARG002
        return self._published(self._page(id_))

    def _page(self, id_: str) -> _Page:
        answer = self._http.send("GET", f"{PAGES}/{quote(id_, safe='')}")
        if answer.status_code == 404:
            raise PublicationGone(vendor=self.label, detail="the page was deleted, or the account can't see it.")
        page = self._http.decoded(self._checked(answer), _Page)
        if page.status != "current":
            raise PublicationGone(vendor=self.label, detail=f"the page is {page.status}.")
        return page

    def _published(self, page: _Page) -> Published:
        address = f"{self._config.base_url}/wiki{page.links.webui or f'/pages/{page.id}'}"
        return Published(page.id, address, str(page.version.number))

    @cached_property
    def _space(self) -> _Space:
        asked: dict[str, str | int] = {"keys": self._config.space, "limit": 1}
        answer = self._checked(self._http.send("GET", "/wiki/api/v2/spaces", params=asked))
        spaces = self._http.decoded(answer, _Spaces).results
        if not spaces:
            raise self.refused(f"there is no space {self._config.space}, or the account can't see it.")
        return spaces[0]

    # The connection

    def check_permissions(self) -> list[PermissionCheck]:
        return self._looked({"Space": self._see_space, "Parent page": self._see_parent})

    def _see_space(self) -> str:
        return f"{self._config.space} is {self._space.name or 'there'}."

    def _see_parent(self) -> str:
        if not self._config.parent:
            return "New pages are put under the space's home page."
        answer = self._http.send("GET", f"{PAGES}/{self._config.parent}")
        if answer.status_code == 404:
            raise self.refused(f"the parent page {self._config.parent} doesn't exist, or the account can't see it.")
        return f"New pages are put under '{self._http.decoded(self._checked(answer), _Page).title}'."

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code == 401:
            raise CredentialsRejected(tracker=self.label)
        if answer.status_code >= 400:
            raise self.refused(self._words(answer))
        return answer

    def _words(self, answer: httpx.Response) -> str:
        try:
            told = _Problems.model_validate_json(answer.content).errors
        except ValueError:
            told = []
        words = "; ".join(": ".join(one for one in (part.title, part.detail) if one) for part in told)
        return self._http.shown(words) or f"status {answer.status_code}."


PAGES = "/wiki/api/v2/pages"


def _title(copy: Copy) -> str:
    return " ".join(copy.title.split())[:TITLE_LIMIT]


def _message(copy: Copy) -> str:
    return _OURS + hashlib.sha256(storage(copy).encode()).hexdigest()[:32]


def _is_ours(page: _Page, revision: str) -> bool:
    """The version that we wrote last, or one that we wrote and could not record."""
    return str(page.version.number) == revision or page.version.message.startswith(_OURS)


def _storage(copy: Copy) -> dict[str, str]:
    return {"representation": "storage", "value": storage(copy)}


# The storage format: XHTML with elements of Confluence's own


def storage(copy: Copy) -> str:
    """The page: where it comes from, then the postmortem."""
    link = f"<a href={quoteattr(copy.sign)}>Afterword</a>"
    note = f"<p>This page is written by {link}. Changes made here are not taken over.</p>"
    macro = f'<ac:structured-macro ac:name="info"><ac:rich-text-body>{note}</ac:rich-text-body></ac:structured-macro>'
    return macro + _written(copy.blocks)


def _written(blocks: Iterable[Block]) -> str:
    return "".join(map(_block, blocks))


def _block(block: Block) -> str:  # noqa: PLR0911 (a table of kinds)
    match block:
        case Paragraph(runs):
            return f"<p>{_line(runs)}</p>"
        case Heading(level, runs):
            return f"<h{level}>{_line(runs)}</h{level}>"
        case Code(text, language):
            named = f'<ac:parameter ac:name="language">{escape(language)}</ac:parameter>' if language else ""
            body = f"<ac:plain-text-body><![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]></ac:plain-text-body>"
            return f'<ac:structured-macro ac:name="code">{named}{body}</ac:structured-macro>'
        case Quote(inner):
            return f"<blockquote>{_written(inner)}</blockquote>"
        case Listing():
            return _list(block)
        case Table(rows):
            return f"<table><tbody>{''.join(_row(row, place == 0) for place, row in enumerate(rows))}</tbody></table>"
        case Rule():
            return "<hr />"


def _list(listing: Listing) -> str:
    if all(item.done is not None for item in listing.items):
        tasks = (_task(_written(item.blocks), done=bool(item.done)) for item in listing.items)
        return f"<ac:task-list>{''.join(tasks)}</ac:task-list>"
    tag, start = ("ul", "") if listing.start is None else ("ol", f' start="{listing.start}"')
    return f"<{tag}{start}>{''.join(f'<li>{_written(item.blocks)}</li>' for item in listing.items)}</{tag}>"


def _task(body: str, *, done: bool) -> str:
    status = "complete" if done else "incomplete"
    return f"<ac:task><ac:task-status>{status}</ac:task-status><ac:task-body>{body}</ac:task-body></ac:task>"


def _row(row: tuple[Runs, ...], is_head: bool) -> str:
    tag = "th" if is_head else "td"
    return f"<tr>{''.join(f'<{tag}>{_line(cell)}</{tag}>' for cell in row)}</tr>"


def _line(runs: Runs) -> str:
    return "".join(map(_run, runs))


def _run(run: Run) -> str:
    if run == BREAK:
        return "<br />"
    text = escape(run.text, quote=False)
    for mark in sorted(run.marks, reverse=True):
        text = f"<{_TAGS[mark]}>{text}</{_TAGS[mark]}>"
    return f"<a href={quoteattr(run.href)}>{text}</a>" if run.href else text
