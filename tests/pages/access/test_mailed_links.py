"""Sign-in links by e-mail: for whoever has the address, and without a word to anyone else."""

import asyncio
import re
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, text
from temporalio.client import Client

from models.person import SignInMail
from tests.api.writing import ok
from tests.pages.access.installation import forget_attempts
from tests.pages.visiting import stranger
from tests.peers.smtp import Mailbox, running_smtp
from tests.stack import Stack, eventually, shared_stack

PATH = "/sign-in/link"
TELLS = "Check your e-mail"


@pytest.fixture(scope="module")
def mailing() -> Iterator[Stack]:
    """Its own: other tests must not find an e-mail connection that they did not make."""
    with shared_stack() as one:
        yield one


@pytest.fixture
def post(mailing: Stack) -> Iterator[Mailbox]:
    forget_attempts(mailing)
    with running_smtp() as mailbox:
        config = {"host": mailbox.host, "port": mailbox.port, "security": "NONE", "fromAddress": "a@example.com"}
        body = {"kind": "email", "name": f"mail {uuid4().hex[:6]}", "config": config}
        made = ok(mailing.client().post("/api/integrations", json=body), 201)
        yield mailbox
        mailing.client().delete(f"/api/integrations/{made['id']}").raise_for_status()


def ask(stack: Stack, email: str, wanted: str = "/") -> httpx.Response:
    return stranger(stack).send(PATH, "/sign-in", email=email, next=wanted)


def waiting(stack: Stack) -> list[Any]:
    assert stack.direct is not None
    return stack.direct.rows(select(SignInMail.id))


def letter_to(post: Mailbox, email: str, count: int = 1) -> EmailMessage:
    def came() -> EmailMessage | None:
        found = [one for one, to in zip(post.letters, post.recipients, strict=True) if to == [email]]
        return found[count - 1] if len(found) >= count else None

    letter: EmailMessage = eventually(came)
    return letter


def link_in(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    found = re.search(r"https?://\S+", body.get_content())
    assert found
    return found[0]


def test_link_signs_in_once_and_leads_to_where_one_was(mailing: Stack, post: Mailbox) -> None:
    email = f"p{uuid4().hex[:8]}@example.com"
    mailing.person(email=email, name="Lena Link")
    answer = ask(mailing, email.upper(), "/postmortems?status=DRAFT")
    assert answer.status_code == 200
    assert TELLS in answer.text
    letter = letter_to(post, email)
    assert letter["Subject"] == "Sign in to Afterword"
    assert letter["List-Unsubscribe"] is None
    path = link_in(letter).removeprefix(mailing.url)
    stranger(mailing).get(path)  # as mail programs do
    code = path.split("code=")[1].split("&")[0]
    visit = stranger(mailing)
    page = visit.get(path)
    assert "Sign in with this link" in page
    wanted = page.split('name="next" value="')[1].split('"')[0]
    assert visit.done("/sign-in", path, code=code, next=wanted) == "/postmortems?status=DRAFT"
    assert "Lena Link" in visit.get("/")
    again = stranger(mailing).send("/sign-in", path, code=code)
    assert again.status_code == 403
    assert "no longer works" in again.text
    eventually(lambda: waiting(mailing) == [])


def test_answer_is_the_same_for_addresses_that_nobody_has(mailing: Stack, post: Mailbox) -> None:
    known, unknown, left = (f"p{uuid4().hex[:8]}@example.com" for _ in range(3))
    mailing.person(email=known)
    leaver = mailing.person(email=left)
    ok(mailing.client().patch(f"/api/users/{leaver.id}", json={"active": False}))
    pages = {}
    for email in (known, unknown, left):
        answer = ask(mailing, email)
        assert answer.status_code == 200
        plain = re.sub(r'(name="csrf" value=")[^"]*', r"\1", answer.text).replace(email, "…")
        pages[email] = (plain, sorted(name for name in answer.headers if name != "x-request-id"))
    assert pages[known] == pages[unknown] == pages[left]
    letter_to(post, known)
    eventually(lambda: waiting(mailing) == [])
    assert {address for to in post.recipients for address in to} == {known}


def test_only_the_newest_link_works_and_not_for_longer_than_15_minutes(mailing: Stack, post: Mailbox) -> None:
    email = f"p{uuid4().hex[:8]}@example.com"
    person = mailing.person(email=email)
    ask(mailing, email)
    first = link_in(letter_to(post, email)).split("code=")[1]
    ask(mailing, email)
    second = link_in(letter_to(post, email, 2)).split("code=")[1]
    assert stranger(mailing).send("/sign-in", f"/sign-in?code={first}", code=first).status_code == 403
    assert mailing.direct is not None
    lasts = text(
        "select extract(epoch from expires_at - now()) from api_token"
        " where person_id = :id and name like :n and revoked_at is null"
    )
    (seconds,) = mailing.direct.rows(lasts.bindparams(id=person.id, n="Sign-in link%"))
    assert 0 < seconds <= 900
    over = text("update api_token set expires_at = now() where person_id = :id and name like 'Sign-in link%'")
    mailing.direct.write(over, id=person.id)
    assert stranger(mailing).send("/sign-in", f"/sign-in?code={second}", code=second).status_code == 403


def test_one_address_gets_five_links_in_15_minutes(mailing: Stack, post: Mailbox) -> None:
    """More are not sent, with the same answer: it counts for unknown addresses alike."""
    email = f"p{uuid4().hex[:8]}@example.com"
    mailing.person(email=email)
    for _ in range(7):
        answer = ask(mailing, email)
        assert answer.status_code == 200
        assert TELLS in answer.text
    eventually(lambda: waiting(mailing) == [])
    assert post.recipients.count([email]) == 5


def test_one_client_asks_for_thirty_links_in_15_minutes(mailing: Stack, post: Mailbox) -> None:
    for _ in range(30):
        assert ask(mailing, f"p{uuid4().hex[:8]}@example.com").status_code == 200
    answer = ask(mailing, f"p{uuid4().hex[:8]}@example.com")
    assert answer.status_code == 429
    assert "Too many sign-in links" in answer.text
    forget_attempts(mailing)
    assert post.recipients == []


def test_neither_address_nor_code_is_in_a_history(mailing: Stack, post: Mailbox) -> None:
    email = f"p{uuid4().hex[:8]}@example.com"
    mailing.person(email=email)
    refusals = [f"451 4.7.1 {email} is asked for too often"]  # so that a failure is in the history, too
    post.on_data = lambda _: refusals.pop() if refusals else None
    ask(mailing, email)
    ask(mailing, f"un{email}")
    code = link_in(letter_to(post, email)).split("code=")[1]

    async def histories() -> str:
        client = await Client.connect(mailing.temporal_address, namespace=mailing.namespace)
        found = [one async for one in client.list_workflows("WorkflowType = 'SignInMailWorkflow'")]
        assert found
        return "".join([(await client.get_workflow_handle(one.id).fetch_history()).to_json() for one in found])

    eventually(lambda: waiting(mailing) == [])
    written = asyncio.run(histories())
    assert "send_sign_in_link" in written
    assert code not in written
    assert email.partition("@")[0] not in written


@pytest.mark.parametrize("email", ["", "nobody", "a@b@c d", "x" * 300 + "@example.com"])
def test_what_is_no_address_is_refused(mailing: Stack, post: Mailbox, email: str) -> None:
    assert ask(mailing, email).status_code == 422
    assert waiting(mailing) == []
    assert post.letters == []


def test_without_an_email_connection_it_is_not_offered(mailing: Stack) -> None:
    assert "Email me a link" not in stranger(mailing).get("/sign-in")
