"""Zoom's meetings. Every request is judged by Zoom's own document as well.

https://developers.zoom.us/docs/api/meetings/
"""

import base64
import itertools
import re
from typing import Any
from urllib.parse import parse_qs

from tests.peers.calendars.peer import SECRET, TOKEN
from tests.peers.cutting import CutPeer
from tests.peers.tracker_peer import Answer, Fault, Kind, Request

ACCOUNT, CLIENT = "acc-1", "client-1"


class ZoomPeer(CutPeer):
    def __init__(self) -> None:
        super().__init__()
        self.is_revoked = False
        self.meetings: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(81_000_000_001)

    @property
    def config(self) -> dict[str, object]:
        return {"accountId": ACCOUNT, "clientId": CLIENT, "baseUrl": f"{self.url}/v2"}

    @property
    def secrets(self) -> dict[str, object]:
        return {"clientSecret": SECRET}

    def kind_of(self, request: Request) -> Kind:
        return Kind.READ if request.method == "GET" else Kind.UPDATE

    def fault(self, fault: Fault, request: Request) -> Answer:
        if fault is Fault.LIMITED:
            return Answer(429, {"code": 429, "message": "slow down"}, {"Retry-After": "7"})
        return Answer(503, {"code": 503, "message": "out of order"})

    def answer(self, request: Request) -> Answer:  # noqa: PLR0911 (a table of paths)
        if request.path == "/oauth/token":
            return self._token(request)
        if self.is_revoked or request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"code": 124, "message": "Invalid access token."})
        path = request.path.removeprefix("/v2")
        if path == "/users/me/meetings":
            if request.method == "GET":
                return Answer(200, {"page_size": 300, "meetings": list(self.meetings.values()), "next_page_token": ""})
            return self._create(request)
        found = re.fullmatch(r"/meetings/(\d+)", path)
        one = self.meetings.get(found[1]) if found else None
        if one is None:
            return Answer(404, {"code": 3001, "message": "Meeting does not exist."})
        if request.method == "GET":
            return Answer(200, one)
        if request.method == "DELETE":
            del self.meetings[str(one["id"])]
        else:
            one |= request.json()  # type: ignore[operator]
        return Answer(204)

    def _token(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        known = f"Basic {base64.b64encode(f'{CLIENT}:{SECRET}'.encode()).decode()}"
        right = request.headers.get("authorization") == known and form.get("account_id") == ACCOUNT
        if self.is_revoked or not right or form.get("grant_type") != "account_credentials":
            return Answer(400, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"})
        return Answer(200, {"access_token": TOKEN, "token_type": "bearer", "expires_in": 3599})

    def _create(self, request: Request) -> Answer:
        number = next(self._numbers)
        given: Any = request.json()
        made = {**given, "id": number, "join_url": f"https://us02web.zoom.us/j/{number}"}
        self.meetings[str(number)] = made
        return Answer(201, made)
