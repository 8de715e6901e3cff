"""Texts of every shape through HTTP: never a 500, never longer than a bounded time, and nothing lost."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql

from tests.api import writing
from tests.api.connections.connecting import connected
from tests.api.content.sections import put
from tests.api.writing import ok
from tests.nightly import tried
from tests.pages.visiting import Visitor, visitor
from tests.peers.returned import report
from tests.stack import Person, Stack
from tests.stories.test_bounces import SECRET, Mail
from tests.stories.test_bounces import connected as mailing

LONGEST = 20.0
"""Seconds for one request on a machine that others use, too. What is refused for its length ends after 5 s of work."""
FEW = tried(15, 400)
PIECES = st.sampled_from(
    [
        *(
            "# ",
            "- ",
            "1. ",
            "> ",
            "```\n",
            "~~~\n",
            "|a|b|\n|-|-|\n",
            "[x](",
            "](",
            "![",
            "<b>",
            "<!--",
            "-->",
            "&#0;",
        ),
        *("\n", "\n\n", "\t", "    ", "\\", "`", "**", "~~", "[^1]", "[^1]: ", "<br>", "https://a.example/", "@jane "),
        *(
            "\u202e",
            "\u0000",
            "\ufeff",
            "\u2028",
            "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
            "é",
        ),
        *("[" * 300, "*" * 300, "> " * 100, "- " * 100, "`" * 99, "|" * 200, "(" * 200, "<a " * 50),
    ]
)
WORD = re.compile(r"mark\d+mark")
UNSEEN = re.compile(r"(?s:<!--.*?(?:-->|\Z)|\]\(.*|\|-\|-\|.*)|\[\^1\]:.*|(?:`{3}|~{3}).*")
"""Comments, addresses, labels, the language of code, cells beyond a table's columns: what no page of Markdown shows."""


@st.composite
def markdown(draw: st.DrawFn) -> str:
    """With words between its pieces, each of its own: ``mark7mark``."""
    pieces = draw(st.lists(PIECES | st.text(max_size=15), max_size=30))
    return "".join(f"{piece} mark{number}mark " for number, piece in enumerate(pieces)) or "mark0mark"


@contextmanager
def in_time(what: Any) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < LONGEST, what


def answered(answer: httpx.Response) -> httpx.Response:
    assert answer.status_code < 500, f"{answer.status_code}: {answer.text[:500]}"
    return answer


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def path(author: Person) -> str:
    return f"/api/postmortems/{writing.draft(author)['id']}"


@pytest.fixture(scope="module")
def page(stack: Stack, author: Person, path: str) -> Callable[[], str]:
    visit: Visitor = visitor(stack, author)
    return lambda: visit.get(path.removeprefix("/api"))


@settings(max_examples=FEW, derandomize=True)
@given(markdown())
@example("[" * 5000)
@example("> " * 2000 + "deep mark1mark")
@example("|" + "a|" * 3000 + "\n|" + "-|" * 3000 + "\n")
def test_a_section_of_any_text_is_kept_and_drawn(author: Person, path: str, page: Callable[[], str], text: str) -> None:
    with in_time(text):
        answer = answered(put(author, path, "impact", text))
    if not answer.is_success:
        assert answer.status_code == 422, answer.text
        assert "\x00" in text, "nothing else is refused"
        return
    kept = ok(author.get(f"{path}/sections/impact"))["body"]
    assert WORD.findall(kept) == WORD.findall(text)
    assert re.split(r"\r\n|\r|\n", kept.strip()) == re.split(r"\r\n|\r|\n", text.strip())
    with in_time(text):
        shown = unescape(page())
    hidden = {word for found in UNSEEN.findall(kept) for word in WORD.findall(found)}
    assert set(WORD.findall(kept)) - hidden <= set(WORD.findall(shown))


CSV = st.lists(
    st.lists(st.sampled_from(["14:03", "2025-11-20 14:03", "an alert", "jane", ""]) | st.text(max_size=10), max_size=5),
    max_size=8,
).map(lambda rows: "\n".join(",".join(row) for row in rows))


