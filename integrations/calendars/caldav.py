"""A calendar on a CalDAV server: RFC 4791.

https://www.rfc-editor.org/rfc/rfc4791
https://www.rfc-editor.org/rfc/rfc6638#section-7.1

A connection is one calendar collection, which gets all events. An event is the file ``<key>.ics`` there: a second one
is refused (``If-None-Match: *``), and a change of somebody else's is never overwritten unread (``If-Match``). The
server is told to send nothing (``SCHEDULE-AGENT=CLIENT``): we invite by e-mail. By hand and not by the library
``caldav``, which brings ``niquests``, whose ``urllib3-future`` overwrites the ``urllib3`` that others use.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated

import httpx
from pydantic import Field, SecretStr

from domain.errors import CredentialsRejected, EventGone
from domain.meetings.meeting import Response
from domain.meetings.suggestion import Span
from integrations.connection import ConnectionModel, PermissionCheck, SetupStep
from integrations.meetings.calendar import Calendar, Event, EventThere, Guest
from integrations.meetings.invitation import NotACalendar, Read, read_busy, read_event, write
from integrations.outbound.client import Address, HttpClient, basic_authorization

_TYPE = "text/calendar; charset=utf-8"
_STAMP = "%Y%m%dT%H%M%SZ"
_BUSY = (
    '<?xml version="1.0" encoding="utf-8"?><C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
    '<C:time-range start="{begin}" end="{end}"/></C:free-busy-query>'
)


class CaldavConfig(ConnectionModel):
    """Which calendar."""

    base_url: Annotated[
        Address,
        Field(title="Calendar address", description="The CalDAV URL of the calendar that gets all meetings."),
    ]


class CaldavSecrets(ConnectionModel):
    """Who signs in."""

    username: Annotated[SecretStr | None, Field(title="User name", description="For this calendar.")] = None
    password: Annotated[
        SecretStr | None, Field(title="Password", description="An app password where the server has them.")
    ] = None


SETUP = (
    SetupStep(
        "Find the address of the calendar that gets the meetings in its settings at the provider. It"
        " starts with https://.",
    ),
    SetupStep(
        "Enter it with the User name and the Password of an account that can write to the calendar. Many"
        " providers ask for an app password.",
    ),
)


class CaldavCalendar(Calendar):
    """One calendar collection."""

    label = "CalDAV"
    Config = CaldavConfig
    Secrets = CaldavSecrets
    setup = SETUP
    invites = False

    def __init__(self, config: CaldavConfig, secrets: CaldavSecrets) -> None:
        self._config = config
        self._secrets = secrets

    @cached_property
    def _http(self) -> HttpClient:
        secrets = self._secrets
        headers, hidden = {"Accept": "text/calendar"}, []
        if secrets.username is not None and secrets.password is not None:
            headers["Authorization"] = basic_authorization(secrets.username.get_secret_value(), secrets.password)
            hidden = [secrets.password.get_secret_value(), headers["Authorization"]]
        return HttpClient(self, self._config.base_url, headers, hidden=hidden)

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    # Events

    def create(self, event: Event) -> EventThere:
        answer = self._put(event, {"If-None-Match": "*"})
        if answer.status_code == 412:  # an earlier call has made it
            return self.update(event.key, event)
        return self._written(event, answer)

    def update(self, id_: str, event: Event) -> EventThere:
        current, etag = self._read(id_)
        ours, said = {one.address for one in event.guests}, current.responses
        others = [
            Guest(address, "", required=False, response=response)
            for address, response in said.items()
            if address not in ours and address not in event.former
        ]
        guests = [_answered(one, said.get(one.address)) for one in event.guests]
        merged = replace(event, guests=(*guests, *others))
        answer = self._put(merged, {"If-Match": etag}, id_)
        if answer.status_code == 412:
            raise self.unavailable("someone else is changing the event right now")
        return self._written(merged, answer, id_)

    def cancel(self, id_: str | None, event: Event) -> None:
        answer = self._http.send("DELETE", f"/{id_ or event.key}.ics")
        if answer.status_code not in {200, 204, 404, 410}:
            self._raise_refused(answer)

    def fetch(self, id_: str, organizer: str) -> EventThere:  # noqa: ARG002 - one calendar for all
        found, etag = self._read(id_)
        return _there(id_, found, etag)

    def _put(self, event: Event, condition: dict[str, str], id_: str | None = None) -> httpx.Response:
        stamp = event.created_at or datetime.now(UTC)
        content = write(event, None, stamp, ours=True)
        headers = {"Content-Type": _TYPE, **condition}
        return self._http.send("PUT", f"/{id_ or event.key}.ics", content=content, headers=headers)

    def _written(self, event: Event, answer: httpx.Response, id_: str | None = None) -> EventThere:
        if answer.status_code not in {200, 201, 204}:
            self._raise_refused(answer)
        found, etag = self._read(id_ or event.key)
        return _there(id_ or event.key, found, etag)

    def _read(self, id_: str) -> tuple[Read, str]:
        answer = self._http.send("GET", f"/{id_}.ics")
        if answer.status_code in {404, 410}:
            raise EventGone()
        if answer.status_code != 200:
            self._raise_refused(answer)
        try:
            found = read_event(answer.content)
        except NotACalendar as problem:
            raise self.refused(f"the event can't be read: {problem}.") from None
        if found is None or found.is_cancelled:
            raise EventGone()
        return found, answer.headers.get("ETag", "")

    # Busy times

    def busy(
        self, addresses: Sequence[str], begin: datetime, end: datetime, asked_by: str
    ) -> dict[str, list[Span] | None]:
        """Of whoever has this calendar as their own: its address is then the only one that is asked for."""
        del asked_by
        found: dict[str, list[Span] | None] = dict.fromkeys(addresses)
        if list(addresses) != [self._config.base_url]:
            return found
        body = _BUSY.format(begin=begin.astimezone(UTC).strftime(_STAMP), end=end.astimezone(UTC).strftime(_STAMP))
        headers = {"Content-Type": "application/xml; charset=utf-8", "Depth": "1"}
        answer = self._http.send("REPORT", "/", content=body.encode(), headers=headers)
        if answer.status_code in {400, 403, 404, 405, 501}:  # a server that doesn't know the question
            return found
        if answer.status_code != 200:
            self._raise_refused(answer)
        try:
            found[self._config.base_url] = read_busy(answer.content)
        except NotACalendar as problem:
            raise self.unavailable(str(problem)) from None
        return found

    # The conversation

    def check_permissions(self) -> list[PermissionCheck]:
        return self._looked({"Calendar": self._see_collection})

    def _see_collection(self) -> str:
        answer = self._http.send("OPTIONS", "/")
        if answer.status_code not in {200, 204}:
            self._raise_refused(answer)
        if "calendar-access" not in answer.headers.get("DAV", ""):
            raise self.refused("this address isn't a CalDAV calendar.")
        return "It can be reached."

    def _raise_refused(self, answer: httpx.Response) -> None:
        if answer.status_code == 401:
            raise CredentialsRejected(tracker=self.label)
        if answer.status_code == 404:
            raise self.refused("there is no calendar at this address.")
        raise self.refused(f"status {answer.status_code}")


def _answered(guest: Guest, there: Response | None) -> Guest:
    """Whoever has answered there has; another answer that we know of is told."""
    return guest if there in {None, Response.NEEDS_ACTION} else replace(guest, response=there or guest.response)


def _there(id_: str, found: Read, etag: str) -> EventThere:
    return EventThere(
        id=id_,
        revision=etag,
        times=found.times,
        responses=found.responses,
        title=found.title,
        description=found.description,
    )
