"""Whatever stands at a connection's address: a refusal or a stumble, no word of what it sent, no second address."""

import gzip
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.errors import DomainError
from integrations import registry
from integrations.notifier import NotifierUnavailable, Recipient
from integrations.notifiers.apprise import problem_of
from integrations.outbound import bounded
from integrations.tracker import TrackerUnavailable
from tests.integrations.notifiers.test_email import message

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
INNER = b"inner-page-text"
CONNECTIONS: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "github": ({"repository": "acme/api"}, {"token": "s3cret-token"}),
    "gitlab": ({"project": "acme/api"}, {"token": "s3cret-token"}),
    "jira": ({"email": "a@example.com", "project": "OPS"}, {"apiToken": "s3cret-token"}),
    "linear": ({"team": "ENG"}, {"token": "s3cret-token"}),
    "asana": ({"workspace": "1", "project": "2"}, {"token": "s3cret-token"}),
    "slack": ({}, {"token": "xoxb-s3cret-token"}),
}


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


ODD = {
    "HTML": answer("200 OK", b"<html>" + INNER + b"</html>", Content_Type="text/html"),
    "HTML with 403": answer("403 Forbidden", b"<html>" + INNER + b"</html>", Content_Type="text/html"),
    "HTML with 404": answer("404 Not Found", b"<html>" + INNER + b"</html>", Content_Type="text/html"),
    "HTML with 500": answer("500 Oops", b"<html>" + INNER + b"</html>", Content_Type="text/html"),
    "empty": answer("200 OK"),
    "no content": answer("204 No Content"),
    "accepted": answer("202 Accepted", b"{}", Content_Type="application/json"),
    "a list": answer("200 OK", b'["' + INNER + b'"]', Content_Type="application/json"),
    "a string": answer("200 OK", b'"' + INNER + b'"', Content_Type="application/json"),
    "null": answer("200 OK", b"null", Content_Type="application/json"),
    "another object": answer("200 OK", b'{"secret": "' + INNER + b'"}', Content_Type="application/json"),
    "error as text": answer("200 OK", b'{"ok": false, "error": "' + INNER + b' <b>"}', Content_Type="application/json"),
    "half an object": answer("200 OK", b'{"secret": "' + INNER, Content_Type="application/json"),
    "deep": answer("200 OK", b"[" * 200_000, Content_Type="application/json"),
    "not UTF-8": answer("200 OK", b'{"a": "\xff\xfe"}', Content_Type="application/json; charset=utf-99"),
    "not gzip": answer("200 OK", INNER, Content_Encoding="gzip", Content_Type="application/json"),
    "a gzip bomb": answer("200 OK", gzip.compress(b" " * 40_000_000), Content_Encoding="gzip"),
    "no HTTP": b"220 " + INNER + b" ESMTP\r\n",
    "nothing": b"",
    "cut off": answer("200 OK", b"{" * 100).replace(b"Length: 100", b"Length: 1000"),
    "bad header": b"HTTP/1.1 200 OK\r\n\x00" + INNER + b"\r\n\r\n",
}
HUGE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 31457280\r\n\r\n"


@dataclass
class OddServer:
    """Answers every request with ``answer``; ``{port}`` in it is its own. ``endless`` repeats a part until it is
    closed."""

    port: int
    answer: bytes = b""
    endless: bytes = b""
    pause: float = 0.0
    speaks_first: bool = False
    requests: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def serve(listener: socket.socket, server: OddServer) -> None:
    while not server.over.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=talk, args=(connection, server), daemon=True).start()


def talk(connection: socket.socket, server: OddServer) -> None:
    with connection:
        try:
            if not server.speaks_first:
                server.requests.append(connection.recv(65536))
            connection.sendall(server.answer.replace(b"{port}", str(server.port).encode()))
            while server.endless and not server.over.wait(server.pause):
                connection.sendall(server.endless)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except OSError:
            return


