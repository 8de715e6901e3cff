"""Radicale, a CalDAV server that nobody here wrote, as a process; in front of it, a peer that passes requests on, and
cuts the connection where a test wants it."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import vobject

from domain.meetings.meeting import Response
from tests.cli.running import free_port
from tests.peers.calendars.peer import CalendarPeer, PeerEvent
from tests.peers.tracker_peer import Answer, Fault, Request
from tests.stack import NO_TLS

USER, PASSWORD = "reviews", "s3cret-of-a-calendar"
WORDS = {
    Response.NEEDS_ACTION: "NEEDS-ACTION",
    Response.ACCEPTED: "ACCEPTED",
    Response.TENTATIVE: "TENTATIVE",
    Response.DECLINED: "DECLINED",
}
MAKE = (
    '<?xml version="1.0"?><mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop><resourcetype>'
    "<collection/><C:calendar/></resourcetype></prop></set></mkcol>"
)


@contextmanager
def running_radicale() -> Iterator[str]:
    """The address of a calendar collection, empty at first."""
    with tempfile.TemporaryDirectory(prefix="radicale-") as folder:
        users, port = Path(folder, "users"), free_port()
        users.write_text(f"{USER}:{PASSWORD}\n")
        options = {
            "--server-hosts": f"127.0.0.1:{port}",
            "--auth-type": "htpasswd",
            "--auth-htpasswd-filename": str(users),
            "--auth-htpasswd-encryption": "plain",
            "--auth-delay": "0",
            "--storage-filesystem-folder": str(Path(folder, "data")),
            "--logging-level": "error",
        }
        command = [
            sys.executable,
            "-m",
            "radicale",
            "--config",
            "",
            *(part for pair in options.items() for part in pair),
        ]
        process = subprocess.Popen(command)
        try:
            url = f"http://127.0.0.1:{port}/{USER}/{{}}"
            _make(url.format("calendar/"))
            yield url.format("calendar")
        finally:
            process.terminate()
            process.wait(10)


def _make(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            made = httpx.request("MKCOL", url, auth=(USER, PASSWORD), content=MAKE, timeout=10, verify=NO_TLS)
        except httpx.TransportError:
            assert time.monotonic() < deadline, "radicale did not start"
            time.sleep(0.05)
        else:
            assert made.status_code == 201, made.text
            return


class RadicalePeer(CalendarPeer):
    kind = "caldav"

    def __init__(self) -> None:
        super().__init__()
        self.behind = ""
        self._http = httpx.Client(timeout=20, verify=NO_TLS)

    @contextmanager
    def running(self) -> Iterator[None]:
        with running_radicale() as self.behind, super().running(), self._http:
            yield

    @property
    def config(self) -> dict[str, object]:
        return {"baseUrl": f"{self.url}/{USER}/calendar"}

    @property
    def secrets(self) -> dict[str, object]:
        return {"username": USER, "password": PASSWORD}

    def answer(self, request: Request) -> Answer:
        if self.is_revoked:
            return Answer(401, b"Access to the requested resource forbidden.", {"Content-Type": "text/plain"})
        kept = ("authorization", "content-type", "if-match", "if-none-match", "depth", "accept")
        headers = {name: value for name, value in request.headers.items() if name in kept}
        url = f"{self.behind.partition(f'/{USER}')[0]}{request.path}"
        came = self._http.request(request.method, url, headers=headers, content=request.body)
        told = {name: came.headers[name] for name in ("ETag", "DAV", "Content-Type") if name in came.headers}
        return Answer(came.status_code, came.content, told)

    def fault(self, fault: Fault, request: Request) -> Answer:
        return Answer(429, b"slow down", {"Retry-After": "7"}) if fault is Fault.LIMITED else Answer(503, b"")

    # What is there

    def _files(self) -> list[str]:
        listed = self._http.request("PROPFIND", f"{self.behind}/", auth=(USER, PASSWORD), headers={"Depth": "1"})
        return re.findall(r"<(?:\w+:)?href>([^<]+\.ics)</", listed.text)

    def _file(self) -> str:
        (one,) = self._files()
        return self.behind.partition(f"/{USER}")[0] + one

    def _rewrite(self, old: str, new: str) -> None:
        """Something has to be there to be replaced, be it by the same."""
        text = self._http.get(self._file(), auth=(USER, PASSWORD)).text.replace("\r\n ", "")
        changed, count = re.subn(old, new, text)
        assert count, (old, text)
        headers = {"Content-Type": "text/calendar; charset=utf-8"}
        done = self._http.put(self._file(), auth=(USER, PASSWORD), content=changed.encode(), headers=headers)
        assert done.is_success, done.text

    def events(self) -> Sequence[PeerEvent]:
        found = []
        for one in self._files():
            url = self.behind.partition(f"/{USER}")[0] + one
            came = self._http.get(url, auth=(USER, PASSWORD))
            if came.status_code == 404:  # taken away since it was listed
                continue
            event = vobject.readOne(came.text).vevent
            begin, end = event.dtstart.value.astimezone(UTC), event.dtend.value.astimezone(UTC)
            by_word = {word: response for response, word in WORDS.items()}
            guests = {
                guest.value.lower().removeprefix("mailto:"): by_word[guest.partstat_param]
                for guest in getattr(event, "attendee_list", [])
            }
            found.append(
                PeerEvent(
                    one.rpartition("/")[2].removesuffix(".ics"),
                    event.summary.value,
                    (getattr(event, "description", None) and event.description.value) or "",
                    begin,
                    round((end - begin) / timedelta(minutes=1)),
                    (getattr(event, "location", None) and event.location.value) or "",
                    guests,
                )
            )
        return found

    def someone_moves(self, starts_at: datetime, minutes: int) -> None:
        form = "%Y%m%dT%H%M%SZ"
        end = (starts_at + timedelta(minutes=minutes)).astimezone(UTC).strftime(form)
        event = r"(?s)(BEGIN:VEVENT.*?)DTSTART[^\r\n]*"
        self._rewrite(event, rf"\1DTSTART:{starts_at.astimezone(UTC).strftime(form)}")
        self._rewrite(r"(?s)(BEGIN:VEVENT.*?)DTEND[^\r\n]*", rf"\1DTEND:{end}")

    def someone_deletes(self) -> None:
        assert self._http.delete(self._file(), auth=(USER, PASSWORD)).is_success

    def someone_answers(self, address: str, response: Response) -> None:
        self._rewrite(rf"PARTSTAT=[A-Z-]+([^\r\n]*mailto:{address})", rf"PARTSTAT={WORDS[response]}\1")

    def someone_invites(self, address: str) -> None:
        line = f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{address}"
        self._rewrite(r"STATUS:CONFIRMED", f"{line}\r\nSTATUS:CONFIRMED")
