"""The postmortem of an incident on a Statuspage, whose body is the approved public summary.

https://developer.statuspage.io/#tag/incident-postmortem

An incident has one postmortem, so that writing it again changes nothing else. Subscribers are told of the first
publication only if the connection says so. What is there is told apart from what we wrote by a hash of its text.
"""

import hashlib
from functools import cached_property
from typing import Annotated

import httpx
from pydantic import BaseModel, Field, SecretStr

from domain.errors import CredentialsRejected, PublicationChanged, PublicationGone
from integrations.connection import ConnectionModel, PermissionCheck, SetupStep
from integrations.outbound.client import Address, HttpClient, Token
from integrations.pointers import page_at
from integrations.publisher import Carries, Copy, Published, Publisher, PublisherConfig


class StatuspageConfig(PublisherConfig):
    """Which page."""

    page: Annotated[
        str, Field(title="Page ID", description="Under your account's API info in Statuspage.", pattern=r"^[a-z0-9]+$")
    ]
    notify_subscribers: Annotated[
        bool,
        Field(title="Notify subscribers", description="Statuspage e-mails its subscribers when it is first published."),
    ] = False
    base_url: Annotated[
        Address, Field(title="API address", description="Leave it as it is, unless you use a proxy.")
    ] = "https://api.statuspage.io"


class StatuspageSecrets(ConnectionModel):
    """What Statuspage knows us by."""

    token: Annotated[Token, Field(title="API key", description="Of an account that can manage incidents.")] = None


class _Postmortem(BaseModel):
    body: str | None = None
    body_draft: str | None = None
    published_at: str | None = None


class _Incident(BaseModel):
    id: str
    shortlink: str | None = None
    status: str = ""


class _Page(BaseModel):
    id: str
    name: str = ""


class _Problem(BaseModel):
    error: str | list[str] = ""


SETUP = (
    SetupStep(
        "Open your user menu, API info in Statuspage, and create an API key of an account that can manage"
        " incidents. Enter it as API key.",
        link="https://manage.statuspage.io",
    ),
    SetupStep(
        "Enter the page ID that is listed there, choose whether subscribers are notified, and save the connection.",
    ),
)