def started() -> Iterator[OddServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = OddServer(listener.getsockname()[1])
        thread = threading.Thread(target=serve, args=(listener, server), daemon=True)
        thread.start()
        yield server
        server.over.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def odd() -> Iterator[OddServer]:
    yield from started()


@pytest.fixture
def elsewhere() -> Iterator[OddServer]:
    for server in started():
        server.answer = answer("200 OK", b'{"ok": true, "message": "' + INNER + b'"}', Content_Type="application/json")
        yield server


async def told_by(kind: str, port: int) -> str:
    """What people are told. Anything but a refusal or a stumble fails the test."""
    config, secrets = CONNECTIONS[kind]
    given = {"baseUrl": f"http://127.0.0.1:{port}", **config}
    try:
        if kind in registry.tracker_kinds():
            with registry.connect(kind, given, secrets) as tracker:
                checks = tracker.check_permissions()
        else:
            async with registry.connect_notifier(kind, given, secrets) as channel:
                checks = await channel.check_permissions()
    except (DomainError, TrackerUnavailable, NotifierUnavailable) as problem:
        return str(problem)
    assert not all(one.granted for one in checks)
    return " ".join(one.detail for one in checks)


def clean(words: str) -> None:
    assert INNER.decode() not in words
    assert "s3cret-token" not in words
    assert "<" not in words


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("kind", CONNECTIONS)
async def test_an_odd_answer_is_a_refusal(kind: str, name: str, odd: OddServer) -> None:
    odd.answer = ODD[name]
    clean(await told_by(kind, odd.port))


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("kind", CONNECTIONS)
async def test_a_redirection_is_not_followed_to_another_origin(
    kind: str, status: str, odd: OddServer, elsewhere: OddServer
) -> None:
    odd.answer = answer(status, INNER, Location=f"http://127.0.0.1:{elsewhere.port}/api/v4/user")
    clean(await told_by(kind, odd.port))
    assert elsewhere.requests == []


@pytest.mark.parametrize("kind", CONNECTIONS)
async def test_a_redirection_in_circles_ends(kind: str, odd: OddServer) -> None:
    odd.answer = answer("301 Moved", b"", Location="http://127.0.0.1:{port}/user/")
    clean(await told_by(kind, odd.port))
    assert len(odd.requests) < 10


@pytest.mark.parametrize("kind", CONNECTIONS)
async def test_a_large_answer_is_not_read_to_its_end(kind: str, odd: OddServer) -> None:
    odd.answer, odd.endless = HUGE, b"[" * 65536
    assert "larger than 10 MB" in await told_by(kind, odd.port)


@pytest.mark.parametrize("kind", CONNECTIONS)
async def test_a_slow_answer_has_an_end(kind: str, odd: OddServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "ANSWER_SECONDS", 0.3)
    odd.answer, odd.endless, odd.pause = HUGE, b"[", 0.05
    assert "takes longer" in await told_by(kind, odd.port)


@pytest.mark.parametrize("name", [*ODD, "redirect"])
async def test_a_mail_server_that_is_none(name: str, odd: OddServer, elsewhere: OddServer) -> None:
    odd.answer = ODD.get(name) or answer("302 Found", INNER, Location=f"http://127.0.0.1:{elsewhere.port}/")
    odd.speaks_first = True
    config = {"host": "127.0.0.1", "port": odd.port, "security": "NONE", "fromAddress": "a@example.com"}
    try:
        async with registry.connect_notifier("email", config, {"username": "u", "password": "s3cret-token"}) as channel:
            (check,) = await channel.check_permissions()
    except (DomainError, NotifierUnavailable) as problem:
        clean(str(problem))
    else:
        assert not check.granted
        clean(check.detail)


@pytest.mark.parametrize("name", [*ODD, "redirect"])
async def test_a_webhook_that_answers_oddly(name: str, odd: OddServer, elsewhere: OddServer) -> None:
    odd.answer = ODD.get(name) or answer("307 Temporary", INNER, Location=f"http://127.0.0.1:{elsewhere.port}/")
    async with registry.connect_notifier(
        "apprise", {}, {"url": f"json://127.0.0.1:{odd.port}/s3cret-token"}
    ) as channel:
        try:
            await channel.send(message(), Recipient("", "Payments", team_id="team_payments"))
        except (DomainError, NotifierUnavailable) as problem:
            clean(str(problem))
    assert elsewhere.requests == []


FORBIDDEN = {
    "a file": "json://a.example/?template=/etc/passwd",
    "encoded": "json://a.example/?%74emplate=/etc/passwd",
    "twice encoded": "json://a.example/?%2574emplate=/etc/passwd",
    "upper case": "json://a.example/?TEMPLATE=/etc/passwd",
    "not the first": "msteams://a/b/c/d/?x=1&template=/etc/passwd",
    "after a second mark": "json://a.example/?x=1?template=/etc/passwd",
    "a key file": "fcm://project/device/?keyfile=/etc/passwd",
    "any certificate": "jsons://a.example/?verify=no",
    "another method": "json://a.example/?method=DELETE",
    "a header": "json://a.example/?+X-Api-Key=1",
    "an encoded header": "json://a.example/?%2BX-Api-Key=1",
    "a field": "json://a.example/?:message=text",
    "a parameter": "json://a.example/?-a=b",
    "a mail": "mailto://user:pass@a.example",
    "this desktop": "dbus://",
    "this machine's log": "syslog://",
    "a file by an option": "json://a.example/?image=file:///etc/passwd",
    "an attachment": "json://a.example/?attach=/etc/passwd",
    "no service": "https://a.example/hook",
}


@pytest.mark.parametrize("url", FORBIDDEN.values(), ids=FORBIDDEN)
async def test_an_address_of_apprise_that_could_do_more_than_send(url: str) -> None:
    async with registry.connect_notifier("apprise", {}, {"url": url}) as channel:
        (check,) = await channel.check_permissions()
        assert not check.granted
        assert "passwd" not in check.detail
        with pytest.raises(DomainError):
            await channel.send(message(), Recipient("", "Payments", team_id="team_payments"))


@pytest.mark.parametrize(
    "url", ["discord://1/2", "json://u:p@a.example:1/x?format=html", "https://discord.com/api/webhooks/1/2"]
)
def test_an_address_of_apprise_that_only_sends(url: str) -> None:
    assert problem_of(url) is None
