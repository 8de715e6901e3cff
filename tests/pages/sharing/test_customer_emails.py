"""The pages of e-mails to customers, without JavaScript: preview first, then send, then what became of each."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.sharing.sharing import CUSTOMERS, approve, save
from tests.api.writing import ok
from tests.pages.visiting import buttons, told, visitor
from tests.peers.smtp import Mailbox, running_smtp
from tests.stack import Person, Stack, eventually


@pytest.fixture
def box(stack: Stack) -> Iterator[Mailbox]:
    admin = stack.person("ADMIN")
    for left in ok(admin.get("/api/integrations", params={"limit": 200}))["items"]:
        if left["kind"] == "email":  # of a test that failed: letters would try it first
            ok(admin.delete(f"/api/integrations/{left['id']}"))
    with running_smtp() as one:
        config = {"host": one.host, "port": one.port, "security": "NONE", "fromAddress": "news@acme.example"}
        made = ok(admin.post("/api/integrations", json={"kind": "email", "name": "Mail", "config": config}), 201)
        yield one
        ok(admin.delete(f"/api/integrations/{made['id']}"))


@pytest.fixture
def made(stack: Stack) -> tuple[Person, Any]:
    author = stack.person()
    return author, writing.published(author, [stack.person()], visibility="ORGANIZATION")


def test_looked_at_first_then_sent(stack: Stack, box: Mailbox, made: tuple[Person, Any]) -> None:
    author, postmortem = made
    mine, at = visitor(stack, author), f"/postmortems/{postmortem['id']}/customer-emails"
    assert "The public summary isn't approved. Approve it first." in mine.get(at).replace("&#39;", "'")
    save(author, postmortem)
    approve(author, postmortem)
    assert f'href="{at}"' in mine.get(f"/postmortems/{postmortem['id']}/share")
    page = mine.get(at)
    assert {"Preview", "Send"} & buttons(page) == {"Preview"}
    one, two = (f"{name}-{uuid4().hex[:8]}@{CUSTOMERS}" for name in "ab")
    form = {"subject": "What happened on Friday", "recipients": f"{one}\n{two}, {one}"}
    refused = mine.send(at, at, form="send", do="preview", subject="x", recipients="nobody")
    assert (refused.status_code, len(told(refused.text))) == (422, 1)
    shown = mine.send(at, at, form="send", do="preview", **form)
    assert shown.status_code == 200
    assert "To 2 addresses." in shown.text
    assert "customers could not pay" in shown.text
    assert "Send" in buttons(shown.text)
    assert box.at(CUSTOMERS) == []
    assert mine.done(at, at, form="send", do="send", **form) == at
    email = ok(author.get(f"/api{at}"))["items"][0]

    def is_done() -> bool:
        found = ok(author.get(f"/api{at}/{email['id']}"))
        assert found["state"] == "DONE", found
        return True

    eventually(is_done)
    assert sorted(box.at(CUSTOMERS)) == sorted([[one], [two]])
    page = mine.get(f"{at}/{email['id']}")
    assert page.count(">Sent<") >= 2
    assert one in page
    assert "2 sent" in mine.get(at)


def test_who_may_not_sees_nothing_of_it(stack: Stack, made: tuple[Person, Any]) -> None:
    other = visitor(stack, stack.person("MEMBER"))
    assert other.http.get(f"/postmortems/{made[1]['id']}/customer-emails").status_code == 403
