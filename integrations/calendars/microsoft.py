"""Microsoft 365, by Graph.

https://learn.microsoft.com/graph/api/user-post-events
https://learn.microsoft.com/graph/api/event-update
https://learn.microsoft.com/graph/api/event-cancel
https://learn.microsoft.com/graph/api/calendar-getschedule
https://learn.microsoft.com/graph/auth-v2-service

An application signs in for itself (client credentials) and acts on each organizer's calendar. An event is marked with
an extended property, by which a create that nobody answered is found; ``transactionId`` keeps Graph itself from making
a second one. Outlook tells attendees of every change, so that what nobody has to be told of isn't written there.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field, SecretStr

from domain.errors import CredentialsRejected, EventGone
from domain.meetings.meeting import ConferenceKind, EventTimes, Response
from domain.meetings.suggestion import Span
from integrations.connection import ConnectionModel, PermissionCheck, SetupStep
from integrations.fields import Email, Words
from integrations.meetings.calendar import Calendar, Event, EventThere, whole_minutes
from integrations.meetings.oauth import fetch_token, origin_of
from integrations.outbound.client import Address, HttpClient

API = "https://graph.microsoft.com/v1.0"
SIGN_IN = "https://login.microsoftonline.com"
SCOPE = "https://graph.microsoft.com/.default"
MARK = "String {7c3a0b0e-5f0d-4f0a-9a59-6d7a3f2f9a11} Name afterword"
AT_ONCE = 20
"""Calendars of one question for busy times."""
_PREFER = 'outlook.timezone="UTC", outlook.body-content-type="text"'
_RESPONSES = {
    "accepted": Response.ACCEPTED,
    "tentativelyAccepted": Response.TENTATIVE,
    "declined": Response.DECLINED,
}
_FREE = {"free", "workingElsewhere", "unknown"}


class MicrosoftConfig(ConnectionModel):
    """Which organization."""

    tenant: Annotated[
        str,
        Words(100, one_line=True, shape=r"^[A-Za-z0-9.-]+$", says="Enter the tenant's ID or its domain"),
        Field(title="Tenant", description="The directory (tenant) ID."),
    ]
    client_id: Annotated[
        str,
        Words(100, one_line=True),
        Field(title="Application", description="The application (client) ID."),
    ]
    mailbox: Annotated[
        Email | None,
        Field(title="Test mailbox", description="Any mailbox of yours: the connection is tested with its calendar."),
    ] = None
    base_url: Annotated[
        Address, Field(title="API address", description="Leave it as it is, unless you use a proxy.")
    ] = API


class MicrosoftSecrets(ConnectionModel):
    """What the application signs in with."""

    client_secret: Annotated[
        SecretStr | None,
        Field(
            title="Client secret",
            description="Of an application with the application permission Calendars.ReadWrite.",
        ),
    ] = None


class _Time(BaseModel):
    dateTime: datetime  # noqa: N815 - Graph's names

    @property
    def at(self) -> datetime:
        """We ask for UTC, which Graph writes without an offset."""
        return self.dateTime.replace(tzinfo=UTC) if self.dateTime.tzinfo is None else self.dateTime.astimezone(UTC)


class _Address(BaseModel):
    address: str = ""
    name: str = ""


class _Status(BaseModel):
    response: str = "none"


class _Attendee(BaseModel):
    emailAddress: _Address = _Address()  # noqa: N815
    type: str = "required"
    status: _Status = _Status()


class _Place(BaseModel):
    displayName: str = ""  # noqa: N815


class _Online(BaseModel):
    joinUrl: str | None = None  # noqa: N815


class _Body(BaseModel):
    content: str = ""


class _Event(BaseModel):
    id: str
    changeKey: str = ""  # noqa: N815
    subject: str | None = None
    body: _Body | None = None
    start: _Time
    end: _Time
    location: _Place | None = None
    attendees: list[_Attendee] = []
    isCancelled: bool = False  # noqa: N815
    webLink: str | None = None  # noqa: N815
    onlineMeeting: _Online | None = None  # noqa: N815


class _Events(BaseModel):
    value: list[_Event]


class _Item(BaseModel):
    status: str = "busy"
    start: _Time
    end: _Time


class _Schedule(BaseModel):
    scheduleId: str  # noqa: N815
    scheduleItems: list[_Item] | None = None  # noqa: N815
    error: dict[str, Any] | None = None


class _Schedules(BaseModel):
    value: list[_Schedule]


class _Problem(BaseModel):
    code: str = ""
    message: str = ""


class _Problems(BaseModel):
    error: _Problem = _Problem()


SETUP = (
    SetupStep(
        "Register an application in Microsoft Entra for your tenant only. Enter its directory ID as"
        " tenant and its client ID as application.",
        link="https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade",
    ),
    SetupStep(
        "Under API permissions, add the application permission Calendars.ReadWrite of Microsoft Graph,"
        " and grant admin consent.",
    ),
    SetupStep(
        "Under Certificates & secrets, create a client secret. Enter its value as Client secret, and a"
        " mailbox to test with.",
    ),
)


class MicrosoftCalendar(Calendar):
    """The organization's calendars at Microsoft."""

    label = "Microsoft 365"
    Config = MicrosoftConfig
    Secrets = MicrosoftSecrets
    setup = SETUP
    conference = ConferenceKind.TEAMS

    def __init__(self, config: MicrosoftConfig, secrets: MicrosoftSecrets) -> None:
        self._config = config
        self._secrets = secrets
        self._client: HttpClient | None = None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    # Events

    def create(self, event: Event) -> EventThere:
        if (found := self._find(event)) is not None:
            return self.update(found, event)
        body = self._body(event) | {
            "transactionId": event.key,
            "singleValueExtendedProperties": [{"id": MARK, "value": event.key}],
        }
        return self._there(self._send("POST", f"{_user(event.organizer)}/events", json=body), 201)

    def update(self, id_: str, event: Event) -> EventThere:
        current = self._event(self._get(id_, event.organizer), 200)
        if event.quietly:
            return _shown(current)
        body = self._body(event, current.attendees)
        return self._there(self._send("PATCH", _path(id_, event.organizer), json=body), 200)

    def cancel(self, id_: str | None, event: Event) -> None:
        found = id_ or self._find(event)
        if found is None:
            return
        answer = self._send("POST", f"{_path(found, event.organizer)}/cancel", json={"comment": ""})
        if answer.status_code not in {200, 202, 204, 404}:
            self._raise_refused(answer)

    def fetch(self, id_: str, organizer: str) -> EventThere:
        return self._there(self._get(id_, organizer), 200)

    def _find(self, event: Event) -> str | None:
        """The id of the event with our mark."""
        mark = f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARK}' and ep/value eq '{event.key}')"
        path = f"{_user(event.organizer)}/events"
        answer = self._send("GET", path, params={"$filter": mark, "$top": 5})
        if answer.status_code != 200:
            self._raise_refused(answer)
        found = [one.id for one in self._http.decoded(answer, _Events).value if not one.isCancelled]
        return found[0] if found else None

    def _get(self, id_: str, organizer: str) -> httpx.Response:
        return self._send("GET", _path(id_, organizer))

    def _there(self, answer: httpx.Response, expected: int) -> EventThere:
        return _shown(self._event(answer, expected))

    def _event(self, answer: httpx.Response, expected: int) -> _Event:
        if answer.status_code == 404:
            raise EventGone()
        if answer.status_code not in {expected, 200}:
            self._raise_refused(answer)
        found = self._http.decoded(answer, _Event)
        if found.isCancelled:
            raise EventGone()
        return found

    def _body(self, event: Event, there: Sequence[_Attendee] = ()) -> dict[str, Any]:
        """``there`` are the attendees as they are: people whom somebody added there stay."""
        ours = [_attendee(one.address, one.name, required=one.required) for one in event.guests]
        known = {one.address for one in event.guests} | set(event.former)
        others = [
            _attendee(one.emailAddress.address, one.emailAddress.name, required=one.type == "required")
            for one in there
            if one.emailAddress.address.lower() not in known
        ]
        body: dict[str, Any] = {
            "subject": event.title,
            "body": {"contentType": "text", "content": event.description},
            "start": _time(event.times.starts_at),
            "end": _time(event.times.ends_at),
            "location": {"displayName": event.times.location or ""},
            "attendees": [*ours, *others],
            "responseRequested": True,
            "allowNewTimeProposals": False,
            "reminderMinutesBeforeStart": 10,
            "isReminderOn": True,
        }
        if event.conference is ConferenceKind.TEAMS:
            body |= {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"}
        return body

    # Busy times

    def busy(
        self, addresses: Sequence[str], begin: datetime, end: datetime, asked_by: str
    ) -> dict[str, list[Span] | None]:
        found: dict[str, list[Span] | None] = dict.fromkeys(addresses)
        for place in range(0, len(addresses), AT_ONCE):
            part = list(addresses[place : place + AT_ONCE])
            body = {
                "schedules": part,
                "startTime": _time(begin),
                "endTime": _time(end),
                "availabilityViewInterval": 15,
            }
            answer = self._send("POST", f"{_user(asked_by)}/calendar/getSchedule", json=body)
            if answer.status_code != 200:
                self._raise_refused(answer)
            for one in self._http.decoded(answer, _Schedules).value:
                if one.scheduleId in found and one.error is None and one.scheduleItems is not None:
                    found[one.scheduleId] = list(_spans(one.scheduleItems))
        return found

    # The conversation

    def check_permissions(self) -> list[PermissionCheck]:
        return self._looked({"Sign-in": self._see_token, "Calendar": self._see_calendar})

    def _see_token(self) -> str:
        _ = self._http
        return f"Signed in to the tenant {self._config.tenant}."

    def _see_calendar(self) -> str:
        if self._config.mailbox is None:
            return "Checked with the first meeting: no test mailbox is set."
        answer = self._send("GET", f"{_user(self._config.mailbox)}/calendar")
        if answer.status_code != 200:
            self._raise_refused(answer)
        return f"The calendar of {self._config.mailbox} can be read."

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        return self._http.send(method, path, headers={"Prefer": _PREFER}, **request)

    @property
    def _http(self) -> HttpClient:
        if self._client is None:
            config = self._config
            if self._secrets.client_secret is None:
                raise self.refused("this connection has no client secret.")
            secret = self._secrets.client_secret.get_secret_value()
            base = SIGN_IN if config.base_url == API else origin_of(config.base_url)
            form = {
                "grant_type": "client_credentials",
                "client_id": config.client_id,
                "client_secret": secret,
                "scope": SCOPE,
            }
            url = f"{base}/{quote(config.tenant)}/oauth2/v2.0/token"
            token = fetch_token(self, self.label, url, form, hidden=[secret])
            self._client = HttpClient(
                self,
                config.base_url,
                {"Authorization": f"Bearer {token}"},
                hidden=[secret, token],
                request_id="request-id",
            )
        return self._client

    def _raise_refused(self, answer: httpx.Response) -> None:
        problem = self._http.decoded(answer, _Problems).error
        if answer.status_code == 401:
            raise CredentialsRejected(tracker=self.label)
        raise self.refused(self._http.shown(problem.message or problem.code) or f"status {answer.status_code}")


def _shown(found: _Event) -> EventThere:
    begin, end = found.start.at, found.end.at
    place = found.location.displayName if found.location else ""
    return EventThere(
        id=found.id,
        revision=found.changeKey,
        times=EventTimes(begin, whole_minutes(begin, end), place or None),
        responses={
            one.emailAddress.address.lower(): _RESPONSES.get(one.status.response, Response.NEEDS_ACTION)
            for one in found.attendees
        },
        url=found.webLink,
        conference_url=found.onlineMeeting.joinUrl if found.onlineMeeting else None,
        title=found.subject or "",
        description=found.body.content if found.body else "",
    )


def _user(address: str) -> str:
    return f"/users/{quote(address, safe='')}"


def _path(id_: str, organizer: str) -> str:
    return f"{_user(organizer)}/events/{quote(id_, safe='')}"


def _time(at: datetime) -> dict[str, str]:
    return {"dateTime": at.astimezone(UTC).replace(tzinfo=None).isoformat(), "timeZone": "UTC"}


def _attendee(address: str, name: str, *, required: bool) -> dict[str, Any]:
    return {"emailAddress": {"address": address, "name": name}, "type": "required" if required else "optional"}


def _spans(items: Sequence[_Item]) -> Iterator[Span]:
    for one in items:
        if one.status not in _FREE:
            yield one.start.at, one.end.at
