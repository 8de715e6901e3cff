"""Google Calendar.

https://developers.google.com/workspace/calendar/api/v3/reference/events
https://developers.google.com/workspace/calendar/api/v3/reference/freebusy/query
https://developers.google.com/identity/protocols/oauth2/service-account

Two ways to sign in: a service account with domain-wide delegation, which acts as each organizer, or the OAuth client
and refresh token of one account, whose calendar then gets all events. We choose the id of an event from the meeting's
key, so that a second one with this id is refused (409), and mark it with an extended property. Google tells attendees
(``sendUpdates=all``). Deleting leaves an event that is ``cancelled``: for us it is gone.
"""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import jwt
from pydantic import BaseModel, Field, SecretStr

from domain.errors import CredentialsRejected, EventGone
from domain.meetings.meeting import ConferenceKind, EventTimes, Response
from domain.meetings.suggestion import Span
from integrations.connection import ConnectionModel, PermissionCheck, SetupStep
from integrations.fields import Email
from integrations.meetings.calendar import Calendar, Event, EventThere, Guest, whole_minutes
from integrations.meetings.oauth import fetch_token, origin_of
from integrations.outbound.client import Address, HttpClient, Params

API = "https://www.googleapis.com/calendar/v3"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
SCOPE = "https://www.googleapis.com/auth/calendar"
TOKEN_SECONDS = 3600
AT_ONCE = 50
"""Calendars of one free/busy query: ``calendarExpansionMax``."""
_RESPONSES = {
    "accepted": Response.ACCEPTED,
    "tentative": Response.TENTATIVE,
    "declined": Response.DECLINED,
    "needsAction": Response.NEEDS_ACTION,
}
_SAID = {response: word for word, response in _RESPONSES.items()}


class GoogleConfig(ConnectionModel):
    """Whose calendars."""

    account: Annotated[
        Email | None,
        Field(
            title="Account",
            description="Only with a refresh token: the account whose calendar gets all meetings.",
        ),
    ] = None
    base_url: Annotated[
        Address, Field(title="API address", description="Leave it as it is, unless you use a proxy.")
    ] = API


class GoogleSecrets(ConnectionModel):
    """A service account's key, or what an OAuth client needs."""

    service_account: Annotated[
        SecretStr | None,
        Field(
            title="Service account key",
            description="The JSON file. In the Admin console, give its client domain-wide delegation for"
            " https://www.googleapis.com/auth/calendar.",
        ),
    ] = None
    client_id: Annotated[SecretStr | None, Field(title="OAuth client ID", description="Without a service account.")] = (
        None
    )
    client_secret: Annotated[
        SecretStr | None, Field(title="OAuth client secret", description="Without a service account.")
    ] = None
    refresh_token: Annotated[
        SecretStr | None, Field(title="Refresh token", description="Of the account whose calendar gets all meetings.")
    ] = None


class _Time(BaseModel):
    dateTime: datetime | None = None  # noqa: N815 - Google's names
    date: str | None = None

    @property
    def at(self) -> datetime:
        """A whole day begins at midnight, UTC."""
        if self.dateTime is not None:
            return self.dateTime.astimezone(UTC)
        return datetime.fromisoformat(self.date or "1970-01-01").replace(tzinfo=UTC)


class _Attendee(BaseModel):
    email: str = ""
    responseStatus: str = "needsAction"  # noqa: N815


class _Event(BaseModel):
    id: str
    etag: str = ""
    status: str = "confirmed"
    htmlLink: str | None = None  # noqa: N815
    hangoutLink: str | None = None  # noqa: N815
    summary: str = ""
    description: str = ""
    location: str | None = None
    start: _Time = _Time()
    end: _Time = _Time()
    attendees: list[dict[str, Any]] = []


class _Period(BaseModel):
    start: datetime
    end: datetime


class _Calendar(BaseModel):
    busy: list[_Period] = []
    errors: list[dict[str, Any]] = []


class _FreeBusy(BaseModel):
    calendars: dict[str, _Calendar] = {}


class _Problem(BaseModel):
    message: str = ""
    errors: list[dict[str, Any]] = []


class _Problems(BaseModel):
    error: _Problem = _Problem()


SETUP = (
    SetupStep(
        "Create a service account in a project of Google Cloud with the Google Calendar API, and a JSON"
        " key of it. Enter the whole file as Service account key.",
        link="https://console.cloud.google.com/iam-admin/serviceaccounts",
    ),
    SetupStep(
        "In the Admin console, open Security, Access and data control, API controls, Domain-wide"
        " delegation. Add the service account's client ID with the scope"
        " https://www.googleapis.com/auth/calendar.",
        link="https://admin.google.com/ac/owl/domainwidedelegation",
    ),
    SetupStep(
        "To use a single account instead, enter the account, the OAuth client ID, the OAuth client"
        " secret, and a Refresh token for the same scope.",
        link="https://console.cloud.google.com/apis/credentials",
    ),
)


