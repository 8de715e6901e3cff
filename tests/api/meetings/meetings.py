"""What tests of review meetings share."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

from tests.api.writing import ok
from tests.peers.smtp import Mailbox, running_smtp
from tests.stack import Person, Stack, eventually

SECRET = f"answers-{uuid4().hex}"
REPLIES = "replies@acme.example"


BEGUN = datetime.now(UTC)


def soon(days: float = 3) -> str:
    """A full hour, the same one whenever it is asked for."""
    at = BEGUN + timedelta(days=days)
    return at.replace(minute=0, second=0, microsecond=0).isoformat().replace("+00:00", "Z")


def door(made: Any, rest: str = "") -> str:
    return f"/api/postmortems/{made['id']}/meetings{rest}"


def plan(person: Person, made: Any, status: int = 201, **more: Any) -> Any:
    body = {"startsAt": soon(), "durationMinutes": 45, "timeZone": "Europe/Berlin", **more}
    return ok(person.post(door(made), json=body), status)


def found(person: Person, made: Any, meeting: Any) -> Any:
    return ok(person.get(door(made, f"/{meeting['id']}")))


def responses(shown: Any) -> dict[str, str]:
    return {one["email"]: one["response"] for one in shown["attendees"]}


@contextmanager
def mail_server(stack: Stack, **config: Any) -> Iterator[tuple[Mailbox, Any]]:
    """The only mail server of the organization while the test runs."""
    admin = stack.person("ADMIN")
    with running_smtp() as box:
        settings = {"host": box.host, "port": box.port, "security": "NONE", "fromAddress": "reviews@acme.example"}
        body = {
            "kind": "email",
            "name": f"Mail {uuid4().hex[:6]}",
            "config": settings | config,
            "secrets": {"webhookSecret": SECRET},
        }
        made = ok(admin.post("/api/integrations", json=body), 201)
        try:
            yield box, made
        finally:
            ok(admin.delete(f"/api/integrations/{made['id']}"))


def file_in(letter: EmailMessage) -> bytes:
    """The invitation in a mail, as it was attached."""
    (part,) = [one for one in letter.walk() if one.get_content_type() == "text/calendar"]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def letters(box: Mailbox, address: str, count: int) -> list[EmailMessage]:
    """Once so many have come."""

    def come() -> list[EmailMessage] | None:
        got = box.to(address)
        return got if len(got) >= count else None

    return list(eventually(come, 30))


def reply_mail(file: bytes, address: str, answer: str) -> bytes:
    """The mail that a mail program sends to accept or decline: RFC 5546, 3.2.3, with only the one who answers."""
    lines = file.decode().replace("\r\n ", "").split("\r\n")
    uid = next(one for one in lines if one.startswith("UID:"))
    kept = [one for one in lines if one.startswith(("DTSTART", "DTEND", "SEQUENCE", "ORGANIZER"))]
    calendar = "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "PRODID:-//Example//Mail//EN",
            "VERSION:2.0",
            "METHOD:REPLY",
            "BEGIN:VEVENT",
            uid,
            "DTSTAMP:20261129T120000Z",
            *kept,
            f"ATTENDEE;PARTSTAT={answer};CN=Somebody:MAILTO:{address}",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = address, REPLIES, f"{answer.title()}: meeting"
    mail["Message-ID"] = f"<{uuid4().hex}@mail.example>"
    mail.set_content("Yes.")
    mail.add_alternative(calendar, subtype="calendar", params={"method": "REPLY"})
    return mail.as_bytes()
