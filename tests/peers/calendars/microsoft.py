"""Microsoft Graph's events and schedules. Every request is judged by Microsoft's own document as well.

https://learn.microsoft.com/graph/api/resources/event
https://learn.microsoft.com/graph/errors
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote

from domain.meetings.meeting import Response
from tests.peers.calendars.peer import ORGANIZER, SECRET, TOKEN, CalendarPeer, Notice, PeerEvent
from tests.peers.tracker_peer import Answer, Request

TENANT = "0a1b2c3d-0000-4000-8000-000000000001"
WORDS = {
    Response.NEEDS_ACTION: "none",
    Response.ACCEPTED: "accepted",
    Response.TENTATIVE: "tentativelyAccepted",
    Response.DECLINED: "declined",
}


@dataclass
class Held:
    body: dict[str, Any]
    organizer: str
    change_key: str
    link: str | None = None


class MicrosoftPeer(CalendarPeer):
    kind = "microsoft"

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, Held] = {}
        self._numbers = itertools.count(1)

    @property
    def config(self) -> dict[str, object]:
        known = {"tenant": TENANT, "clientId": "11111111-0000-4000-8000-000000000002", "mailbox": ORGANIZER}
        return {**known, "baseUrl": f"{self.url}/v1.0"}

    @property
    def secrets(self) -> dict[str, object]:
        return {"clientSecret": SECRET}

    def events(self) -> Sequence[PeerEvent]:
        with self.lock:
            return [_seen(key, one) for key, one in self.held.items()]

    def _only(self) -> Held:
        (one,) = self.held.values()
        return one

    def _key(self) -> str:
        return f"CK{next(self._numbers)}"

    def someone_moves(self, starts_at: datetime, minutes: int) -> None:
        with self.lock:
            one = self._only()
            end = starts_at + timedelta(minutes=minutes)
            one.body["start"], one.body["end"], one.change_key = _time(starts_at), _time(end), self._key()

    def someone_deletes(self) -> None:
        with self.lock:
            self.held.clear()

    def someone_answers(self, address: str, response: Response) -> None:
        with self.lock:
            one = self._only()
            (guest,) = [guest for guest in one.body["attendees"] if guest["emailAddress"]["address"] == address]
            guest["status"], one.change_key = {"response": WORDS[response]}, self._key()

    def someone_invites(self, address: str) -> None:
        with self.lock:
            guest = {"emailAddress": {"address": address, "name": ""}, "type": "optional"}
            self._only().body["attendees"].append(guest)

    def answer(self, request: Request) -> Answer:  # noqa: PLR0911 (a table of paths)
        if request.path == f"/{TENANT}/oauth2/v2.0/token":
            return self._token(request)
        if self.is_revoked or request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _refused(401, "InvalidAuthenticationToken", "Access token is empty.")
        path = request.path.removeprefix("/v1.0")
        found = re.fullmatch(r"/users/([^/]+)/(calendar/getSchedule|calendar|events)(?:/([^/]+)(/cancel)?)?", path)
        if found is None:
            return _refused(404, "ResourceNotFound", "Resource could not be discovered.")
        organizer = unquote(found[1])
        if found[2] == "calendar/getSchedule":
            return self._schedule(request)
        if found[2] == "calendar":
            return Answer(200, {"id": "AAA", "name": "Calendar"})
        if found[3] is None:
            return self._list(request) if request.method == "GET" else self._insert(request, organizer)
        return self._event(request, organizer, unquote(found[3]), is_cancel=found[4] is not None)

    def _token(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        right = form.get("client_secret") == SECRET and form.get("grant_type") == "client_credentials"
        if self.is_revoked or not right or form.get("scope") != "https://graph.microsoft.com/.default":
            return Answer(401, {"error": "invalid_client", "error_description": "AADSTS7000215"})
        return Answer(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})

    def _list(self, request: Request) -> Answer:
        wanted = re.search(r"ep/value eq '([^']+)'", request.query.get("$filter", ""))
        assert wanted is not None, "only looked for by our mark"
        found = [key for key, one in self.held.items() if _mark(one) == wanted[1]]
        return Answer(200, {"value": [self._shown(key) for key in found]})

    def _insert(self, request: Request, organizer: str) -> Answer:
        given: Any = request.json()
        same = [key for key, one in self.held.items() if one.body.get("transactionId") == given["transactionId"]]
        if same:
            return Answer(201, self._shown(same[0]))
        key = f"AAMk{next(self._numbers)}="
        self.held[key] = Held(given, organizer, self._key())
        if given.get("isOnlineMeeting") and given.get("onlineMeetingProvider") == "teamsForBusiness":
            self.held[key].link = f"https://teams.microsoft.com/l/meetup-join/{key}"
        self._tell("invited", key)
        return Answer(201, self._shown(key))

    def _event(self, request: Request, organizer: str, key: str, *, is_cancel: bool) -> Answer:
        one = self.held.get(key)
        if one is None or one.organizer != organizer:
            return _refused(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        if request.method == "GET":
            return Answer(200, self._shown(key))
        if is_cancel:
            self._tell("canceled", key)
            del self.held[key]
            return Answer(202)
        given: Any = request.json()
        known = {guest["emailAddress"]["address"]: guest.get("status") for guest in one.body["attendees"]}
        for guest in given.get("attendees", []):
            if status := known.get(guest["emailAddress"]["address"]):
                guest["status"] = status
        one.body |= given
        one.change_key = self._key()
        self._tell("updated", key)
        return Answer(200, self._shown(key))

    def _tell(self, what: str, key: str) -> None:
        """Outlook always does."""
        guests = frozenset(guest["emailAddress"]["address"] for guest in self.held[key].body["attendees"])
        self.notices.append(Notice(what, key, guests))

    def _shown(self, key: str) -> dict[str, Any]:
        one = self.held[key]
        told = {name: value for name, value in one.body.items() if name != "singleValueExtendedProperties"}
        told |= {"id": key, "changeKey": one.change_key, "isCancelled": False}
        told |= {"webLink": f"https://outlook.office365.com/owa/?itemid={key}"}
        return told | {"onlineMeeting": {"joinUrl": one.link} if one.link else None}

    def _schedule(self, request: Request) -> Answer:
        given: Any = request.json()
        if len(given["schedules"]) > 20:
            return _refused(400, "ErrorInvalidArgument", "Too many schedules.")
        told: list[dict[str, Any]] = []
        for address in given["schedules"]:
            spans = self.busy.get(address)
            if spans is None:
                error = {"message": "Unable to resolve e-mail address", "responseCode": "ErrorMailRecipientNotFound"}
                told.append({"scheduleId": address, "error": error})
                continue
            items = [{"status": "busy", "start": _time(one), "end": _time(two)} for one, two in spans]
            told.append({"scheduleId": address, "availabilityView": "", "scheduleItems": items})
        return Answer(200, {"value": told})


def _mark(one: Held) -> str:
    (mark,) = one.body["singleValueExtendedProperties"]
    return str(mark["value"])


def _time(at: datetime) -> dict[str, str]:
    return {"dateTime": f"{at.astimezone(UTC).replace(tzinfo=None).isoformat()}.0000000", "timeZone": "UTC"}


def _read(time: dict[str, str]) -> datetime:
    assert time["timeZone"] == "UTC"
    return datetime.fromisoformat(time["dateTime"].partition(".")[0]).replace(tzinfo=UTC)


def _seen(key: str, one: Held) -> PeerEvent:
    begin, end = _read(one.body["start"]), _read(one.body["end"])
    by_word = {word: response for response, word in WORDS.items()}
    guests = {
        guest["emailAddress"]["address"]: by_word[(guest.get("status") or {"response": "none"})["response"]]
        for guest in one.body["attendees"]
    }
    return PeerEvent(
        key,
        one.body["subject"],
        one.body["body"]["content"],
        begin,
        round((end - begin) / timedelta(minutes=1)),
        one.body["location"]["displayName"],
        guests,
        one.link,
    )


def _refused(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}})
