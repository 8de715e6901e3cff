"""Google Calendar with an emulation that nobody here wrote (npm ``emulate``), for what it has.

It chooses ids of events itself, and has neither a single event nor changes of one; its tokens come from another path.
"""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from integrations.registry import connect_calendar
from tests.integrations.calendars.test_contract import AT, BOB, event
from tests.peers.calendars.peer import ORGANIZER, SECRET
from tests.peers.cutting import CutPeer
from tests.peers.emulate import PACKAGE, VERSION, started
from tests.peers.npm import installed
from tests.peers.tracker_peer import Answer, Fault, Kind, Request


class InFront(CutPeer):
    """Gives out tokens, and passes everything else on."""

    def __init__(self, behind: str) -> None:
        super().__init__()
        self.behind = behind

    def kind_of(self, request: Request) -> Kind:
        del request
        return Kind.OTHER

    def fault(self, fault: Fault, request: Request) -> Answer:
        raise AssertionError((fault, request))

    def answer(self, request: Request) -> Answer:
        if request.path == "/token":
            return Answer(200, {"access_token": "t", "token_type": "Bearer"})
        came = httpx.request(
            request.method,
            f"{self.behind}{request.path}",
            params=dict(request.query),
            content=request.body,
            headers={"Authorization": "Bearer t", "Content-Type": "application/json"},
            timeout=20,
        )
        return Answer(came.status_code, came.content)


@pytest.fixture
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InFront]:
    home = tmp_path_factory.mktemp("emulate")
    (home / "seed.json").write_text('{"google": {"users": [{"email": "ann@acme.example", "name": "Ann"}]}}')
    process, url = started(installed(PACKAGE, VERSION) / "dist" / "index.js", home, "google")
    peer = InFront(url)
    try:
        with peer.running():
            yield peer
    finally:
        process.terminate()
        process.wait(10)


def test_an_event_is_made_makes_its_organizer_busy_and_is_taken_away(google: InFront) -> None:
    config = {"baseUrl": f"{google.url}/calendar/v3"}
    secrets = {"clientId": "c", "clientSecret": SECRET, "refreshToken": "r"}
    with connect_calendar("google", config, secrets) as calendar:
        made = calendar.create(event())
        assert made.times.starts_at == AT
        assert BOB in made.responses
        window = (AT - timedelta(days=1), AT + timedelta(days=1))
        busy = calendar.busy(["primary"], *window, ORGANIZER)
        assert busy == {"primary": [(AT, AT + timedelta(minutes=45))]}
        calendar.cancel(made.id, event())
        assert calendar.busy(["primary"], *window, ORGANIZER) == {"primary": []}