class StatuspagePublisher(Publisher):
    """One status page's incidents. A copy's id is its incident's."""

    label = "Statuspage"
    carries = Carries.SUMMARY
    Config = StatuspageConfig
    Secrets = StatuspageSecrets
    setup = SETUP

    def __init__(self, config: StatuspageConfig, secrets: StatuspageSecrets) -> None:
        self._config = config
        self._secrets = secrets

    @cached_property
    def _http(self) -> HttpClient:
        if self._secrets.token is None:
            raise self.refused("this connection has no API key.")
        token: SecretStr = self._secrets.token
        headers = {"Authorization": f"OAuth {token.get_secret_value()}"}
        return HttpClient(self, self._config.base_url, headers, hidden=[token.get_secret_value()])

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    # Postmortems

    def find(self, copy: Copy) -> str | None:
        id_ = _incident_id(copy.pointer)
        if id_ is None:
            return None
        text = _text_of(self._postmortem(id_))
        return id_ if text and _hash(text) == _hash(copy.text) else None

    def _make(self, copy: Copy) -> Published:
        """Where the incident has a postmortem of someone else's, it is left alone."""
        incident = self._incident(_incident_id(copy.pointer) or self._unnamed())
        there = self._postmortem(incident.id)
        if _text_of(there):
            raise PublicationChanged(vendor=self.label)
        return self._write(incident, copy, there)

    def _unnamed(self) -> str:
        raise self.refused("name the incident on Statuspage that this postmortem is about, by its URL.")

    def update(self, id_: str, copy: Copy, revision: str | None) -> Published:
        incident, there = self._incident(id_), self._postmortem(id_)
        if revision is not None and _hash(_text_of(there)) not in {revision, _hash(copy.text), _hash("")}:
            raise PublicationChanged(vendor=self.label)
        return self._write(incident, copy, there)

    def _write(self, incident: _Incident, copy: Copy, there: _Postmortem) -> Published:
        path = f"{self._pages}/incidents/{incident.id}/postmortem"
        if not (there.published_at and _hash(there.body or "") == _hash(copy.text)):
            body = {"postmortem": {"body_draft": copy.text}}
            self._checked(self._http.send("PUT", path, json=body))
            tells = self._config.notify_subscribers and not there.published_at
            told = {"postmortem": {"notify_twitter": False, "notify_subscribers": tells, "custom_tweet": ""}}
            self._checked(self._http.send("PUT", f"{path}/publish", json=told))
        return Published(incident.id, incident.shortlink or copy.url, _hash(copy.text))

    def withdraw(self, id_: str, copy: Copy, revision: str | None) -> None:  # noqa: ARG002 (its id is enough)
        there = self._postmortem(id_)
        text = _text_of(there)
        if not text:
            return
        if revision is not None and _hash(text) != revision:
            raise PublicationChanged(vendor=self.label)
        answer = self._http.send("DELETE", f"{self._pages}/incidents/{id_}/postmortem")
        if answer.status_code != 404:
            self._checked(answer)

    def fetch(self, id_: str, copy: Copy) -> Published:
        incident, text = self._incident(id_), _text_of(self._postmortem(id_))
        if not text:
            raise PublicationGone(vendor=self.label, detail="the incident has no postmortem.")
        return Published(incident.id, incident.shortlink or copy.url, _hash(text))

    def _incident(self, id_: str) -> _Incident:
        answer = self._http.send("GET", f"{self._pages}/incidents/{id_}")
        if answer.status_code == 404:
            raise PublicationGone(vendor=self.label, detail="the incident doesn't exist there.")
        return self._http.decoded(self._checked(answer), _Incident)

    def _postmortem(self, id_: str) -> _Postmortem:
        answer = self._http.send("GET", f"{self._pages}/incidents/{id_}/postmortem")
        if answer.status_code == 404:
            return _Postmortem()
        return self._http.decoded(self._checked(answer), _Postmortem)

    @property
    def _pages(self) -> str:
        return f"/v1/pages/{self._config.page}"

    # The connection

    def check_permissions(self) -> list[PermissionCheck]:
        return self._looked({"Page": self._see_page})

    def _see_page(self) -> str:
        answer = self._http.send("GET", self._pages)
        if answer.status_code == 404:
            raise self.refused(f"there is no page {self._config.page}, or the API key can't see it.")
        found = self._http.decoded(self._checked(answer), _Page)
        return f"{found.name or found.id} is there."

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code == 401:
            raise CredentialsRejected(tracker=self.label)
        if answer.status_code == 420:  # how it says that we ask too often
            raise self.unavailable("status 420", LIMITED_FOR)
        if answer.status_code >= 400:
            raise self.refused(self._words(answer))
        return answer

    def _words(self, answer: httpx.Response) -> str:
        try:
            told = _Problem.model_validate_json(answer.content).error
        except ValueError:
            told = ""
        words = told if isinstance(told, str) else "; ".join(told)
        return self._http.shown(words) or f"status {answer.status_code}."


LIMITED_FOR = 60.0
"""Seconds. Its documentation: one request each second, counted over a minute."""


def _incident_id(pointer: str | None) -> str | None:
    """The id in an incident's address, in the page itself or in the place where it is managed; or an id as it is."""
    if not pointer:
        return None
    page = page_at(pointer)
    found = next(page.after("incidents"), None) if page else pointer.strip()
    return found if found and found.isalnum() else None


def _text_of(there: _Postmortem) -> str:
    return there.body or there.body_draft or ""


def _hash(text: str) -> str:
    """Of what is left when line ends and blanks at the edges, which a form may change, are alike."""
    plain = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n"))
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()