class GoogleCalendar(Calendar):
    """The organization's calendars at Google."""

    label = "Google Calendar"
    Config = GoogleConfig
    Secrets = GoogleSecrets
    setup = SETUP
    conference = ConferenceKind.GOOGLE_MEET

    def __init__(self, config: GoogleConfig, secrets: GoogleSecrets) -> None:
        self._config = config
        self._secrets = secrets
        self._clients: dict[str, HttpClient] = {}

    def close(self) -> None:
        for one in self._clients.values():
            one.close()

    # Events

    def create(self, event: Event) -> EventThere:
        body = self._body(event) | {"id": event.key}
        answer = self._send("POST", event.organizer, "", params=_telling(event), json=body)
        if answer.status_code == 409:  # an earlier call has made it
            return self.update(event.key, event)
        return self._there(event.organizer, answer)

    def update(self, id_: str, event: Event) -> EventThere:
        current = self._event(event.organizer, self._send("GET", event.organizer, f"/{quote(id_)}"))
        body = self._body(event, current.attendees)
        answer = self._send("PATCH", event.organizer, f"/{quote(id_)}", params=_telling(event), json=body)
        return self._there(event.organizer, answer)

    def cancel(self, id_: str | None, event: Event) -> None:
        path = f"/{quote(id_ or event.key)}"
        answer = self._send("DELETE", event.organizer, path, params={"sendUpdates": "all"})
        if answer.status_code not in {204, 404, 410}:
            self._raise_refused(event.organizer, answer)

    def fetch(self, id_: str, organizer: str) -> EventThere:
        return self._there(organizer, self._send("GET", organizer, f"/{quote(id_)}"))

    def _there(self, organizer: str, answer: httpx.Response) -> EventThere:
        found = self._event(organizer, answer)
        begin, end = found.start.at, found.end.at
        attendees = [_Attendee.model_validate(one) for one in found.attendees]
        return EventThere(
            id=found.id,
            revision=found.etag,
            times=EventTimes(begin, whole_minutes(begin, end), found.location or None),
            responses={
                one.email.lower(): _RESPONSES.get(one.responseStatus, Response.NEEDS_ACTION) for one in attendees
            },
            url=found.htmlLink,
            conference_url=found.hangoutLink,
            title=found.summary,
            description=found.description,
        )

    def _event(self, organizer: str, answer: httpx.Response) -> _Event:
        if answer.status_code in {404, 410}:
            raise EventGone()
        if answer.status_code != 200:
            self._raise_refused(organizer, answer)
        found = self._client(organizer).decoded(answer, _Event)
        if found.status == "cancelled":
            raise EventGone()
        return found

    def _body(self, event: Event, there: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """``there`` are the attendees as they are: their answers stay, and so do people whom somebody added there."""
        known = {str(one.get("email", "")).lower(): dict(one) for one in there}
        ours = {one.address: _attendee(one, known.get(one.address)) for one in event.guests}
        others = [one for address, one in known.items() if address not in ours and address not in event.former]
        body: dict[str, Any] = {
            "summary": event.title,
            "description": event.description,
            "location": event.times.location or "",
            "start": {"dateTime": event.times.starts_at.isoformat(), "timeZone": event.time_zone},
            "end": {"dateTime": event.times.ends_at.isoformat(), "timeZone": event.time_zone},
            "attendees": [*ours.values(), *others],
            "guestsCanModify": False,
            "extendedProperties": {"private": {"afterword": event.key}},
        }
        if event.url:
            body["source"] = {"title": "Afterword", "url": event.url}
        if event.conference is ConferenceKind.GOOGLE_MEET:
            kind = {"type": "hangoutsMeet"}
            body["conferenceData"] = {"createRequest": {"requestId": event.key, "conferenceSolutionKey": kind}}
        return body

    # Busy times

    def busy(
        self, addresses: Sequence[str], begin: datetime, end: datetime, asked_by: str
    ) -> dict[str, list[Span] | None]:
        found: dict[str, list[Span] | None] = dict.fromkeys(addresses)
        client = self._client(asked_by)
        for place in range(0, len(addresses), AT_ONCE):
            part = addresses[place : place + AT_ONCE]
            body = {"timeMin": begin.isoformat(), "timeMax": end.isoformat(), "items": [{"id": one} for one in part]}
            answer = client.send("POST", "/freeBusy", json=body)
            if answer.status_code != 200:
                self._raise_refused(asked_by, answer)
            for address, one in client.decoded(answer, _FreeBusy).calendars.items():
                if address in found and not one.errors:
                    found[address] = [(span.start.astimezone(UTC), span.end.astimezone(UTC)) for span in one.busy]
        return found

    # The conversation

    def check_permissions(self) -> list[PermissionCheck]:
        return self._looked({"Sign-in": self._see_token, "Calendar": self._see_calendar})

    def _see_token(self) -> str:
        self._client("")
        if self._secrets.service_account is not None:
            return f"Service account {self._key.get('client_email', '')}. It acts as each meeting's organizer."
        return f"Signed in as {self._config.account or 'the account of the refresh token'}."

    def _see_calendar(self) -> str:
        if self._secrets.service_account is not None:
            return "Checked with the first meeting: a service account has no calendar of its own."
        answer = self._client("").send("GET", f"/calendars/{self._calendar}")
        if answer.status_code != 200:
            self._raise_refused("", answer)
        return "It can be read."

    def _send(
        self, method: str, organizer: str, path: str, *, params: Params | None = None, json: object = None
    ) -> httpx.Response:
        client = self._client(organizer)
        return client.send(method, f"/calendars/{self._calendar}/events{path}", params=params, json=json)

    @property
    def _calendar(self) -> str:
        """A service account acts as the organizer, so ``primary`` is theirs."""
        account = None if self._secrets.service_account is not None else self._config.account
        return quote(account or "primary", safe="")

    def _client(self, organizer: str) -> HttpClient:
        """On behalf of that person; "" is a service account itself."""
        subject = organizer if self._secrets.service_account is not None else ""
        if subject not in self._clients:
            token = fetch_token(self, self.label, self._token_url, self._grant(subject), hidden=self._hidden)
            headers = {"Authorization": f"Bearer {token}"}
            self._clients[subject] = HttpClient(self, self._config.base_url, headers, hidden=[*self._hidden, token])
        return self._clients[subject]

    @property
    def _token_url(self) -> str:
        base_url = self._config.base_url
        return TOKEN_URL if base_url == API else f"{origin_of(base_url)}/token"

    def _grant(self, subject: str) -> dict[str, str]:
        secrets = self._secrets
        if secrets.service_account is not None:
            return {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": self._assertion(subject),
            }
        if secrets.client_id is None or secrets.client_secret is None or secrets.refresh_token is None:
            raise self.refused("this connection has neither a service account key nor a refresh token with its client.")
        return {
            "grant_type": "refresh_token",
            "client_id": secrets.client_id.get_secret_value(),
            "client_secret": secrets.client_secret.get_secret_value(),
            "refresh_token": secrets.refresh_token.get_secret_value(),
        }

    def _assertion(self, subject: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self._key.get("client_email"),
            **({"sub": subject} if subject else {}),
            "scope": SCOPE,
            "aud": self._token_url,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
        }
        try:
            return jwt.encode(claims, str(self._key.get("private_key", "")), algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise self.refused("the service account key isn't the JSON file that Google gave you.") from None

    @property
    def _key(self) -> dict[str, Any]:
        try:
            found = json.loads(
                self._secrets.service_account.get_secret_value() if self._secrets.service_account else ""
            )
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self.refused("the service account key isn't the JSON file that Google gave you.")
        return found

    @property
    def _hidden(self) -> list[str]:
        values = [getattr(self._secrets, name) for name in type(self._secrets).model_fields]
        return [one.get_secret_value() for one in values if one is not None]

    def _raise_refused(self, organizer: str, answer: httpx.Response) -> None:
        client = self._client(organizer)
        problem = client.decoded(answer, _Problems).error
        reasons = {str(one.get("reason", "")) for one in problem.errors}
        if answer.status_code == 403 and reasons & {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"}:
            raise self.unavailable("it limits our rate", None)
        if answer.status_code == 401:
            raise CredentialsRejected(tracker=self.label)
        raise self.refused(client.shown(problem.message) or f"status {answer.status_code}")


def _telling(event: Event) -> dict[str, str | int]:
    return {"sendUpdates": "none" if event.quietly else "all", "conferenceDataVersion": 1}


def _attendee(guest: Guest, there: dict[str, Any] | None) -> dict[str, Any]:
    """Whoever has answered there has; another answer that we know of (by e-mail, say) is told."""
    said = (there or {}).get("responseStatus") or _SAID[guest.response]
    return {
        "email": guest.address,
        "displayName": guest.name,
        "optional": not guest.required,
        "responseStatus": said,
    }
