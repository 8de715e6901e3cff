"""Zoom meetings.

https://developers.zoom.us/docs/internal-apps/s2s-oauth/
https://developers.zoom.us/docs/api/meetings/

A server-to-server app signs in for the account. Zoom takes no key that would keep it from making a second meeting, so
the agenda of each holds ours, by which a create that nobody answered is found among the upcoming ones.
"""

from datetime import UTC
from typing import Annotated
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field, SecretStr

from domain.errors import CredentialsRejected
from domain.meetings.meeting import ConferenceKind
from integrations.connection import ConnectionModel, PermissionCheck, SetupStep
from integrations.fields import Words
from integrations.meetings.conference import Call, CallThere, Conference
from integrations.meetings.oauth import fetch_token, origin_of
from integrations.outbound.client import Address, HttpClient, basic_authorization

API = "https://api.zoom.us/v2"
SIGN_IN = "https://zoom.us"
SCHEDULED = 2
"""The type of a meeting at a fixed time."""
TOPIC_LIMIT = 200
PAGE_SIZE = 300


class ZoomConfig(ConnectionModel):
    """Which account."""

    account_id: Annotated[
        str, Words(100, one_line=True), Field(title="Account ID", description="Of the server-to-server OAuth app.")
    ]
    client_id: Annotated[
        str, Words(100, one_line=True), Field(title="Client ID", description="Of the server-to-server OAuth app.")
    ]
    user: Annotated[
        str,
        Words(200, one_line=True),
        Field(title="Host", description="The user whose meetings they are: an e-mail address, or me."),
    ] = "me"
    base_url: Annotated[
        Address, Field(title="API address", description="Leave it as it is, unless you use a proxy.")
    ] = API


class ZoomSecrets(ConnectionModel):
    """What the app signs in with."""

    client_secret: Annotated[
        SecretStr | None,
        Field(
            title="Client secret",
            description="The app needs the scopes meeting:write:admin and meeting:read:admin.",
        ),
    ] = None


class _Meeting(BaseModel):
    id: int
    join_url: str = ""
    agenda: str = ""


class _Meetings(BaseModel):
    meetings: list[_Meeting]
    next_page_token: str = ""


class _Problem(BaseModel):
    code: int = 0
    message: str = ""


SETUP = (
    SetupStep(
        "Create a Server-to-Server OAuth app in the Zoom App Marketplace.",
        link="https://marketplace.zoom.us/develop/create",
    ),
    SetupStep(
        "Add the scopes meeting:read:admin and meeting:write:admin to it, and activate it.",
    ),
    SetupStep(
        "Copy its account ID, its client ID, and its Client secret into the fields here, and save the connection.",
    ),
)


class ZoomConference(Conference):
    """The meetings of one Zoom account."""

    label = "Zoom"
    kind = ConferenceKind.ZOOM
    Config = ZoomConfig
    Secrets = ZoomSecrets
    setup = SETUP

    def __init__(self, config: ZoomConfig, secrets: ZoomSecrets) -> None:
        self._config = config
        self._secrets = secrets
        self._client: HttpClient | None = None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def keep(self, id_: str | None, call: Call) -> CallThere:
        there = id_ or self._find(call)
        if there is not None:
            answer = self._http.send("PATCH", f"/meetings/{quote(there)}", json=_body(call))
            if answer.status_code == 204:
                return self._read(there)
            if answer.status_code != 404:
                self._raise_refused(answer)
        answer = self._http.send("POST", f"/users/{quote(self._config.user)}/meetings", json=_body(call))
        if answer.status_code != 201:
            self._raise_refused(answer)
        made = self._http.decoded(answer, _Meeting)
        return CallThere(str(made.id), made.join_url)

    def cancel(self, id_: str | None, call: Call) -> None:
        there = id_ or self._find(call)
        if there is None:
            return
        answer = self._http.send("DELETE", f"/meetings/{quote(there)}")
        if answer.status_code not in {204, 404}:
            self._raise_refused(answer)

    def _read(self, id_: str) -> CallThere:
        answer = self._http.send("GET", f"/meetings/{quote(id_)}")
        if answer.status_code != 200:
            self._raise_refused(answer)
        found = self._http.decoded(answer, _Meeting)
        return CallThere(str(found.id), found.join_url)

    def _find(self, call: Call) -> str | None:
        page = ""
        while True:
            params: dict[str, str | int] = {"type": "upcoming", "page_size": PAGE_SIZE}
            if page:
                params["next_page_token"] = page
            answer = self._http.send("GET", f"/users/{quote(self._config.user)}/meetings", params=params)
            if answer.status_code != 200:
                self._raise_refused(answer)
            found = self._http.decoded(answer, _Meetings)
            for one in found.meetings:
                if call.key in one.agenda:
                    return str(one.id)
            page = found.next_page_token
            if not page:
                return None

    def check_permissions(self) -> list[PermissionCheck]:
        try:
            answer = self._http.send("GET", f"/users/{quote(self._config.user)}/meetings", params={"page_size": 1})
        except CredentialsRejected as refusal:
            return [PermissionCheck("Sign-in", granted=False, detail=str(refusal))]
        granted = [PermissionCheck("Sign-in", granted=True, detail="Signed in.")]
        if answer.status_code != 200:
            detail = self._http.decoded(answer, _Problem).message
            return [*granted, PermissionCheck("Meetings", granted=False, detail=self._http.shown(detail))]
        return [*granted, PermissionCheck("Meetings", granted=True, detail="They can be read.")]

    @property
    def _http(self) -> HttpClient:
        if self._client is None:
            config = self._config
            if self._secrets.client_secret is None:
                raise self.refused("this connection has no client secret.")
            secret = self._secrets.client_secret
            base = SIGN_IN if config.base_url == API else origin_of(config.base_url)
            form = {"grant_type": "account_credentials", "account_id": config.account_id}
            headers = {"Authorization": basic_authorization(config.client_id, secret)}
            hidden = [secret.get_secret_value(), headers["Authorization"]]
            token = fetch_token(self, self.label, f"{base}/oauth/token", form, headers=headers, hidden=hidden)
            authorized = {"Authorization": f"Bearer {token}"}
            self._client = HttpClient(
                self, config.base_url, authorized, hidden=[*hidden, token], request_id="x-zm-trackingid"
            )
        return self._client

    def _raise_refused(self, answer: httpx.Response) -> None:
        if answer.status_code == 401:
            raise CredentialsRejected(tracker=self.label)
        words = self._http.shown(self._http.decoded(answer, _Problem).message)
        raise self.refused(words or f"status {answer.status_code}")


def _body(call: Call) -> dict[str, object]:
    return {
        "topic": call.title[:TOPIC_LIMIT],
        "type": SCHEDULED,
        "start_time": call.times.starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "duration": call.times.minutes,
        "timezone": call.time_zone,
        "agenda": f"Afterword {call.key}",
    }