@settings(max_examples=FEW, derandomize=True)
@given(CSV | st.text(alphabet='0123456789:-|?,;\t\n "#*[]apmUTC+', max_size=300))
@example('14:03,"' + "x" * 200_000)
@example("14:03,a\n" * 20_000)
def test_a_timeline_of_any_csv_is_read_or_told(author: Person, path: str, text: str) -> None:
    with in_time(text[:200]):
        answer = answered(author.post(f"{path}/timeline/parse", json={"text": text, "date": "2025-11-20"}))
    assert answer.status_code in {200, 422}, answer.text
    if answer.status_code == 200 and text.strip():
        found = answer.json()
        told = [*found["events"], *found["problems"]]
        assert told or not re.search(r"\d:\d\d", text), text


@pytest.fixture(scope="module")
def accounts(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> tuple[Person, str]:
    board = connected(stack, Path(tmp_path_factory.mktemp("board")))
    return board.admin, f"{board.path}/accounts/import"


@settings(max_examples=FEW, derandomize=True)
@given(CSV.map("email,account\n{}".format) | st.text(alphabet='emailaccount,;\t"\n @.', max_size=200))
@example("email,account\n" + "nobody@example.com,x\n" * 6000)
@example('email,account\n"' + "x" * 300_000)
def test_accounts_of_any_csv_are_taken_or_told(accounts: tuple[Person, str], text: str) -> None:
    admin, where = accounts
    with in_time(text[:200]):
        answer = answered(admin.post(where, json={"csv": text, "skipProblems": True}))
    assert answer.status_code in {200, 422}, answer.text
    if answer.status_code == 200 and text.partition("\n")[2].replace(",", "").strip():
        assert answer.json()["problems"], "nobody of these is somebody"


@pytest.fixture(scope="module")
def mail(stack: Stack) -> Iterator[Mail]:
    with mailing(stack, webhookSecret=SECRET) as one:
        yield one


@cache
def returned() -> bytes:
    return report("jane@example.com")


@st.composite
def letters(draw: st.DrawFn) -> bytes:
    """Bytes, headers, parts in parts; and reports, with some of their bytes changed."""
    if draw(st.booleans()):
        body = bytearray(returned())
        for _ in range(draw(st.integers(0, 8))):
            at = draw(st.integers(0, len(body)))
            body[at : at + draw(st.integers(0, 20))] = draw(st.binary(max_size=6))
        return bytes(body)
    parts = draw(
        st.lists(
            st.sampled_from(
                [
                    *(b"From: a@b\r\n", b"Date: Thu, 99 Foo 20255 99:99:99 +9999\r\n", b"Message-ID: <", b">\r\n"),
                    *(b"Content-Type: multipart/report; boundary=b\r\n", b"--b\r\n", b"--b--", b"\r\n\r\n", b"\n\n"),
                    *(b"Content-Type: message/delivery-status\r\n", b"Content-Transfer-Encoding: base64\r\n"),
                    *(b"Content-Type: text/plain; charset=utf-7\r\n", b"Content-Transfer-Encoding: uu\r\n"),
                    *(b"Action: failed\r\n", b"Final-Recipient: rfc822; jane@example.com\r\n", b"=?utf-8?b?////?="),
                    *(
                        b"Content-Type: message/rfc822\r\n",
                        b"X: " + b"=?x?q?=" * 50,
                        b"\x00",
                        b"\xff\xfe",
                        b": : :\r\n",
                    ),
                ]
            )
            | st.binary(max_size=12),
            max_size=20,
        )
    )
    return draw(st.sampled_from([b"From: a@b\r\n", b""])) + b"".join(parts)


@settings(max_examples=tried(40, 1500), derandomize=True)
@given(letters())
def test_mail_of_any_bytes_is_recorded_or_refused(stack: Stack, mail: Mail, body: bytes) -> None:
    with in_time(body):
        answer = answered(mail.bring(body))
    assert answer.status_code in {200, 202, 400, 422}, answer.text
    if answer.is_success:
        assert stack.direct is not None
        recorded = "select count(*) from webhook_delivery where integration_id = :id and body = :body"
        statement = sql(recorded).bindparams(id=mail.made["id"], body=body)
        assert stack.direct.rows(statement)[0] >= 1 or answer.json()["status"] == "duplicate"
