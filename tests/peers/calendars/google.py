"""Google Calendar: events, free/busy, tokens. Every request is judged by Google's own documents as well.

https://developers.google.com/workspace/calendar/api/v3/reference/events
https://developers.google.com/workspace/calendar/api/guides/errors
"""

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from domain.meetings.meeting import Response
from tests.peers.calendars.peer import ORGANIZER, TOKEN, CalendarPeer, Notice, PeerEvent
from tests.peers.tracker_peer import Answer, Request

ACCOUNT = "reviews@acme.iam.gserviceaccount.com"
WORDS = {
    Response.NEEDS_ACTION: "needsAction",
    Response.ACCEPTED: "accepted",
    Response.TENTATIVE: "tentative",
    Response.DECLINED: "declined",
}
KNOWN_ID = re.compile(r"[a-v0-9]{5,1024}")


@cache
def _key() -> tuple[str, Any]:
    """A key of a service account, made once; its public half."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return made.private_bytes(encoding, form, serialization.NoEncryption()).decode(), made.public_key()


@dataclass
class Held:
    body: dict[str, Any]
    organizer: str
    etag: str
    status: str = "confirmed"
    link: str | None = None


class GooglePeer(CalendarPeer):
    kind = "google"

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, Held] = {}
        self.subjects: set[str] = set()
        """On whose behalf tokens were asked for."""
        self._etags = (f'"{number}"' for number in itertools.count(1))

    @property
    def config(self) -> dict[str, object]:
        return {"baseUrl": f"{self.url}/calendar/v3"}

    @property
    def secrets(self) -> dict[str, object]:
        key = {"type": "service_account", "client_email": ACCOUNT, "private_key": _key()[0]}
        return {"serviceAccount": json.dumps(key)}

    def events(self) -> Sequence[PeerEvent]:
        with self.lock:
            return [_seen(key, one) for key, one in self.held.items() if one.status != "cancelled"]

    def _only(self) -> Held:
        (one,) = [one for one in self.held.values() if one.status != "cancelled"]
        return one

    def someone_moves(self, starts_at: datetime, minutes: int) -> None:
        with self.lock:
            one = self._only()
            zone = one.body["start"]["timeZone"]
            end = starts_at + timedelta(minutes=minutes)
            one.body["start"] = {"dateTime": starts_at.isoformat(), "timeZone": zone}
            one.body["end"] = {"dateTime": end.isoformat(), "timeZone": zone}
            one.etag = next(self._etags)

    def someone_deletes(self) -> None:
        with self.lock:
            self._only().status = "cancelled"

    def someone_answers(self, address: str, response: Response) -> None:
        with self.lock:
            one = self._only()
            (guest,) = [guest for guest in one.body["attendees"] if guest["email"] == address]
            guest["responseStatus"], one.etag = WORDS[response], next(self._etags)

    def someone_invites(self, address: str) -> None:
        with self.lock:
            self._only().body["attendees"].append({"email": address, "responseStatus": "needsAction"})

    def answer(self, request: Request) -> Answer:  # noqa: PLR0911 (a table of paths)
        if request.path == "/token":
            return self._token(request)
        if self.is_revoked or not request.headers.get("authorization", "").startswith(f"Bearer {TOKEN}:"):
            return _refused(401, "authError", "Invalid Credentials")
        subject = request.headers["authorization"].removeprefix(f"Bearer {TOKEN}:")
        path = request.path.removeprefix("/calendar/v3")
        if path == "/freeBusy":
            return self._free_busy(request)
        found = re.fullmatch(r"/calendars/([^/]+)(/events(?:/([^/]+))?)?", path)
        if found is None:
            return _refused(404, "notFound", "Not Found")
        calendar = unquote(found[1])
        organizer = subject if calendar == "primary" else calendar
        if found[2] is None:
            return Answer(200, {"kind": "calendar#calendar", "id": organizer})
        if found[3] is None:
            return self._insert(request, organizer)
        return self._event(request, organizer, unquote(found[3]))

    def _token(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if self.is_revoked:
            return Answer(400, {"error": "invalid_grant"})
        if form.get("grant_type") == "refresh_token":
            return Answer(200, {"access_token": f"{TOKEN}:{ORGANIZER}", "expires_in": 3599, "token_type": "Bearer"})
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return Answer(400, {"error": "unsupported_grant_type"})
        claims = jwt.decode(form["assertion"], _key()[1], algorithms=["RS256"], audience=f"{self.url}/token")
        if claims["iss"] != ACCOUNT or claims["exp"] - claims["iat"] > 3600:
            return Answer(400, {"error": "invalid_grant"})
        subject = claims.get("sub", ACCOUNT)
        self.subjects.add(subject)
        told = {"access_token": f"{TOKEN}:{subject}", "expires_in": 3599, "token_type": "Bearer"}
        return Answer(200, told)

    def _insert(self, request: Request, organizer: str) -> Answer:
        given: Any = request.json()
        key = given.get("id", "")
        if not KNOWN_ID.fullmatch(key):
            return _refused(400, "invalid", "Invalid resource id value.")
        if key in self.held:
            return _refused(409, "duplicate", "The requested identifier already exists.")
        self.held[key] = Held(given, organizer, next(self._etags))
        self._link(self.held[key], request)
        self._tell("invited", key, request)
        return Answer(200, self._shown(key))

    def _event(self, request: Request, organizer: str, key: str) -> Answer:
        one = self.held.get(key)
        if one is None or one.organizer != organizer:
            return _refused(404, "notFound", "Not Found")
        if request.method == "GET":
            return Answer(200, self._shown(key))
        if one.status == "cancelled":
            return _refused(410, "deleted", "Resource has been deleted")
        if request.method == "DELETE":
            self._tell("canceled", key, request)
            one.status = "cancelled"
            return Answer(204)
        one.body |= request.json()  # type: ignore[operator]
        one.etag = next(self._etags)
        self._link(one, request)
        self._tell("updated", key, request)
        return Answer(200, self._shown(key))

    def _link(self, one: Held, request: Request) -> None:
        wanted = one.body.get("conferenceData", {}).get("createRequest")
        if wanted and request.query.get("conferenceDataVersion") == "1" and one.link is None:
            one.link = f"https://meet.google.com/{wanted['requestId'][:10]}"

    def _tell(self, what: str, key: str, request: Request) -> None:
        if request.query.get("sendUpdates") == "all":
            guests = frozenset(guest["email"] for guest in self.held[key].body.get("attendees", []))
            self.notices.append(Notice(what, key, guests))

    def _shown(self, key: str) -> dict[str, Any]:
        one = self.held[key]
        told = {**one.body, "id": key, "etag": one.etag, "status": one.status, "kind": "calendar#event"}
        told |= {"htmlLink": f"https://www.google.com/calendar/event?eid={key}"}
        return told | ({"hangoutLink": one.link} if one.link else {})

    def _free_busy(self, request: Request) -> Answer:
        given: Any = request.json()
        told: dict[str, Any] = {}
        for item in given["items"]:
            spans = self.busy.get(item["id"])
            if spans is None:
                told[item["id"]] = {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
            else:
                told[item["id"]] = {"busy": [{"start": one.isoformat(), "end": two.isoformat()} for one, two in spans]}
        return Answer(200, {"kind": "calendar#freeBusy", "calendars": told})


def _seen(key: str, one: Held) -> PeerEvent:
    begin, end = (datetime.fromisoformat(one.body[name]["dateTime"]).astimezone(UTC) for name in ("start", "end"))
    by_word = {word: response for response, word in WORDS.items()}
    guests = {guest["email"]: by_word[guest["responseStatus"]] for guest in one.body["attendees"]}
    return PeerEvent(
        key,
        one.body["summary"],
        one.body["description"],
        begin,
        round((end - begin) / timedelta(minutes=1)),
        one.body["location"],
        guests,
        one.link,
    )


def _refused(status: int, reason: str, message: str) -> Answer:
    errors = [{"domain": "global", "reason": reason, "message": message}]
    return Answer(status, {"error": {"code": status, "message": message, "errors": errors}})
